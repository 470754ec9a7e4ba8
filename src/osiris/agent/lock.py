"""What a conversation was held with: enough to say later why the same words would lead elsewhere."""

import json
from collections.abc import Mapping
from typing import Any

from osiris import __version__
from osiris.agent.brief import prompts
from osiris.agent.tools import TOOLS
from osiris.app.cache import Cache
from osiris.app.connections import references
from osiris.app.project import Project
from osiris.model.canonical import digest, fingerprint
from osiris.model.errors import OsirisError

LOCK = "lock"  # kind of the event


def lock_of(project: Project, *, pro: bool = False) -> dict[str, Any]:
    """Return the lock of a conversation that begins now; nothing is opened."""
    settings = project.configured.settings
    return {
        "osiris": __version__,
        "model": settings.llm.model_dump(mode="json", include={"provider", "model", "base_url"}),
        "prompts": {name: digest(text.encode("utf-8")) for name, text in prompts(project, pro=pro).items()},
        "tools": fingerprint([[tool.name, tool.about, tool.schema()] for tool in TOOLS]),
        "components": fingerprint(sorted(project.registry.names())),
        "catalogue": {str(reference): _catalogue(project, str(reference)) for reference in references(project)},
    }


def changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what is not as it was, in words."""
    words = {
        "osiris": "the version of Osiris",
        "model": "the language model",
        "prompts": "a prompt",
        "tools": "the tools",
        "components": "the installed components",
        "catalogue": "the tables",
    }
    found = []
    for key, word in words.items():
        then, today = before.get(key), now.get(key)
        if then == today:
            continue
        if isinstance(then, dict) and isinstance(today, dict):
            if parts := sorted(name for name in {*then, *today} if _differ(key, then.get(name), today.get(name))):
                found.append(f"{word}: {', '.join(parts)}")
        else:
            found.append(f"{word}: {_short(then)} then, {_short(today)} now")
    return tuple(found)


def _differ(key: str, then: object, today: object) -> bool:
    """Return whether a part is another one; of tables that nobody had looked at then, nobody can say."""
    unknown = key == "catalogue" and then == "" and today is not None
    return then != today and not unknown


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text[:12]


def _catalogue(project: Project, name: str) -> str:
    """Return the fingerprint of what is known of a connection; empty where nothing is."""
    try:
        kept = Cache(project).find(name)
    except OsirisError:
        return ""
    return kept.catalogue.fingerprint() if kept else ""
