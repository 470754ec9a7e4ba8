"""The reference of errors: those that are raised, and what the compiler finds, read from its source."""

import ast
import inspect
from collections.abc import Iterator

from tests.docs.generated.table import table
from tests.house.tree import ROOT

from osiris.model import errors

_EXITS = {
    errors.EXIT_DONE: "done",
    errors.EXIT_FAILED: "a step failed for a reason of its own",
    errors.EXIT_USAGE: "the command line, a settings file or the surroundings are wrong",
    errors.EXIT_INVALID: "the pipeline is wrong as written",
    errors.EXIT_CHECK: "rows broke a promise: a receipt does not match, a key is NULL",
    errors.EXIT_CONNECTION: "no connection, or no right to it",
    errors.EXIT_APPROVAL: "nobody has said yes to exactly these bytes",
    errors.EXIT_TRANSIENT: "the same again may succeed later",
    errors.EXIT_INTERRUPTED: "a person or the system stopped it",
}


def page() -> Iterator[str]:
    """Yield the page."""
    yield from (
        "# Errors",
        "",
        "Every error says what is wrong, where, why and what to do next. The code in brackets is stable; with `--json`",
        "the same fields come as one document: `code`, `message`, `where`, `why`, `hint`, `retriable`.",
        "",
        "## Exit codes",
        "",
    )
    yield from table(("code", "means"), ((f"`{code}`", says) for code, says in _EXITS.items()))
    yield from ("", "## What is raised", "")
    yield from table(
        ("code", "name", "exit", "means"),
        (
            (f"`{kind.code}`", f"`{kind.__name__}`", _exit(kind), inspect.getdoc(kind).split("\n\n")[0])  # type: ignore[union-attr]
            for kind in _kinds(errors.OsirisError)
        ),
    )
    yield from (
        "",
        "## What the compiler finds",
        "",
        "All findings come at once, each with file, line and column. Words in braces are the pipeline's own.",
        "",
    )
    yield from table(("code", "what it says"), ((f"`{code}`", says) for code, says in sorted(_findings().items())))


def _kinds(kind: type[errors.OsirisError]) -> Iterator[type[errors.OsirisError]]:
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from _kinds(child)


def _exit(kind: type[errors.OsirisError]) -> str:
    return "its cause's" if kind is errors.StepFailed else f"`{kind.exit_code}`"


def _findings() -> dict[str, str]:
    """Return the code of each finding and its message, or its messages."""
    found: dict[str, list[str]] = {}
    for file in sorted((ROOT / "src/osiris/compiler").rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        for code in _codes(tree):
            found.setdefault(code, [])
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            for code, message in _said(function):
                if message and message not in found[code]:
                    found[code].append(message)
    return {code: "; ".join(messages) or "*says itself what does not fit*" for code, messages in found.items()}


def _said(function: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    named: dict[str, list[str]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            named.setdefault(node.targets[0].id, []).append(_text(node.value))
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and len(node.args) > 1:
            text = _text(node.args[1])
            messages = named.get(node.args[1].id, []) if isinstance(node.args[1], ast.Name) else [text]
            for code in _codes(node.args[0]):
                yield from ((code, message) for message in messages)


def _codes(node: ast.AST) -> list[str]:
    constants = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
    return [str(value) for value in constants if str(value).startswith("OSR-") and str(value)[-1].isdigit()]


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part) for part in parts)
        case ast.FormattedValue(value=value):
            if isinstance(value, ast.IfExp):
                return _text(value)
            return f"{{{ast.unparse(value).rpartition('.')[2].strip('()')}}}"
        case ast.IfExp(body=body, orelse=other):
            return " or ".join(filter(None, (_text(body), _text(other))))
    return ""
