"""Records the corpus: real sessions' journals as small test data that names no machine.

``npm run corpus`` runs each case in kernels, makes its record, and writes to
``src/__tests__/corpus/<case>/`` its journals, the texts, the request, and what the record says
(``expected.json``). Ids, times, processes, inodes and folders are replaced one for one, long lists
are cut, and the chain is made again; the order of events and all that they say of runs stays.
"""

from __future__ import annotations

import base64
import getpass
import hashlib
import hmac
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from jupyter_attest.tests.condense.case import Case, case
from jupyter_attest.tests.condense.cases import CORE, HELD_OUT
from jupyter_attest.tests.condense.messy import MESSY
from jupyter_attest.tests.condense.outside import OUTSIDE
from jupyter_attest.tests.condense.sessions import environment_of, record, run

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "src" / "__tests__" / "corpus"

#: One round of work on a table; ``bench/journal.mjs`` repeats the second one.
ROUND = (
    "table = pd.read_csv('table.csv')",
    "table.head()",
    "clean = table.dropna()",
    "clean.describe()",
    "x, y = clean[['a']], clean['b']",
    "model = LinearRegression(fit_intercept=True)",
    "model.fit(x, y)",
    "score = model.score(x, y)\nprint(score)",
    "scores.append(score)",
    "clean.to_csv('clean.csv', index=False)",
)

#: Name of the folder, and the case.
CASES: dict[str, Case] = {
    "dead-cell": CORE["linear with a dead cell"],
    "display-only": CORE["display only"],
    "changed-global": CORE["function reads a changed global"],
    "failed-with-effect": CORE["failed with an effect"],
    "drop-in-place": CORE["drop in place"],
    "alias": CORE["alias changed in place"],
    "exec": CORE["exec"],
    "shell-command": CORE["a shell command writes"],
    "unseeded-random": CORE["draw that no seed follows from"],
    "thread": CORE["thread in the background"],
    "sqlite": HELD_OUT["through sqlite"],
    "two-kernels": OUTSIDE["another kernel between writer and reader"],
    "child-process": OUTSIDE["a child process reads and writes"],
    "messy": MESSY["a messy session"],
    "rounds": case(
        "1 12 14 16 17 18 22",
        "import pandas as pd\nfrom sklearn.linear_model import LinearRegression\nscores = []",
        *ROUND,
        *ROUND,
        "with open('out', 'w') as f: f.write(str(model.coef_))",
        inputs={"table.csv": "a,b\n1,2\n3,5\n,4\n5,6\n"},
    ),
}

#: Longest list of what was installed, loaded or excluded that is kept.
MOST_LISTED = 4
LISTS = ("packages", "nativeLibraries", "excluded", "wrappers")

HOME = "/home/user"
KEY = b"\0" * 32
START = datetime(2026, 1, 1, tzinfo=timezone.utc)

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?P<fraction>\.\d{6}|\.\d{3})?Z")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CLIENT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{24}(?:_\d+(?=_\d))?")
_STATE = re.compile(r"[0-9a-f]{32}")

#: Numbers in whose place others stand, by the field's name.
_COUNTED = {"pid": "pid", "parentPid": "pid", "ino": "ino", "dev": "dev"}
_MONOTONIC = ("mono", "begun")
_FILE_TIMES = ("mtimeNs", "ctimeNs")
_FIXED = {
    "host": "host",
    "bootId": "boot",
    "platform": "Linux",
    "release": "6.1",
    "cpu": "CPU",
    "memoryBytes": 2**34,
    "containerHints": [],
}


class Anonymizer:
    """Puts the same word in the place of the same word, throughout one case."""

    def __init__(self, folder: Path, texts: dict[str, str], first: dict[str, Any]) -> None:
        self._names: dict[str, dict[str, str]] = {}
        began = _parse(first["t"]).replace(microsecond=0)
        self._shift = START - began
        self._mono = int(first["mono"])
        places = {
            folder / "work": f"{HOME}/project",
            folder: HOME,
            Path(sys.prefix): "/opt/env",
            Path(sys.base_prefix): "/opt/python",
            ROOT: "/opt/source",
            Path.home(): HOME,
            Path(tempfile.gettempdir()): "/var/tmp",
        }
        every = {**places, **{place.resolve(): to for place, to in places.items()}}
        self._places = sorted(((str(at), to) for at, to in every.items()), key=lambda p: -len(p[0]))
        #: By the digest that the journal has of them.
        self.texts = {digest: self.place(content) for digest, content in texts.items()}

    def line(self, value: dict[str, Any]) -> dict[str, Any]:
        """An event in whose place this one stands; the chain isn't made yet."""
        made: dict[str, Any] = self._value(value, "")
        return made

    def name(self, text: str) -> str:
        """A word with other ids and folders."""
        text = self.place(text)
        text = _TIME.sub(lambda found: self._time(found[0]), text)
        text = _UUID.sub(lambda found: self._id(found[0]), text)
        text = _CLIENT.sub(lambda found: self._counted("client", found[0].split("_")[0]), text)
        return self._counted("state", text) if _STATE.fullmatch(text) else text

    def place(self, text: str) -> str:
        """A text with other folders."""
        for at, to in self._places:
            text = text.replace(at, to)
        return text

    def text(self, content: str) -> dict[str, Any]:
        """What stands for a text, with a key that everybody knows."""
        raw = content.encode("utf-8", "surrogatepass")
        salt = hmac.new(KEY, raw, "sha256").digest()[:16]
        return {
            "sha256": hashlib.sha256(salt + raw).hexdigest(),
            "salt": base64.b64encode(salt).decode(),
            "bytes": len(raw),
        }

    def _value(self, value: Any, key: str) -> Any:
        if key in _FIXED:
            return None if value is None else _FIXED[key]
        if isinstance(value, dict):
            content = self.texts.get(value["sha256"]) if "salt" in value else None
            known = {} if content is None else self.text(content)
            return {k: self._value(v, k) for k, v in value.items()} | known
        if isinstance(value, list):
            listed = value[:MOST_LISTED] if key in LISTS else value
            return [self._value(each, "") for each in listed]
        if key in _COUNTED and value is not None:
            return type(value)(self._counted(_COUNTED[key], str(value)).split("-")[1])
        if key in _MONOTONIC and value is not None:
            return str(max(0, int(value) - self._mono))
        if key in _FILE_TIMES:
            return str(int(value) + int(self._shift.total_seconds()) * 10**9)
        return self.name(value) if isinstance(value, str) else value

    def _time(self, text: str) -> str:
        moved = _parse(text) + self._shift
        digits = len(text) - len("2026-01-01T00:00:00.Z")
        fraction = f".{moved.microsecond:06d}"[: digits + 1] if digits > 0 else ""
        return f"{moved:%Y-%m-%dT%H:%M:%S}{fraction}Z"

    def _id(self, text: str) -> str:
        return f"00000000-0000-4000-8000-{int(self._counted('uuid', text).split('-')[1]):012d}"

    def _counted(self, kind: str, text: str) -> str:
        known = self._names.setdefault(kind, {})
        return known.setdefault(text, f"{kind}-{len(known) + 1}")


def _parse(time: str) -> datetime:
    return datetime.fromisoformat(time.replace("Z", "+00:00"))


def chain(lines: list[dict[str, Any]]) -> list[str]:
    """The lines with their chain made again."""
    written: list[str] = []
    previous = None
    for line in lines:
        text = json.dumps({**line, "prev": previous}, ensure_ascii=False, separators=(",", ":"))
        previous = hashlib.sha256(text.encode()).hexdigest()
        written.append(text)
    return written


def write_case(name: str, one: Case, folder: Path) -> None:
    """Record one case and write what of it is kept."""
    found = record(folder, one)
    assert found.runs, found.said
    home = folder / "journal"
    texts = {path.name: path.read_text() for path in sorted(home.glob("sessions/*/texts/*"))}
    sessions = {
        path: [json.loads(line) for line in path.read_text().splitlines()]
        for path in sorted(home.glob("sessions/*/*.jsonl"))
    }
    begun = min((lines[0] for lines in sessions.values()), key=lambda line: str(line["t"]))
    other = Anonymizer(folder, texts, begun)
    target = CORPUS / name
    shutil.rmtree(target, ignore_errors=True)
    heads: dict[tuple[str, str], str] = {}
    in_order = sorted(sessions.items(), key=lambda item: (item[1][0]["t"], item[0].name))
    for path, lines in in_order:
        sid, file = other.name(path.parent.name), other.name(path.name)
        written = chain([other.line(line) for line in lines])
        heads[sid, file] = hashlib.sha256(written[-1].encode()).hexdigest()
        _write(target / sid / file, "".join(f"{line}\n" for line in written))
    [attests] = home.glob("attests/*.jsonl")
    asked = [other.line(json.loads(line)) for line in attests.read_text().splitlines()]
    asked = [line for line in asked if line["type"] != "record.written"]
    for prefix in asked[-1]["prefixes"]:
        prefix["head"] = heads[prefix["sid"], prefix["file"]]
    _write(target / "attests.jsonl", "".join(f"{line}\n" for line in chain(asked)))
    known = {other.text(content)["sha256"]: content for content in other.texts.values()}
    _write(target / "texts.json", json.dumps(known, indent=2))
    _write(target / "expected.json", json.dumps(expected(folder, one, found), indent=2))
    check_nothing_told(target)


def expected(folder: Path, one: Case, found: Any) -> dict[str, Any]:
    """What the case demands and what the command line's record says."""
    command = [sys.executable, "-m", "jupyter_attest", "create", "--for", "out", "--sign", "none"]
    done = run([*command, "--dry-run", "--json"], folder / "work", environment_of(folder, one))
    summary = json.loads(done.stdout.splitlines()[-1])["summary"]
    gaps = json.loads((folder / "work" / "out.intoto.json").read_text())["predicate"]
    recording = gaps["buildDefinition"]["internalParameters"]["recording"]
    return {
        "needed": sorted(one.needed),
        "dropped": sorted(one.dropped),
        "kept": sorted(found.kept),
        "proved": sorted(found.proved),
        "gaps": {gap["code"]: gap["count"] for gap in recording["gaps"]},
        "level": summary["ceiling"]["level"],
    }


def check_nothing_told(target: Path) -> None:
    """Fail where a folder, a person or a machine of here is still named."""
    forbidden = {str(ROOT), str(Path.home()), sys.prefix, tempfile.gettempdir() + "/"}
    words = {socket.gethostname(), getpass.getuser()} - {"user"}
    for path in sorted(target.rglob("*")):
        content = path.read_text() if path.is_file() else ""
        told = [each for each in forbidden if each in content.replace("/var/tmp/", "")]
        told += [word for word in words if re.search(rf'["/]{re.escape(word)}(/|"(?!:))', content)]
        assert not told, f"{path}: {told}"


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def main(names: list[str]) -> None:
    """Record the cases named, or all of them."""
    for name in names or CASES:
        with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
            write_case(name, CASES[name], Path(folder))
        size = sum(path.stat().st_size for path in (CORPUS / name).rglob("*.jsonl"))
        print(f"{name}: {size / 1000:.0f} kB of journals", flush=True)
    prettier = ROOT / "node_modules" / ".bin" / "prettier"
    subprocess.run([prettier, "--write", "--log-level", "warn", CORPUS], check=True)


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    main(sys.argv[1:])
