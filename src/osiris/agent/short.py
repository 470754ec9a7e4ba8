"""What the language model reads of an answer: short, clean, and no more of the data than the policy lets through."""

import json
import re
from functools import singledispatch
from typing import Any

from pydantic import BaseModel

from osiris.agent.clean import cell
from osiris.agent.policy import See, is_personal, masked
from osiris.app.catalogue import DescribedTables, Rows
from osiris.app.logs import Package
from osiris.app.pipelines import Checked
from osiris.app.runs import RunReport
from osiris.model.catalogue import Column, ColumnProfile, Table, TableProfile, looks_personal
from osiris.model.plan import Plan
from osiris.model.settings import Sampling

_VALUES = re.compile(r"'.*?'|\b\d[\d.:-]+\b", re.DOTALL)
_QUOTED = re.compile(r"'.*'", re.DOTALL)


def unseen(_column: str) -> Sampling:
    """Let nothing of any column be seen."""
    return "none"


@singledispatch
def in_short(answer: BaseModel, see: See) -> dict[str, Any]:  # noqa: ARG001 - the other forms need it
    """Return what the model reads of an operation's answer, as a JSON value.

    Args:
        answer: What the operation returned.
        see: What may be seen of a column: under `none` its name and type, under `profile` statistics as well, under
            `masked` the shape of its values, under `raw` its values, unless they look personal.
    """
    return answer.model_dump(mode="json", exclude_defaults=True)


@in_short.register
def _(answer: DescribedTables, see: See) -> dict[str, Any]:  # noqa: ARG001 - names and types always pass
    tables = [_table(table) for table in answer.tables]
    return {"connection": answer.connection, "dialect": answer.dialect, "tables": tables}


@in_short.register
def _(answer: TableProfile, see: See) -> dict[str, Any]:
    columns = {
        column.name: _profile(column) if see(column.name) != "none" else column.type for column in answer.columns
    }
    short = {"table": answer.table, "rows": answer.rows, "exact": answer.exact, "columns": columns}
    withheld = any(see(column.name) == "none" for column in answer.columns)
    return short | ({"withheld": "agent.sampling is none: no statistics"} if withheld else {})


@in_short.register
def _(answer: Rows, see: See) -> dict[str, Any]:
    columns = {
        name: _sampled(name, kind, [row[index] for row in answer.rows], see)
        for index, (name, kind) in enumerate(zip(answer.columns, answer.types, strict=True))
    }
    short = {"rows": len(answer.rows), "more": answer.cut, "columns": columns}
    if all(see(name) in {"none", "profile"} for name in answer.columns):
        return short | {"withheld": "values are not shown to you; the person sees them"}
    return short


@in_short.register
def _(answer: Checked, see: See) -> dict[str, Any]:  # noqa: ARG001 - the model wrote this itself
    findings = [finding.model_dump(mode="json", exclude_defaults=True) for finding in answer.diagnostics]
    return {"valid": answer.valid, "name": answer.name, "findings": findings}


@in_short.register
def _(answer: Plan, see: See) -> dict[str, Any]:  # noqa: ARG001 - a plan holds no data
    steps = [
        {
            "step": step.step_id,
            "component": step.component,
            "takes": step.takes,
            "reads": step.reads,
            "gives": None if step.columns is None else {column.name: column.type for column in step.columns},
        }
        for step in answer.steps
    ]
    writes = [
        {"step": w.step_id, "target": w.target, "write_mode": w.write_mode, "destructive": w.destructive}
        for w in answer.writes
    ]
    notes = [finding.message for finding in answer.not_proved]
    return {"pipeline": answer.pipeline, "steps": steps, "writes": writes, "not_proved": notes}


@in_short.register
def _(answer: RunReport, see: See) -> dict[str, Any]:  # noqa: ARG001 - a report holds no data
    written = [
        {"target": receipt.written.target, "rows": receipt.rows_out, "receipt": receipt.status}
        for receipt in answer.receipts
        if receipt.written
    ]
    short = {"run_id": answer.run_id, "status": answer.status, "rows": answer.total_rows, "written": written}
    return short | ({"error": answer.error} if answer.error else {})


@in_short.register
def _(answer: Package, see: See) -> dict[str, Any]:  # noqa: ARG001 - a package holds no data
    narrative = json.loads(answer.content)["narrative"]
    told = {part: narrative.get(part, []) for part in ("happened", "why", "changed")}
    return {"run_id": answer.run_id, **{part: sentences for part, sentences in told.items() if sentences}}


def evidence_ids(text: str) -> list[str]:
    """Return the ids of evidence that a text names, sorted."""
    return sorted(set(re.findall(r"\bev(?:\.[a-z0-9_]+)+", text)))


def veiled(text: str, known: str) -> str:
    """Return an error's text without the values that a database put into it.

    Args:
        text: What the database said.
        known: What the model wrote itself; values in it may stay.

    Example:
        >>> veiled("Could not convert string 'Ada' to INT32", "SELECT name::INT FROM t")
        "Could not convert string '…' to INT32"
    """
    if set(_VALUES.findall(text)) - set(_VALUES.findall(known)) or text.count("'") % 2:
        return _VALUES.sub("'…'", _QUOTED.sub("'…'", text))
    return text


def _table(table: Table) -> dict[str, Any]:
    short: dict[str, Any] = {
        "table": f"{table.namespace}.{table.name}" if table.namespace else table.name,
        "rows": table.rows,
        "columns": {column.name: _column(column) for column in table.columns},
    }
    known = {
        "comment": cell(table.comment),
        "primary_key": table.primary_key,
        "references": table.references,
        "kind": "" if table.kind == "table" else table.kind,
    }
    return short | {key: value for key, value in known.items() if value}


def _column(column: Column) -> str:
    comment = f" -- {cell(column.comment)}" if column.comment else ""
    return f"{column.source_type or column.type}{'' if column.nullable else ' not null'}{comment}"


def _profile(column: ColumnProfile) -> dict[str, Any]:
    short: dict[str, Any] = {"type": column.type, "nulls": round(column.nulls, 4), "distinct": column.distinct}
    if column.looks_personal:
        return short | {"withheld": "looks personal"}
    if column.minimum is not None and column.maximum is not None:
        short |= {"min": cell(column.minimum), "max": cell(column.maximum)}
    return short | ({"values": [cell(value) for value in column.values]} if column.values else {})


def _sampled(name: str, kind: str, values: list[str | None], see: See) -> Any:
    """Return what may be seen of one column of some rows; its values stand in the order of the rows."""
    policy = see(name)
    if policy == "none":
        return kind
    counts = {"type": kind, "nulls": values.count(None), "distinct": len(set(values) - {None})}
    if policy == "profile":
        return counts
    as_they_are = policy == "raw" and not looks_personal(name)
    return counts | {"values": [None if value is None else _shown(value, as_they_are=as_they_are) for value in values]}


def _shown(value: str, *, as_they_are: bool) -> str:
    return cell(value if as_they_are and not is_personal(value) else masked(value))
