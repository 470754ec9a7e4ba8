"""What else an input answers to, beside the name that the plan gives it."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

Value = TypeVar("Value")


def aliases(inputs: Mapping[str, str]) -> dict[str, str]:
    """Return the further names of each input; SQL compares names without regard to case, and so does this.

    An input also answers to its step's id with `-` turned into `_`, to `df_` and that, and, where it is the only
    one, to `input_df` and `df`. A name in `inputs` always means what it says there; a further name that would mean
    the rows of two steps means neither.

    Args:
        inputs: Name in SQL to the id of the step whose rows it takes, as a manifest has it.

    Returns:
        Further name to name in `inputs`; none of the names in `inputs` is a key.

    Example:
        >>> aliases({"orders": "read-orders"})
        {'read_orders': 'orders', 'df_read_orders': 'orders', 'input_df': 'orders', 'df': 'orders'}
    """
    taken = {name.lower() for name in inputs}
    meant: dict[str, set[str]] = {}
    found: dict[str, str] = {}
    for name, step in inputs.items():
        for alias in _further(step, only=len(inputs) == 1):
            meant.setdefault(alias.lower(), set()).add(step)
            if alias.lower() not in taken:
                found.setdefault(alias, name)
    return {alias: name for alias, name in found.items() if len(meant[alias.lower()]) == 1}


def under_all_names(given: Mapping[str, Value], inputs: Mapping[str, str]) -> dict[str, Value]:
    """Return what stands for each input, once under each of its names: what a processor with SQL is handed.

    Args:
        given: Name in `inputs` to what stands for it, such as its rows.
        inputs: Name in SQL to step id, as a manifest has it.
    """
    return {**given, **{alias: given[name] for alias, name in aliases(inputs).items()}}


def table_of(config: Mapping[str, Any]) -> str:
    """Return the table that a step's settings name, its schema before it; empty where they name none.

    Example:
        >>> table_of({"table": "orders", "schema": "sales"})
        'sales.orders'
    """
    table, namespace = (str(config.get(key) or "") for key in ("table", "schema"))
    return f"{namespace}.{table}" if table and namespace else table


def plain(step_id: str) -> str:
    """Return a step's id as a name in SQL.

    Example:
        >>> plain("read-orders")
        'read_orders'
    """
    return step_id.replace("-", "_")


def _further(step_id: str, *, only: bool) -> Iterator[str]:
    yield plain(step_id)
    yield f"df_{plain(step_id)}"
    if only:
        yield from ("input_df", "df")
