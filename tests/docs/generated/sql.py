"""The reference of what SQL may do, from the gate's own lists."""

from collections.abc import Iterator
from textwrap import wrap

from osiris.sql.functions import ALLOWED

_NAMES = {"duckdb": "DuckDB", "mysql": "MySQL and MariaDB", "postgres": "PostgreSQL and Supabase", "sqlite": "SQLite"}


def page() -> Iterator[str]:
    """Yield the page."""
    yield from _OPENING.strip().splitlines()
    for dialect, name in _NAMES.items():
        yield from ("", f"### {name}", "", *wrap(", ".join(sorted(ALLOWED[dialect])), 118))


_OPENING = """
# SQL that is allowed

A query of a pipeline, of the conversation's model or of an extractor is one statement that reads. One gate looks at its
syntax tree before anything is sent; what is not known to be safe is refused, with the reason and the place. Behind the
gate the session itself is read-only, where the database can do that, and DuckDB runs without access to files, network,
extensions and settings. So what slips through one of them still meets the other.

## What is let through

`SELECT` with joins, subqueries, CTEs and recursive ones, windows, `QUALIFY`, `PIVOT` over named values, set operations,
lateral joins, JSON, `VALUES`; casts; the functions below; tables and views that the connection has.

## What is refused

- more than one statement; statements that change something, wherever they stand, such as in a CTE
- `SELECT … INTO`, `INTO OUTFILE`, `FOR UPDATE` and other locks, `EXPLAIN` of what would act
- `COPY`, `CALL`, `DO`, `SET`, `PRAGMA`, `ATTACH`, `INSTALL`, `LOAD` and whatever else is not a query
- functions that are not on the list: those that read or write files, wait, sign on elsewhere, end other sessions,
  change settings or run text as SQL, and functions of your own, which may do any of that
- tables in which databases keep passwords and secrets
- comments that some databases run (`/*! … */`, `/*+ … */`), and text that two readers may understand differently

A function of your own that only computes can be put into a view: the view's definition is the database's own.

## Functions

"""
