"""What lies behind the connections: tables, columns, statistics, a few rows."""

from collections.abc import Iterator
from contextlib import suppress

from pydantic import BaseModel, Field

from osiris.app.cache import Cache, desk_of
from osiris.app.connections import connected, references
from osiris.app.operation import Operation
from osiris.app.project import Project
from osiris.app.rows import plain_rows
from osiris.app.search import Hit, grouped, ranked
from osiris.model.catalogue import Catalogue, Table, TableProfile
from osiris.model.connection import Reference
from osiris.model.errors import OsirisError, UsageError
from osiris.model.nearest import nearest
from osiris.sql.guard import read_only

NOTES = "OSIRIS.md"
MOST_TABLES = 30  # of a connection that are named one by one; more are grouped
MOST_FOUND = 20
MOST_NOTED = 200  # pipelines that are searched
MOST_DESCRIBED = 10
PROFILE_ROWS = 100_000


class Overview(BaseModel):
    """Ask what there is, at a glance."""


class ConnectionOverview(BaseModel):
    """One connection: its tables by name, or where they are many by how names begin.

    Attributes:
        groups: Beginning of a name to how many tables have it; empty where `tables` names them all.
        problem: Why there are none.
    """

    connection: str
    tables: tuple[str, ...] = ()
    groups: dict[str, int] = {}
    tables_total: int = 0
    problem: str = ""


class OverviewAnswer(BaseModel):
    """All connections, by name."""

    connections: tuple[ConnectionOverview, ...]


class FindTables(BaseModel):
    """Ask for tables whose name, comment or columns contain one of the words."""

    words: str = Field(description="one or more words, separated by blanks; empty finds every table")
    connection: str = Field(default="", description="@family.alias; empty searches all")


class FoundTable(BaseModel):
    """One table found.

    Attributes:
        rows: Number of rows, exact or estimated; None where it is not known.
        matches: Columns that contain a word.
    """

    connection: str
    table: str
    rows: int | None
    columns: int
    matches: tuple[str, ...] = ()


class FoundTables(BaseModel):
    """The tables found, best first; `total` counts those that were cut off, too."""

    tables: tuple[FoundTable, ...]
    total: int


class DescribeTables(BaseModel):
    """Ask for the columns, types, keys and row counts of some tables."""

    connection: str = Field(description="@family.alias")
    tables: tuple[str, ...] = Field(min_length=1, max_length=MOST_DESCRIBED)


class DescribedTables(BaseModel):
    """The tables, in the order asked for."""

    connection: str
    dialect: str
    tables: tuple[Table, ...]


class ProfileTable(BaseModel):
    """Ask for statistics of one table's columns."""

    connection: str = Field(description="@family.alias")
    table: str


class QuerySample(BaseModel):
    """Ask for a few rows of one SELECT, in the dialect of the connection."""

    connection: str = Field(description="@family.alias")
    sql: str = Field(description="one SELECT; nothing else is allowed")
    limit: int = Field(default=20, ge=1, le=1000)


class Rows(BaseModel):
    """Rows as text.

    Attributes:
        rows: One list a row, in the order of `columns`; NULL is None.
        cut: True when there are more rows than shown.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    cut: bool = False


def overview(project: Project, ask: Overview) -> OverviewAnswer:  # noqa: ARG001 - every operation asks
    """Show every connection with the names of its tables."""
    return OverviewAnswer(connections=tuple(_overview(project, reference) for reference in references(project)))


def find_tables(project: Project, ask: FindTables) -> FoundTables:
    """Find tables by words in their names, comments and columns, and in the rules and pipelines of the project."""
    hits, total = ranked(_everywhere(project, ask.connection), ask.words, tuple(_notes(project)), MOST_FOUND)
    return FoundTables(tables=tuple(map(_line, hits)), total=total)


def describe_tables(project: Project, ask: DescribeTables) -> DescribedTables:
    """Describe some tables: columns, types, keys, row counts."""
    catalogue = catalogue_of(project, ask.connection)
    tables = tuple(table_named(catalogue, name) for name in ask.tables)
    return DescribedTables(connection=catalogue.source, dialect=catalogue.dialect, tables=tables)


def profile_table(project: Project, ask: ProfileTable) -> TableProfile:
    """Profile one table's columns: share of NULLs, distinct values, smallest and largest value."""
    family, connection, reference = connected(project, ask.connection)
    desk = desk_of(family.desk, reference)
    table = table_named(catalogue_of(project, ask.connection), ask.table)
    return desk.profile(connection, project.place, table.full_name, PROFILE_ROWS)


def query_sample(project: Project, ask: QuerySample) -> Rows:
    """Run one SELECT, read-only, and show its first rows."""
    family, connection, reference = connected(project, ask.connection)
    desk = desk_of(family.desk, reference)
    read_only(ask.sql, family.dialect)
    table, cut = desk.query(connection, project.place, ask.sql, ask.limit)
    return Rows(
        columns=tuple(table.schema.names),
        types=tuple(str(kind) for kind in table.schema.types),
        rows=plain_rows(table),
        cut=cut,
    )


def catalogue_of(project: Project, name: str) -> Catalogue:
    """Return the tables behind one connection, under its full name, from the cache where it keeps them.

    Raises:
        OsirisError: the connection is not configured, or nothing is kept and it does not answer.
    """
    return Cache(project).known(name).catalogue


def table_named(catalogue: Catalogue, name: str) -> Table:
    """Return the table that a text names.

    Raises:
        UsageError: there is none; the hint has the nearest names.
    """
    if table := catalogue.named(name):
        return table
    known = [table.full_name for table in catalogue.tables]
    near = nearest(name, known)
    hint = f"did you mean {', '.join(near)}?" if near else f"tables: {', '.join(known[:MOST_TABLES]) or 'none'}"
    raise UsageError(f"{catalogue.source} has no table {name!r}", hint=hint)


def _overview(project: Project, reference: Reference) -> ConnectionOverview:
    try:
        found = catalogue_of(project, str(reference)).tables
    except OsirisError as exc:
        return ConnectionOverview(connection=str(reference), problem=f"{exc.message}. {exc.hint}")
    few = len(found) <= MOST_TABLES
    return ConnectionOverview(
        connection=str(reference),
        tables=tuple(table.full_name for table in found) if few else (),
        groups={} if few else grouped(found),
        tables_total=len(found),
    )


def _everywhere(project: Project, connection: str) -> Iterator[tuple[str, Table]]:
    """Yield the tables of one connection, or of all that answer, each with its connection."""
    for name in [connection] if connection else [str(reference) for reference in references(project)]:
        try:
            catalogue = catalogue_of(project, name)
        except OsirisError:
            if connection:
                raise
            continue
        yield from ((catalogue.source, table) for table in catalogue.tables)


def _notes(project: Project) -> Iterator[str]:
    """Yield what the people of the project wrote: their rules line by line, and their pipelines."""
    files = [project.root / NOTES, *sorted(project.layout.pipelines.glob("*.y*ml"))[:MOST_NOTED]]
    for file in files:
        with suppress(OSError, UnicodeDecodeError):
            text = file.read_text("utf-8")
            yield from text.splitlines() if file.name == NOTES else [text]


def _line(hit: Hit) -> FoundTable:
    return FoundTable(
        connection=hit.source,
        table=hit.table.full_name,
        rows=hit.table.rows,
        columns=len(hit.table.columns),
        matches=hit.matches,
    )


CATALOGUE_OVERVIEW = Operation("catalogue.overview", Overview, OverviewAnswer, overview)
CATALOGUE_FIND = Operation("catalogue.find", FindTables, FoundTables, find_tables)
CATALOGUE_DESCRIBE = Operation("catalogue.describe", DescribeTables, DescribedTables, describe_tables)
CATALOGUE_PROFILE = Operation("catalogue.profile", ProfileTable, TableProfile, profile_table)
CATALOGUE_QUERY = Operation("catalogue.query", QuerySample, Rows, query_sample)
