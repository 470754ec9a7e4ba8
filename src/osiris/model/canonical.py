"""The only bytes that are hashed."""

import hashlib
import json
import re
from typing import Any

import yaml

_PLAIN = re.compile(r"[A-Za-z_@./$][A-Za-z0-9_@./$-]*\Z")
_RESERVED = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", ".inf", ".nan", "."})


def canonical_json(value: Any) -> bytes:
    """Return the one JSON text of a value: keys sorted, no blanks, UTF-8, no NaN.

    Raises:
        ValueError: a number is not finite.
        TypeError: something is not a JSON value.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


def fingerprint(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON, as 64 hexadecimal digits."""
    return digest(canonical_json(value))


def digest(content: bytes) -> str:
    """Return the SHA-256 of some bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def canonical_yaml(value: Any) -> bytes:
    """Return the one YAML text of a JSON value: keys as they come, texts quoted unless they are plain words.

    YAML 1.1 and 1.2 read the result alike.
    """
    text: str = yaml.dump(
        value, Dumper=_Canonical, sort_keys=False, allow_unicode=True, width=2**20, default_flow_style=False
    )
    return text.encode("utf-8")


class _Canonical(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    if _PLAIN.match(value) and value.lower() not in _RESERVED:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value)
    style = "|" if "\n" in value and not re.search(r"[^\S\n](\n|$)|[^\x20-\x7e\n\xa0-\ud7ff]", value) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Canonical.add_representer(str, _text)
