"""What there is behind a connection: one pass of a few questions, however many tables there are."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from osiris.components.mysql.driver import Db
from osiris.components.mysql.session import ask
from osiris.components.mysql.tables import SYSTEM
from osiris.components.mysql.types import MysqlType
from osiris.model.catalogue import Column, Table

_TABLES = (
    "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, TABLE_ROWS, TABLE_COMMENT, DATABASE() "
    "FROM information_schema.TABLES "
    "WHERE TABLE_SCHEMA = COALESCE(DATABASE(), TABLE_SCHEMA) AND TABLE_SCHEMA NOT IN %s "
    "ORDER BY TABLE_SCHEMA, TABLE_NAME"
)
_COLUMNS = (
    "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_COMMENT "
    "FROM information_schema.COLUMNS "
    "WHERE TABLE_SCHEMA = COALESCE(DATABASE(), TABLE_SCHEMA) AND TABLE_SCHEMA NOT IN %s "
    "ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION"
)
_KEYS = (
    "SELECT TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_SCHEMA, REFERENCED_TABLE_NAME, "
    "REFERENCED_COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE "
    "WHERE TABLE_SCHEMA = COALESCE(DATABASE(), TABLE_SCHEMA) AND TABLE_SCHEMA NOT IN %s "
    "AND (CONSTRAINT_NAME = 'PRIMARY' OR REFERENCED_TABLE_NAME IS NOT NULL) "
    "ORDER BY TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION"
)
_PRIMARY = "PRIMARY"
Named = tuple[str, str]


@dataclass
class _Keys:
    """The keys of one table: its own, and constraint to its columns with what they refer to."""

    primary: list[str] = field(default_factory=list)
    foreign: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))

    @property
    def references(self) -> dict[str, str]:
        """Return the foreign keys of one column."""
        return {pairs[0][0]: pairs[0][1] for pairs in self.foreign.values() if len(pairs) == 1}


def tables(db: Db) -> tuple[Table, ...]:
    """Return every table and view of the connection's database, or of all of them where it names none.

    Row counts are the server's estimates.

    Raises:
        pymysql.err.Error: the server refuses, or is gone.
    """
    columns = _columns(ask(db, _COLUMNS, SYSTEM))
    keys = _keys(ask(db, _KEYS, SYSTEM))
    return tuple(
        Table(
            name=table,
            namespace="" if schema == default else schema,
            kind="view" if "VIEW" in kind else "table",
            columns=tuple(columns[schema, table]),
            primary_key=tuple(keys[schema, table].primary),
            references=keys[schema, table].references,
            rows=None if rows is None or "VIEW" in kind else int(rows),
            comment="" if "VIEW" in kind else comment or "",
        )
        for schema, table, kind, rows, comment, default in ask(db, _TABLES, SYSTEM)
    )


def _columns(rows: Iterable[Any]) -> dict[Named, list[Column]]:
    found: dict[Named, list[Column]] = defaultdict(list)
    for schema, table, name, declared, nullable, comment in rows:
        found[schema, table].append(
            Column(
                name=name,
                type=str(MysqlType.declared(declared).arrow()),
                nullable=nullable == "YES",
                source_type=declared,
                comment=comment or "",
            )
        )
    return found


def _keys(rows: Iterable[Any]) -> dict[Named, _Keys]:
    found: dict[Named, _Keys] = defaultdict(_Keys)
    for schema, table, constraint, column, other_schema, other, theirs in rows:
        here = found[schema, table]
        if constraint == _PRIMARY:
            here.primary.append(column)
        else:
            where = other if other_schema == schema else f"{other_schema}.{other}"
            here.foreign[constraint].append((column, f"{where}.{theirs}"))
    return found
