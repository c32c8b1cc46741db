"""Files that SQL names, and what is cut out of it."""

from __future__ import annotations

import pytest

from jupyter_attest.probe.redaction import cut_text
from jupyter_attest.probe.sql import files_in_sql


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("select * from 'a.csv'", [("a.csv", "read")]),
        ('select * from "a.parquet" join t using (k)', [("a.parquet", "read")]),
        ("FROM 'a.csv' JOIN 'b''s.csv' USING (x)", [("a.csv", "read"), ("b's.csv", "read")]),
        ("select * from read_csv('a.csv', delim = ';', header=true)", [("a.csv", "read")]),
        ("select * from read_parquet(['a', 'b'], filename => 'c')", [("a", "read"), ("b", "read")]),
        ("select * from read_csv('a', columns={'x': 'INT', 'y': 'TEXT'})", [("a", "read")]),
        ("select 'a.csv', replace(x, 'b.csv', 'c') from t where y in ('d.csv', 'e')", []),
        ("copy t to 'a.parquet' (format parquet, codec 'zstd')", [("a.parquet", "write")]),
        ("COPY (select * from 'a.csv') TO 'b.csv'", [("a.csv", "read"), ("b.csv", "write")]),
        ("copy t from 'a.csv'", [("a.csv", "read")]),
        ("attach 'a.db' as a", [("a.db", "update")]),
        ("ATTACH DATABASE IF NOT EXISTS 'a.db' AS a (READ_ONLY)", [("a.db", "read")]),
        ("export database 'd'; import database 'e'", [("d", "write"), ("e", "read")]),
        ("-- from 'no.csv'\nselect 1 /* from 'no.csv' */", []),
        ("create table t as from 'a.csv'", [("a.csv", "read")]),
        ("insert into t values ('a.csv', 'from')", []),
        ("select 'unfinished", []),
        ("", []),
    ],
)  # fmt: skip
def test_files_of_a_statement(statement: str, expected: list[tuple[str, str]]) -> None:
    assert files_in_sql(statement, []) == expected


def test_bound_values_count_where_a_file_would_stand() -> None:
    statement = "select * from read_csv(?) where name = ? and x in (select a from read_json($1))"
    found = files_in_sql(statement, ["a.csv", "not.csv", "b.json"])
    assert found == [("a.csv", "read"), ("b.json", "read")]


@pytest.mark.parametrize(
    "statement",
    [
        "create user u identified by 'geheim'",
        "alter role r password 'geheim'",
        "create secret s (type s3, key_id 'geheim', secret 'geheim')",
        "select * from t where token = 'geheim'",
        "attach 'postgres://u:geheim@h/d' as p",
        "copy t to 'https://h/x?sig=geheim'",
        "set s3_secret_access_key='geheim'",
        "select dblink('host=h password=geheim dbname=d')",
    ],
)
def test_secrets_are_cut_out_of_a_statement(statement: str) -> None:
    assert "geheim" not in cut_text(statement)[0]
