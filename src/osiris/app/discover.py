"""Looking at sources, and keeping what was seen: names first, columns of the tables asked for, statistics on demand."""

from collections.abc import Iterator

from pydantic import AwareDatetime, BaseModel, Field

from osiris.app.cache import Cache, desk_of
from osiris.app.catalogue import Rows, table_named
from osiris.app.connections import connected, named, references
from osiris.app.operation import Operation
from osiris.app.project import Project
from osiris.app.record import redactor
from osiris.app.rows import plain_rows
from osiris.model.catalogue import Kept, Profiled, Table, TableProfile
from osiris.model.connection import Reference
from osiris.model.errors import EXIT_CONNECTION, OsirisError, UsageError
from osiris.sql.selected import everything_of

MOST_SAMPLED = 1_000


class Discover(BaseModel):
    """Ask what lies behind connections; an empty name means all of them."""

    connection: str = Field(default="", description="@family.alias; empty means all")
    tables: tuple[str, ...] = Field(default=(), description="tables whose columns are wanted")
    refresh: bool = Field(default=False, description="look again, although something is kept")
    profile_rows: int = Field(default=0, ge=0, description="make statistics of the tables over at most so many rows")
    sample: int = Field(default=0, ge=0, le=MOST_SAMPLED, description="show so many rows of the tables; none is kept")


class TableLine(BaseModel):
    """One table at a glance.

    Attributes:
        rows: Exact or estimated; None where it is not known.
        columns: How many there are.
    """

    table: str
    kind: str
    rows: int | None
    columns: int


class Sample(BaseModel):
    """Some rows of one table."""

    table: str
    rows: Rows


class Discovery(BaseModel):
    """What is known of one connection.

    Attributes:
        seen: When somebody looked; None where nobody could.
        age: Seconds since then.
        catalogue: Fingerprint of names, types and keys.
        names: All tables, by name.
        tables: Those asked for, with their columns.
        profiles: Statistics of those asked for, as far as somebody made some.
        samples: Rows of those asked for; they are shown and not kept.
        problem: Why nothing is known.
        exit_code: What the problem means to a shell; 0 where there is none.
    """

    connection: str
    seen: AwareDatetime | None = None
    age: int = 0
    dialect: str = ""
    catalogue: str = ""
    names: tuple[TableLine, ...] = ()
    tables: tuple[Table, ...] = ()
    profiles: tuple[Profiled, ...] = ()
    samples: tuple[Sample, ...] = ()
    problem: str = ""
    hint: str = ""
    exit_code: int = 0


class Discovered(BaseModel):
    """All that was asked for, by connection."""

    connections: tuple[Discovery, ...]

    @property
    def exit_code(self) -> int:
        """Return the first problem's exit code; 0 where there is none."""
        return next((one.exit_code for one in self.connections if one.exit_code), 0)


def discover(project: Project, ask: Discover) -> Discovered:
    """Show what lies behind connections, from the cache where it is there; look where it is not."""
    if ask.connection:
        return Discovered(connections=(_discovery(project, ask, str(named(project, ask.connection))),))
    if ask.tables:
        raise UsageError("tables of which connection?", hint="name it: osiris discover @family.alias --table NAME")
    _must_name_tables(ask)
    return Discovered(connections=tuple(_attempt(project, ask, str(one)) for one in _with_tables(project)))


def _with_tables(project: Project) -> Iterator[Reference]:
    for reference in references(project):
        if reference.family in project.registry.loaders and project.registry.family(reference.family).desk:
            yield reference


def _attempt(project: Project, ask: Discover, name: str) -> Discovery:
    """Return what is known of one of several connections; what is wrong with it keeps nobody from the others."""
    try:
        return _discovery(project, ask, name)
    except OsirisError as exc:
        code = exc.exit_code or EXIT_CONNECTION
        return Discovery(connection=name, problem=exc.message, hint=exc.hint, exit_code=code)


def _discovery(project: Project, ask: Discover, name: str) -> Discovery:
    _must_name_tables(ask)
    cache = Cache(project)
    kept = cache.look(name) if ask.refresh else cache.known(name)
    tables = tuple(table_named(kept.catalogue, table) for table in ask.tables)
    made = {table.full_name: _profile(cache, name, table, ask.profile_rows) for table in tables if ask.profile_rows}
    samples = tuple(_sample(project, name, table, ask.sample) for table in tables if ask.sample)
    return Discovery(
        connection=name,
        seen=kept.seen,
        age=max(0, round((cache.clock() - kept.seen).total_seconds())),
        dialect=kept.catalogue.dialect,
        catalogue=kept.catalogue.fingerprint(),
        names=tuple(map(_line, kept.catalogue.tables)),
        tables=tables,
        profiles=tuple(_profiles(kept, made, tables)),
        samples=samples,
    )


def _must_name_tables(ask: Discover) -> None:
    if (ask.profile_rows or ask.sample) and not ask.tables:
        raise UsageError("statistics and rows are of single tables", hint="name them: --table NAME")


def _profiles(kept: Kept, made: dict[str, Profiled], tables: tuple[Table, ...]) -> Iterator[Profiled]:
    for table in tables:
        if found := made.get(table.full_name) or kept.profiles.get(table.full_name):
            yield found


def _profile(cache: Cache, name: str, table: Table, rows: int) -> Profiled:
    """Make statistics and keep them: no secret of the project, no value that looks personal, none where none may be."""
    family, connection, reference = connected(cache.project, name)
    desk = desk_of(family.desk, reference)
    profile = desk.profile(connection, cache.project.place, table.full_name, rows)
    cache.keep_profile(name, _fit_to_keep(cache.project, profile.model_copy(update={"table": table.full_name})))
    return Profiled(seen=cache.clock(), profile=profile)


def _fit_to_keep(project: Project, profile: TableProfile) -> TableProfile:
    sampled = project.configured.settings.agent.sampling != "none"
    columns = tuple(c if sampled and not c.looks_personal else c.counted() for c in profile.columns)
    kept = profile.model_copy(update={"columns": columns})
    return TableProfile.model_validate(redactor(project)(kept.model_dump(mode="json")))


def _sample(project: Project, name: str, table: Table, rows: int) -> Sample:
    family, connection, reference = connected(project, name)
    desk = desk_of(family.desk, reference)
    found, cut = desk.query(connection, project.place, everything_of(table, family.dialect, rows + 1), rows)
    types = tuple(str(kind) for kind in found.schema.types)
    shown = Rows(columns=tuple(found.schema.names), types=types, rows=plain_rows(found), cut=cut)
    return Sample(table=table.full_name, rows=shown)


def _line(table: Table) -> TableLine:
    return TableLine(table=table.full_name, kind=table.kind, rows=table.rows, columns=len(table.columns))


CATALOGUE_DISCOVER = Operation("catalogue.discover", Discover, Discovered, discover)
