"""PostgreSQL's types and what each becomes in Arrow: one table, published, and used by the code."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from osiris.components.postgres.config import Arrays, OddDates
from osiris.components.postgres.session import Db
from osiris.kit.arrow import type_of
from osiris.kit.mapping import Reads

MOST_DIGITS = 76  # of Arrow's decimals
_DECIMAL128_DIGITS = 38
_AS_TEXT = "Text as PostgreSQL writes it."
_ODD = "Infinity, years before 1 and after 9999: by `odd_dates`."

# By the names that `pg_type` has; what is not here is the last line's.
_LINES: dict[str, Reads] = {
    "bool": Reads("boolean", "bool"),
    "int2": Reads("smallint", "int16"),
    "int4": Reads("integer", "int32"),
    "int8": Reads("bigint", "int64"),
    "oid": Reads("oid", "uint32"),
    "float4": Reads("real", "float"),
    "float8": Reads("double precision", "double"),
    "text": Reads("text", "string"),
    "varchar": Reads("character varying(n)", "string"),
    "bpchar": Reads("character(n)", "string", note="With the blanks that it is filled up with."),
    "name": Reads("name", "string"),
    "json": Reads("json", "string", note="Its text as it was written."),
    "bytea": Reads("bytea", "binary"),
    "date": Reads("date", "date32[day]", note=_ODD),
    "time": Reads("time", "time64[us]", note="24:00: by `odd_dates`."),
    "timestamp": Reads("timestamp", "timestamp[us]", note=_ODD),
    "timestamptz": Reads("timestamp with time zone", "timestamp[us, tz=UTC]", note=_ODD),
    "money": Reads("money", "decimal128(19, 2)", note="Where the server's money has no more than two decimal places."),
    "numeric(p, s)": Reads("numeric(p, s)", "decimal128(p, s)", note="decimal256 above 38 digits; NaN is an error."),
    "numeric": Reads("numeric", "string", "widening", "Without a size, or with one above 76 digits."),
    "domain": Reads("domain", "that of the type below", note="Whatever the domain checks."),
    "array": Reads("array", "list<…>", note="Of one dimension; others are an error, or text by `arrays`."),
    "": Reads("uuid, enum, jsonb, interval, inet, range … any other type", "string", "widening", _AS_TEXT),
}
READS: tuple[Reads, ...] = tuple(_LINES.values())
DATES = frozenset({"date", "time", "timestamp", "timestamptz"})

# Types whose values Arrow holds as they come over the wire.
PLAIN: dict[str, pa.DataType] = {
    name: type_of(line.arrow)
    for name, line in _LINES.items()
    if line.loss == "lossless" and name not in {"money", "numeric(p, s)", "domain", "array"}
}
_OTHERS = type_of(_LINES[""].arrow)
# Types whose cast to text is not what PostgreSQL writes, or can't be read as a number.
_EXPRESSIONS = {
    "inet": "pg_catalog.textin(pg_catalog.inet_out({}))",
    "money": "{}::pg_catalog.numeric::pg_catalog.text",
}


@dataclass(frozen=True)
class PgType:
    """A type, looked through domains.

    Attributes:
        said: As PostgreSQL says it, such as `numeric(12,2)`.
        name: Of a type that PostgreSQL brings; empty for others. For an array: of its elements.
        typmod: Its size, as PostgreSQL stores it; -1 for none.
        array: Whether it is an array.
        delimiter: What stands between an array's elements in text.
    """

    said: str
    name: str
    typmod: int = -1
    array: bool = False
    delimiter: str = ","


@dataclass(frozen=True)
class Delivered:
    """How values of a type travel.

    Attributes:
        wire: Name in `PLAIN` that says how its bytes are read; for an array those of its elements.
        kind: The Arrow type that comes out; for an array that of its elements.
        expression: What is selected instead of the column, `{}` in it; the column itself where it is `{}`.
        array: Whether its bytes are an array of `wire`.
    """

    wire: str
    kind: pa.DataType
    expression: str = "{}"
    array: bool = False

    @property
    def list_kind(self) -> Any:
        """Return the Arrow type of an array."""
        return pa.list_(self.kind)

    @property
    def arrow(self) -> pa.DataType:
        """Return the Arrow type of the column."""
        return self.list_kind if self.array else self.kind


def delivered(kind: PgType, odd_dates: OddDates = "fail", arrays: Arrays = "list") -> Delivered:
    """Return how values of a type travel.

    Args:
        kind: The type.
        odd_dates: Whether all dates are text.
        arrays: Whether all arrays are.
    """
    if kind.array:
        return _array(kind, odd_dates, arrays)
    if kind.name in DATES and odd_dates == "text":
        return _text(kind.name)
    if kind.name in PLAIN:
        return Delivered(kind.name, PLAIN[kind.name])
    if kind.name == "money":
        return Delivered("text", type_of(_LINES["money"].arrow), _EXPRESSIONS["money"])
    if kind.name == "numeric" and (decimal := _decimal(kind.typmod)) is not None:
        return Delivered("text", decimal, "{}::pg_catalog.text")
    return _text(kind.name)


def _text(name: str) -> Delivered:
    return Delivered("text", _OTHERS, _EXPRESSIONS.get(name, "{}::pg_catalog.text"))


def _array(kind: PgType, odd_dates: OddDates, arrays: Arrays) -> Delivered:
    if arrays == "text" or kind.delimiter != ",":
        return _text("")
    inner = delivered(PgType(kind.said, kind.name, kind.typmod), odd_dates)
    if kind.name == "money":  # its elements can't be cast one by one
        inner = _text("money")
    # Written out and read again, each element is what its own type writes.
    expression = "{}" if inner.expression == "{}" else "{}::pg_catalog.text::pg_catalog.text[]"
    return Delivered(inner.wire, inner.kind, expression, array=True)


def _decimal(typmod: int) -> pa.DataType | None:
    """Return the Arrow type of a number of that size; None where there is no size, or Arrow has no such type."""
    if typmod < 0:
        return None
    digits, scale = size_of(typmod)
    digits, scale = (digits - scale, 0) if scale < 0 else (max(digits, scale), scale)
    if digits > MOST_DIGITS:
        return None
    return pa.decimal128(digits, scale) if digits <= _DECIMAL128_DIGITS else pa.decimal256(digits, scale)


def size_of(typmod: int) -> tuple[int, int]:
    """Return the digits and the scale of a NUMERIC that has a size.

    Source: `numeric_typmod_precision` and `numeric_typmod_scale` in PostgreSQL's `numeric.c`.
    """
    return ((typmod - 4) >> 16) & 0xFFFF, (((typmod - 4) & 0x7FF) ^ 1024) - 1024


# What a type is once it is looked through: a SELECT to join with, by `oid` and the `typmod` that a column has.
LOOKED_THROUGH = """
    WITH RECURSIVE domains(oid, base, typmod) AS (
        SELECT oid, typbasetype, typtypmod FROM pg_catalog.pg_type WHERE typtype = 'd'
        UNION ALL
        SELECT d.oid, t.typbasetype, CASE WHEN d.typmod >= 0 THEN d.typmod ELSE t.typtypmod END
        FROM domains d JOIN pg_catalog.pg_type t ON t.oid = d.base WHERE t.typtype = 'd'
    )
    SELECT t.oid, d.typmod, b.typnamespace = 'pg_catalog'::regnamespace AND b.typtype = 'b' AS own, b.typname AS name,
        e.oid IS NOT NULL AS is_array,
        e.typnamespace = 'pg_catalog'::regnamespace AND e.typtype = 'b' AS own_element, e.typname AS element,
        e.typdelim AS delimiter
    FROM pg_catalog.pg_type t
    LEFT JOIN (SELECT d.* FROM domains d JOIN pg_catalog.pg_type t ON t.oid = d.base AND t.typtype <> 'd') d
        ON d.oid = t.oid
    JOIN pg_catalog.pg_type b ON b.oid = coalesce(d.base, t.oid)
    LEFT JOIN pg_catalog.pg_type e ON e.typarray = b.oid AND b.oid <> 0
"""
COLUMNS_OF_TYPE = "t.own, t.name, t.is_array, t.own_element, t.element, t.delimiter, t.typmod"


def type_of_row(said: str, typmod: int, row: Sequence[object]) -> PgType:
    """Return the type that a row of `COLUMNS_OF_TYPE` describes, for a column with that size of its own."""
    own, name, is_array, own_element, element, delimiter, below = row
    size = int(str(below)) if below is not None and typmod < 0 else typmod
    if is_array:
        return PgType(said, str(element) if own_element else "", size, array=True, delimiter=str(delimiter))
    return PgType(said, str(name) if own else "", size)


def types_of(db: Db, asked: Sequence[tuple[int, int]]) -> list[PgType]:
    """Return the types of some pairs of type number and size, in order.

    Raises:
        psycopg.Error: the server refuses, or is gone.
    """
    rows = db.ask(
        f"SELECT pg_catalog.format_type(a.oid, a.typmod), a.typmod, {COLUMNS_OF_TYPE} "  # nosec B608 # noqa: S608 - constants
        "FROM unnest(%s::oid[], %s::int[]) WITH ORDINALITY AS a(oid, typmod, place) "
        f"JOIN ({LOOKED_THROUGH}) t ON t.oid = a.oid ORDER BY a.place",
        [oid for oid, _ in asked],
        [typmod for _, typmod in asked],
    )
    return [type_of_row(said, typmod, row) for said, typmod, *row in rows]
