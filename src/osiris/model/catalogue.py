"""What is known about the data outside, without touching it again."""

import re
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from osiris.model.canonical import fingerprint

_PERSONAL = re.compile(r"(?i)name|mail|phone|street|address|birth|zip|post|ssn|iban|card|token|passw|secret|user")


def looks_personal(name: str) -> bool:
    """Return whether a column's values may be about people, or secret, going by its name."""
    return bool(_PERSONAL.search(name))


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Value):
    """One column.

    Attributes:
        type: Arrow type, as `str(pyarrow.DataType)` writes it, such as `decimal128(12, 2)`.
        source_type: The type in the source's own words, such as `DECIMAL(12,2)`; empty where the source has none.
    """

    name: str
    type: str
    nullable: bool = True
    source_type: str = ""
    comment: str = ""


class Table(_Value):
    """One table, view or file.

    Attributes:
        name: As the source spells it.
        namespace: Schema or database it lies in; empty where there is none, or the default one.
        primary_key: Columns, in key order; empty where there is none.
        references: Column to `table.column`, for foreign keys of one column.
        rows: Number of rows, exact or estimated; None where it is not known.
    """

    name: str
    columns: tuple[Column, ...] = ()
    namespace: str = ""
    kind: Literal["table", "view", "file"] = "table"
    primary_key: tuple[str, ...] = ()
    references: dict[str, str] = {}
    rows: int | None = None
    comment: str = ""

    @property
    def full_name(self) -> str:
        """Return the name with its namespace, as a query writes it."""
        return f"{self.namespace}.{self.name}" if self.namespace else self.name

    def column(self, name: str) -> Column | None:
        """Return the column of that name, in any case, or None."""
        return next((c for c in self.columns if c.name.lower() == name.lower()), None)


class Catalogue(_Value):
    """The tables behind one connection, or the one table behind a file.

    Attributes:
        source: `@family.alias`, or the path of a file as the pipeline writes it.
        dialect: Name of the SQL dialect, as sqlglot spells it; empty for files.
        tables: Sorted by namespace and name.
    """

    source: str
    dialect: str = ""
    tables: tuple[Table, ...] = ()

    def table(self, name: str, namespace: str = "") -> Table | None:
        """Return the table of that name, in any case, or None."""
        return next(
            (
                t
                for t in self.tables
                if t.name.lower() == name.lower() and (not namespace or t.namespace.lower() == namespace.lower())
            ),
            None,
        )

    def named(self, name: str) -> Table | None:
        """Return the table that a text such as `orders` or `sales.orders` names, or None.

        A point may also be part of a table's own name, and the default namespace may be left unnamed.
        """
        namespace, _, bare = name.rpartition(".")
        unnamed = (t for t in self.tables if namespace and not t.namespace and t.name.lower() == bare.lower())
        return self.table(name) or self.table(bare, namespace) or next(unnamed, None)

    def fingerprint(self) -> str:
        """Return what identifies names, types and keys; row counts and comments do not count."""
        return fingerprint(
            [self.source, self.dialect]
            + [
                t.model_dump(mode="json", exclude={"rows": True, "comment": True, "columns": {"__all__": {"comment"}}})
                for t in self.tables
            ]
        )


class Known(_Value):
    """What is known of one step's source before it runs.

    Attributes:
        catalogue: The tables behind its connection; None where there is no connection, or nothing is known.
        survey: What the step itself would read, columns and types, found by looking; None where nobody looked.
        derived: True where nobody looked, and `survey` is what the catalogue says of the columns that are read.
        why: Why nothing is known; empty where something is.
        refused: True where `why` is the source's answer to the step as it is written, which a run would get as well.
    """

    catalogue: Catalogue | None = None
    survey: Table | None = None
    derived: bool = False
    why: str = ""
    refused: bool = False


class ColumnProfile(_Value):
    """Statistics of one column over the rows looked at.

    Attributes:
        nulls: Share of NULLs, 0 to 1.
        distinct: Number of distinct values, exact or estimated.
        minimum: Smallest value as text, for numbers and dates; None for other types.
        maximum: Largest value as text, likewise.
        values: The distinct values where there are few; empty otherwise.
    """

    name: str
    type: str
    nulls: float
    distinct: int
    minimum: str | None = None
    maximum: str | None = None
    values: tuple[str, ...] = ()

    @property
    def looks_personal(self) -> bool:
        """Return whether its values may be about people, or secret, going by its name and by addresses among them."""
        return looks_personal(self.name) or any("@" in value for value in self.values)

    def counted(self) -> "ColumnProfile":
        """Return the counts alone, without any value."""
        return self.model_copy(update={"minimum": None, "maximum": None, "values": ()})


class TableProfile(_Value):
    """Statistics of one table.

    Attributes:
        rows: Rows looked at.
        exact: True when these were all rows.
    """

    table: str
    rows: int
    exact: bool
    columns: tuple[ColumnProfile, ...]


class Surveyed(_Value):
    """The columns of one step's rows, as they were when somebody looked."""

    seen: AwareDatetime
    table: Table


class Profiled(_Value):
    """Statistics of one table, as they were when somebody looked."""

    seen: AwareDatetime
    profile: TableProfile


class Kept(_Value):
    """What is kept of one connection, so that nobody has to look again.

    Attributes:
        connection: What identifies the connection's fields without its secrets: another server has another catalogue.
        seen: When somebody looked at the tables.
        stamp: Of a source that lies here, as it was then; empty for a server.
        profiles: By the table's full name.
        surveys: By what identifies the step: its component and settings.
    """

    connection: str
    seen: AwareDatetime
    stamp: str = ""
    catalogue: Catalogue
    profiles: dict[str, Profiled] = {}
    surveys: dict[str, Surveyed] = {}

    def renewed(self, before: "Kept | None") -> "Kept":
        """Return this with what an earlier look found and this one does not contradict.

        Statistics of tables that are there stay. Columns of steps stay as long as no table changed.
        """
        if before is None or before.connection != self.connection:
            return self
        names = {table.full_name for table in self.catalogue.tables}
        same = before.catalogue.fingerprint() == self.catalogue.fingerprint()
        return self.model_copy(
            update={
                "profiles": {name: kept for name, kept in before.profiles.items() if name in names},
                "surveys": before.surveys if same else {},
            }
        )

    def with_survey(self, of: str, table: Table, seen: datetime, most: int) -> "Kept":
        """Return this with the columns of one step more; the oldest go where there are too many."""
        surveys = self.surveys | {of: Surveyed(seen=seen, table=table)}
        newest = sorted(surveys, key=lambda key: (surveys[key].seen, key), reverse=True)[:most]
        return self.model_copy(update={"surveys": {key: surveys[key] for key in sorted(newest)}})

    def with_profile(self, profile: TableProfile, seen: datetime) -> "Kept":
        """Return this with the statistics of one table more."""
        profiles = self.profiles | {profile.table: Profiled(seen=seen, profile=profile)}
        return self.model_copy(update={"profiles": profiles})
