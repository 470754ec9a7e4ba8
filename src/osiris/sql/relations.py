"""What a query can name: the tables of a catalogue, and the relations that the query makes of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from osiris.model.catalogue import Table
from osiris.model.nearest import nearest

DEFAULT_NAMESPACE = {"duckdb": "main", "sqlite": "main", "postgres": "public", "mysql": ""}
Sources = frozenset[str]  # `table.column`, as far as they are known
NOTHING: Sources = frozenset()


def key(identifier: exp.Identifier, dialect: str) -> str:
    """Return a name as its dialect compares it: PostgreSQL keeps the case of quoted names, the others none."""
    if dialect == "postgres" and identifier.args.get("quoted"):
        return identifier.name
    return identifier.name.lower()


def key_of(name: str, dialect: str) -> str:
    """Return a catalogue's name as the dialect compares it."""
    return name if dialect == "postgres" else name.lower()


@dataclass(frozen=True)
class Output:
    """One column of a relation.

    Attributes:
        name: As written.
        key: As compared.
        sources: Columns of tables that its values come from.
        sure: False where the query gives no name, so that the database makes one up.
    """

    name: str
    key: str
    sources: Sources = NOTHING
    sure: bool = True


@dataclass(frozen=True)
class Relation:
    """Rows that stand in FROM under one name.

    Attributes:
        name: What the query calls it; empty where it has no name.
        key: The same, as compared.
        columns: Those that are known, in order.
        open: True where there are, or may be, others.
        rest: Sources of those others.
    """

    name: str = ""
    key: str = ""
    columns: tuple[Output, ...] = ()
    open: bool = False
    rest: Sources = NOTHING

    @property
    def closed(self) -> bool:
        """True where every column and its name is known."""
        return not self.open and all(c.sure for c in self.columns)

    def find(self, wanted: str) -> Output | None:
        """Return the column with that key, or None."""
        return next((c for c in self.columns if c.key == wanted), None)

    def unsure(self) -> Sources:
        """Return the sources of what goes by a name that is not known."""
        return self.rest.union(*(c.sources for c in self.columns if not c.sure))

    def all_sources(self) -> Sources:
        """Return every source of every column."""
        return self.rest.union(*(c.sources for c in self.columns))

    def named(self, name: str, wanted: str, renamed: Sequence[Output] = ()) -> "Relation":
        """Return the relation under another name, with its first columns renamed."""
        columns = tuple(replace(new, sources=old.sources) for new, old in zip(renamed, self.columns, strict=False))
        spare = tuple(replace(new, sources=self.rest) for new in renamed[len(columns) :] if self.open)
        return replace(self, name=name, key=wanted, columns=columns + spare + self.columns[len(columns) :])


@dataclass
class Scope:
    """What the names in one SELECT may refer to, and the scope around it.

    Attributes:
        merged: Columns that USING or NATURAL made one.
        first: Keys of those of them that `*` gives before all others.
        hidden: Columns that it does not give by themselves: index of the relation, and key.
        aliases: Names that the select list gives.
        vague: True where NATURAL may have merged columns that nobody knows.
    """

    parent: "Scope | None" = None
    relations: list[Relation] = field(default_factory=list)
    merged: dict[str, Output] = field(default_factory=dict)
    first: tuple[str, ...] = ()
    hidden: set[tuple[int, str]] = field(default_factory=set)
    aliases: dict[str, Sources] = field(default_factory=dict)
    vague: bool = False

    def around(self) -> "Iterable[Scope]":
        """Give this scope, then those around it, from the inside out."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def relation(self, wanted: str) -> Relation | None:
        """Return the nearest relation with that key, or None."""
        return next((r for scope in self.around() for r in scope.relations if r.key == wanted), None)

    def shown(self, wanted: str, start: int, end: int | None) -> tuple[int, Output] | None:
        """Return the first column of that key among some of the relations that `*` gives, and whose it is."""
        columns = ((i, r.find(wanted)) for i, r in enumerate(self.relations[start:end], start))
        return next(((i, c) for i, c in columns if c is not None and (i, wanted) not in self.hidden), None)

    def joined(self) -> Relation:
        """Return the relations as one, as `*` sees them: what USING or NATURAL merged is there once."""
        before = [self.merged[wanted] for wanted in self.first]
        waiting = {wanted: one for wanted, one in self.merged.items() if wanted not in self.first}
        behind: list[Output] = []
        for index, relation in enumerate(self.relations):
            shown = [c for c in relation.columns if (index, c.key) not in self.hidden]
            behind += [waiting.pop(c.key, c) for c in shown]
        rest = NOTHING.union(*(r.rest for r in self.relations))
        columns = (*before, *waiting.values(), *behind)
        return Relation(columns=columns, open=any(r.open for r in self.relations), rest=rest)

    def take(self, inner: "Scope") -> None:
        """Take in what joins in brackets bring."""
        self.hidden |= {(index + len(self.relations), wanted) for index, wanted in inner.hidden}
        self.relations += inner.relations
        self.first = (*self.first, *(wanted for wanted in inner.first if wanted not in self.first))
        self.merged = inner.merged | self.merged
        self.vague |= inner.vague

    def leave(self, count: int) -> None:
        """Keep so many of the relations; the others only chose rows."""
        self.relations[count:] = []
        self.hidden = {(index, wanted) for index, wanted in self.hidden if index < count}


@dataclass(frozen=True)
class Tables:
    """The tables of a catalogue, found as a dialect finds them."""

    tables: tuple[Table, ...]
    dialect: str

    def find(self, namespace: str, name: str) -> Table | None:
        """Return the table that a query means by a name, compared by key; None where there is none.

        A query that gives no namespace means the default one. A catalogue may leave the default namespace unnamed,
        and then a query may name it or not.
        """
        same = [t for t in self.tables if key_of(t.name, self.dialect) == name]
        if not namespace:
            return next(
                (t for t in same if self._is_default(t)), same[0] if same and self.dialect == "sqlite" else None
            )
        last = namespace.rpartition(".")[2]
        exact = next((t for t in same if key_of(t.namespace, self.dialect) in {namespace, last}), None)
        return exact or next((t for t in same if not t.namespace and self._may_be_default(namespace, last)), None)

    def elsewhere(self, name: str) -> tuple[str, ...]:
        """Return the full names of tables of that name in other namespaces."""
        return tuple(full_name(t) for t in self.tables if key_of(t.name, self.dialect) == name and t.namespace)

    def nearest(self, name: str, others: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the tables, and other names given, that look most like a name, best first."""
        by_name = {t.name: full_name(t) for t in self.tables}
        return tuple(by_name.get(n, n) for n in nearest(name, [*by_name, *others]))

    def _is_default(self, table: Table) -> bool:
        return table.namespace.lower() in {"", DEFAULT_NAMESPACE[self.dialect]}

    def _may_be_default(self, namespace: str, last: str) -> bool:
        """Say whether a namespace may be the unnamed one: it is, unless the catalogue knows it as another."""
        known = {key_of(t.namespace, self.dialect) for t in self.tables}
        if DEFAULT_NAMESPACE[self.dialect] == last:
            return True
        return self.dialect in {"mysql", "duckdb"} and namespace not in known and last not in known


def full_name(table: Table) -> str:
    """Return a table's name with its namespace, where it has one."""
    return f"{table.namespace}.{table.name}" if table.namespace else table.name
