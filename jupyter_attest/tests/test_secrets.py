"""A session that uses secrets in every shape: none of them leaves with the record."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
import pytest

USER = "annagreta7"
#: Ordinary names that have to stay as they are.
ORDINARY = [
    "0123456789abcdef0123456789abcdef01234567.csv",
    "123e4567-e89b-12d3-a456-426614174000.csv",
    "a_very_long_file_name_that_says_what_is_in_it_and_when_it_was_made_2026_11_by_the_export.csv",
]


def secret(number: int) -> str:
    """A text that stands nowhere else."""
    return "Q" + hashlib.sha256(f"secret {number}".encode()).hexdigest()[:31]


#: One cell each; § is a secret of its own. Nothing listens at the port: no network is needed.
SHAPES = [
    'urlopen("http://127.0.0.1:9/x?token=§")',
    'urlopen("http://127.0.0.1:9/x#access_token=§")',
    'urlopen("http://127.0.0.1:9/d/ghp_§/x.csv")',
    'urlopen("http://127.0.0.1:9/d/gh%70_§/x.csv")',
    'urlopen("http://127.0.0.1:9/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=§")',
    'urlopen("http://127.0.0.1:9/k?X-Amz-Security-Token=§&X-Amz-Expires=60")',
    'urlopen("http://127.0.0.1:9/k?X-Goog-Credential=a&X-Goog-Signature=§")',
    'urlopen("http://127.0.0.1:9/c/k?sv=2024-11-04&sp=r&sig=§&se=2026-12-01")',
    'urlopen("http://ann:§@127.0.0.1:9/x.csv")',
    'get("http://ann:§@127.0.0.1:9/x.csv")',
    'get("http://127.0.0.1:9/a", auth=("ann", "§"))',
    'get("http://127.0.0.1:9/b", headers={"Authorization": "Bearer §"})',
    'get("http://127.0.0.1:9/c", params={"api_key": "§"})',
    'os.environ["DB_PASSWORD"] = "§"',
    'os.environ.setdefault("SERVICE_TOKEN", "§")',
    "get_ipython().run_line_magic('env', 'API_KEY=§')",
    "run('echo \"Authorization: Bearer §\"')",
    "run('echo --password § --fast')",
    "get_ipython().system('PGPASSWORD=§ true')",
    "run('echo curl -u ann:§ http://127.0.0.1:9/')",
    "run('echo mysql -u root -p§')",
    'subprocess.run(["echo", "--api-key", "§"])',
    'subprocess.run(["echo", "https://x-access-token:§@127.0.0.1:9/r.git"])',
    'subprocess.run(["true"], env={**os.environ, "AWS_SECRET_ACCESS_KEY": "§"})',
    'engines = [sqlalchemy.make_url("postgresql+psycopg2://ann:§@127.0.0.1:9/d")]',
    "ask(\"select 1 where 'a' = 'b' and 'password' = '§'\")",
    "ask(\"select 'Driver={SQL};Server=s;Uid=ann;Pwd=§;'\")",
    "ask(\"select 'jdbc:sqlserver://s:1433;user=ann;password=§;encrypt=true'\")",
    "ask(\"select 'jdbc:oracle:thin:ann/§@s:1521:x'\")",
    "ask(\"select 'mongodb+srv://ann:§@c.example.net/?w=1'\")",
    "ask(\"select 'AccountName=a;AccountKey=§==;EndpointSuffix=core'\")",
    "duckdb.sql(\"create secret (type s3, key_id 'k', secret '§')\")",
    "duckdb.sql(\"attach 'postgres://ann:§@127.0.0.1:9/d' as p\")",
    'open("data-hf_§.csv", "w").write("1"); open("data-hf_§.csv").read()',
    'open("export?X-Amz-Signature=§", "w").write("1"); open("export?X-Amz-Signature=§").read()',
    'pem = "-----BEGIN PRIVATE KEY-----\\n§\\n-----END PRIVATE KEY-----"',
    'jwt = "eyJhbGciOiJI.eyJ§.§"',
    'found = ["glpat-§"]',
    'found = ["sk-proj-§"]',
    'found = ["xoxb-12345-§"]',
    'found = ["npm_§§"]',
    'found = ["pypi-AgEIcHlwaS5vcmc§"]',
    'found = ["AIza§§"]',
    'found = ["sk_live_§"]',
    'found = ["https://hooks.slack.com/services/T0/B0/§"]',
    'raise ValueError("bad key sk-§")',
    'json.dump({"client_secret": "§"}, open("settings.json", "w"))',
    'password = "§"',
]
HEAD = """import json, os, subprocess, urllib.request
import duckdb, requests, sqlalchemy
from contextlib import suppress
def urlopen(url):
    with suppress(OSError): urllib.request.urlopen(url, timeout=5)
def get(url, **options):
    with suppress(OSError): requests.get(url, **options)
def run(command):
    subprocess.run(command, shell=True)
duckdb.sql("set autoinstall_known_extensions = false")
engine = sqlalchemy.create_engine("sqlite://")
def ask(statement):
    with engine.connect() as connection: connection.execute(sqlalchemy.text(statement)).all()
"""


class Answering(BaseHTTPRequestHandler):
    """Answers whatever is asked with a line."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"1\n")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a server, in place of the shapes' port 9."""
    server = HTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Path]:
    """A folder with a session of all shapes and the record of its last file, code included."""
    folder = tmp_path_factory.mktemp("secrets")
    home = folder / "home" / USER
    work = home / "project"
    work.mkdir(parents=True)
    for name in ORDINARY:
        (work / name).write_text(name)
    (home / "elsewhere.csv").write_text("1")
    sources = [
        "# parameters\napi_key = ''",
        HEAD,
        *(shape.replace("§", secret(number)) for number, shape in enumerate(SHAPES)),
        f"inside = open('{home}/elsewhere.csv').read()",
        f"urlopen('http://127.0.0.1:9/user/{USER}/files')",
        f"rows = [open(name).read() for name in {ORDINARY!r}]",
        "open('out.txt', 'w').write(repr(sorted(globals())))",
    ]
    sources = [re.sub(r"\.1:9/(?!d')", f".1:{port}/", source) for source in sources]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), work / "nb.ipynb")
    environment = {
        **os.environ,
        "HOME": str(home),
        "JUPYTER_ATTEST_DIR": str(folder / "journal"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "IPYTHONDIR": str(folder / "ipython"),
        "XLA_FLAGS": f"--xla_dump_to=/home/{USER}/dump",
    }
    run = ["jupyter_attest.execute", "nb.ipynb", "--allow-errors"]
    create = ["jupyter_attest", "create", "--for", "out.txt", "--code", "--sign", "local", "--json"]
    for arguments in ([*run, "-p", "api_key", secret(900)], create):
        log = folder / arguments[0]
        with log.open("wb") as output:
            done = subprocess.run(
                [sys.executable, "-m", *arguments],
                cwd=work, env=environment, stdout=output, stderr=output, timeout=240,
            )  # fmt: skip
        assert done.returncode <= ("execute" in arguments[0]), log.read_text()
    yield folder


def forms(text: str) -> list[bytes]:
    """A text as it may stand in a file: plain, percent-encoded, in base64 at any offset."""
    raw = text.encode()
    coded = []
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + raw).decode()
        coded.append(whole[offset and offset + 1 : -4].encode())
    encoded = "".join(f"%{byte:02x}" for byte in raw)
    return [raw, quote(text).encode(), encoded.encode(), encoded.upper().encode(), *coded]


def leaving(folder: Path) -> dict[str, bytes]:
    """What leaves with the record: everything but the condensed notebook, which is the code."""
    work = folder / "home" / USER / "project"
    files = [path for path in work.glob(".attest/**/*") if path.is_file()]
    files += work.glob("*.sigstore.json")
    found = {str(path.relative_to(work)): path.read_bytes() for path in files}
    for name, raw in list(found.items()):
        if name.endswith(".sigstore.json"):
            payload = json.loads(raw)["dsseEnvelope"]["payload"]
            found[f"{name}: statement"] = base64.b64decode(payload)
    found["what create printed"] = (folder / "jupyter_attest").read_bytes()
    return {name: raw for name, raw in found.items() if not name.endswith("condensed.ipynb")}


def statement(folder: Path) -> dict[str, Any]:
    found = leaving(folder)
    return dict(json.loads(next(raw for name, raw in found.items() if name.endswith("statement"))))


def test_no_secret_leaves_with_the_record(made: Path) -> None:
    found = leaving(made)
    assert {Path(name).name for name in found} >= {"runs.json", "coverage.json", "environment.json"}
    leaked = [
        (name, shape)
        for name, raw in found.items()
        for number, shape in [*enumerate(SHAPES), (900, "the parameter")]
        if any(form in raw for form in forms(secret(number)))
    ]
    assert leaked == []


def test_the_user_and_the_home_folder_stay_unknown(made: Path) -> None:
    for name, raw in leaving(made).items():
        if name != "what create printed":  # it names the files that it wrote
            assert not any(form in raw for form in forms(USER)), name


def test_the_salt_of_a_text_that_was_cut_stays_here(made: Path) -> None:
    [raw] = [raw for name, raw in leaving(made).items() if name.endswith("runs.json")]
    codes = [run["code"] for run in json.loads(raw)["runs"]]
    assert all(("salt" in code) != (code.get("cut") is True) for code in codes)
    assert sum(code.get("cut") is True for code in codes) >= len(SHAPES)


def test_everything_was_recorded_and_ordinary_names_stay(made: Path) -> None:
    definition = statement(made)["predicate"]["buildDefinition"]
    dependencies = definition["resolvedDependencies"]
    assert set(ORDINARY) <= {each.get("name") for each in dependencies}
    uris = [each.get("uri", "") for each in dependencies]
    addresses = [re.sub(r":\d+/", ":9/", uri) for uri in uris if "127.0.0.1" in uri]
    assert "http://127.0.0.1:9/x?token=***" in addresses
    assert "http://127.0.0.1:9/user/***/files" in addresses
    assert "http://127.0.0.1:9/k?X-Amz-Security-Token=***&X-Amz-Expires=60" in addresses
    assert "http://127.0.0.1:9/c/k?sv=2024-11-04&sp=r&sig=***&se=2026-12-01" in addresses
    assert "http://127.0.0.1:9/d/***/x.csv" in addresses
    assert len(definition["externalParameters"]["code"]) >= len(SHAPES)
    [raw] = [raw for name, raw in leaving(made).items() if name.endswith("coverage.json")]
    assert "data-***.csv" in {file["rel"] for file in json.loads(raw)["files"]}


def test_the_journal_holds_them_only_in_paths_code_and_parameters(made: Path) -> None:
    exact = ("file.", "object.", "execution.")
    texts = 0
    for path in (made / "journal" / "sessions").glob("*/*.jsonl"):
        for line in path.read_bytes().splitlines():
            event = json.loads(line)
            if event["type"].startswith(exact):
                continue
            named = [event.get("argv"), event.get("statement")]
            for text in filter(None, named):
                line += (path.parent / "texts" / text["sha256"]).read_bytes()
                texts += 1
            for number, shape in enumerate(SHAPES):
                assert secret(number).encode() not in line, (event["type"], shape)
    assert texts >= 12
