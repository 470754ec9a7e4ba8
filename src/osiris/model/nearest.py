"""Names that exist and look like one that does not."""

from collections.abc import Iterable
from difflib import SequenceMatcher

MOST = 3
LIKE = 0.55  # share of letters in common, below which a suggestion confuses more than it helps


def nearest(name: str, known: Iterable[str], *, most: int = MOST) -> tuple[str, ...]:
    """Return the known names that look most like a name, best first; case, `-` and `_` count for nothing.

    Example:
        >>> nearest("custmer_id", ["customer_id", "name", "id"])
        ('customer_id',)

    Source: the ratio of `difflib.SequenceMatcher`.
    """
    wanted = _plain(name)
    scored = sorted((-_likeness(wanted, _plain(other)), other) for other in set(known))
    return tuple(other for score, other in scored if -score >= LIKE)[:most]


def _likeness(left: str, right: str) -> float:
    if left == right:
        return 1.0
    inside = min(len(left), len(right)) > 2 and (left in right or right in left)  # noqa: PLR2004 - `id` is in too many
    return max(SequenceMatcher(None, left, right).ratio(), 0.75 if inside else 0.0)


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
