"""Which connection each step means."""

from collections.abc import Iterator

from osiris.compiler.draft import Draft, Step
from osiris.model.connection import Reference, parse_reference
from osiris.model.diagnostics import Diagnostic


def connections(draft: Draft) -> Draft:
    """Give each step its connection by its full name, the family's default filled in.

    Example:
        connection: "@mysql"        becomes @mysql.shop, where that is the default
        connection: "@mysql.shpo"   there is none; the nearest is @mysql.shop
    """
    steps: list[Step] = []
    found: list[Diagnostic] = []
    for step in draft.steps:
        name, wrong = _connection(draft, step)
        steps.append(step.but(connection=name))
        found += wrong
    return draft.but(found, steps=tuple(steps))


def _connection(draft: Draft, step: Step) -> tuple[str | None, list[Diagnostic]]:
    if step.kind is None:
        return None, []
    about = step.kind.about
    path = (*step.path, "config", "connection")
    written = step.config_node.items.get("connection")
    if written is None or written.value is None:
        return None, [] if about.connection != "required" else [_missing(draft, step)]
    if about.connection == "none":
        return None, [draft.say("OSR-CON-001", f"{about.name} takes no connection", path, hint="leave it out")]
    try:
        reference = parse_reference(written.value) if isinstance(written.value, str) else None
    except ValueError:
        reference = None
    if reference is None:
        return None, [draft.say("OSR-CON-002", "this names no connection", path, hint=f"write {_example(draft, step)}")]
    found = list(_wrong(draft, step, reference))
    alias = reference.alias or draft.given.defaults.get(reference.family, "")
    return None if found else str(Reference(reference.family, alias)), found


def _wrong(draft: Draft, step: Step, reference: Reference) -> Iterator[Diagnostic]:
    path = (*step.path, "config", "connection")
    family = _family(step)
    known = draft.given.aliases.get(family, ())
    alias = reference.alias or draft.given.defaults.get(family, "")
    if reference.family != family:
        message = f"{step.component} can't use {reference}: that is a connection of another family"
        yield draft.say("OSR-CON-003", message, path, hint=f"write {_example(draft, step)}")
    elif not alias:
        why = "several are configured and none is the default" if known else "none is configured"
        yield draft.say("OSR-CON-004", f"{reference} names no connection", path, why=why, hint=_configure(draft, step))
    elif alias not in known:
        names = [str(Reference(family, other)) for other in known]
        yield draft.unknown(
            "OSR-CON-005",
            f"there is no connection {reference}",
            path,
            str(reference),
            names,
            hint="" if known else _configure(draft, step),
        )


def _missing(draft: Draft, step: Step) -> Diagnostic:
    path = (*step.path, "config") if "config" in step.node.items else step.path
    return draft.say(
        "OSR-CON-006", f"{step.component} needs a connection", path, hint=f"write connection: {_example(draft, step)}"
    )


def _example(draft: Draft, step: Step) -> str:
    family = _family(step)
    aliases = draft.given.aliases.get(family, ())
    alias = draft.given.defaults.get(family) or next(iter(aliases), "alias")
    return f'"{Reference(family, alias)}"'


def _configure(draft: Draft, step: Step) -> str:
    if draft.given.aliases.get(_family(step)):
        return f"write {_example(draft, step)}"
    return f"add one below `{_family(step)}` in osiris_connections.yaml"


def _family(step: Step) -> str:
    return step.component.partition(".")[0]
