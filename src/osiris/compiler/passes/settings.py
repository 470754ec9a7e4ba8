"""Each step's settings, parameters filled in, as its component understands them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from pydantic import ValidationError

from osiris.compiler.draft import Draft, Step
from osiris.compiler.faults import Fault, faults
from osiris.compiler.passes.params import as_json
from osiris.compiler.passes.parse import not_yet
from osiris.compiler.query import Query, place_in_text
from osiris.kit.component import Config
from osiris.kit.describe import config_schema, secret_fields
from osiris.model.diagnostics import Diagnostic
from osiris.model.document import Node
from osiris.model.errors import StatementError
from osiris.model.place import Path
from osiris.model.spec import WRITE_MODE_SYNONYMS
from osiris.sql.literals import PARAM, ParamValue, fill, text_of

LATER = ("cursor", "delete_missing", "max_delete_ratio", "merge_key")
LATER_MODES = ("delete_insert", "delete+insert", "scd2")
QUERY = "query"
MOST_FAULTS = 20  # of one step that are told
_REFERENCE = re.compile(r"\$\{(?P<inside>[^{}]*)\}")
_NAMES = frozenset({"columns", "path", "primary_key", "schema", "table"})  # settings that hold names


def settings(draft: Draft) -> Draft:
    """Fill in the parameters, then let each component's own model look at its settings.

    A step whose settings are wrong has none afterwards. What stays of the right ones is JSON: defaults included,
    `connection` and secrets left out, the way to write by its one name.
    """
    steps: list[Step] = []
    found: list[Diagnostic] = []
    for step in draft.steps:
        done, wrong = _settle(draft, step)
        steps.append(done)
        found += wrong
    return draft.but(found, steps=tuple(steps))


def _settle(draft: Draft, step: Step) -> tuple[Step, list[Diagnostic]]:
    if step.kind is None or not isinstance(step.config_node.value or {}, dict):
        return step, []
    filling = _Filling(draft, step)
    later, written = [], {}
    for key, node in step.config_node.items.items():
        if key == "connection":
            continue
        if what := _later(step, str(key), node):
            later.append(not_yet(draft, what, (*step.path, "config", key)))
        else:
            written[str(key)] = filling.fill(node, (*step.path, "config", str(key)), {})
    found = [*later, *filling.found]
    values = _with_one_name_for_the_mode(written)
    try:
        config = step.kind.about.config.model_validate(values)
    except ValidationError as exc:
        told = {d.path for d in found}
        wrong = [
            _wrong(draft, step, fault) for fault in islice(faults(exc, values), MOST_FAULTS) if not filling.hides(fault)
        ]
        return step.but(query=filling.query), [*found, *(d for d in wrong if d.path not in told)]
    if found or filling.unfilled:  # a parameter without a value has been told
        return step.but(query=filling.query), found
    plain = _plain(config)
    shown = plain | {key: node.value for key, node in filling.sensitive.items()}
    secret = {key: values[key] for key in filling.sensitive if key not in plain}
    return step.but(config=plain | secret, shown=shown, query=filling.query), []


def _later(step: Step, key: str, node: Node) -> str:
    """Return what belongs to a later version of the language; empty for what the component has now."""
    assert step.kind is not None  # noqa: S101 - asked by the caller
    fields = step.kind.about.config.model_fields
    if key in LATER and key not in fields:
        return f"`{key}`"
    return f"`write_mode: {node.value}`" if key == "write_mode" and node.value in LATER_MODES else ""


def _with_one_name_for_the_mode(written: dict[str, Any]) -> dict[str, Any]:
    mode = written.get("write_mode")
    return written | {"write_mode": WRITE_MODE_SYNONYMS.get(mode, mode)} if isinstance(mode, str) else written


def _plain(config: Config) -> dict[str, Any]:
    secret = set(secret_fields(type(config)))
    values = config.model_dump(mode="json", by_alias=True)
    return {key: value for key, value in values.items() if key not in secret}


def _wrong(draft: Draft, step: Step, fault: Fault) -> Diagnostic:
    path: Path = (*step.path, "config", *fault.path)
    if step.node.items.get("config") is None:
        path = step.path
    assert step.kind is not None  # noqa: S101 - asked by the caller
    fields = step.kind.about.config.model_fields
    match fault.kind:
        case "unknown" if len(fault.path) == 1:
            known = config_schema(step.kind)["properties"]
            message = f"{step.component} has no setting {fault.message!r}"
            return draft.unknown("OSR-CFG-001", message, path, fault.message, known)
        case "unknown":
            return draft.say("OSR-CFG-001", f"there is no setting {fault.message!r} here", path, hint="leave it out")
        case "missing":
            about = fields[fault.message].description if fault.message in fields else ""
            return draft.say("OSR-CFG-002", f"{step.component} needs `{fault.message}`", path, hint=about or "add it")
        case _ if fault.allowed:
            return draft.unknown("OSR-CFG-003", fault.message, path, fault.written, fault.allowed)
        case _:
            return draft.say(
                "OSR-CFG-003", fault.message, path, hint=fault.hint or f"see `osiris components show {step.component}`"
            )


def _hidden_name(draft: Draft, path: Path) -> Diagnostic:
    return draft.say(
        "OSR-SEC-002",
        "a sensitive parameter can't be part of a name",
        path,
        why="names of files, tables and columns stand in plans, in manifests and in the records of runs",
        hint="write a name that need not be hidden, or leave out `sensitive: true`",
    )


@dataclass
class _Filling:
    """Puts parameters into one step's settings and collects what is wrong.

    Attributes:
        query: The step's SQL, once it is met.
        sensitive: Settings that hold a sensitive parameter, by name.
        unfilled: Settings that could not be filled, by name.
    """

    draft: Draft
    step: Step
    query: Query | None = None
    found: list[Diagnostic] = field(default_factory=list)
    sensitive: dict[str, Node] = field(default_factory=dict)
    unfilled: set[str] = field(default_factory=set)

    def hides(self, fault: Fault) -> bool:
        """Return whether a fault only comes of a parameter that has no value."""
        return bool(fault.path) and fault.path[0] in self.unfilled

    def fill(self, node: Node, path: Path, seen: dict[int, Any]) -> Any:
        """Return a value with its parameters filled in; what an alias repeats is made once."""
        if id(node) not in seen:
            seen[id(node)] = self._fill(node, path, seen)
        return seen[id(node)]

    def _fill(self, node: Node, path: Path, seen: dict[int, Any]) -> Any:
        match node.value:
            case dict():
                self.found += [d for key in node.value for d in self._references(str(key), (*path, str(key)), None)]
                return {str(key): self.fill(inner, (*path, key), seen) for key, inner in node.items.items()}
            case list():
                return [self.fill(inner, (*path, index), seen) for index, inner in node.items.items()]
            case str() as text:
                return self._text(node, path, text)
            case value:
                return value

    def _text(self, node: Node, path: Path, text: str) -> Any:
        is_query = bool(text.strip()) and self._is_query(path)
        names = PARAM.findall(text)
        key = str(path[len(self.step.path) + 1])
        found = list(self._references(text, path, node))
        self.found += found
        if found or any(name not in self.draft.values for name in names):
            self.unfilled.add(key)
            return text
        if any(self.draft.params[name].sensitive for name in names):
            if key in _NAMES:
                self.found.append(_hidden_name(self.draft, path))
            self.sensitive[key] = self.step.config_node.items[key]
        return self._sql(node, path, text) if is_query else _filled(text, self.draft.values)

    def _sql(self, node: Node, path: Path, text: str) -> str:
        assert self.step.kind is not None  # noqa: S101 - asked by the caller
        dialect = self.step.kind.about.sql
        try:
            sql = fill(text, self.draft.values, dialect)
        except StatementError as exc:
            place = place_in_text(node, exc.where)
            self.found.append(self.draft.say(exc.code, exc.message, path, place=place, why=exc.why, hint=exc.hint))
            self.unfilled.add(QUERY)
            return text
        self.query = Query(sql, dialect, node)
        return sql

    def _is_query(self, path: Path) -> bool:
        kind = self.step.kind
        is_sql = kind is not None and bool(kind.about.sql)
        return is_sql and path == (*self.step.path, "config", QUERY)

    def _references(self, text: str, path: Path, node: Node | None) -> Iterator[Diagnostic]:
        """Say which `${…}` name no parameter."""
        for found in _REFERENCE.finditer(text):
            place = node.place_at(found.start()) if node else None
            inside = found["inside"].strip()
            name = inside.removeprefix("params.")
            if node is None:
                hint = "write the key out"
                yield self.draft.say("OSR-PAR-008", "a key can't hold a parameter", path, hint=hint)
            elif not PARAM.fullmatch(found.group()):
                yield self.draft.say(
                    "OSR-PAR-009", f"${{{inside}}} is no parameter", path, place=place,
                    why="variables of the environment are for osiris_connections.yaml only",
                    hint="write ${params.name} and describe it under `params`",
                )  # fmt: skip
            elif name not in self.draft.params:
                yield self.draft.unknown(
                    "OSR-PAR-010", f"there is no parameter {name!r}", path, name, self.draft.params, place=place,
                    hint="" if self.draft.params else "describe it under `params`",
                )  # fmt: skip


def _filled(text: str, values: Mapping[str, ParamValue]) -> Any:
    whole = PARAM.fullmatch(text)
    return as_json(values[whole[1]]) if whole else PARAM.sub(lambda found: text_of(values[found[1]]), text)
