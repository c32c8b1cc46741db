"""A fork storm under open load, in a recorded kernel: does every child end?

Threads open files while the main thread forks children that open files too. Prints one JSON object
with the number of children and how many had to be killed because they hung.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from kernel import Kernel

STORM = """
import os, signal, threading, time
folder = os.environ.get("TMPDIR", "/tmp")
path = os.path.join(folder, f"storm-{os.getpid()}.txt")
open(path, "w").write("x")
going = True
def load():
    while going:
        with open(path) as f:
            f.read()
threads = [threading.Thread(target=load, daemon=True) for _ in range(4)]
for t in threads: t.start()
hung, children = 0, 400
for _ in range(children):
    pid = os.fork()
    if pid == 0:
        try:
            for _ in range(20):
                open(path).close()
        finally:
            os._exit(0)
    deadline = time.time() + 10
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.time() > deadline:
            os.kill(pid, signal.SIGKILL); os.waitpid(pid, 0); hung += 1
            break
        time.sleep(0.001)
going = False
for t in threads: t.join()
os.unlink(path)
open(RESULT, "w").write(f"{children} {hung}")
"""


def main() -> None:
    """Run the storm once and print what became of the children."""
    home = Path(tempfile.mkdtemp(prefix="jupyter-attest-bench-"))
    os.environ["JUPYTER_ATTEST_DIR"] = str(home)
    result = home / "storm.txt"
    kernel = Kernel("jupyter-attest")
    try:
        taken = kernel.run(STORM.replace("RESULT", repr(str(result))))
    finally:
        kernel.stop()
    children, hung = map(int, result.read_text().split())
    print(json.dumps({"children": children, "hung": hung, "ms": taken}))


if __name__ == "__main__":
    main()
