"""Whether a credential stands in the pipeline, where everybody can read it."""

import math
import re
from collections import Counter
from collections.abc import Iterator

from osiris.compiler.draft import Draft
from osiris.kit.describe import secret_fields
from osiris.model.diagnostics import Diagnostic
from osiris.model.document import Node
from osiris.model.place import Path
from osiris.sql.literals import PARAM

_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{0,30}://[^\s/:@]{0,200}:(?P<secret>[^\s/@]{1,500})@")
# Beginnings that a provider gives to its keys, each with what follows.
_KEYS = re.compile(
    r"(?<![A-Za-z0-9_-])(?P<secret>"
    r"(?:AKIA|ASIA)[A-Z0-9]{16}"
    r"|sk-[A-Za-z0-9_-]{20,}|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}"
    r"|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}|glpat-[A-Za-z0-9_-]{20,}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,}|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}"
    r"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|npm_[A-Za-z0-9]{36}|hf_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{40,}"
    r"|e2b_[a-f0-9]{30,}|sbp_[a-f0-9]{30,}|dop_v1_[a-f0-9]{60,}|shp(?:at|ss|ca)_[a-fA-F0-9]{30,}"
    r"|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"
    r"|-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"
    r")"
)
_SECRET_NAME = re.compile(
    r"(?:\A|_)(?:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|(?:api|access|private|secret|auth|service|role)_?key)"
    r"(?:\Z|_(?:value|key|id)\Z)",
    re.IGNORECASE,
)
_ONE_WORD = re.compile(r"[!-~]{16,}\Z")
RANDOM = 3.3  # bits a character above which a word of 16 characters is no word of any language; random ones have 3.6
_VALUES = frozenset({"default", "values", "minimum", "maximum"})  # keys of a parameter; its own name says what it is
_HINT = "take it out of the file, change it where it is valid, and name a variable in osiris_connections.yaml"


def secrets(draft: Draft) -> Draft:
    """Find credentials, by field, by look and by name; a finding shows the place and never the value."""
    found: list[Diagnostic] = []
    values: set[str] = set()
    declared = _declared(draft)
    for path, node in draft.document.root.walk():
        for where, reason, value in _suspects(path, node, declared.get(path, "")):
            values |= {value, node.raw} - {""}
            found.append(draft.say("OSR-SEC-001", f"a credential stands in the pipeline: {reason}", where, hint=_HINT))
    return draft.but(found, secrets=draft.secrets | values)


def _suspects(path: Path, node: Node, declared: str) -> Iterator[tuple[Path, str, str]]:
    """Yield what is a credential, or looks like one, at a node: its place, why, and the text to hide."""
    if declared:
        yield path, declared, str(node.value)
    elif isinstance(node.value, str):
        if looks := _looks_like_one(path, node.value):
            yield path, *looks
    elif isinstance(node.value, dict):
        for key in node.value:
            if looks := _looks_like_one((), key):
                yield (*path, key), *looks


def _declared(draft: Draft) -> dict[Path, str]:
    """Return the places of settings that a component calls secret, each with what it is."""
    return {
        (*step.path, "config", field): f"`{field}` is secret"
        for step in draft.steps
        if step.kind
        for field in secret_fields(step.kind.about.config)
        if (node := step.config_node.items.get(field)) and _is_open(draft, node)
    }


def _is_open(draft: Draft, node: Node) -> bool:
    """Return whether a secret can be read in the file, or in a manifest: a sensitive parameter keeps it out of both."""
    parameter = PARAM.fullmatch(str(node.value))
    if parameter is None:
        return node.value not in (None, "")
    return parameter[1] in draft.params and not draft.params[parameter[1]].sensitive


def _looks_like_one(path: Path, text: str) -> tuple[str, str] | None:
    """Return why a text looks like a credential, and the part of it that does."""
    if (found := _URL.search(text)) and "${" not in found["secret"] and found["secret"].strip("*<>."):
        return "an address with a password", found["secret"]
    if found := _KEYS.search(text):
        return "it begins like the keys of a well-known service", found["secret"]
    if _SECRET_NAME.search(_name(path)) and _is_random(text):
        return "it looks random, under a name for secrets", text
    return None


def _name(path: Path) -> str:
    names: Iterator[str] = (part for part in reversed(path) if isinstance(part, str) and part not in _VALUES)
    return next(names, "").replace("-", "_")


def _is_random(text: str) -> bool:
    if not _ONE_WORD.match(text) or text.startswith(("${", "@")) or not re.search(r"\d", text):
        return False
    counts = Counter(text).values()
    bits = -sum(n / len(text) * math.log2(n / len(text)) for n in counts)
    return bits >= RANDOM
