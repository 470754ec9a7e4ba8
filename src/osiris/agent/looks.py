"""What the desk shows of the world: the whole to the person, and to the model what the policies let through."""

from dataclasses import dataclass, field
from typing import Any

from osiris.agent.joins import MOST_VALUES, Join, Joins, Sample, Side
from osiris.agent.ledger import Ledger
from osiris.agent.person import Person
from osiris.agent.policy import Policies, See
from osiris.agent.short import in_short, unseen
from osiris.app.catalogue import (
    DescribedTables,
    ProfileTable,
    QuerySample,
    Rows,
    catalogue_of,
    profile_table,
    query_sample,
)
from osiris.app.connections import named
from osiris.app.project import Project
from osiris.app.rehearsal import Rehearsed
from osiris.model.catalogue import TableProfile, looks_personal
from osiris.model.connection import parse_reference
from osiris.model.errors import OsirisError
from osiris.model.manifest import Manifest
from osiris.model.nearest import nearest
from osiris.sql.distinct import distinct_values
from osiris.sql.filters import compared
from osiris.sql.lineage import lineage

Answer = tuple[Any, dict[str, Any]]  # for the screen, for the model
PATIENCE = 5.0  # seconds for all the values that one description compares


@dataclass(frozen=True)
class Described:
    """Tables with how they seem to join, for the screen."""

    tables: DescribedTables
    joins: tuple[Join, ...]


@dataclass
class Looks:
    """Statistics and rows, with what was found out so far.

    Attributes:
        ledger: Counts how long databases are asked.
        profiles: `@family.alias/table` to its statistics, as they were looked up in this conversation.
        joins: The tables that were described in it.
    """

    policies: Policies
    ledger: Ledger = field(default_factory=Ledger)
    profiles: dict[str, TableProfile] = field(default_factory=dict)
    joins: Joins = field(default_factory=Joins)

    def described(self, project: Project, answer: DescribedTables) -> Answer:
        """Return tables with how they may join each other, and those described before in this conversation."""
        with self.ledger.asking():
            joins = self._joins(project, answer)
        short = in_short(answer, unseen)
        return Described(answer, joins), short | ({"joins": [join.model_dump() for join in joins]} if joins else {})

    def _joins(self, project: Project, answer: DescribedTables) -> tuple[Join, ...]:
        until = self.ledger.clock() + PATIENCE

        def look(side: Side) -> Sample | None:
            hidden = self.policies.of(side.source, side.table.full_name, side.column.name) == "none"
            if hidden or looks_personal(side.column.name) or self.ledger.clock() > until:
                return None
            return self._sampled(project, side)

        return self.joins.among(answer.connection, answer.tables, look)

    def _sampled(self, project: Project, side: Side) -> Sample | None:
        """Return the values of a column as hashes; nothing where they can't be had, and names have to do."""
        try:
            dialect = project.registry.family(parse_reference(side.source).family).dialect
            sql = distinct_values(side.table.name, side.table.namespace, side.column.name, dialect)
            rows = query_sample(project, QuerySample(connection=side.source, sql=sql, limit=MOST_VALUES))
        except OsirisError:
            return None
        return self.joins.sample((str(row[0]) for row in rows.rows), cut=rows.cut)

    def profile(self, project: Project, person: Person, ask: ProfileTable) -> Answer:
        """Return the statistics of one table."""
        connection = str(named(project, ask.connection))
        self._may_show(person, connection)
        with self.ledger.asking():
            profile = profile_table(project, ask)
        self.profiles[f"{connection}/{profile.table}".lower()] = profile
        return profile, in_short(profile, lambda column: self.policies.of(connection, profile.table, column))

    def query(self, project: Project, person: Person, ask: QuerySample) -> Answer:
        """Return the rows of one query."""
        most = project.configured.settings.agent.sample_rows
        connection = str(named(project, ask.connection))
        self._may_show(person, connection)
        with self.ledger.asking():
            rows = query_sample(project, ask.model_copy(update={"limit": min(ask.limit, most)}))
        return rows, in_short(rows, self._see(project, connection, ask.sql, rows))

    def never_there(self, project: Project, manifest: Manifest) -> tuple[str, ...]:
        """Return, in words, the texts that a pipeline filters by and that no row holds.

        The columns are looked up where nobody has; one with many values, or with personal ones, can't tell.
        """
        found: list[str] = []
        for step in manifest.steps:
            query = str(step.config.get("query") or "")
            if step.mode != "read" or not step.connection or not query:
                continue
            dialect = project.registry.kind(step.component).about.sql
            for one in compared(query, dialect):
                values = self._values(project, step.connection, one.table, one.column)
                if values and one.text not in values:
                    near = nearest(one.text, values) or values[:5]
                    seen = f"; there are {', '.join(map(repr, near))}" if self._may_name(step.connection, one) else ""
                    found.append(f"{step.id}: no row has {one.column} = {one.text!r}{seen}")
        return tuple(found)

    def rehearsed(self, answer: Rehearsed) -> dict[str, Any]:
        """Return what the model reads of a rehearsal: counts and what is suspicious, no value."""
        steps = [
            step.model_dump(mode="json", include={"step_id", "rows", "cut", "smells"}, exclude_defaults=True)
            for step in answer.steps
        ]
        return {"whole": answer.whole, "steps": steps, "withheld": "the person sees the first rows of each write"}

    def _may_name(self, connection: str, one: Any) -> bool:
        return self.policies.of(connection, one.table, one.column) != "none"

    def _values(self, project: Project, connection: str, table: str, column: str) -> tuple[str, ...]:
        """Return every value that a column has, where they are few and not personal; else nothing."""
        if not table:
            return ()
        key = f"{connection}/{table}".lower()
        if key not in self.profiles:
            try:
                with self.ledger.asking():
                    self.profiles[key] = profile_table(project, ProfileTable(connection=connection, table=table))
            except OsirisError:
                return ()
        profile = self.profiles[key]
        found = next((one for one in profile.columns if one.name.lower() == column.lower()), None)
        return () if found is None or found.looks_personal or not profile.exact else found.values

    def _may_show(self, person: Person, connection: str) -> None:
        """Ask once in a conversation whether the model may see values as they are, where the settings allow it."""
        question = f"The settings allow the language model to see values behind {connection} as they are. Let it, now?"
        if self.policies.may_ask(connection) and person.permit(question):
            self.policies.agreed.add(connection)

    def _see(self, project: Project, connection: str, sql: str, rows: Rows) -> See:
        catalogue = catalogue_of(project, connection)
        tables = {table.full_name: [column.name for column in table.columns] for table in catalogue.tables}
        try:
            sources = lineage(sql, catalogue.dialect, tables)
        except OsirisError:
            sources = {}
        whole = {name.lower(): columns for name, columns in sources.items()}
        missing = ("*",) if len(sources) != len(rows.columns) or "*" in sources else ()
        return lambda column: self.policies.strictest(connection, (*whole.get(column.lower(), missing), *missing))
