"""The same table of secrets on both sides; the cases are those of the record's tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_attest.probe import redaction
from jupyter_attest.probe.redaction import CUT, cut_argv, cut_text, cut_url

ROOT = Path(__file__).parents[3]
CASES: dict[str, Any] = json.loads(
    (ROOT / "src" / "journal" / "__tests__" / "secrets.cases.json").read_text("utf-8")
)
SECRETS = [CASES["secret"], CASES["upper"], CASES["hex"]]


def filled(text: str) -> str:
    text = text.replace("§upper", CASES["upper"]).replace("§hex", CASES["hex"])
    return text.replace("§", CASES["secret"])


@pytest.mark.parametrize("text", CASES["cut"])
def test_a_secret_is_cut_out(text: str) -> None:
    cut, spans = cut_text(filled(text))
    assert not [secret for secret in SECRETS if secret in cut]
    assert spans and all(cut[span["start"] : span["end"]] == CUT for span in spans)


@pytest.mark.parametrize("text", CASES["kept"])
def test_ordinary_text_stays(text: str) -> None:
    assert cut_text(text) == (text, [])


SECRET = CASES["secret"]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://h/a?%74oken={SECRET}", "https://h/a?%74oken=***"),
        (f"https://h/gh%70_{SECRET}/x.csv", "https://h/***/x.csv"),
        (f"https://h/ghp_{SECRET}/x.csv", "https://h/ghp_/x.csv".replace("ghp_", CUT)),
        (f"https://h/x?a=hf%5F{SECRET}", "https://h/x?a=***"),
        (f"https://h/x?ghp_{SECRET}", "https://h/x?***"),
        (f"https://h/x#{SECRET}", "https://h/x"),
        (f"https://ann:p#{SECRET}@h/x", "https://h/x"),
        (f"https://{SECRET}@h/x", "https://h/x"),
        ("abfss://container@account.dfs.core.windows.net/x", None),
        ("s3://bucket/a/0123456789abcdef0123456789abcdef01234567.bin", None),
        ("https://h/x?year=2026&page=1", None),
    ],
)
def test_an_address_loses_its_secrets_and_nothing_else(url: str, shown: str | None) -> None:
    assert cut_url(url) == (url if shown is None else shown)


@pytest.mark.parametrize(
    "words",
    [
        ["curl", "-u", f"ann:{SECRET}", "https://h"],
        ["mysql", "-u", "root", f"-p{SECRET}"],
        ["tool", "--config", f"password={SECRET}"],
        ["tool", f"postgres://ann:{SECRET}@h/d"],
        ["sshpass", "-p", SECRET, "ssh", "h"],
        ["tool", f"hf_{SECRET}"],
        ["tool", "--pass", SECRET],
    ],
)
def test_words_of_a_command_lose_their_secrets(words: list[str]) -> None:
    text, spans = cut_argv(words)
    assert SECRET not in text and spans


def test_a_long_text_with_a_secret_is_shown_up_to_a_limit() -> None:
    long = f"insert into t values (1); set password = '{SECRET}'; " + "insert x, 1; " * 5000
    cut, _ = cut_text(long)
    assert SECRET not in cut and len(cut) < len(long) and cut.endswith(CUT)
    ordinary = "insert into t values (1); " * 5000
    assert cut_text(ordinary) == (ordinary, [])


def test_without_the_table_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction._secrets, "table", None)
    assert cut_text("ls -la")[0] == CUT
    assert cut_url("https://h/x") == CUT
    assert cut_argv(["ls", "-la"])[0] == CUT
