"""Whether the tables, columns and functions of source queries are there."""

from collections.abc import Iterable, Iterator

from osiris.compiler.draft import Draft, Step
from osiris.kit.naming import table_of
from osiris.model.catalogue import Catalogue, Known, Table
from osiris.model.diagnostics import Diagnostic
from osiris.model.errors import StatementError
from osiris.sql.names import tables_of, unresolved


def grounding(draft: Draft) -> Draft:
    """Ask what is known of each source, and hold the names of its query or its `table` against that.

    A source of which nothing is known is left to `types`, which says that nothing is proved.
    """
    steps: list[Step] = []
    found: list[Diagnostic] = []
    for step in draft.steps:
        if step.mode != "read" or step.config is None or step.index in draft.refused:
            steps.append(step)
            continue
        known = draft.given.know(step.manifest(step.config))
        grounded = step.but(known=known, sources=_sources(step, known))
        steps.append(grounded)
        if known.catalogue:
            found += _missing(draft, grounded, known.catalogue)
    return draft.but(found, steps=tuple(steps))


def resolve(draft: Draft, step: Step, tables: Iterable[Table]) -> Iterator[Diagnostic]:
    """Yield the names of a step's query that are not in the tables, each where it stands.

    A query that is refused for a function that nobody knows is looked through for other names, so that all are told.
    """
    if step.query is None:
        return
    try:
        names = unresolved(step.query.sql, step.query.dialect, tuple(tables))
    except StatementError:
        return
    if step.index in draft.refused:
        unknown = any(name.kind == "function" for name in names)
        names = tuple(name for name in names if unknown and name.kind != "function")
    for name in names:
        yield draft.say(
            f"OSR-NAM-{_CODES[name.kind]}",
            name.message,
            (*step.path, "config", "query"),
            place=step.query.place(name.line, name.column),
            hint=name.hint,
            nearest=name.nearest,
        )


_CODES = {"table": "001", "column": "002", "function": "003", "ambiguous": "004"}


def _missing(draft: Draft, step: Step, catalogue: Catalogue) -> Iterator[Diagnostic]:
    if step.query:
        yield from resolve(draft, step, catalogue.tables)
        return
    written = step.node.items["config"].items.get("table")
    if written is None or not isinstance(written.value, str) or not step.config:
        return
    name = table_of(step.config)
    table = catalogue.named(name)
    path = (*step.path, "config", "table")
    if table is None:
        known = [one.full_name for one in catalogue.tables]
        yield draft.unknown("OSR-NAM-001", f"{catalogue.source} has no table {name!r}", path, name, known)
        return
    columns = step.config.get("columns")
    for index, column in enumerate(columns if isinstance(columns, list) else []):
        if isinstance(column, str) and table.column(column) is None:
            place = (*step.path, "config", "columns", index)
            message = f"the table {name!r} has no column {column!r}"
            yield draft.unknown("OSR-NAM-002", message, place, column, [c.name for c in table.columns])


def _sources(step: Step, known: Known) -> tuple[Table, ...]:
    """Return the tables that a step may read: those that its query or `table` names, else all of them."""
    if known.catalogue is None:
        return (known.survey,) if known.survey else ()
    if step.query:
        words = {table.name.lower() for table in tables_of(step.query.sql, step.query.dialect)}
        return tuple(table for table in known.catalogue.tables if table.name.lower() in words)
    if name := table_of(step.config or {}):
        table = known.catalogue.named(name)
        return (table,) if table else ()
    return known.catalogue.tables
