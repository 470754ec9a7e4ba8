"""What the compiler is told about sources: from the cache, from files that lie here, or by looking at servers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from osiris.app.cache import Cache
from osiris.app.connections import fields_at
from osiris.app.guarded import keep_out
from osiris.app.project import Project
from osiris.kit.component import Component, Surveyor
from osiris.kit.family import Family
from osiris.kit.naming import table_of
from osiris.model.catalogue import Catalogue, Column, Kept, Known, Table
from osiris.model.connection import parse_reference
from osiris.model.errors import AuthorError, OsirisError, StatementError, UsageError
from osiris.model.manifest import ManifestStep
from osiris.model.plan import PlannedTable, SourceSeen
from osiris.sql.names import tables_of
from osiris.sql.selected import selected


@dataclass
class Sources:
    """Answers what is known about a read step's source; each connection is asked once.

    A source that lies here (a file, a database file) is looked at: that needs no network and no secret. What is known
    of a server is what the cache keeps, unless `look` says that the server may be asked.

    Attributes:
        look: True lets servers be asked; what they say is kept in the cache. One that can't be asked is known as the
            cache knows it.
    """

    project: Project
    look: bool
    _kept: dict[str, Kept | OsirisError] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)

    def __call__(self, step: ManifestStep) -> Known:
        """Return what is known of one step's source."""
        if step.connection is None and not (self.look or _lies_here(self._family(step.component))):
            return Known(why="it has no connection, so that nothing is kept of it: `osiris plan` asks")
        if step.connection is None or (family := self._family(step.connection)).desk is None:
            return self._looked_at(step, None)
        kept = self.kept(step.connection)
        catalogue = None if isinstance(kept, OsirisError) else kept.catalogue
        if _lies_here(family):
            return self._looked_at(step, catalogue) if catalogue else Known(why=_why(kept))
        if self.look:
            known = self._looked_at(step, catalogue)
            if known.survey or known.refused:
                return known
        return self._from_cache(step, family, kept)

    def kept(self, name: str) -> Kept | OsirisError:
        """Return what is known of a connection's tables, or why nothing is."""
        if name not in self._kept:
            try:
                self._kept[name] = self._find(name)
            except OsirisError as exc:
                self._kept[name] = exc
        return self._kept[name]

    def seen(self) -> tuple[SourceSeen, ...]:
        """Return when each connection was looked at, of those that were asked for, by name."""
        return tuple(
            SourceSeen(connection=name, why=_why(kept))
            if isinstance(kept, OsirisError)
            else SourceSeen(connection=name, seen=kept.seen, catalogue=kept.catalogue.fingerprint())
            for name, kept in sorted(self._kept.items())
        )

    def from_cache(self) -> tuple[SourceSeen, ...]:
        """Return the servers of which only the cache was asked."""
        return tuple(one for one in self.seen() if one.seen and one.connection not in self._asked)

    def tables(self, step: ManifestStep) -> tuple[PlannedTable, ...]:
        """Return the tables that a step reads, with how many rows they hold, as far as that is known."""
        if step.connection is None or step.mode != "read" or (family := self._family(step.connection)).desk is None:
            return ()
        kept = self.kept(step.connection)
        if isinstance(kept, OsirisError):
            return ()
        found = _read_by(step, family.dialect, kept.catalogue)
        return tuple(PlannedTable(table=table.full_name, rows=table.rows) for table in found)

    def _find(self, name: str) -> Kept:
        cache = Cache(self.project)
        here = _lies_here(self._family(name))
        kept = None if self.look and not here else cache.find(name)
        if kept is None and (here or self.look):
            kept = self._look(cache, name, keep=not here)
        elif here:
            self._asked.add(name)
        if kept is None:
            raise UsageError(f"no catalogue for {name} (`osiris discover {name}` makes one)")
        return kept

    def _look(self, cache: Cache, name: str, *, keep: bool) -> Kept:
        """Look, or return what is kept of a source that can't be asked."""
        try:
            found = cache.look(name, keep=keep)
        except OsirisError:
            if (kept := cache.find(name)) is None:
                raise
            return kept
        self._asked.add(name)
        return found

    def _looked_at(self, step: ManifestStep, catalogue: Catalogue | None) -> Known:
        """Let the component look at what it would read, and keep what a server says."""
        try:
            component = build(self.project, step)
            survey = component.survey() if isinstance(component, Surveyor) else None
        except OsirisError as exc:
            return Known(catalogue=catalogue, why=exc.message, refused=isinstance(exc, AuthorError))
        if survey and step.connection and self.look and not _lies_here(self._family(step.connection)):
            Cache(self.project).keep_survey(step, survey)
        return Known(catalogue=catalogue, survey=survey)

    def _from_cache(self, step: ManifestStep, family: Family, kept: Kept | OsirisError) -> Known:
        if isinstance(kept, OsirisError):
            return Known(why=_why(kept))
        if survey := Cache(self.project).survey(step):
            return Known(catalogue=kept.catalogue, survey=survey)
        columns = _columns(step, family.dialect, kept.catalogue)
        if columns is None:
            why = f"the types of what it computes are not in the catalogue of {step.connection}: `osiris plan` asks"
            return Known(catalogue=kept.catalogue, why=why)
        name = str(step.config.get("table") or "query")
        return Known(catalogue=kept.catalogue, survey=Table(name=name, columns=columns), derived=True)

    def _family(self, name: str) -> Family:
        """Return the family of a connection or a component."""
        family = parse_reference(name).family if name.startswith("@") else name.partition(".")[0]
        return self.project.registry.family(family)


def build(project: Project, step: ManifestStep) -> Component:
    """Return a step's component, ready to look: with its connection, without a scratch folder.

    Raises:
        Forbidden: the step names a file that no pipeline may touch.
    """
    fields = _fields(project, step.connection)
    keep_out(project, step, fields)
    return project.registry.build(step.component, step.config, project.place, fields)


def _fields(project: Project, name: str | None) -> dict[str, Any] | None:
    return None if name is None else fields_at(project, parse_reference(name))


def _lies_here(family: Family) -> bool:
    return family.desk is None or family.desk.stamp is not None


def _why(kept: Kept | OsirisError) -> str:
    """Return why nothing is known; empty where something is."""
    return "" if isinstance(kept, Kept) else kept.message


def _columns(step: ManifestStep, dialect: str, catalogue: Catalogue) -> tuple[Column, ...] | None:
    """Return the columns that a step would read, where the catalogue says all of it; any may be NULL."""
    if query := str(step.config.get("query") or ""):
        return selected(query, dialect, catalogue.tables) if dialect else None
    table = catalogue.named(table_of(step.config))
    if table is None:
        return None
    wanted = step.config.get("columns") or [column.name for column in table.columns]
    found = [table.column(str(name)) for name in wanted]
    columns = tuple(Column(name=column.name, type=column.type) for column in found if column)
    return columns if columns and len(columns) == len(found) else None


def _read_by(step: ManifestStep, dialect: str, catalogue: Catalogue) -> Iterator[Table]:
    """Yield the tables that a step reads, of those that are known, each once."""
    query = str(step.config.get("query") or "") if dialect else ""
    try:
        read = [f"{table.namespace}.{table.name}".strip(".") for table in tables_of(query, dialect)] if query else []
    except StatementError:
        return
    named = read if query else [table_of(step.config)]
    found = {table.full_name: table for name in named if (table := catalogue.named(name))}
    yield from found.values()
