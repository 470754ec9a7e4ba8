"""Every name of one query tied to what it means, and every output column to where its values come from.

One walk answers both questions: `names` asks what could not be tied, `lineage` asks for the ties. Where a query does
more than can be known here (a function that makes rows, a PIVOT over values), the relation is open: it may have any
column, so no name in it is ever called wrong.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from osiris.model.catalogue import Table
from osiris.sql.columns import Columns, merged_output
from osiris.sql.findings import Unresolved, did_you_mean
from osiris.sql.outputs import anonymous, output_name
from osiris.sql.parts import is_system
from osiris.sql.relations import NOTHING, Output, Relation, Scope, Sources, Tables, full_name, key, key_of
from osiris.sql.text import place

ALIASES_IN_SELECT = {"duckdb"}
ALIASES_IN_WHERE = {"duckdb", "sqlite"}
ALIASES_IN_HAVING = {"duckdb", "sqlite", "mysql"}
MERGED_FIRST = {"mysql", "postgres"}  # dialects whose `*` begins with what USING merged
SEES_EARLIER = {"duckdb"}  # dialects whose subqueries in FROM see their left neighbours without LATERAL
SCHEMAS = {"main", "system", "public", "pg_catalog", "information_schema"}
ROW_MAKERS = (exp.Unnest, exp.Explode, exp.GenerateSeries, exp.ExplodingGenerateSeries)

Ctes = Mapping[str, Relation]


class Binder:
    """Ties the names of one statement.

    Attributes:
        said: What could not be tied, in the order of the walk.
    """

    def __init__(self, sql: str, dialect: str, tables: Tables) -> None:
        self.sql = sql
        self.dialect = dialect
        self.tables = tables
        self.columns = Columns(sql, dialect)

    @property
    def said(self) -> list[Unresolved]:
        """What could not be tied so far."""
        return self.columns.said

    def query(self, node: exp.Expr, outer: Scope | None, ctes: Ctes) -> Relation:
        """Tie a query, or whatever stands in the place of one, and return the rows it gives."""
        ctes = self._with(node, outer, ctes)
        if isinstance(node, exp.Subquery):
            return self._subquery(node, outer, ctes)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, outer, ctes)
        if isinstance(node, exp.Select):
            return self._select(node, outer, ctes)
        if isinstance(node, exp.Values):
            return self._values(node, outer, ctes)
        return self._other(node, outer, ctes)

    # Queries

    def _with(self, node: exp.Expr, outer: Scope | None, ctes: Ctes) -> Ctes:
        clause = node.args.get("with_")
        if clause is None:
            return ctes
        known = dict(ctes)
        for cte in clause.expressions:
            wanted = key(cte.args["alias"].this, self.dialect)
            if clause.args.get("recursive"):
                known[wanted] = self._recursive_start(cte, outer, known)
            bound = self.query(cte.this, outer, known)
            known[wanted] = self._named(bound, cte.args["alias"])
            if clause.args.get("search"):
                known[wanted] = replace(known[wanted], open=True)
        return known

    def _recursive_start(self, cte: exp.CTE, outer: Scope | None, known: Ctes) -> Relation:
        """Return the rows that a recursive query sees of itself: those of its first branch, tied quietly."""
        branch = cte.this
        while isinstance(branch, exp.SetOperation):
            branch = branch.this
        if branch is cte.this:
            return self._named(Relation(open=True), cte.args["alias"])
        quiet = Binder(self.sql, self.dialect, self.tables)
        wanted = key(cte.args["alias"].this, self.dialect)
        bound = quiet.query(branch, outer, {**quiet._with(cte.this, outer, known), wanted: Relation(open=True)})
        return self._named(bound, cte.args["alias"])

    def _named(self, relation: Relation, alias: exp.Expr | None) -> Relation:
        """Return a relation under its alias, with the column names that the alias gives."""
        if not isinstance(alias, exp.TableAlias):
            return relation
        given = [c.this if isinstance(c, exp.ColumnDef) else c for c in alias.args.get("columns") or ()]
        renamed = [Output(c.name, key(c, self.dialect)) for c in given if isinstance(c, exp.Identifier)]
        if not isinstance(alias.this, exp.Identifier):
            return relation.named(relation.name, relation.key, renamed)
        return relation.named(alias.this.name, key(alias.this, self.dialect), renamed)

    def _subquery(self, node: exp.Subquery, outer: Scope | None, ctes: Ctes) -> Relation:
        queried = _is_query(node.this)
        bound = self.query(node.this, outer, ctes) if queried else self._bracket(node, outer, ctes).joined()
        self._tail(node, Scope(outer, [bound]), ctes)
        return self._pivoted(node, self._named(bound, node.args.get("alias")), outer, ctes)

    def _bracket(self, node: exp.Subquery, outer: Scope | None, ctes: Ctes) -> Scope:
        """Return what joins in brackets bring: `(a JOIN b ON …)`."""
        inner = Scope(outer)
        self._sources(node.this, inner, ctes)
        return inner

    def _set_operation(self, node: exp.SetOperation, outer: Scope | None, ctes: Ctes) -> Relation:
        operations: list[exp.SetOperation] = []
        left: exp.Expr = node
        while isinstance(left, exp.SetOperation) and (left is node or not left.args.get("with_")):
            operations.append(left)
            left = left.this
        bound = self.query(left, outer, ctes)
        for operation in reversed(operations):
            right = self.query(operation.expression, outer, ctes)
            bound = _united(bound, right, by_name=bool(operation.args.get("by_name")))
        self._tail(node, Scope(outer, [bound]), ctes)
        return bound

    def _values(self, node: exp.Values, outer: Scope | None, ctes: Ctes) -> Relation:
        sources = [self._expressions(row.expressions, Scope(outer), ctes) for row in node.expressions]
        width = max((len(row) for row in sources), default=0)
        named = [anonymous(self.dialect, i) for i in range(width)]
        columns = tuple(
            Output(name, name, NOTHING.union(*(row[i] for row in sources if i < len(row))))
            for i, name in enumerate(named)
        )
        return self._named(Relation(columns=columns), node.args.get("alias"))

    def _other(self, node: exp.Expr, outer: Scope | None, ctes: Ctes) -> Relation:
        """Tie what is no plain query: PIVOT as a statement, SUMMARIZE, DESCRIBE."""
        inner = Scope(outer)
        if isinstance(node.this, exp.Expr):
            self._sources(node.this, inner, ctes)
        sources = NOTHING.union(*(r.all_sources() for r in inner.relations))
        if isinstance(node, exp.Pivot):
            self._pivot_names(node, inner, ctes)
        return Relation(open=True, rest=sources)

    # SELECT

    def _select(self, node: exp.Select, outer: Scope | None, ctes: Ctes) -> Relation:
        scope = Scope(outer)
        start = node.args.get("from_")
        if start is not None:
            self._sources(start.this, scope, ctes)
        self._joins(node, scope, ctes)
        bound = self._projections(node, scope, ctes)
        self._clauses(node, scope, ctes)
        return bound

    def _projections(self, node: exp.Select, scope: Scope, ctes: Ctes) -> Relation:
        outputs: list[Output] = []
        rest: Sources | None = None
        if self.dialect in ALIASES_IN_SELECT:
            scope.aliases = {key(p.args["alias"], self.dialect): NOTHING for p in node.expressions if _has_alias(p)}
        for projection in node.expressions:
            if _is_star(projection):
                found = self._star(projection, scope, ctes)
                outputs += found.columns
                rest = (rest or NOTHING) | found.rest if found.open else rest
                continue
            sources = self._expression(projection, scope, ctes, scope.aliases)
            if _makes_columns(projection):
                rest = (rest or NOTHING) | (_everything(scope) if isinstance(projection, exp.Predicate) else sources)
                continue
            name, wanted, sure = output_name(projection, self.dialect)
            outputs.append(Output(name, wanted, sources, sure))
            if _has_alias(projection) and self.dialect in ALIASES_IN_SELECT:
                scope.aliases[wanted] = sources
        scope.aliases = {o.key: o.sources for o in outputs}
        return Relation(columns=tuple(outputs), open=rest is not None, rest=rest or NOTHING)

    def _clauses(self, node: exp.Select, scope: Scope, ctes: Ctes) -> None:
        everything = scope.aliases
        distinct = node.args.get("distinct")
        in_where = everything if self.dialect in ALIASES_IN_WHERE else {}
        in_having = everything if self.dialect in ALIASES_IN_HAVING else {}
        for clause, aliases in (
            (distinct, everything),
            (node.args.get("where"), in_where),
            (node.args.get("group"), everything),
            (node.args.get("having"), in_having),
            (node.args.get("qualify"), everything),
        ):
            if clause is not None:
                self._expression(clause, scope, ctes, aliases)
        for window in node.args.get("windows") or ():
            self._expression(window, scope, ctes, everything)
        self._tail(node, scope, ctes)

    def _tail(self, node: exp.Expr, scope: Scope, ctes: Ctes) -> None:
        """Tie ORDER BY, LIMIT and OFFSET."""
        for name in ("order", "limit", "offset"):
            clause = node.args.get(name)
            if clause is not None:
                self._expression(clause, scope, ctes, scope.aliases)

    def _star(self, projection: exp.Expr, scope: Scope, ctes: Ctes) -> Relation:
        """Return what `*` or `t.*` stands for."""
        star = projection.this if isinstance(projection, exp.Column) else projection
        excluded = star.args.get("except_") or ()
        relation = self._without(excluded, scope).joined()
        found = None
        if isinstance(projection, exp.Column):
            found = self.columns.star_of(projection.args["table"], scope)
            if found is None:
                return Relation(open=True)
            relation = found
        replaced = {
            self._in_star(change.args["alias"], relation): self._expression(change.this, scope, ctes, {})
            for change in star.args.get("replace") or ()
        }
        renamed = {
            self._in_star(change.this, relation): change.args["alias"] for change in star.args.get("rename") or ()
        }
        everywhere = [name for name in excluded if relation is found or not name.args.get("table")]
        dropped = {self._in_star(name, relation) for name in everywhere}
        kept = [replace(c, sources=replaced.get(c.key, c.sources)) for c in relation.columns if c.key not in dropped]
        columns = [
            replace(c, name=new.name, key=key(new, self.dialect)) if (new := renamed.get(c.key)) else c for c in kept
        ]
        return replace(relation, columns=tuple(columns))

    def _without(self, excluded: Sequence[exp.Expr], scope: Scope) -> Scope:
        """Return a scope whose `*` lacks the columns that EXCLUDE names with their tables; say where there is none."""
        named = set()
        for name in excluded:
            owner = name.args.get("table")
            if isinstance(name, exp.Column) and isinstance(owner, exp.Identifier):
                self.columns.resolve(name, scope, {})
                wanted = key(owner, self.dialect)
                named |= {(i, key(name.this, self.dialect)) for i, r in enumerate(scope.relations) if r.key == wanted}
        return replace(scope, hidden=scope.hidden | named)

    def _in_star(self, name: exp.Expr, relation: Relation) -> str:
        """Return the key of a column that EXCLUDE, REPLACE or RENAME names, or say that the star has none."""
        identifier = name.this if isinstance(name, exp.Column) else name
        if not isinstance(identifier, exp.Identifier):
            return ""
        if not name.args.get("table"):
            self.columns.plain(identifier, Scope(relations=[relation]), {})
        return key(identifier, self.dialect)

    # FROM

    def _sources(self, node: exp.Expr, scope: Scope, ctes: Ctes) -> Mapping[str, Output]:
        """Add what stands in FROM to a scope, with what is joined to it inside; return what brackets there merged."""
        brought: Mapping[str, Output] = {}
        if isinstance(node, exp.Subquery) and not _is_query(node.this) and not node.args.get("alias"):
            inner = self._bracket(node, scope.parent, ctes)
            scope.take(inner)
            brought = inner.merged
        else:
            scope.relations.append(self._from(node, scope, ctes))
        self._joins(node, scope, ctes)
        return brought

    def _joins(self, node: exp.Expr, scope: Scope, ctes: Ctes) -> None:
        for join in node.args.get("joins") or ():
            self._join(join, scope, ctes)

    def _join(self, join: exp.Join, scope: Scope, ctes: Ctes) -> None:
        left = Scope(relations=list(scope.relations), merged=dict(scope.merged))
        star = list(dict.fromkeys(c.key for c in scope.joined().columns))
        brought = self._sources(join.this, scope, ctes)
        right = Scope(relations=scope.relations[len(left.relations) :], merged=dict(brought))
        if join.args.get("method") == "NATURAL":
            scope.vague |= any(r.open for r in scope.relations)
            shared = [wanted for wanted in star if any(r.find(wanted) for r in right.relations)]
            self._merge(shared, join, scope, left, right)
        elif using := [name for name in join.args.get("using") or () if isinstance(name, exp.Identifier)]:
            for name in using:
                self._using(name, left, right)
            wanted = [key(name, self.dialect) for name in using]
            in_order = [one for one in star if one in wanted] if self.dialect == "mysql" else []
            self._merge(list(dict.fromkeys((*in_order, *wanted))), join, scope, left, right)
        if join.args.get("on") is not None:
            self._expression(join.args["on"], scope, ctes, {})
        if join.args.get("kind") in {"SEMI", "ANTI"}:
            scope.leave(len(left.relations))

    def _using(self, name: exp.Identifier, left: Scope, right: Scope) -> None:
        before = len(self.said)
        self.columns.plain(name, left, {})
        if len(self.said) == before:
            self.columns.plain(name, right, {})

    def _merge(self, keys: Sequence[str], join: exp.Join, scope: Scope, left: Scope, right: Scope) -> None:
        """Make one column of each key: of what stands left of the join, and right of it."""
        count = len(left.relations)
        for wanted in keys:
            first, second = scope.shown(wanted, 0, count), scope.shown(wanted, count, None)
            before = left.merged.get(wanted) or (first[1] if first else None)
            after = right.merged.get(wanted) or (second[1] if second else None)
            output = merged_output(before, after, join.args.get("side") or "")
            rest = NOTHING.union(*(r.rest for r in scope.relations))
            scope.merged[wanted] = output or Output(wanted, wanted, rest)
            for found in (first, second) if self.dialect in MERGED_FIRST else (second,):
                scope.hidden |= {(found[0], wanted)} if found else set()
        if self.dialect in MERGED_FIRST:
            scope.first = (*keys, *(wanted for wanted in scope.first if wanted not in keys))

    def _from(self, node: exp.Expr, scope: Scope, ctes: Ctes) -> Relation:
        """Return what one item of FROM gives."""
        if isinstance(node, exp.Table):
            return self._pivoted(node, self._table(node, scope, ctes), scope, ctes)
        if isinstance(node, exp.Lateral):
            inner = self._from(node.this, scope, ctes) if isinstance(node.this, exp.Expr) else Relation(open=True)
            return self._named(inner, node.args.get("alias"))
        if isinstance(node, exp.Subquery):
            sees = scope if self.dialect in SEES_EARLIER or isinstance(node.parent, exp.Lateral) else scope.parent
            return self.query(node, sees, ctes)
        if isinstance(node, exp.Values):
            return self.query(node, scope, ctes)
        return self._rows_of([node], node, scope, ctes)

    def _table(self, node: exp.Table, scope: Scope, ctes: Ctes) -> Relation:
        parts = [part for part in node.parts if isinstance(part, exp.Identifier)]
        if not parts or not isinstance(node.this, exp.Identifier):
            return self._rows_of(node.args.get("rows_from") or [node.this], node, scope, ctes)
        name = parts[-1]
        wanted = key(name, self.dialect)
        if len(parts) == 1 and wanted in ctes:
            found = replace(ctes[wanted], name=name.name, key=wanted)
        else:
            found = self._catalogued(parts, wanted, scope, ctes)
        return self._named(found, node.args.get("alias"))

    def _catalogued(self, parts: list[exp.Identifier], wanted: str, scope: Scope, ctes: Ctes) -> Relation:
        name = parts[-1]
        namespace = ".".join(key(p, self.dialect) for p in parts[:-1])
        table = self.tables.find(namespace, wanted)
        if table is not None:
            return replace(_relation(table, self.dialect), name=name.name, key=wanted)
        of_column = len(parts) > 1 and scope.relation(key(parts[0], self.dialect)) is not None
        if not of_column and not is_system(self.dialect, [p.name.lower() for p in parts]):
            self._no_table(parts, namespace, wanted, ctes)
        full = ".".join(p.name for p in parts)
        return Relation(name.name, wanted, open=True, rest=frozenset({f"{full}.*"}))

    def _no_table(self, parts: list[exp.Identifier], namespace: str, wanted: str, ctes: Ctes) -> None:
        name = parts[-1]
        full = ".".join(p.name for p in parts)
        alike = self.tables.elsewhere(wanted) or self.tables.nearest(name.name, [] if namespace else ctes)
        shown = ", ".join(full_name(t) for t in self.tables.tables[:12])
        otherwise = f"there is {shown}" if shown else "there are no tables here"
        line, column = place(self.sql, name.meta["start"]) if "start" in name.meta else (0, 0)
        self.said.append(
            Unresolved(
                "table", full, line, column, f"there is no table {full!r}", did_you_mean(alike, otherwise), alike
            )
        )

    def _rows_of(self, made: Sequence[exp.Expr], item: exp.Expr, scope: Scope, ctes: Ctes) -> Relation:
        """Return what functions in FROM give: columns that only the alias of the item names."""
        sources = NOTHING.union(*self._expressions(made, scope, ctes))
        alias = item.args.get("alias")
        relation = self._named(Relation(open=True, rest=sources), alias)
        listed = isinstance(alias, exp.TableAlias) and alias.args.get("columns")
        numbered = item.args.get("ordinality") or item.args.get("offset")
        return replace(relation, open=not (listed and isinstance(made[0], ROW_MAKERS) and not numbered))

    def _pivoted(self, node: exp.Expr, relation: Relation, outer: Scope | None, ctes: Ctes) -> Relation:
        for pivot in node.args.get("pivots") or ():
            self._pivot_names(pivot, Scope(outer, [relation]), ctes)
            opened = Relation(relation.name, relation.key, open=True, rest=relation.all_sources())
            relation = self._named(opened, pivot.args.get("alias"))
        return relation

    def _pivot_names(self, pivot: exp.Pivot, scope: Scope, ctes: Ctes) -> None:
        """Tie the columns that a PIVOT reads; those that it makes are not known."""
        unpivots = pivot.args.get("unpivot")
        read: list[exp.Expr] = []
        for part in pivot.args.get("fields") or ():
            read += part.expressions if unpivots else [part.this]
        if not unpivots or pivot.args.get("into"):
            read += [*pivot.expressions, *(pivot.args.get("using") or ())]
        if isinstance(pivot.args.get("group"), exp.Expr):
            read.append(pivot.args["group"])
        for node in read:
            self._expression(node, scope, ctes, {})

    # Expressions

    def _expressions(self, nodes: Iterable[exp.Expr], scope: Scope, ctes: Ctes) -> list[Sources]:
        return [self._expression(node, scope, ctes, {}) for node in nodes]

    def _expression(self, root: exp.Expr, scope: Scope, ctes: Ctes, aliases: Mapping[str, Sources]) -> Sources:
        """Tie every name inside an expression and return the sources of its value."""
        found: set[str] = set()
        waiting: list[tuple[exp.Expr, Mapping[str, Sources]]] = [(root, aliases)]
        while waiting:
            node, known = waiting.pop()
            if _is_query(node):
                found |= self.query(node, scope, ctes).all_sources()
            elif isinstance(node, exp.Column):
                found |= self._column(node, scope, dict(known))
            elif isinstance(node, exp.Columns):
                found |= self._star(node.this, scope, ctes).all_sources() if _is_star(node.this) else _everything(scope)
            elif isinstance(node, exp.Identifier) and isinstance(node.parent, exp.Lambda):
                found |= self.columns.plain(node, scope, dict(known))
            elif _is_method(node):
                found |= self.columns.plain(node.this, scope, dict(known))
                waiting.append((node.expression, known))
            else:
                own = self._own_names(node)
                local = {**known, **dict.fromkeys(own, NOTHING)} if own else known
                waiting += [(child, local) for child in reversed(list(node.iter_expressions()))]
        return frozenset(found)

    def _own_names(self, node: exp.Expr) -> set[str]:
        """Return the names that a lambda or a comprehension brings along."""
        if isinstance(node, exp.Comprehension):
            names = [node.args.get("expression"), node.args.get("position")]
        elif isinstance(node, exp.Lambda) and self._is_lambda(node):
            names = node.expressions
        else:
            return set()
        return {key(name, self.dialect) for name in names if isinstance(name, exp.Identifier)}

    def _is_lambda(self, node: exp.Lambda) -> bool:
        """Say whether a lambda is one: as an argument, `payload -> 'key'` looks like one too."""
        if self.dialect != "duckdb":
            return False
        own = {key(name, self.dialect) for name in node.expressions if isinstance(name, exp.Identifier)}
        first = min((name.meta["start"] for name in node.expressions if "start" in name.meta), default=0)
        spelled = self.sql[:first].rstrip().lower().endswith("lambda")
        return spelled or any(key(used, self.dialect) in own for used in node.this.find_all(exp.Identifier))

    def _column(self, node: exp.Column, scope: Scope, aliases: dict[str, Sources]) -> Sources:
        if isinstance(node.this, exp.Star):
            owner = self.columns.star_of(node.args["table"], scope) if node.args.get("table") else None
            return owner.all_sources() if owner else NOTHING
        if not isinstance(node.this, exp.Identifier) or _names_a_table(node):
            return NOTHING
        return self.columns.resolve(node, scope, aliases)


def _is_query(node: exp.Expr) -> bool:
    if isinstance(node, exp.Subquery):
        return isinstance(node.this, exp.Subquery) or _is_query(node.this)
    return isinstance(node, (exp.Select, exp.SetOperation, exp.Values, exp.Summarize, exp.Pivot))


def _is_star(node: exp.Expr) -> bool:
    return isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star))


def _makes_columns(node: exp.Expr) -> bool:
    """Say whether a projection may become several columns: COLUMNS(…), `* LIKE …`, or UNNEST of a structure."""
    chosen = isinstance(node, exp.Predicate) and _is_star(node.this)
    return chosen or isinstance(node, exp.Explode) or node.find(exp.Columns) is not None


def _has_alias(node: exp.Expr) -> bool:
    return isinstance(node, exp.Alias) and isinstance(node.args.get("alias"), exp.Identifier)


def _is_method(node: exp.Expr) -> bool:
    """Say whether a node calls a function as a method of a column: `name.upper()`."""
    return (
        isinstance(node, exp.Dot)
        and isinstance(node.this, exp.Identifier)
        and isinstance(node.expression, exp.Func)
        and node.this.name.lower() not in SCHEMAS
    )


def _names_a_table(node: exp.Column) -> bool:
    """Say whether a column is none: SQLite's `x IN t` reads the table `t`."""
    parent = node.parent
    return isinstance(parent, exp.In) and parent.args.get("field") is node


def _relation(table: Table, dialect: str) -> Relation:
    """Return a catalogue's table; one whose columns are not known may have any."""
    columns = tuple(
        Output(c.name, key_of(c.name, dialect), frozenset({f"{full_name(table)}.{c.name}"})) for c in table.columns
    )
    if columns:
        return Relation(columns=columns)
    return Relation(open=True, rest=frozenset({f"{full_name(table)}.*"}))


def _united(left: Relation, right: Relation, *, by_name: bool) -> Relation:
    """Return what a set operation gives: the left names, values from both."""
    if by_name:
        of_right = {c.key: c for c in right.columns}
        columns = [replace(c, sources=c.sources | _sources_of(of_right.pop(c.key, None))) for c in left.columns]
        columns += of_right.values()
    else:
        others = [*right.columns, *[None] * len(left.columns)]
        columns = [
            replace(c, sources=c.sources | _sources_of(other)) for c, other in zip(left.columns, others, strict=False)
        ]
    is_open = left.open or (by_name and right.open)
    return Relation(columns=tuple(columns), open=is_open, rest=left.rest | right.rest if is_open else NOTHING)


def _sources_of(column: Output | None) -> Sources:
    return column.sources if column else NOTHING


def _everything(scope: Scope) -> Sources:
    return NOTHING.union(*(r.all_sources() for r in scope.relations))
