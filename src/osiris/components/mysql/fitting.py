"""How rows fit a table: which column goes where, and whether it holds every value."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from osiris.components.mysql.ddl import columns_for, create_table, made_for
from osiris.components.mysql.driver import Db
from osiris.components.mysql.lines import Feed
from osiris.components.mysql.session import ask, quoted
from osiris.components.mysql.tables import Named, kind_of
from osiris.components.mysql.types import MysqlType
from osiris.kit.cells import Array, is_list, pc
from osiris.model.errors import TargetError

Kind = pa.DataType

# Bits of the numbers that each holds.
_BITS = {"TINYINT": 8, "SMALLINT": 16, "MEDIUMINT": 24, "INT": 32, "BIGINT": 64}
_FLOATS = {"FLOAT": 24, "DOUBLE": 53}
_TEXTS = frozenset({"CHAR", "VARCHAR", "TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT"})
_BYTES = frozenset({"BINARY", "VARBINARY", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB"})
_MICROS = 6  # digits of a second
_MEMBER = re.compile(r"'((?:[^']|'')*)'")
_UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_YEARS = (1901, 2155)


@dataclass(frozen=True)
class Own:
    """A column of the table.

    Attributes:
        declared: Its type, as DDL says it, with its character set.
        needed: Whether a row must say it.
        computed: Whether nobody may say it.
    """

    name: str
    declared: str
    nullable: bool
    needed: bool
    computed: bool

    @property
    def kind(self) -> MysqlType:
        """Return its type."""
        return MysqlType.declared(self.declared)


@dataclass(frozen=True)
class Fitting:
    """How some rows go into one table.

    Attributes:
        name: The table.
        exists: Whether it is there.
        feeds: One a column of the rows, in their order.
        columns: Column of the table to its type, for those of the rows.
        added: Those that the table lacks.
    """

    name: Named
    exists: bool
    feeds: tuple[Feed, ...]
    columns: dict[str, str]
    added: tuple[str, ...] = ()

    @property
    def changes(self) -> tuple[str, ...]:
        """Return what changes besides rows, in words."""
        if not self.exists:
            return (f"creates table {self.name}",)
        return tuple(f"adds column {column} {self.columns[column]}" for column in self.added)

    @property
    def additions(self) -> tuple[str, ...]:
        """Return the SQL that adds the columns which the table lacks."""
        return tuple(f"ALTER TABLE {self.name.sql} ADD COLUMN {quoted(c)} {self.columns[c]} NULL" for c in self.added)

    @property
    def removals(self) -> tuple[str, ...]:
        """Return the SQL that removes them again."""
        return tuple(f"ALTER TABLE {self.name.sql} DROP COLUMN {quoted(column)}" for column in self.added)

    @property
    def shape(self) -> tuple[tuple[str, str, str, str], ...]:
        """Return what must be the same at the commit as it was when the rows came."""
        return tuple((feed.source, feed.target, str(feed.held), feed.form) for feed in self.feeds)

    def key(self, primary_key: Sequence[str]) -> tuple[str, ...]:
        """Return the key's columns as the table spells them."""
        spelt = {feed.source.lower(): feed.target for feed in self.feeds}
        return tuple(spelt[column.lower()] for column in primary_key)

    def staging(self, name: Named, primary_key: Sequence[str], *, indexed: bool) -> str:
        """Return the statement that makes a table of the same columns for rows to rest in.

        Args:
            name: Of that table.
            primary_key: Columns of the rows.
            indexed: Whether the key is to be one there, too.
        """
        return create_table(name.sql, self.columns, self.key(primary_key) if indexed else ())


def fitting(db: Db, name: Named, schema: pa.Schema, primary_key: Sequence[str], *, create_if_missing: bool) -> Fitting:
    """Return how rows of a schema go into a table, as it is now.

    Raises:
        AuthorError: MySQL has no type for a column.
        TargetError: it is a view, is missing and is not to be made, can't take part in a transaction, or can't hold a
            column exactly.
        pymysql.err.Error: the server is gone.
    """
    made = columns_for(schema, primary_key)
    if not _is_there(db, name, create_if_missing=create_if_missing):
        keys = {column.lower() for column in primary_key}
        feeds = tuple(replace(_new(field), nullable=field.name.lower() not in keys) for field in schema)
        return Fitting(name, exists=False, feeds=feeds, columns=made)
    _must_have_transactions(db, name)
    own = {column.name.lower(): column for column in _own_columns(db, name)}
    _must_not_lack(name, own, {column.lower() for column in schema.names})
    feeds = tuple(
        _fit(name, field, own[field.name.lower()]) if field.name.lower() in own else _new(field) for field in schema
    )
    added = tuple(column for column in schema.names if column.lower() not in own)
    there = {column.name: column.declared for column in own.values()}
    columns = {feed.target: there.get(feed.target, made[feed.source]) for feed in feeds}
    return Fitting(name, exists=True, feeds=feeds, columns=columns, added=added)


def _is_there(db: Db, name: Named, *, create_if_missing: bool) -> bool:
    match kind_of(db, name):
        case "table":
            return True
        case "view":
            hint = "write to the table behind it, or to a new name"
            raise TargetError(f"{str(name)!r} is a view, not a table", hint=hint)
    if not create_if_missing:
        raise TargetError(
            f"there is no table {str(name)!r}", hint="mend `table`, make it, or set `create_if_missing: true`"
        )
    return False


def _own_columns(db: Db, name: Named) -> list[Own]:
    rows = ask(
        db,
        "SELECT COLUMN_NAME, COLUMN_TYPE, CHARACTER_SET_NAME, COLLATION_NAME, IS_NULLABLE, COLUMN_DEFAULT, EXTRA "
        "FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = COALESCE(%s, DATABASE()) AND TABLE_NAME = %s "
        "ORDER BY ORDINAL_POSITION",
        name.database or None,
        name.table,
    )
    found = []
    for column, declared, letters, collation, nullable, default, extra in rows:
        whole = f"{declared} CHARACTER SET {letters} COLLATE {collation}" if letters else declared
        computed = "GENERATED" in extra.upper().replace("DEFAULT_GENERATED", "")
        needed = nullable == "NO" and default is None and "auto_increment" not in extra.lower() and not computed
        found.append(Own(column, whole, nullable == "YES", needed, computed))
    return found


def _must_have_transactions(db: Db, name: Named) -> None:
    ((engine, able),) = ask(
        db,
        "SELECT t.ENGINE, e.TRANSACTIONS FROM information_schema.TABLES t "
        "LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE "
        "WHERE t.TABLE_SCHEMA = COALESCE(%s, DATABASE()) AND t.TABLE_NAME = %s",
        name.database or None,
        name.table,
    )
    if able != "YES":
        raise TargetError(
            f"table {str(name)!r} is of the engine {engine}, which can't take rows all at once or not at all",
            hint=f"ALTER TABLE {name.sql} ENGINE = InnoDB",
        )


def _must_not_lack(name: Named, own: dict[str, Own], given: set[str]) -> None:
    for key, column in own.items():
        if column.needed and key not in given:
            raise TargetError(
                f"column {column.name!r} of table {str(name)!r} may not be NULL, and the rows have no such column",
                hint=f"select it in the step before, such as … AS {column.name}",
            )


def _new(field: "pa.Field[Kind]") -> Feed:
    """Return how a column goes into one that is made for it."""
    feed = _way(MysqlType.declared(made_for(field)), _plain(field.type), "")
    assert feed is not None  # noqa: S101 - what is made for a type holds it; a test goes through them all
    return replace(feed, source=field.name, target=field.name)


def _fit(name: Named, field: "pa.Field[Kind]", own: Own) -> Feed:
    if own.computed:
        raise TargetError(
            f"column {own.name!r} of table {str(name)!r} is computed by MySQL", hint="leave it out in the step before"
        )
    feed = _way(own.kind, _plain(field.type), own.declared)
    if feed is None:
        said = own.declared.partition(" CHARACTER SET ")[0]
        raise TargetError(
            f"column {own.name!r} of table {str(name)!r} is {said}, which does not hold every {field.type}",
            hint=_hint(own.kind, field),
        )
    return replace(feed, source=field.name, target=own.name, nullable=own.nullable)


def _hint(own: MysqlType, field: "pa.Field[Kind]") -> str:
    zoned = pa.types.is_timestamp(field.type) and field.type.tz is not None
    if own.name == "DATETIME" and zoned:
        return f"say which zone it means in the step before: {field.name} AT TIME ZONE 'UTC'"
    if own.name == "TIMESTAMP" and pa.types.is_timestamp(field.type):
        return f"say which zone it is in, in the step before: {field.name} AT TIME ZONE 'UTC'"
    return "cast it in the step before, or make the table's column wider"


def _plain(kind: Kind) -> Kind:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _way(own: MysqlType, kind: Kind, declared: str) -> Feed | None:
    """Return how values of an Arrow type get into a column; None where it does not hold every one of them."""
    for way in (_to_number, _to_moment, _to_text, _to_bytes, _to_bits):
        if feed := way(own, kind, declared):
            return feed
    return None


def _feed(held: Kind, wrong: Callable[[Array], str] | None = None) -> Feed:
    return Feed("", "", held, wrong=wrong)


def _to_number(own: MysqlType, kind: Kind, declared: str) -> Feed | None:  # noqa: ARG001 - one of several ways
    if pa.types.is_boolean(kind):
        return _feed(pa.int8()) if own.name in {*_BITS, "DECIMAL"} else None
    if pa.types.is_integer(kind):
        return _integer(own, kind)
    if pa.types.is_decimal(kind):
        signed = own.name != "DECIMAL"  # Arrow has no DECIMAL UNSIGNED: the server looks
        return _feed(kind) if _holds_digits(own, kind.precision - kind.scale, kind.scale, signed=signed) else None
    if pa.types.is_floating(kind):
        single = not pa.types.is_float64(kind)
        wrong = _rounding(own.scale, single=own.name == "FLOAT") if own.scale else None
        fits = own.name == "DOUBLE" or (own.name == "FLOAT" and single)
        return _feed(pa.float64(), wrong) if fits else None
    return None


def _integer(own: MysqlType, kind: Kind) -> Feed | None:
    signed = pa.types.is_signed_integer(kind)
    bits = kind.bit_width - signed
    if own.name == "YEAR":
        return replace(_feed(pa.int64() if signed else pa.uint64(), _not_years), form="year")
    if own.name in _BITS:
        most = 32 if own.name == "MEDIUMINT" else _BITS[own.name]  # which Arrow has no type for: the server looks
        holds = most - (not own.unsigned) >= bits and not (signed and own.unsigned)
        return _feed(kind) if holds else None
    if own.name in _FLOATS:
        return _feed(kind) if bits <= _FLOATS[own.name] and not own.scale and not (signed and own.unsigned) else None
    return _feed(kind) if _holds_digits(own, len(str(2**bits - 1)), 0, signed=signed) else None


def _holds_digits(own: MysqlType, before: int, after: int, *, signed: bool) -> bool:
    """Return whether a column holds numbers of so many digits before and after the point."""
    if signed and own.unsigned:
        return False
    if own.name == "DECIMAL":
        return own.scale >= after and own.size - own.scale >= before
    return own.name in _BITS and after <= 0 and 10**before <= 2 ** (_BITS[own.name] - (not own.unsigned))


def _to_moment(own: MysqlType, kind: Kind, declared: str) -> Feed | None:  # noqa: ARG001 - one of several ways
    wrong = _finer(own.scale) if own.scale < _MICROS else None
    if pa.types.is_date(kind):
        return _feed(pa.date32()) if own.name in {"DATE", "DATETIME"} else None
    if pa.types.is_timestamp(kind):
        fits = own.name == ("DATETIME" if kind.tz is None else "TIMESTAMP")
        return _feed(pa.timestamp("us"), wrong) if fits else None
    return _feed(pa.time64("us"), wrong) if pa.types.is_time(kind) and own.name == "TIME" else None


def _to_text(own: MysqlType, kind: Kind, declared: str) -> Feed | None:
    if pa.types.is_struct(kind) or is_list(kind):
        return replace(_feed(kind), form="json") if own.name in {*_TEXTS, "JSON"} else None
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
        return None
    wrong: dict[str, Callable[[Array], str]] = {
        "CHAR": _padded,
        "ENUM": _no_member(declared),
        "SET": _no_subset(declared),
        "TIME": _no_time(own.scale),
        "UUID": _unlike(_UUID, "a text that is no UUID in small letters"),
    }
    if own.name in {*_TEXTS, "JSON"} or own.name in wrong:
        return replace(_feed(pa.string(), wrong.get(own.name)), form="text")
    return None


def _to_bytes(own: MysqlType, kind: Kind, declared: str) -> Feed | None:  # noqa: ARG001 - one of several ways
    types = pa.types
    if not (
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_fixed_size_binary(kind)
        or types.is_binary_view(kind)
    ):
        return None
    wrong = _not_of_length(own.size or 1) if own.name == "BINARY" else None
    return replace(_feed(pa.binary(), wrong), form="bytes") if own.name in _BYTES else None


def _to_bits(own: MysqlType, kind: Kind, declared: str) -> Feed | None:  # noqa: ARG001 - one of several ways
    if own.name == "BIT" and (pa.types.is_boolean(kind) or pa.types.is_unsigned_integer(kind)):
        return replace(_feed(pa.uint64()), form="bits")  # the server looks whether there are enough of them
    return None


def _finer(digits: int) -> Callable[[Array], str]:
    step = pa.scalar(10 ** (_MICROS - digits), pa.int64())

    def wrong(values: Array) -> str:
        micros = values.cast(pa.int64())
        same = pc.all(pc.equal(pc.multiply(pc.divide(micros, step), step), micros)).as_py()
        return "" if same in {True, None} else f"a moment with more than {digits} digits after the second's point"

    return wrong


def _rounding(digits: int, *, single: bool) -> Callable[[Array], str]:
    def wrong(values: Array) -> str:
        kind = pa.float32() if single else pa.float64()
        rounded = pc.round(values, digits).cast(kind, safe=False)
        same = pc.all(pc.equal(rounded, values.cast(kind, safe=False))).as_py()
        return "" if same in {True, None} else f"a number with more than {digits} digits after the point"

    return wrong


def _not_years(values: Array) -> str:
    first, last = (pa.scalar(year, values.type) for year in _YEARS)
    inside = pc.or_(pc.and_(pc.greater_equal(values, first), pc.less_equal(values, last)), pc.equal(values, 0))
    return "" if pc.all(inside).as_py() in {True, None} else f"a year outside of {_YEARS[0]} to {_YEARS[1]}"


def _padded(values: Array) -> str:
    return "a text that ends with a space, which CHAR forgets" if pc.any(pc.ends_with(values, " ")).as_py() else ""


def _not_of_length(length: int) -> Callable[[Array], str]:
    def wrong(values: Array) -> str:
        same = pc.all(pc.equal(pc.binary_length(values), length)).as_py()
        return "" if same in {True, None} else f"bytes that are not {length}, which BINARY would fill up"

    return wrong


def _unlike(pattern: str, fault: str) -> Callable[[Array], str]:
    def wrong(values: Array) -> str:
        return "" if pc.all(pc.match_substring_regex(values, pattern)).as_py() in {True, None} else fault

    return wrong


def _no_time(digits: int) -> Callable[[Array], str]:
    fraction = rf"(\.\d{{1,{digits}}})?" if digits else ""
    pattern = rf"^-?([0-7]?\d{{2}}|8[0-2]\d|83[0-8]):[0-5]\d:[0-5]\d{fraction}$"
    return _unlike(pattern, f"a text that is no time with at most {digits} digits after the point")


def _members(declared: str) -> list[str]:
    return [member.replace("''", "'") for member in _MEMBER.findall(declared)]


def _no_member(declared: str) -> Callable[[Array], str]:
    members = pa.array([*_members(declared), ""], pa.string())

    def wrong(values: Array) -> str:
        strange = pc.invert(pc.is_in(values.drop_null(), value_set=members.slice(0, len(members) - 1)))
        return "a text that is none of its values" if pc.any(strange).as_py() else ""

    return wrong


def _no_subset(declared: str) -> Callable[[Array], str]:
    order = {member: place for place, member in enumerate(_members(declared))}

    def wrong(values: Array) -> str:
        for text in pc.unique(values.drop_null()).to_pylist():
            places = [order.get(part, -1) for part in text.split(",")] if text else []
            if -1 in places or places != sorted(set(places)):
                return "a text that is no list of its values in their order"
        return ""

    return wrong
