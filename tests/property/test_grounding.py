"""A slip of the pen in any name is refused when a pipeline is compiled, and the right name is among the nearest."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import yaml
from sqlglot.dialects.dialect import Dialect
from tests.unit.sql.shop import DIALECTS, NAMES, TABLES, benign

from osiris.compiler.compile import Compiled, Given, compile_pipeline
from osiris.kit.registry import Registry
from osiris.model.catalogue import Catalogue, Column, Known, Table
from osiris.model.manifest import ManifestStep

MUTANTS = 250  # of each dialect
QUERIES = 25  # at least, of each dialect
RIGHT = 0.9  # share of mutants whose own name is among the nearest three
LETTERS = "etaoinshrdlu"
REAL = {*NAMES, *(column for columns in NAMES.values() for column in columns)}
FAMILIES = {"duckdb": "duckdb", "sqlite": "sqlite", "mysql": "mysql", "postgres": "postgres"}
REGISTRY = Registry.installed()
TYPED = tuple(
    table.model_copy(update={"columns": tuple(c.model_copy(update={"type": "string"}) for c in table.columns)})
    for table in TABLES
)


@dataclass(frozen=True)
class Mutant:
    """A query with a slip of the pen.

    Attributes:
        meant: The name before the slip.
        at: Where the name stands.
    """

    sql: str
    meant: str
    slip: str
    at: int


def know(step: ManifestStep) -> Known:
    dialect = step.component.partition(".")[0]
    survey = Table(name="query", columns=(Column(name="x", type="int64"),))
    return Known(catalogue=Catalogue(source=step.connection or "", dialect=dialect, tables=TYPED), survey=survey)


def compiled(dialect: str, sql: str) -> Compiled:
    """Compile a pipeline whose one source query this is."""
    family = FAMILIES[dialect]
    config = {"connection": f"@{family}.shop", "query": sql}
    read = {"id": "read", "component": f"{family}.extractor", "mode": "read", "config": config}
    write = {"id": "write", "component": "filesystem.csv_writer", "mode": "write", "config": {"path": "out.csv"}}
    document = {"oml_version": "0.1.0", "name": "names", "steps": [read, write]}
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=10_000).encode()
    return compile_pipeline(text, Given(REGISTRY, aliases={family: ("shop",)}, know=know))


def valid(dialect: str) -> list[str]:
    """Return queries in which some name of the shop stands; SQLite's own tables are in no catalogue."""
    return [sql for sql in benign(dialect) if spots(dialect, sql) and "sqlite_" not in sql]


def spots(dialect: str, sql: str) -> list[tuple[int, int, str]]:
    """Return where names of the shop stand: start, end, name. A name that the query gives itself is left out."""
    tokens = Dialect.get_or_raise(dialect).tokenize(sql)
    words = [token.text.lower() for token in tokens]
    given = {words[i] for i in range(1, len(words)) if words[i - 1] in ("as", "value")}
    found = []
    for before, token in zip([None, *tokens], tokens, strict=False):
        name = token.text
        is_word = token.token_type.name == "VAR" and sql[token.start : token.end + 1] == name
        is_part = before is not None and before.text in (".", ":", "->")
        if is_word and not is_part and name.lower() in REAL and name.lower() not in given and len(name) > 3:
            found.append((token.start, token.end + 1, name))
    return found


def mutants(dialect: str, queries: list[str]) -> Iterator[Mutant]:
    """Yield slips of the pen, spread over all queries, the same ones every time."""
    dice = random.Random(f"slips-{dialect}")  # noqa: S311 - the same dice every time
    for number in range(MUTANTS):
        sql = queries[number % len(queries)]
        start, end, name = dice.choice(spots(dialect, sql))
        slip = name
        while slip.lower() in REAL or slip.lower() == name.lower():
            slip = slipped(name, dice)
        yield Mutant(f"{sql[:start]}{slip}{sql[end:]}", name, slip, start)


def slipped(name: str, dice: random.Random) -> str:
    at = dice.randrange(1, len(name) - 1)
    match dice.randrange(6):
        case 0:
            return name[:at] + name[at + 1] + name[at] + name[at + 2 :]
        case 1:
            return name[:at] + name[at + 1 :]
        case 2:
            return name[:at] + name[at] + name[at:]
        case 3:
            return name[:at] + dice.choice(LETTERS) + name[at + 1 :]
        case 4:
            return name.removesuffix("s") if name.endswith("s") else f"{name}s"
        case _:
            return name.replace("_", "", 1) if "_" in name else f"{name[:at]}_{name[at:]}"


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
def test_valid_queries_pass(dialect: str) -> None:
    queries = valid(dialect)
    assert len(queries) >= QUERIES
    refused = {
        sql: [d.message for d in found.diagnostics] for sql in queries if (found := compiled(dialect, sql)).diagnostics
    }
    assert refused == {}


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_slip_is_refused_and_nine_of_ten_times_the_right_name_is_near(dialect: str) -> None:
    passed, far = [], []
    for mutant in mutants(dialect, valid(dialect)):
        result = compiled(dialect, mutant.sql)
        if result.manifest is not None:
            passed.append(mutant.sql)
        near = [name.rpartition(".")[2].lower() for found in result.diagnostics for name in found.nearest[:3]]
        if mutant.meant.lower() not in near:
            far.append((mutant.slip, mutant.meant, near, mutant.sql))
    assert passed == []
    assert len(far) <= (1 - RIGHT) * MUTANTS, far
