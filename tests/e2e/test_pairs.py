"""Rows go from every family to every other, and each column's digest is the same at both ends.

The digest is the databases' own: the sum of the first 32 bits of each value's MD5, computed by the source's SQL and by
the target's where it knows MD5; otherwise by DuckDB's over what is read back. `OSIRIS_TEST_FULL=1` makes them two
million.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.e2e.keyboard import typed
from tests.full import ROWS
from tests.services import mysql, postgres
from tests.services.shared import Server

from osiris.kit.component import Extractor, Place
from osiris.kit.registry import Registry

NAMES = ("id", "name", "amount", "day", "seen_at")
WORDS = ("Brno", "", None, "žluťoučký kůň", "🦊", 'say "yes"', "two\nlines", "NULL", "a,b;c|d\te", "O'Hara\\")
TARGETS = ("mysql", "postgres", "supabase", "duckdb", "sqlite", "csv", "parquet", "json")
SOURCES = ("mysql", "postgres", "supabase", "duckdb", "sqlite", "csv", "parquet")
NOTHING = "no value"  # what stands for NULL in a digest


def rows(count: int) -> pa.Table:
    """Return rows with what is easily lost: NULLs, empty texts, quotes, scale, microseconds."""
    first = datetime(1969, 7, 20, 20, 17, 40, 123_456)
    numbers = range(count)
    return pa.table(
        {
            "id": pa.array(numbers, pa.int64()),
            "name": pa.array([WORDS[n % len(WORDS)] for n in numbers], pa.string()),
            "amount": pa.array(
                [None if n % 11 == 0 else Decimal(n * 7 - 999).scaleb(-2) for n in numbers], pa.decimal128(12, 2)
            ),
            "day": pa.array(
                [None if n % 13 == 0 else date(1970, 1, 1) + timedelta(n % 40_000) for n in numbers], pa.date32()
            ),
            "seen_at": pa.array([first + timedelta(microseconds=n * 1_000_003) for n in numbers], pa.timestamp("us")),
        }
    )


@dataclass(frozen=True)
class Everywhere:
    """A project with a connection to every family."""

    folder: Path
    mysql: Server
    postgres: Server

    def steps(self, source: str, targets: tuple[str, ...]) -> str:
        """Return a pipeline from one to all."""
        read = f"  - {{id: read, mode: read, {self._end(source, 'extractor', 'source')}}}\n"
        writes = "".join(
            f"  - {{id: to-{target}, mode: write, needs: [read], {self._end(target, 'writer', f'from_{source}')}}}\n"
            for target in targets
        )
        return f'oml_version: "0.1.0"\nname: from-{source}\nsteps:\n{read}{writes}'

    def _end(self, family: str, verb: str, table: str) -> str:
        if family in {"csv", "parquet", "json"}:
            types = ', columns: {amount: "decimal(12, 2)"}' if family == "csv" and verb == "extractor" else ""
            return f"component: filesystem.{family}_{verb}, config: {{path: data/{table}.{family}{types}}}"
        mode = ", write_mode: append" if verb == "writer" else ""
        return f'component: {family}.{verb}, config: {{connection: "@{family}.here", table: {table}{mode}}}'

    def fill(self) -> None:
        """Put the same rows into every source."""
        pq.write_table(rows(ROWS), self.folder / "data" / "source.parquet")
        others = tuple(family for family in SOURCES if family != "parquet")
        text = self.steps("parquet", others).replace("from_parquet", "source").replace("name: from-", "name: fill-")
        # PostgreSQL and Supabase are one database here: one of them fills it.
        text = "".join(line for line in text.splitlines(keepends=True) if "to-supabase" not in line)
        self.run(text)

    def run(self, text: str) -> None:
        """Run a pipeline, and hear that all went well."""
        (self.folder / "pipeline.yaml").write_text(text, "utf-8")
        done = typed(self.folder, "run", "pipeline.yaml", "--json")
        assert done.code == 0, done.err + done.out

    def digests(self, family: str, table: str) -> dict[str, int]:
        """Return a digest for each column of what a family holds."""
        match family:
            case "mysql":
                return _whole(mysql.ask(self.mysql, MYSQL.query(table))[0])
            case "postgres" | "supabase":
                return _whole(postgres.ask(self.postgres, POSTGRES.query(table))[0])
        return digests(self._read(family, table))

    def _read(self, family: str, table: str) -> pa.Table:
        name, config = f"{family}.extractor", dict[str, Any](table=table)
        connection: dict[str, Any] | None = {"path": f"data/here.{family}"}
        if family in {"csv", "parquet", "json"}:
            config = {"path": f"data/{table}.{family}"}
            if family != "parquet":
                config |= {"columns": {n: str(k) for n, k in zip(NAMES, rows(0).schema.types, strict=True)}}
            name, connection = f"filesystem.{family}_extractor", None
        place = Place(project=self.folder, scratch=self.folder)
        extractor = Registry.installed().build(name, config, place, connection)
        assert isinstance(extractor, Extractor)
        with extractor.extract() as stream:
            return pa.Table.from_batches(stream, stream.schema)


def digests(table: pa.Table) -> dict[str, int]:
    """Return a digest for each column of rows."""
    with duckdb.connect() as db:
        db.register("rows", table)
        (sums,) = db.execute(DUCKDB.query("rows")).fetchall()
    return _whole(sums)


def _whole(sums: tuple[Any, ...]) -> dict[str, int]:
    return {name: int(total) for name, total in zip(NAMES, sums, strict=True)}


@dataclass(frozen=True)
class Dialect:
    """How a database says it.

    Attributes:
        text: A column's text.
        moment: That of the column of moments.
        number: The first 32 bits of a text's MD5, summed up.
    """

    text: str
    moment: str
    number: str

    def query(self, table: str) -> str:
        """Return the query for all digests of a table."""
        texts = {name: self.text.format(name) for name in NAMES} | {"seen_at": self.moment}
        sums = (self.number.format(f"coalesce({text}, '{NOTHING}')") for text in texts.values())
        return f"SELECT {', '.join(sums)} FROM {table}"


MYSQL = Dialect(
    "CAST({} AS CHAR)",
    "DATE_FORMAT(seen_at, '%Y-%m-%d %H:%i:%s.%f')",
    "SUM(CAST(CONV(LEFT(MD5({}), 8), 16, 10) AS UNSIGNED))",
)
POSTGRES = Dialect(
    "{}::text", "to_char(seen_at, 'YYYY-MM-DD HH24:MI:SS.US')", "sum(('x' || left(md5({}), 8))::bit(32)::bigint)"
)
DUCKDB = Dialect(
    "CAST({} AS VARCHAR)",
    "strftime(seen_at, '%Y-%m-%d %H:%M:%S.%f')",
    "sum(CAST('0x' || left(md5({}), 8) AS UBIGINT))",
)


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everywhere]:
    folder = tmp_path_factory.mktemp("everywhere")
    (folder / "data").mkdir()
    with mysql.database() as my, postgres.database() as pg:
        dsn = f"postgresql://{pg.user}:{quote(pg.password, safe='')}@{pg.host}:{pg.port}/{pg.database}"
        (folder / ".env").write_text(f'MYSQL_PASSWORD="{my.password}"\nPG_DSN="{dsn}"\n', "utf-8")
        (folder / "osiris_connections.yaml").write_text(
            f"mysql: {{here: {{host: {my.host}, port: {my.port}, database: {my.database}, user: {my.user}, "
            "password: '${MYSQL_PASSWORD}'}}\n"
            "postgres: {here: {url: '${PG_DSN}'}}\nsupabase: {here: {pg_dsn: '${PG_DSN}'}}\n"
            "duckdb: {here: {path: data/here.duckdb}}\nsqlite: {here: {path: data/here.sqlite}}\n",
            "utf-8",
        )
        found = Everywhere(folder, my, pg)
        found.fill()
        yield found


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
def test_every_column_arrives_as_it_left(everywhere: Everywhere, source: str) -> None:
    wanted = digests(rows(ROWS))
    assert everywhere.digests(source, "source") == wanted
    targets = tuple(t for t in TARGETS if not (t == "supabase" and source == "postgres"))
    if "supabase" in targets and "postgres" in targets:  # one database: each in a table of its own
        everywhere.run(everywhere.steps(source, tuple(t for t in targets if t != "supabase")))
        theirs = everywhere.steps(source, ("supabase",)).replace(f"from_{source}", f"supabase_from_{source}")
        everywhere.run(theirs.replace(f"name: from-{source}", f"name: supabase-from-{source}"))
    else:
        everywhere.run(everywhere.steps(source, targets))
    found = {
        target: everywhere.digests(target, f"{'supabase_' if target == 'supabase' else ''}from_{source}")
        for target in targets
    }
    assert found == dict.fromkeys(targets, wanted)
