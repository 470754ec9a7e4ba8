"""`src/osiris/cli/commands.json`, made from the commands: what the Tab key goes by.

`python -m tests.unit.cli.command_tree` writes it anew.
"""

import json
from enum import Enum
from importlib import import_module
from typing import Any, get_args

import typer
from tests.house.tree import ROOT

from osiris.cli.options import VALUES
from osiris.cli.overview import COMMANDS

FILE = ROOT / "src" / "osiris" / "cli" / "commands.json"
# What the names in a command's help stand for.
KINDS = {
    "@FAMILY.ALIAS": "connection",
    "DIR": "folder",
    "DST": "place",
    "FILE": "file",
    "RUN": "run",
    "SRC": "place",
}
# Those that the same name means something else by.
OWN = {
    ("connections add", "family"): "family",
    ("connections add", "name"): "",
    ("init", "template_"): "template",
    ("templates show", "name"): "template",
}
PIPELINES = ("compile", "plan", "run", "parity", "oml validate", "export openlineage")


def text() -> str:
    """Return the file's text."""
    commands = {name: _node(typer.main.get_command(_app(name)), name) for name in COMMANDS}
    common = dict.fromkeys(("--help", "--json", "--no-color", "--quiet", "--verbose", "--version"), "")
    options = common | {name: "folder" if name == "-C" else "other" for name in VALUES}
    root = {"commands": commands, "options": _pairs(options), "arguments": []}
    return json.dumps(root, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _app(name: str) -> typer.Typer:
    app: typer.Typer = import_module(f"osiris.cli.commands.{name.replace('-', '_')}").app
    return app


def _node(command: Any, path: str) -> dict[str, Any]:
    subs = getattr(command, "commands", {})
    options = [p for p in command.params if p.param_type_name == "option"]
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    named = {name: _kind(p, path) for p in options for name in p.opts if name.startswith("--") and name != "--help"}
    return {
        "commands": {name: _node(sub, f"{path} {name}") for name, sub in subs.items()},
        "options": _pairs(named),
        "arguments": [_kind(p, path) for p in arguments],
    }


def _pairs(options: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return options as pairs: a mapping with a key such as `--secret` looks as if it held one."""
    return sorted(options.items())


def _kind(param: Any, path: str) -> Any:
    """Return what a parameter takes: a list of choices, a kind, or nothing where an option is but a flag."""
    if getattr(param, "is_flag", False):
        return ""
    takes = param.type_descriptor.annotation
    listed = isinstance(takes, type) and issubclass(takes, Enum)
    choices = [one.value for one in takes] if listed else list(get_args(takes))
    if choices and all(isinstance(choice, str) for choice in choices):
        return choices
    if (path, param.name) in OWN:
        return OWN[path, param.name] or "other"
    if param.param_type_name == "argument" and param.metavar == "FILE" and path in PIPELINES:
        return "pipeline"
    return KINDS.get(param.metavar or "", "other")


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
