"""``jupyter attest VERB``: starts the bundled TypeScript program under Node."""

from __future__ import annotations

import os
import sys

from .node import NodeNotFoundError, cli_command, cli_environment


def main() -> int:
    """Run the command line; returns its exit code, 2 when it can't be started."""
    try:
        command = cli_command(*sys.argv[1:])
    except NodeNotFoundError as error:
        print(f"jupyter-attest: {error}", file=sys.stderr)
        return 2
    if os.name == "posix":
        os.execve(command[0], command, cli_environment())
    import subprocess

    return subprocess.run(command, env=cli_environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
