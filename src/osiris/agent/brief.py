"""What the language model is told before anybody speaks: files with named slots, the project's own in pro mode."""

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from osiris.agent.clean import clean
from osiris.app.catalogue import NOTES
from osiris.app.components import ListComponents, ShowComponent, list_components, show_component
from osiris.app.files import write_beside
from osiris.app.project import Project
from osiris.model.errors import ConfigError
from osiris.model.nearest import nearest
from osiris.model.spec import ComponentSpec

FRAME = "brief"  # the prompt that the others stand in
PROMPTS = ("role", "oml", "example")
SLOTS = (*PROMPTS, "components", "rules")
NEEDED = ("oml", "components")  # without these a model can't write a pipeline
MOST_NOTES = 20_000  # characters of a project's own rules
MOST_PROMPT = 40_000  # characters of one prompt
_SLOT = re.compile(r"\{\{\s*(?P<name>[^{}]*?)\s*\}\}")


def brief(project: Project, *, pro: bool = False) -> str:
    """Return the brief: role, language, what is installed here, an example, and the project's own rules.

    Nothing of the data is in it.

    Args:
        project: Its components and its rules go into the slots.
        pro: True takes the prompts from the project's folder of prompts.

    Raises:
        ConfigError: a file can't be read, or a prompt lacks what it needs; says which and what.
    """
    parts = prompts(project, pro=pro)
    values = {name: parts[name] for name in PROMPTS} | {"components": _components(project), "rules": _notes(project)}
    text = _SLOT.sub(lambda slot: values[slot["name"]], parts[FRAME])
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def prompts(project: Project, *, pro: bool = False) -> dict[str, str]:
    """Return the prompts by name, checked.

    Raises:
        ConfigError: a file is missing, can't be read, or has slots that it must not have.
    """
    found = {name: _own(project, name) if pro else prompt(name) for name in (FRAME, *PROMPTS)}
    for name, text in found.items():
        _must_fit(name, text)
    return found


def prompt(name: str) -> str:
    """Return one of the prompts that come with Osiris."""
    return files("osiris.agent").joinpath("prompts", f"{name}.md").read_text("utf-8").strip()


def export_prompts(project: Project, *, force: bool = False) -> tuple[str, ...]:
    """Write the prompts to the project's folder of prompts and return their files; one that is there stays.

    Raises:
        UsageError: the folder can't be written.
    """
    written = []
    for name in (FRAME, *PROMPTS):
        file = project.layout.prompts / f"{name}.md"
        if force or not file.exists():
            write_beside(file, f"{prompt(name)}\n".encode())
            written.append(project.shown(file))
    return tuple(written)


def _own(project: Project, name: str) -> str:
    file = project.layout.prompts / f"{name}.md"
    hint = "`osiris dump-prompts --export` writes those that are missing"
    try:
        return file.read_text("utf-8").strip()
    except FileNotFoundError:
        raise ConfigError(f"there is no prompt {project.shown(file)}", where="--pro-mode", hint=hint) from None
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"cannot read {project.shown(file)}: {exc}", hint="save it as UTF-8 text") from exc


def _must_fit(name: str, text: str) -> None:
    """Return if a prompt is as it has to be.

    Raises:
        ConfigError: it is not.
    """
    where = f"the prompt {name!r}"
    slots = [slot["name"] for slot in _SLOT.finditer(text)]
    allowed = SLOTS if name == FRAME else ()
    if not text or len(text) > MOST_PROMPT:
        raise ConfigError(f"{where} is empty, or longer than {MOST_PROMPT} characters", hint="write it anew")
    if clean(text) != text:
        raise ConfigError(f"{where} holds invisible characters", hint="write it without them")
    if wrong := next((slot for slot in slots if slot not in allowed), None):
        near = nearest(wrong, allowed)
        known = f"slots of it: {', '.join(allowed) or 'none'}"
        hint = f"did you mean {{{{{near[0]}}}}}?" if near else known
        raise ConfigError(f"{where} has a slot {wrong!r} that nothing fills", hint=hint)
    if name == FRAME and (missing := [slot for slot in NEEDED if slots.count(slot) != 1]):
        raise ConfigError(f"{where} needs the slot {{{{{missing[0]}}}}} once", hint="put it where it should stand")


def _components(project: Project) -> str:
    names = [line.name for line in list_components(project, ListComponents()).components]
    lines = (_component(show_component(project, ShowComponent(name=name))) for name in names)
    return "\n".join(("## Components\n\n`*` marks what must be given.\n", *lines))


def _component(spec: ComponentSpec) -> str:
    required = spec.config_schema.get("required", [])
    settings = (
        f"{name}{'*' if name in required else ''}{_choices(schema)}"
        for name, schema in spec.config_schema.get("properties", {}).items()
    )
    hints = "".join(f"\n  - {hint}" for hint in spec.llm_hints)
    return f"- `{spec.name}` ({spec.mode}): {spec.title}. config: {', '.join(settings)}{hints}"


def _choices(schema: Mapping[str, Any]) -> str:
    return f" ({'|'.join(map(str, schema['enum']))})" if "enum" in schema else ""


def _notes(project: Project) -> str:
    file = project.root / NOTES
    if not file.is_file():
        return ""
    try:
        text = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"cannot read {NOTES}: {exc}", where=str(file), hint="save it as UTF-8 text") from exc
    if len(text) > MOST_NOTES:
        raise ConfigError(f"{NOTES} is longer than {MOST_NOTES} characters", where=str(file), hint="shorten it")
    return f"## Rules of this project, written by its people\n\n{text}"
