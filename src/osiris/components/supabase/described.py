"""Tables as the REST interface describes them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from osiris.components.postgres.config import OddDates
from osiris.components.postgres.tables import instead
from osiris.components.postgres.types import Delivered, PgType, delivered
from osiris.components.supabase.door import DIRECT
from osiris.model.catalogue import Column, Table
from osiris.model.errors import OutsideError

# The interface says types as people do; the rest is by `pg_type`'s names.
_NAMES = {
    "boolean": "bool",
    "smallint": "int2",
    "integer": "int4",
    "bigint": "int8",
    "real": "float4",
    "double precision": "float8",
    "character varying": "varchar",
    "character": "bpchar",
    "time without time zone": "time",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "time with time zone": "timetz",
    "bit varying": "varbit",
}
_LIKE_TYPES = re.compile(r"[a-z0-9_ ]+\Z")
_TYPMOD = 4  # what PostgreSQL adds to the length of a text
_KEY = "<pk/>"
_REFERS = re.compile(r"<fk table='(?P<table>[^']+)' column='(?P<column>[^']+)'/>")
_NOTE = re.compile(r"\s*Note:\nThis is a (?:Primary|Foreign) Key.*", re.DOTALL)


@dataclass(frozen=True)
class Described:
    """One table.

    Attributes:
        columns: Name to type.
        needed: Columns that may not be NULL and have no default.
        key: The primary key's columns; empty where there is none.
    """

    name: str
    columns: Mapping[str, PgType]
    needed: frozenset[str]
    key: tuple[str, ...]
    references: Mapping[str, str]
    comment: str = ""
    comments: Mapping[str, str] | None = None

    @classmethod
    def of(cls, name: str, told: Mapping[str, Any]) -> "Described":
        """Return what one definition tells."""
        properties: Mapping[str, Mapping[str, Any]] = told.get("properties", {})
        about = {column: str(one.get("description") or "") for column, one in properties.items()}
        refers = {column: found for column, text in about.items() if (found := _REFERS.search(text))}
        return cls(
            name=name,
            columns={column: _type(one) for column, one in properties.items()},
            needed=frozenset(told.get("required", ())),
            key=tuple(column for column, text in about.items() if _KEY in text),
            references={column: f"{found['table']}.{found['column']}" for column, found in refers.items()},
            comment=str(told.get("description") or ""),
            comments={column: _NOTE.sub("", text) for column, text in about.items()},
        )

    def ways(self, odd_dates: OddDates = "fail") -> dict[str, Delivered]:
        """Return how each column's values come."""
        return {name: through_rest(kind, odd_dates) for name, kind in self.columns.items()}

    def table(self) -> Table:
        """Return it as the catalogue has it."""
        comments = self.comments or {}
        return Table(
            name=self.name,
            columns=tuple(
                Column(
                    name=name,
                    type=str(way.arrow),
                    nullable=name not in self.needed and name not in self.key,
                    source_type=self.columns[name].said,
                    comment=comments.get(name, ""),
                )
                for name, way in self.ways().items()
            ),
            primary_key=self.key,
            references=dict(self.references),
            comment=self.comment,
        )


def through_rest(kind: PgType, odd_dates: OddDates = "fail") -> Delivered:
    """Return how values of a type come: like directly, but for arrays, which are text, and money, too."""
    if kind.name == "money":
        return Delivered("text", pa.string(), "{}::text")
    return delivered(kind, odd_dates, arrays="text")


def found(tables: Mapping[str, Any], name: str, kind: type[OutsideError]) -> Described:
    """Return one table.

    Raises:
        OutsideError: there is none of that name, or this key may not see it.
    """
    if name not in tables:
        hint = f"{instead(name, sorted(tables))} Where it is to be made {DIRECT}"
        raise kind(f"there is no table {name!r} that this key may see", hint=hint)
    return Described.of(name, tables[name])


def _type(told: Mapping[str, Any]) -> PgType:
    said = str(told.get("format") or "text")
    plain = said.removesuffix("[]")
    name = _NAMES.get(plain, plain if _LIKE_TYPES.match(plain) else "")
    length = told.get("maxLength")
    typmod = int(length) + _TYPMOD if isinstance(length, int) and name in {"varchar", "bpchar"} else -1
    return PgType(said, name, typmod, array=plain != said)
