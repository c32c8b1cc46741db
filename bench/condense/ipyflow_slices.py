"""What ipyflow keeps: cases on standard input, the places kept on standard output, as JSON.

Run by the interpreter of an environment that has ipyflow. The slice is asked for the run that
writes the file, as its user would.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from jupyter_client.manager import start_new_kernel


def kept(one: dict[str, Any]) -> list[int] | None:
    """The cells of ipyflow's slice; None where it gives none."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in one["inputs"].items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        manager, client = start_new_kernel(
            kernel_name="ipyflow", cwd=folder, stderr=subprocess.DEVNULL
        )
        try:
            for cell in one["cells"]:
                client.execute_interactive(cell, output_hook=lambda _: None, timeout=60)
            said: list[str] = []
            client.execute_interactive(
                f"%flow slice {one['writer']}",
                output_hook=lambda message: said.append(message["content"].get("text", "")),
                timeout=60,
            )
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    cells = [int(number) for number in re.findall(r"^# Cell (\d+)$", "".join(said), re.MULTILINE)]
    return cells or None


def main() -> None:
    """Ask for each case's slice; one that breaks has none."""
    slices: dict[str, list[int] | None] = {}
    for name, one in json.load(sys.stdin).items():
        try:
            slices[name] = kept(one)
        except Exception as error:
            print(f"{name}: {error!r}", file=sys.stderr)
            slices[name] = None
    json.dump(slices, sys.stdout)


if __name__ == "__main__":
    main()
