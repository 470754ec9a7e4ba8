"""A package made to fit: what matters least goes first, and what went is counted."""

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from osiris.model.aiop import Cut

Document = dict[str, Any]

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # made once: it is asked for each entry
RESERVE = 2_500  # bytes for saying what was cut and how large each layer is
TIGHT = 120  # characters of any text, where nothing else helps

# First to go is first in the list. Evidence that a sentence cites is never dropped.
ORDER = (
    "evidence.timeline",
    "evidence.metrics",
    "evidence.artifacts",
    "semantic.lineage",
    "semantic.schemas",
    "semantic.oml",
    "semantic.edges",
    "semantic.nodes",
    "evidence.checks",
    "evidence.receipts",
    "semantic.writes",
    "semantic.notes",
    "semantic.params",
    "semantic.components",
    "metadata.delta.steps",
    "metadata.delta.steps_added",
    "metadata.delta.steps_removed",
    "metadata.norm.unusual",
    "evidence.errors",
)

# Where long texts are cut, if nothing else helps.
CLIPPED = ("run", "evidence", "semantic", "narrative", "metadata.config_effective")


def fit(
    document: Document, limit: int, totals: Mapping[str, int], annex: Mapping[str, str] | None = None
) -> tuple[Cut, ...]:
    """Shorten a package in place until it fits, and return what was cut, in the order of cutting.

    Args:
        document: The package as JSON values.
        limit: Bytes of its canonical JSON, what `metadata` will say about the cuts included.
        totals: Path to how much there was, where the document holds less than that already.
        annex: Path, or the layer alone, to the file that holds all of it.
    """
    whole = annex or {}
    cited = set(_cited(document))
    excess = size(document) + RESERVE - limit
    cuts: list[Cut] = []
    for path in ORDER:
        parent, name = _find(document, path)
        total = max(totals.get(path, 0), len(parent[name]))
        if excess > 0:
            parent[name], saved = _SHORTEN[type(parent[name])](parent[name], excess, cited)
            excess -= saved
        if len(parent[name]) < total:
            file = whole.get(path) or whole.get(path.partition(".")[0], "")
            cuts.append(Cut(path=path, kept=len(parent[name]), total=total, annex=file))
    if excess > 0:
        cuts += _last_resort(document)
    return tuple(cuts)


def clip(document: Document, most: int) -> dict[str, int]:
    """Keep the first entries of each part, in place, but for evidence; return how many there were, by path."""
    totals: dict[str, int] = {}
    for path in ORDER:
        parent, name = _find(document, path)
        entries = parent[name]
        if isinstance(entries, str) or path.startswith("evidence.") or len(entries) <= most:
            continue
        totals[path] = len(entries)
        kept = islice(entries.items() if isinstance(entries, dict) else entries, most)
        parent[name] = type(entries)(kept)
    return totals


def size(value: Any, *, deep: int = 3) -> int:
    """Return the bytes of a value's canonical JSON, without ever holding the text of a large one.

    Args:
        value: Made of JSON values.
        deep: Levels that are added up entry by entry.
    """
    match value:
        case dict() if deep:
            inside = sum(size(key, deep=0) + 1 + size(item, deep=deep - 1) for key, item in value.items())
        case list() if deep:
            inside = sum(size(item, deep=deep - 1) for item in value)
        case _:
            return len(_ENCODER.encode(value).encode())
    return inside + 2 + max(0, len(value) - 1)


def _find(document: Document, path: str) -> tuple[Document, str]:
    *folders, name = path.split(".")
    for folder in folders:
        document = document[folder]
    return document, name


def _cited(document: Document) -> Iterator[str]:
    narrative = document["narrative"]
    for part in ("happened", "why", "changed"):
        for sentence in narrative[part]:
            yield from sentence["cites"]


def _shorter_list(items: list[Any], excess: int, cited: set[str]) -> tuple[list[Any], int]:
    """Drop entries from the end, but none that is cited."""
    saved, kept = 0, []
    for item in reversed(items):
        if saved >= excess or (isinstance(item, dict) and item.get("id") in cited):
            kept.append(item)
        else:
            saved += size(item) + 1
    return kept[::-1], saved


def _shorter_mapping(items: dict[str, Any], excess: int, _: set[str]) -> tuple[dict[str, Any], int]:
    """Drop entries from the end."""
    saved, kept = 0, dict(items)
    for key in reversed(items):
        if saved >= excess:
            break
        saved += size({key: kept.pop(key)}) - 1
    return kept, saved


def _shorter_text(text: str, excess: int, _: set[str]) -> tuple[str, int]:
    """Cut the end; what is left may be empty."""
    before = size(text)
    kept = text.encode("utf-8")[: max(0, before - excess - 2)].decode("utf-8", "ignore")
    while before - size(kept) < excess and kept:
        kept = kept[: -max(1, len(kept) // 8)]
    return kept, before - size(kept)


_SHORTEN: dict[type, Callable[[Any, int, set[str]], tuple[Any, int]]] = {
    list: _shorter_list,
    dict: _shorter_mapping,
    str: _shorter_text,
}


def _last_resort(document: Document) -> Iterator[Cut]:
    """Leave out the columns of receipts, and the ends of long texts."""
    evidence = document["evidence"]
    columns = sum(len(proof["receipt"]["nulls"]) for proof in evidence["receipts"])
    bare: Document = {"digests": {}, "nulls": {}}
    evidence["receipts"] = [proof | {"receipt": proof["receipt"] | bare} for proof in evidence["receipts"]]
    if columns:
        yield Cut(path="evidence.receipts.nulls", kept=0, total=columns)
    texts: list[int] = []
    for path in CLIPPED:
        parent, name = _find(document, path)
        parent[name] = _clipped(parent[name], texts)
    if texts:
        yield Cut(path="texts", kept=TIGHT * len(texts), total=sum(texts))


def _clipped(value: Any, cut: list[int]) -> Any:
    match value:
        case str() if len(value) > TIGHT and not value.startswith("ev."):
            cut.append(len(value))
            return value[:TIGHT]
        case dict():
            return {key: _clipped(item, cut) for key, item in value.items()}
        case list():
            return [_clipped(item, cut) for item in value]
    return value
