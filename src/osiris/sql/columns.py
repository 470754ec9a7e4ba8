"""Which column a name in a query means, or what to say where it means none."""

from collections.abc import Iterator, Sequence

from sqlglot import exp

from osiris.model.nearest import MOST, nearest
from osiris.sql.findings import Unresolved, did_you_mean
from osiris.sql.relations import NOTHING, Output, Relation, Scope, Sources, key
from osiris.sql.text import place

# Columns that a table has without saying so.
HIDDEN = {
    "duckdb": frozenset({"rowid"}),
    "sqlite": frozenset({"rowid", "oid", "_rowid_", "rank"}),
    "mysql": frozenset({"_rowid"}),
    "postgres": frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid", "oid"}),
}
WHOLE_ROWS = {"duckdb", "postgres"}  # dialects where a table is a value, and a value may have fields


class Columns:
    """Resolves column names of one statement and collects what it can't resolve.

    Attributes:
        said: The findings so far, in the order of the walk.
    """

    def __init__(self, sql: str, dialect: str) -> None:
        self.sql = sql
        self.dialect = dialect
        self.said: list[Unresolved] = []

    def resolve(self, column: exp.Column, scope: Scope, aliases: dict[str, Sources]) -> Sources:
        """Return the sources of a column, or say that there is no such column.

        `aliases` are the names of the select list that may be used where the column stands.
        """
        parts = [part for part in column.parts if isinstance(part, exp.Identifier)]
        if len(parts) == 1:
            return self.plain(parts[0], scope, aliases)
        return self._qualified(parts, scope, aliases)

    def star_of(self, owner: exp.Identifier, scope: Scope) -> Relation | None:
        """Return the relation of `owner.*`; say so where there is none."""
        wanted = key(owner, self.dialect)
        found = scope.relation(wanted)
        if found is None and not self._anywhere(wanted, scope, {}):
            self._no_relation(owner, scope, "")
        return found

    def plain(self, name: exp.Identifier, scope: Scope, aliases: dict[str, Sources]) -> Sources:
        """Return the sources of a column without a table before it, or say that there is no such column."""
        wanted = key(name, self.dialect)
        for level in scope.around():
            found = self._in_level(name, wanted, level, aliases if level is scope else {})
            if found is not None:
                return found
        relation = scope.relation(wanted)
        if relation is not None:
            return relation.all_sources()
        self._no_column(name, scope, aliases)
        return NOTHING

    def _in_level(self, name: exp.Identifier, wanted: str, level: Scope, aliases: dict[str, Sources]) -> Sources | None:
        """Return the sources of a name in one scope; None where that scope doesn't have it."""
        if wanted in level.merged:
            return level.merged[wanted].sources
        holders = [(r, c) for r in level.relations if (c := r.find(wanted)) is not None]
        if len(holders) > 1 and wanted not in aliases and not level.vague:
            self._ambiguous(name, [r for r, _ in holders])
        if holders:
            return NOTHING.union(*(c.sources for _, c in holders))
        if wanted in aliases:
            return aliases[wanted]
        open_ones = [r for r in level.relations if not r.closed]
        if open_ones:
            return NOTHING.union(*(_unknown(r, name.name) for r in open_ones))
        return NOTHING if level.relations and wanted in HIDDEN[self.dialect] else None

    def _qualified(self, parts: Sequence[exp.Identifier], scope: Scope, aliases: dict[str, Sources]) -> Sources:
        """Resolve `table.column`, `schema.table.column`, or a field of a structure."""
        keys = [key(part, self.dialect) for part in parts]
        for at in range(len(parts) - 1):
            relation = scope.relation(keys[at])
            if relation is not None and (at == 0 or not self._anywhere(keys[0], scope, {})):
                return self._of_relation(parts, at, relation, scope)
        if self._anywhere(keys[0], scope, aliases):
            return self.plain(parts[0], scope, aliases)
        self._no_relation(parts[0] if len(parts) == 2 else parts[-2], scope, parts[-1].name)  # noqa: PLR2004
        return NOTHING

    def _of_relation(self, parts: Sequence[exp.Identifier], at: int, relation: Relation, scope: Scope) -> Sources:
        name = parts[at + 1]
        found = relation.find(key(name, self.dialect))
        if found is not None:
            return found.sources
        if not relation.closed:
            return _unknown(relation, name.name)
        if key(name, self.dialect) in HIDDEN[self.dialect]:
            return NOTHING
        as_column = self._anywhere(key(parts[at], self.dialect), scope, {})
        if not as_column:
            self._no_such_in(name, relation, parts[at].name, scope)
        return NOTHING

    def _anywhere(self, wanted: str, scope: Scope, aliases: dict[str, Sources]) -> bool:
        """Say whether a key is, or may be, a column that can be seen."""
        return wanted in aliases or any(
            not r.closed or r.find(wanted) for level in scope.around() for r in level.relations
        )

    def _say(self, found: Unresolved) -> None:
        if found not in self.said:
            self.said.append(found)

    def _place(self, name: exp.Identifier) -> tuple[int, int]:
        return place(self.sql, name.meta["start"]) if "start" in name.meta else (0, 0)

    def _ambiguous(self, name: exp.Identifier, holders: Sequence[Relation]) -> None:
        line, column = self._place(name)
        full = tuple(f"{r.name}.{name.name}" for r in holders if r.name)
        owners = " and ".join(r.name or "a subquery" for r in holders)
        self._say(
            Unresolved(
                "ambiguous",
                name.name,
                line,
                column,
                f"{name.name!r} is a column of {owners}",
                f"write {' or '.join(full)}" if full else "give the subqueries names, and use them",
                full,
            )
        )

    def _no_column(self, name: exp.Identifier, scope: Scope, aliases: dict[str, Sources]) -> None:
        line, column = self._place(name)
        known = [c.name for r in _relations(scope) for c in r.columns]
        rows = [r.name for r in _relations(scope)] if self.dialect in WHOLE_ROWS else []
        alike = nearest(name.name, [*known, *aliases, *rows])
        text = self.dialect == "sqlite" and name.args.get("quoted")
        message = f"there is no column {name.name!r} in {_listed(scope)}"
        if text:
            message += ", and SQLite would silently take it for text"
        otherwise = f"write '{name.name}' if it is text" if text else _offer(known)
        self._say(Unresolved("column", name.name, line, column, message, did_you_mean(alike, otherwise), alike))

    def _no_such_in(self, name: exp.Identifier, relation: Relation, owner: str, scope: Scope) -> None:
        line, column = self._place(name)
        wanted = key(name, self.dialect)
        others = tuple(f"{r.name}.{c.name}" for r in _relations(scope) if r.name and (c := r.find(wanted)))
        near = tuple(f"{owner}.{n}" for n in nearest(name.name, [c.name for c in relation.columns]))
        elsewhere = nearest(
            name.name, [f"{r.name}.{c.name}" for r in _relations(scope) if r is not relation for c in r.columns]
        )
        alike = others[:MOST] or tuple(dict.fromkeys(near + elsewhere))[:MOST]
        self._say(
            Unresolved(
                "column",
                f"{owner}.{name.name}",
                line,
                column,
                f"{owner} has no column {name.name!r}",
                did_you_mean(alike, _offer([c.name for c in relation.columns])),
                alike,
            )
        )

    def _no_relation(self, owner: exp.Identifier, scope: Scope, column_name: str) -> None:
        line, column = self._place(owner)
        names = [r.name for r in _relations(scope) if r.name]
        having = tuple(
            f"{r.name}.{c.name}"
            for r in _relations(scope)
            for c in r.columns
            if r.name and column_name and c.name.lower() == column_name.lower()
        )
        structures = [c.name for r in _relations(scope) for c in r.columns] if self.dialect in WHOLE_ROWS else []
        alike = nearest(owner.name, [*names, *structures]) or having[:MOST]
        self._say(
            Unresolved(
                "table",
                owner.name,
                line,
                column,
                f"nothing in FROM is called {owner.name!r}",
                did_you_mean(alike, f"FROM has {', '.join(names)}" if names else "add it to FROM"),
                alike,
            )
        )


def _unknown(relation: Relation, name: str) -> Sources:
    """Return the sources of a column that an open relation may have."""
    rest = relation.unsure()
    stars = {s for s in rest if s.endswith(".*")}
    return frozenset({f"{s[:-2]}.{name}" for s in stars}) | (rest - stars)


def _relations(scope: Scope) -> Iterator[Relation]:
    for level in scope.around():
        yield from level.relations


def _listed(scope: Scope) -> str:
    names = [r.name or "the subquery" for r in _relations(scope)]
    return ", ".join(dict.fromkeys(names)) or "a query without FROM"


def _offer(known: Sequence[str]) -> str:
    some = list(dict.fromkeys(known))
    shown = ", ".join(some[:12]) + (", …" if len(some) > 12 else "")  # noqa: PLR2004 - a line of a terminal
    return f"there is {shown}" if some else "add a table to FROM"


def merged_output(left: Output | None, right: Output | None, side: str) -> Output | None:
    """Return what USING makes of two columns: the outer side's values, or either's."""
    if left is None or right is None:
        return left or right
    if side == "RIGHT":
        return right
    return Output(left.name, left.key, left.sources | right.sources) if side == "FULL" else left
