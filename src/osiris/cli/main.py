"""The way in: what needs no import is answered at once."""

import sys
from collections.abc import Sequence

from osiris.cli.overview import quick


def main(words: Sequence[str] | None = None) -> int:
    """Carry out one command line and return its exit code.

    Args:
        words: What stands after `osiris`; None means the process's own.
    """
    line = list(sys.argv[1:] if words is None else words)
    try:
        if text := quick(line):
            sys.stdout.write(text)
            return 0
        from osiris.cli.dispatch import dispatch  # noqa: PLC0415 - half a second that the answers above don't need

        return dispatch(line)
    except KeyboardInterrupt:
        return 130
