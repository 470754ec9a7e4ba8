"""Moments as people name them: a date, a time, or how long ago."""

import re
from datetime import UTC, datetime, timedelta

from osiris.model.errors import UsageError

_AGO = re.compile(r"(?P<count>\d{1,6})(?P<unit>[smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, now: datetime) -> datetime | None:
    """Return the moment that a text names; None for an empty one.

    Args:
        text: ISO 8601, in UTC unless it says otherwise, or a number with `s`, `m`, `h`, `d` or `w`: so long ago.
        now: The time.

    Raises:
        UsageError: it names none.

    Example:
        >>> moment("36h", datetime(2026, 1, 3, tzinfo=UTC)).isoformat()
        '2026-01-01T12:00:00+00:00'
    """
    if not text:
        return None
    try:
        if ago := _AGO.fullmatch(text):
            return now - timedelta(**{_UNITS[ago["unit"]]: int(ago["count"])})
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise UsageError(f"{text!r} is no moment", hint="write 2026-01-31, 2026-01-31T12:00 or 36h, 7d, 2w") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
