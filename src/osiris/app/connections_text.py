"""One more connection in the text of `osiris_connections.yaml`; all that people wrote there stays as it is."""

import json
from collections.abc import Mapping
from typing import Any

import yaml

from osiris.model.canonical import canonical_yaml
from osiris.model.connection import Reference
from osiris.model.document import PARSER, read
from osiris.model.errors import ConfigError
from osiris.model.layout import CONNECTIONS

_TOP = "connections"
_DEEPER = 2  # blanks


def with_connection(text: str, reference: Reference, fields: Mapping[str, Any]) -> str:
    """Return the text with one more connection: comments, order and layout of the rest are kept.

    Args:
        text: Of the file; empty where there is none.
        reference: Its family and alias; there is none of that name.
        fields: As they should stand there.

    Raises:
        ConfigError: the text has a form that nothing can be added to safely; the hint holds what to add.
    """
    added = _added(text, reference, fields)
    if _tree(added) != _grown(_tree(text), reference, fields):
        lines = json.dumps({reference.family: {reference.alias: dict(fields)}}, ensure_ascii=False)
        raise ConfigError(f"nothing can be added to {CONNECTIONS} without rewriting it", hint=f"add by hand: {lines}")
    return added


def _added(text: str, reference: Reference, fields: Mapping[str, Any]) -> str:
    root = _root(text)
    alias = {reference.alias: dict(fields)}
    family = {reference.family: alias}
    if root is None:
        return _after(text, _lines(text), {_TOP: family}, 0)
    column, tree = _entry(root, _TOP, root)
    if not isinstance(tree, yaml.MappingNode) or not tree.value:
        return _put(text, root, _TOP, family, column)
    if not any(key.value == reference.family for key, _ in tree.value):
        return _into(text, tree, family)
    column, aliases = _entry(tree, reference.family, tree)
    if isinstance(aliases, yaml.MappingNode) and aliases.value:
        return _into(text, aliases, alias)
    return _put(text, tree, reference.family, alias, column)


def _root(text: str) -> yaml.MappingNode | None:
    """Return the document's root; None where there is nothing but comments."""
    node = yaml.compose(text, Loader=PARSER)
    return node if isinstance(node, yaml.MappingNode) else None


def _entry(node: yaml.MappingNode, name: str, otherwise: yaml.Node) -> tuple[int, yaml.Node]:
    """Return the column of a key and its value; without such a key, the column of the node and `otherwise`."""
    for key, value in node.value:
        if key.value == name:
            return int(key.start_mark.column), value
    return int(node.start_mark.column), otherwise


def _into(text: str, node: yaml.MappingNode, body: Mapping[str, Any]) -> str:
    """Return the text with more in a mapping that holds something."""
    if node.flow_style:
        end = node.end_mark.index - 1
        return f"{text[:end].rstrip(' ')}, {_flow(body)}{text[end:]}"
    return _after(text, _last_line(node) + 1, body, node.value[0][0].start_mark.column)


def _put(text: str, node: yaml.MappingNode, name: str, body: Mapping[str, Any], column: int) -> str:
    """Return the text with something for a key that has nothing."""
    key, value = next((key, value) for key, value in node.value if key.value == name)
    if isinstance(value, yaml.MappingNode):  # an empty `{}`
        return f"{text[: value.start_mark.index]}{{{_flow(body)}}}{text[value.end_mark.index :]}"
    return _after(text, key.end_mark.line + 1, body, column + _DEEPER)


def _after(text: str, line: int, body: Mapping[str, Any], column: int) -> str:
    """Return the text with a block after so many of its lines."""
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    block = canonical_yaml(dict(body)).decode("utf-8").splitlines(keepends=True)
    return "".join([*lines[:line], *(" " * column + added for added in block), *lines[line:]])


def _last_line(node: yaml.Node) -> int:
    """Return the line, from 0, that the last value of a node stands on."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        key, value = last if isinstance(last, tuple) else (last, last)
        return max(int(key.end_mark.line), _last_line(value))
    line, column = int(node.end_mark.line), int(node.end_mark.column)
    return line - 1 if column == 0 and line > int(node.start_mark.line) else line


def _lines(text: str) -> int:
    return len(text.splitlines())


def _flow(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False)[1:-1]


def _tree(text: str) -> dict[str, Any]:
    """Return families, aliases and fields as this project reads them."""
    document = read(text.encode("utf-8"))
    value = document.root.value if not document.errors else None
    tree = value.get(_TOP, value) if isinstance(value, dict) else None
    return tree if isinstance(tree, dict) else {}


def _grown(tree: Mapping[str, Any], reference: Reference, fields: Mapping[str, Any]) -> dict[str, Any]:
    aliases = {**(tree.get(reference.family) or {}), reference.alias: dict(fields)}
    return {**tree, reference.family: aliases}
