"""The whole path on real input: the two examples, run, attested, checked by others."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BUILD_COSIGN = (
    "GOBIN=$HOME/.cache/jupyter-attest/bin "
    "go install github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3"
)


class Attester:
    """`jupyter attest` in a folder of its own, with its own home, journal and keys."""

    def __init__(self, folder: Path) -> None:
        self.work = folder / "work"
        self.environment = {
            **os.environ,
            "HOME": str(folder),
            "JUPYTER_ATTEST_DIR": str(folder / "journal"),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
        }

    def __call__(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "jupyter_attest", *args],
            cwd=self.work,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=240,
        )

    def must(self, *args: str) -> str:
        done = self(*args)
        assert done.returncode == 0, f"{args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def statement(self, artifact: str) -> dict[str, Any]:
        bundle = json.loads((self.work / f"{artifact}.sigstore.json").read_text())
        return json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))


@pytest.fixture(scope="module")
def attester(tmp_path_factory: pytest.TempPathFactory) -> Attester:
    folder = tmp_path_factory.mktemp("examples")
    attest = Attester(folder)
    written = shutil.ignore_patterns("*.parquet", "*.joblib", "*.json", "*.png", ".attest")
    shutil.copytree(ROOT / "examples", attest.work, ignore=written)
    for notebook, artifact in (("1-clean", "clean.parquet"), ("2-train", "model.joblib")):
        attest.must("execute", f"{notebook}.ipynb")
        attest.must("create", "--for", artifact, "--sign", "local")
    return attest


@pytest.fixture(scope="module")
def public_key(attester: Attester) -> Path:
    shown = json.loads(attester.must("key", "show", "--json"))
    return Path(shown["publicKeyPath"])


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("artifact", ["clean.parquet", "model.joblib"])
def test_verify_accepts_the_record(attester: Attester, artifact: str) -> None:
    assert "Matches" in attester.must("verify", artifact)


@pytest.mark.parametrize("artifact", ["clean.parquet", "model.joblib"])
def test_the_documented_openssl_recipe_accepts_it(
    attester: Attester, public_key: Path, artifact: str, tmp_path: Path
) -> None:
    page = (ROOT / "docs/verify-without.md").read_text()
    [recipe] = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    names = {
        "model.joblib.sigstore.json": str(attester.work / f"{artifact}.sigstore.json"),
        "key.pub.pem": str(public_key),
    }
    script = recipe
    for name, value in names.items():
        script = script.replace(f"={name}", f"={value}")
    script = script.replace("file=model.joblib", f"file={attester.work / artifact}")
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Verified OK" in done.stdout and "is a subject of this record" in done.stdout
    (tmp_path / "other").write_bytes(b"other bytes")
    other = script.replace(f"file={attester.work / artifact}", "file=other")
    refused = subprocess.run(["sh", "-c", other], cwd=tmp_path, capture_output=True, text=True)
    assert refused.returncode != 0


def test_the_npm_package_alone_accepts_it(
    attester: Attester, public_key: Path, npm_folder: Path
) -> None:
    """Where there is no Python, no journal and no key ring."""
    command = [str(npm_folder / "node_modules/.bin/jupyter-attest"), "verify"]
    command += [str(attester.work / "model.joblib"), "--key", str(public_key)]
    away = {"PATH": os.environ["PATH"], "HOME": str(npm_folder)}
    done = subprocess.run(command, env=away, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "Matches" in done.stdout, done.stderr


def find_cosign() -> str | None:
    cached = Path("~/.cache/jupyter-attest/bin/cosign").expanduser()
    return shutil.which("cosign") or (str(cached) if cached.is_file() else None)


@pytest.mark.skipif(find_cosign() is None, reason=f"no cosign here; build it: {BUILD_COSIGN}")
@pytest.mark.parametrize("artifact", ["clean.parquet", "model.joblib"])
def test_cosign_accepts_it(attester: Attester, public_key: Path, artifact: str) -> None:
    bundle = attester.work / f"{artifact}.sigstore.json"
    command = [str(find_cosign()), "verify-blob-attestation", "--key", str(public_key)]
    command += ["--bundle", str(bundle), "--type", "slsaprovenance1", "--insecure-ignore-tlog"]
    done = subprocess.run(
        [*command, str(attester.work / artifact)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "Verified OK" in done.stderr + done.stdout
    other = subprocess.run([*command, str(public_key)], capture_output=True, text=True, timeout=120)
    assert other.returncode != 0


def test_the_model_names_the_cleaned_file_by_its_fingerprint(attester: Attester) -> None:
    dependencies = attester.statement("model.joblib")["predicate"]["buildDefinition"][
        "resolvedDependencies"
    ]
    cleaned = digest(attester.work / "clean.parquet")
    assert [d for d in dependencies if d.get("digest", {}).get("sha256") == cleaned]
    [subject] = attester.statement("clean.parquet")["subject"]
    assert subject == {"name": "clean.parquet", "digest": {"sha256": cleaned}}


def test_the_cleaned_file_names_the_raw_table(attester: Attester) -> None:
    dependencies = attester.statement("clean.parquet")["predicate"]["buildDefinition"][
        "resolvedDependencies"
    ]
    raw = digest(ROOT / "examples/data/penguins_raw.csv")
    assert [d for d in dependencies if d.get("digest", {}).get("sha256") == raw]


def test_a_clean_notebook_shows_no_gap(attester: Attester) -> None:
    for artifact in ("clean.parquet", "model.joblib"):
        definition = attester.statement(artifact)["predicate"]["buildDefinition"]
        assert definition["internalParameters"]["recording"]["gaps"] == []


def test_the_level_stands_nowhere_but_in_the_builders_name(attester: Attester) -> None:
    statement = attester.statement("model.joblib")
    builder = statement["predicate"]["runDetails"]["builder"].pop("id")
    assert builder.endswith("/builders/local-execution-at-most-l1/v1")
    assert not re.search(r"\bL[0-4]\b|SLSA_BUILD|slsa_level", json.dumps(statement))


def test_the_statement_holds_no_private_thing(attester: Attester) -> None:
    text = json.dumps(attester.statement("model.joblib"))
    assert str(attester.work) not in text and str(attester.work.parent) not in text
    assert "LogisticRegression" not in text
    assert len(text) < 20_000


def test_explain_tells_the_story_in_under_25_lines(attester: Attester) -> None:
    story = attester.must("explain", "model.joblib")
    assert len(story.splitlines()) < 25
    assert max(map(len, story.splitlines())) <= 100
    assert "at most SLSA Build L1" in story
    for part in ("model.joblib", "2-train.ipynb", "clean.parquet"):
        assert part in story


def test_the_record_folder_holds_the_text_of_every_run(attester: Attester) -> None:
    [runs] = (attester.work / ".attest/2-train.ipynb").glob("*/runs.json")
    listed = json.loads(runs.read_text())["runs"]
    cells = json.loads((attester.work / "2-train.ipynb").read_text())["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    texts = [run["code"]["text"] for run in listed if run["notebook"] == "2-train.ipynb"]
    assert texts == code
    statement = attester.statement("model.joblib")
    byproducts = {b["name"]: b for b in statement["predicate"]["runDetails"]["byproducts"]}
    assert byproducts["runs.json"]["digest"]["sha256"] == digest(runs)


@pytest.mark.parametrize("artifact", ["clean.parquet", "model.joblib"])
def test_replayed_it_is_the_same(attester: Attester, artifact: str) -> None:
    reply = json.loads(attester.must("replay", artifact, "--json").splitlines()[-1])
    assert reply["outcome"] in ("same-digest", "same-content")
    assert "Matches" in attester.must("verify", artifact, "--record", reply["record"])


#: What the examples import and what runs a notebook; in the versions that the record names.
DIRECT = ("pandas", "pyarrow", "scikit-learn", "joblib", "matplotlib", "ipykernel", "nbclient")

RUN_NOTEBOOK = (
    "import nbclient, nbformat\n"
    "import importlib.util\nassert importlib.util.find_spec('jupyter_attest') is None\n"
    "nbclient.execute(nbformat.read('condensed.ipynb', 4))"
)


@pytest.fixture(scope="module")
def fresh_python(attester: Attester, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python with the packages of the model's record from PyPI, and without ours."""
    [listed] = (attester.work / ".attest/2-train.ipynb").glob("*/environment.json")
    packages = json.loads(listed.read_text())["sessions"][-1]["packages"]
    pinned = {p["name"].lower(): p["version"] for p in packages if "origin" not in p}
    folder = tmp_path_factory.mktemp("fresh")
    (folder / "pins").write_text("".join(f"{n}=={v}\n" for n, v in pinned.items()))
    venv.create(folder / "venv", with_pip=True)
    python = str(folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python")
    wanted = [f"{name}=={pinned[name]}" for name in DIRECT]
    command = [python, "-m", "pip", "install", "-q", "-c", str(folder / "pins"), *wanted]
    subprocess.run(command, check=True, timeout=600)
    return python


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("artifact", "made"),
    [("clean.parquet", ["clean.parquet"]), ("model.joblib", ["clean.parquet", "model.joblib"])],
)
def test_the_condensed_notebook_gives_the_same_files_in_a_fresh_environment(
    attester: Attester, fresh_python: str, tmp_path: Path, artifact: str, made: list[str]
) -> None:
    """From the top, by any client, in an empty folder with nothing but the inputs it lists."""
    attester.must("condense", artifact, "-o", str(tmp_path / "condensed.ipynb"))
    metadata = json.loads((tmp_path / "condensed.ipynb").read_text())["metadata"]
    for each in metadata["jupyter_attest"]["inputs"]:
        assert each["root"] == "notebook"
        place = tmp_path / each["rel"]
        place.parent.mkdir(exist_ok=True)
        shutil.copy(attester.work / each["rel"], place)
        assert digest(place) == each["sha256"]
    away = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(
        [fresh_python, "-c", RUN_NOTEBOOK], cwd=tmp_path, env=away, capture_output=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    for name in made:
        assert digest(tmp_path / name) == digest(attester.work / name)


def test_a_file_that_changed_since_its_run_is_refused(attester: Attester) -> None:
    model = attester.work / "metrics.json"
    before = model.read_bytes()
    try:
        model.write_bytes(before + b" ")
        refused = attester("create", "--for", "metrics.json", "--sign", "local")
        assert refused.returncode == 1
        assert "isn't the file" in refused.stderr + refused.stdout
        assert not (attester.work / "metrics.json.sigstore.json").exists()
    finally:
        model.write_bytes(before)


def test_an_altered_artifact_or_record_never_passes(attester: Attester, tmp_path: Path) -> None:
    record = attester.work / "model.joblib.sigstore.json"
    other = tmp_path / "model.joblib"
    other.write_bytes((attester.work / "model.joblib").read_bytes() + b"x")
    different = attester("verify", str(other), "--record", str(record))
    assert different.returncode == 1 and "Different file" in different.stdout
    bundle = json.loads(record.read_text())
    payload = base64.b64decode(bundle["dsseEnvelope"]["payload"])
    changed = payload.replace(b"2-train.ipynb", b"3-train.ipynb")
    assert changed != payload
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(changed).decode()
    altered = tmp_path / "altered.sigstore.json"
    altered.write_text(json.dumps(bundle))
    damaged = attester("verify", "model.joblib", "--record", str(altered))
    assert damaged.returncode == 1 and "Changed or damaged" in damaged.stdout
