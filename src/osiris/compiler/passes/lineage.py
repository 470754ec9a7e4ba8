"""Where each column comes from, back to the sources."""

from collections.abc import Iterator, Mapping, Sequence

from osiris.compiler.draft import Draft, Step
from osiris.compiler.passes.wiring import in_order
from osiris.kit.naming import table_of, under_all_names
from osiris.sql import lineage as of_query

Lineage = Mapping[str, tuple[str, ...]]


def lineage(draft: Draft) -> Draft:
    """Follow each column of each step to the columns of sources that it is made of.

    A source column is `@family.alias.table.column`, or `path.column` for a file.
    """
    done: dict[str, Step] = {}
    for step in in_order(draft.steps):
        done[step.id] = step.but(lineage=_lineage(step, done)) if step.schema is not None else step
    return draft.but(steps=tuple(done.get(step.id, step) for step in draft.steps))


def _lineage(step: Step, before: Mapping[str, Step]) -> Lineage:
    match step.mode:
        case "read":
            return _of_source(step)
        case "transform":
            return _of_inputs(step, before) if step.query else {}
        case _:
            (rows,) = (step.takes or {}).values()
            return before[rows].lineage


def _of_source(step: Step) -> Lineage:
    assert step.schema is not None  # noqa: S101 - asked by the caller
    config = step.config or {}
    if step.query and step.query.sql.strip():
        tables = {table.full_name: [c.name for c in table.columns] for table in step.sources}
        found = of_query.lineage(step.query.sql, step.query.dialect, tables)
        source = step.connection or step.component
        return {
            name: tuple(sorted(f"{source}.{one}" for one in sources))
            for name, sources in _by_column(found, step.schema.names).items()
        }
    inside = table_of(config) or config.get("path")
    source = ".".join(str(part) for part in (step.connection, inside) if part) or step.component
    return {column: (f"{source}.{column}",) for column in step.schema.names}


def _of_inputs(step: Step, before: Mapping[str, Step]) -> Lineage:
    assert step.query is not None  # noqa: S101 - asked by the caller
    assert step.schema is not None  # noqa: S101 - likewise
    takes = step.takes or {}
    named = under_all_names({name: before[of].lineage for name, of in takes.items()}, takes)
    behind = {name.lower(): lineage for name, lineage in named.items()}
    tables = {alias: list(lineage) for alias, lineage in behind.items()}
    found = of_query.lineage(step.query.sql, step.query.dialect, tables)
    return {
        name: tuple(sorted({source for one in sources for source in _sources(behind, one)}))
        for name, sources in _by_column(found, step.schema.names).items()
    }


def _by_column(found: Lineage, names: Sequence[str]) -> Lineage:
    """Return what each column is made of, under the names that the database gives.

    A column goes by its name, or, where the database calls it otherwise than the query does, by its place. Where a
    query has columns that can't be listed, there is no place to go by: it may be made of anything that is left.
    """
    known = {name.lower(): sources for name, sources in found.items()}
    if len(found) == len(names) and "*" not in found:
        by_place = dict(zip(names, found.values(), strict=True))
        return {name: known.get(name.lower(), by_place[name]) for name in names}
    taken = {name.lower() for name in names}
    left = tuple(sorted({one for name, sources in known.items() if name not in taken for one in sources}))
    return {name: known.get(name.lower(), left) for name in names}


def _sources(behind: Mapping[str, Lineage], column: str) -> Iterator[str]:
    """Yield the sources of one column of an input, such as `orders.amount`, or of all of them for `orders.*`."""
    table, _, name = column.partition(".")
    lineage = behind.get(table.lower(), {})
    for other, sources in lineage.items():
        if name in ("*", other):
            yield from sources
