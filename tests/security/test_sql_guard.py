"""Attacks on the SQL guard, one a line in `attacks/`, and the honest queries in `benign/` that it must not stop."""

from pathlib import Path

import pytest
from tests.unit.sql.shop import DIALECTS, benign, duckdb_shop, sqlite_shop

from osiris.model.errors import StatementError
from osiris.sql.guard import read_only

ATTACKS = Path(__file__).parent / "attacks"


def attacks(dialect: str) -> list[str]:
    """Return the attacks on a dialect; a backslash begins an escape as in Python, and `''` is the empty text."""
    lines = (ATTACKS / f"{dialect}.txt").read_text(encoding="utf-8").splitlines()
    written = [line for line in lines if line and not line.startswith("#")]
    return [
        "" if line == "''" else line.encode("latin-1", "backslashreplace").decode("unicode_escape") for line in written
    ]


def refusal(sql: str, dialect: str) -> StatementError | None:
    """Return what the guard says against a statement; None where it lets it through."""
    try:
        read_only(sql, dialect)
    except StatementError as exc:
        return exc
    return None


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_attack_gets_through(dialect: str) -> None:
    assert [sql for sql in attacks(dialect) if refusal(sql, dialect) is None] == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_attack_gets_through_behind_brackets_spaces_and_comments(dialect: str) -> None:
    dressed = [f"\n /* x */ ( {sql} ) -- y" for sql in attacks(dialect)]
    dressed += [f"WITH x AS (SELECT 1) {sql}" for sql in attacks(dialect)]
    dressed += [f"SELECT * FROM ({sql}) AS x" for sql in attacks(dialect)]
    assert [sql for sql in dressed if refusal(sql, dialect) is None] == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_attack_gets_through_in_capitals(dialect: str) -> None:
    assert [sql for sql in attacks(dialect) if refusal(sql.upper(), dialect) is None] == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_refusal_says_what_and_what_to_do(dialect: str) -> None:
    said = [found for sql in attacks(dialect) if (found := refusal(sql, dialect)) is not None]
    assert [found.message for found in said if not found.message or not found.hint] == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_honest_query_gets_through(dialect: str) -> None:
    refused = {sql: said.to_dict() for sql in benign(dialect) if (said := refusal(sql, dialect)) is not None}
    assert refused == {}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_honest_query_may_end_in_a_semicolon_and_a_comment(dialect: str) -> None:
    assert [sql for sql in benign(dialect) if refusal(f"{sql};\n-- done\n", dialect) is not None] == []


def test_the_corpus_is_large() -> None:
    assert sum(len(set(attacks(dialect))) for dialect in DIALECTS) >= 900
    assert sum(len(set(benign(dialect))) for dialect in DIALECTS) >= 400


def test_the_honest_queries_run_in_duckdb() -> None:
    con = duckdb_shop()
    for sql in benign("duckdb"):
        con.execute(sql).fetchall()


def test_the_honest_queries_run_in_sqlite() -> None:
    con = sqlite_shop()
    for sql in benign("sqlite"):
        con.execute(sql).fetchall()
