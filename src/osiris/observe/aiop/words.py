"""Numbers and names as sentences say them."""

import re
from collections.abc import Iterable, Mapping, Sequence

from osiris.model.aiop import Cause

MOST_TEXT = 600  # characters of one sentence or intent; what people and servers write has no limit
MOST_NAME = 100  # characters of a name in a sentence
MOST_NAMES = 5
EXACT = 100  # seconds below which hundredths are of interest

_OTHERS: Mapping[Cause, str] = {
    "params": "other parameters",
    "profile": "another profile",
    "components": "other versions of its components",
    "catalogue": "other tables or columns",
    "compiler": "another version of Osiris",
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def plain_line(text: str) -> str:
    """Return a text as one line that steers nothing: no control character, no change of direction."""
    return _CONTROL.sub(" ", text)


def short(text: str, most: int = MOST_TEXT) -> str:
    """Return a text, cut where it is too long, with the number of characters left out."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most} characters more)"


def in_seconds(seconds: float) -> str:
    """Return a time for people.

    Example:
        >>> in_seconds(0.512), in_seconds(3601.2)
        ('0.51 s', '3,601 s')
    """
    return f"{seconds:.2f} s" if seconds < EXACT else f"{seconds:,.0f} s"


def few_rows(number: float) -> str:
    """Return a number of rows for people.

    Example:
        >>> few_rows(1), few_rows(1200.0)
        ('1 row', '1,200 rows')
    """
    return f"{number:,.0f} row{'' if number == 1 else 's'}"


def count(number: int, what: str) -> str:
    """Return a number of things for people."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def percent(change: float | None) -> str:
    """Return a change in brackets; nothing where there is none."""
    return f" ({change:+g} %)" if change else ""


def short_name(name: str) -> str:
    """Return a name, cut where it is too long."""
    return short(name, MOST_NAME)


def quoted(name: str) -> str:
    """Return a name in quotes, cut where it is too long."""
    return repr(short_name(name))


def names(several: Iterable[str]) -> str:
    """Return the first few of some names, and how many more there are."""
    known = list(several)
    shown = ", ".join(map(short_name, known[:MOST_NAMES]))
    return f"{shown} and {len(known) - MOST_NAMES:,} more" if len(known) > MOST_NAMES else shown


def made_from(changed: Sequence[Cause]) -> str:
    """Return what two runs of a pipeline were made from, held against each other.

    Example:
        >>> made_from(()), made_from(("params", "catalogue")), made_from(("pipeline",))
        ('the same pipeline', 'the same pipeline with other parameters, other tables or columns', 'an edited pipeline')
    """
    if "manifest" in changed:
        return "another manifest"
    head = "an edited pipeline" if "pipeline" in changed else "the same pipeline"
    others = ", ".join(_OTHERS[cause] for cause in changed if cause in _OTHERS)
    return f"{head} with {others}" if others else head


def closed(text: str) -> str:
    """Return a text without the period at its end."""
    return text.strip().rstrip(".")
