"""From bytes to steps: what a pipeline's text must look like, whatever it is about."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from osiris.compiler.draft import Draft, Step, Version
from osiris.compiler.faults import faults
from osiris.model.diagnostics import Diagnostic, Severity
from osiris.model.document import Node, read
from osiris.model.oml import Metadata, Mode, Param, Pipeline, Profile
from osiris.model.place import Path

VERSIONS: tuple[Version, ...] = get_args(Version)
MODES: tuple[Mode, ...] = get_args(Mode)
MODE_SYNONYMS: dict[str, Mode] = {"extract": "read", "load": "write"}
MOST_STEPS = 1_000
MOST_NAMES = 1_000  # of parameters, and of profiles
MOST_KEYS = 20  # unknown ones that are told
MOST_CHARACTERS = 100  # of a name or an id; they become names of files

TOP = ("oml_version", "name", "steps", "metadata", "params", "profiles")
STEP = ("id", "component", "mode", "config", "needs", "inputs")
STEP_2 = ("allow_lossy",)  # since 0.2.0
LATER_TOP = ("schedule", "defaults")
LATER_STEP = ("checks", "retry", "timeout", "schema_contract")
FORBIDDEN = {
    "version": 'write oml_version: "0.1.0"',
    "connectors": "connections are configured in osiris_connections.yaml; a step names one by config.connection",
    "tasks": "write `steps`",
    "outputs": "what is written is said by a step with `mode: write`",
}
_PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]*\Z")
_FIT_FOR_A_FILE = re.compile(r"\w[\w .-]*\Z")
_OUTPUT = re.compile(r"\$\{\s*(?P<step>[^{}]+?)\.df\s*\}\Z")
_PLAIN_HINT = "use lower case letters, digits, `-` and `_`, a letter or digit first"

Shape = TypeVar("Shape", bound=BaseModel)


def parse(draft: Draft) -> Draft:
    """Read the text and take it apart; everything that is wrong with its shape is found."""
    document = read(draft.text)
    draft = draft.but(document.found, document=document)
    top = document.root
    if document.errors and top.value is None:
        return draft
    if not isinstance(top.value, dict):
        return draft.but([draft.say("OSR-OML-001", _not_a_mapping(top.value), hint="see docs/oml.md for an example")])
    draft, version_found = _version(draft, top)
    name_found = list(_name(draft, top))
    metadata, metadata_found = _model(draft, ("metadata",), Metadata)
    params, params_found = _named(draft, "params", Param)
    profiles, profiles_found = _named(draft, "profiles", Profile)
    steps, steps_found = _steps(draft, top)
    found = [
        *version_found,
        *_keys(draft, top, (), TOP, LATER_TOP),
        *name_found,
        *metadata_found,
        *params_found,
        *profiles_found,
        *steps_found,
    ]
    draft = draft.but(
        found,
        name=top.value.get("name") if not any(d.severity is Severity.ERROR for d in name_found) else "",
        metadata=metadata or Metadata(),
        params={name: param or Param() for name, param in params.items()},
        faulty_params=frozenset(name for name, param in params.items() if param is None),
        profiles={name: profile for name, profile in profiles.items() if profile},
        steps=steps,
    )
    wrong = any(d.severity is Severity.ERROR for d in draft.found)
    return draft if wrong else draft.but(pipeline=_pipeline(draft))


def _not_a_mapping(value: Any) -> str:
    return "the file is empty" if value is None else "a pipeline holds keys with values, such as `name: …`"


def _version(draft: Draft, top: Node) -> tuple[Draft, list[Diagnostic]]:
    if "oml_version" not in top.value:
        missing = draft.say("OSR-OML-002", "`oml_version` is missing", hint='write oml_version: "0.1.0"')
        return draft, [missing]
    written = top.value["oml_version"]
    if written in VERSIONS:
        return draft.but(version=written), []
    known = " or ".join(f'"{version}"' for version in VERSIONS)
    return draft, [
        draft.say(
            "OSR-OML-003", "`oml_version` is none that is known", ("oml_version",), hint=f"write {known}, in quotes"
        )
    ]


def _name(draft: Draft, top: Node) -> Iterator[Diagnostic]:
    if "name" not in top.value:
        yield draft.say("OSR-OML-002", "`name` is missing", hint=f"name the pipeline; {_PLAIN_HINT}")
        return
    name = top.value["name"]
    if not isinstance(name, str) or not name.strip():
        yield draft.say("OSR-OML-004", "`name` must be text", ("name",), hint="put it in quotes")
    elif len(name) > MOST_CHARACTERS:
        yield draft.say(
            "OSR-OML-005", f"`name` has more than {MOST_CHARACTERS} characters", ("name",), hint="shorten it"
        )
    elif not _PLAIN.match(name):
        yield draft.say(
            "OSR-OML-006",
            f"the name {name!r} is not fit for a path",
            ("name",),
            severity=draft.loose,
            hint=_PLAIN_HINT,
        )


def _keys(draft: Draft, node: Node, path: Path, known: tuple[str, ...], later: tuple[str, ...]) -> Iterator[Diagnostic]:
    """Say what is not a key of the pipeline or of a step, and what is one of another version."""
    newer = STEP_2 if path and draft.version == "0.1.0" else ()
    others = [key for key in node.value if key not in known or key in newer]
    for key in others[:MOST_KEYS]:
        if key in later or key in newer:
            yield not_yet(draft, f"`{key}`", (*path, key))
        elif not path and key in FORBIDDEN:
            yield draft.say("OSR-OML-007", f"`{key}` is no key of a pipeline", (key,), hint=FORBIDDEN[key])
        else:
            yield draft.unknown(
                "OSR-OML-008", f"`{key}` is no key of {'a step' if path else 'a pipeline'}", (*path, key), key, known,
                severity=draft.loose,
                why="it is ignored" if draft.loose is Severity.WARNING else "",
            )  # fmt: skip


def not_yet(draft: Draft, what: str, path: Path) -> Diagnostic:
    """Return the finding that something belongs to a later version of the language, or of Osiris."""
    if draft.version == "0.1.0":
        return draft.say(
            "OSR-OML-009", f"{what} belongs to OML 0.2.0", path, hint='write oml_version: "0.2.0", or leave it out'
        )
    return draft.say("OSR-OML-010", f"{what} is not in this version of Osiris", path, hint="leave it out")


def _model(draft: Draft, path: Path, model: type[Shape]) -> tuple[Shape | None, list[Diagnostic]]:
    """Return what stands at a path as a value of the model, or None where it is not there or not right."""
    node = draft.document.root.find(path)
    if node is None or node.value is None:
        return None, []
    if not isinstance(node.value, dict):
        return None, [draft.say("OSR-OML-011", f"`{path[-1]}` must hold keys with values", path)]
    known, extra = set(model.model_fields), model.model_config.get("extra") == "allow"
    unknown = [key for key in node.value if key not in known and not extra][:MOST_KEYS]
    found = [
        draft.unknown("OSR-OML-012", f"`{key}` is not known here", (*path, key), key, known, severity=draft.loose)
        for key in unknown
    ]
    value = {key: inner for key, inner in node.value.items() if extra or key in known}
    try:
        return model.model_validate(value), found
    except ValidationError as exc:
        wrong = [
            draft.unknown(
                "OSR-OML-013", fault.message, (*path, *fault.path), fault.written, fault.allowed, hint=fault.hint
            )
            for fault in faults(exc, value)
        ]
        return None, [*found, *wrong]


def _named(draft: Draft, key: str, model: type[Shape]) -> tuple[dict[str, Shape | None], list[Diagnostic]]:
    """Return what stands below a key by name; None for one that is not right."""
    node = draft.document.root.items.get(key)
    if node is None or node.value is None:
        return {}, []
    if not isinstance(node.value, dict):
        return {}, [draft.say("OSR-OML-011", f"`{key}` must hold names with descriptions", (key,))]
    if len(node.value) > MOST_NAMES:
        return {}, [
            draft.say("OSR-OML-023", f"`{key}` holds more than {MOST_NAMES} names", (key,), hint="leave some out")
        ]
    values: dict[str, Shape | None] = {}
    found: list[Diagnostic] = []
    for name, body in node.value.items():
        values[name], wrong = _model(draft, (key, name), model)
        if body is None:
            values[name] = model()
        found += wrong
    return values, found


def _steps(draft: Draft, top: Node) -> tuple[tuple[Step, ...], list[Diagnostic]]:
    if "steps" not in top.value:
        return (), [draft.say("OSR-OML-002", "`steps` is missing", hint="write at least one step")]
    node = top.items["steps"]
    if not isinstance(node.value, list) or not node.value:
        return (), [draft.say("OSR-OML-014", "`steps` must be a list with at least one step", ("steps",))]
    if len(node.value) > MOST_STEPS:
        return (), [
            draft.say("OSR-OML-024", f"there are more than {MOST_STEPS} steps", ("steps",), hint="split the file")
        ]
    steps: list[Step] = []
    found: list[Diagnostic] = []
    for index in range(len(node.value)):
        step, wrong = _step(draft, Step(index, node.items[index]))
        steps.append(step)
        found += wrong
    return tuple(steps), [*found, *_doubled(draft, steps)]


def _step(draft: Draft, step: Step) -> tuple[Step, list[Diagnostic]]:
    value = step.node.value
    if not isinstance(value, dict):
        return step, [draft.say("OSR-OML-015", "a step holds keys with values, such as `id: …`", step.path)]
    found = list(_keys(draft, step.node, step.path, (*STEP, *STEP_2), LATER_STEP))
    needed = {key: value.get(key) for key in ("id", "component", "mode")}
    found += [_no_text(draft, step, k) for k, v in needed.items() if not isinstance(v, str) or not v.strip()]
    found += _id(draft, step)
    mode, mode_found = _mode(draft, step)
    needs, needs_found = _needs(draft, step)
    inputs, inputs_found = _inputs(draft, step)
    allowed, allowed_found = _allow_lossy(draft, step)
    if not isinstance(value.get("config") or {}, dict):
        found.append(draft.say("OSR-OML-011", "`config` must hold keys with values", (*step.path, "config")))
    texts = {key: value[key] for key in ("id", "component") if isinstance(value.get(key), str)}
    return (
        step.but(**texts, mode=mode, needs=needs, inputs=inputs, allow_lossy=allowed),
        [*found, *mode_found, *needs_found, *inputs_found, *allowed_found],
    )


def _no_text(draft: Draft, step: Step, key: str) -> Diagnostic:
    hints = {
        "id": "give the step a name",
        "component": "`osiris components list` shows them",
        "mode": f"write one of {', '.join(MODES)}",
    }
    if key not in step.node.value:
        return draft.say("OSR-OML-002", f"`{key}` is missing", step.path, hint=hints[key])
    return draft.say("OSR-OML-004", f"`{key}` must be text", (*step.path, key), hint=f"put it in quotes; {hints[key]}")


def _id(draft: Draft, step: Step) -> Iterator[Diagnostic]:
    written = step.node.value.get("id")
    path = (*step.path, "id")
    if not isinstance(written, str) or (_PLAIN.match(written) and len(written) <= MOST_CHARACTERS):
        return
    if not _FIT_FOR_A_FILE.match(written) or len(written) > MOST_CHARACTERS:
        message = f"an id is a short name, without `/` and the like, of at most {MOST_CHARACTERS} characters"
        yield draft.say("OSR-OML-005", message, path, hint=_PLAIN_HINT)
    else:
        yield draft.say("OSR-OML-006", f"the id {written!r} is not plain", path, severity=draft.loose, hint=_PLAIN_HINT)


def _mode(draft: Draft, step: Step) -> tuple[Mode | None, list[Diagnostic]]:
    written = step.node.value.get("mode")
    path = (*step.path, "mode")
    if not isinstance(written, str) or not written.strip():
        return None, []
    if written in MODE_SYNONYMS:
        mode = MODE_SYNONYMS[written]
        return mode, [
            draft.say(
                "OSR-OML-016",
                f"`mode: {written}` is an older word",
                path,
                severity=Severity.WARNING,
                hint=f"write mode: {mode}",
            )
        ]
    found = next((mode for mode in MODES if mode == written), None)
    return found, [] if found else [draft.unknown("OSR-OML-017", f"there is no mode {written!r}", path, written, MODES)]


def _needs(draft: Draft, step: Step) -> tuple[tuple[str, ...] | None, list[Diagnostic]]:
    written = step.node.value.get("needs")
    if written is None:
        return None, []
    if not isinstance(written, list) or not all(isinstance(one, str) for one in written):
        path = (*step.path, "needs")
        return None, [
            draft.say("OSR-OML-018", "`needs` must be a list of step ids", path, hint="write needs: [step-id]")
        ]
    return tuple(dict.fromkeys(written)), []


def _inputs(draft: Draft, step: Step) -> tuple[Mapping[str, str] | None, list[Diagnostic]]:
    written = step.node.value.get("inputs")
    path = (*step.path, "inputs")
    if written is None:
        return None, []
    if not isinstance(written, dict) or not written:
        hint = 'write inputs: {name: "${step-id.df}"}'
        return None, [draft.say("OSR-OML-019", "`inputs` must hold names with outputs of steps", path, hint=hint)]
    found: list[Diagnostic] = []
    inputs: dict[str, str] = {}
    for name, output in written.items():
        match = _OUTPUT.match(output) if isinstance(output, str) else None
        if match is None:
            hint = f'write {name}: "${{step-id.df}}"'
            found.append(draft.say("OSR-OML-019", f"the input {name!r} names no output", (*path, name), hint=hint))
        elif name.lower() in {other.lower() for other in inputs}:
            message = f"two inputs are called {name!r}"
            found.append(
                draft.say("OSR-OML-020", message, (*path, name), why="SQL does not tell case apart", hint="rename one")
            )
        else:
            inputs[name] = match["step"]
    return (None if found else inputs), found


def _allow_lossy(draft: Draft, step: Step) -> tuple[tuple[str, ...], list[Diagnostic]]:
    written = step.node.value.get("allow_lossy")
    if written is None:
        return (), []
    if not isinstance(written, list) or not all(isinstance(one, str) for one in written):
        path, hint = (*step.path, "allow_lossy"), "write allow_lossy: [column]"
        return (), [draft.say("OSR-OML-025", "`allow_lossy` must be a list of columns", path, hint=hint)]
    return tuple(dict.fromkeys(written)), []


def _doubled(draft: Draft, steps: list[Step]) -> Iterator[Diagnostic]:
    """Say which ids can't be told apart: they become names in SQL, where `-` is `_`."""
    seen: dict[str, Step] = {}
    for step in steps:
        plain = step.id.lower().replace("-", "_")
        first = seen.setdefault(plain, step)
        if not step.id or first is step:
            continue
        line = draft.document.root.place_of((*first.path, "id")).line
        same = first.id == step.id
        yield draft.say(
            "OSR-OML-021" if same else "OSR-OML-022",
            f"two steps have the id {step.id!r}"
            if same
            else f"the ids {first.id!r} and {step.id!r} are one name in SQL",
            (*step.path, "id"),
            why=f"the first one is in line {line}",
            hint="rename one of them",
        )


def _pipeline(draft: Draft) -> Pipeline:
    return Pipeline.model_validate(
        {
            "oml_version": draft.version,
            "name": draft.name,
            "metadata": draft.metadata,
            "params": dict(draft.params),
            "profiles": dict(draft.profiles),
            "steps": [
                {
                    "id": step.id,
                    "component": step.component,
                    "mode": step.mode,
                    "config": step.config_node.value or {},
                    "needs": step.needs,
                    "inputs": None if step.inputs is None else dict(step.inputs),
                    "allow_lossy": step.allow_lossy,
                }
                for step in draft.steps
            ],
        }
    )
