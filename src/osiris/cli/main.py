"""The way in: what needs no import is answered at once."""

import gc
import os
import sys
from collections.abc import Callable, Sequence

from osiris.cli.overview import ASKED, quick


def main(words: Sequence[str] | None = None) -> int:
    """Carry out one command line and return its exit code.

    Args:
        words: What stands after `osiris`; None means the process's own.
    """
    line = list(sys.argv[1:] if words is None else words)
    _have_streams()
    try:
        if text := quick(line):
            sys.stdout.write(text)
            return 0
        if line[0] == ASKED:
            from osiris.cli.completing import completed  # noqa: PLC0415 - the answers above don't need it

            sys.stdout.write(completed(line[1:]))
            return 0
        return _dispatch()(line)
    except KeyboardInterrupt:
        return 130


def _have_streams() -> None:
    """Give a process that was begun without one of its streams an empty one: a file opened later would be it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - open until the end


def _dispatch() -> Callable[[Sequence[str]], int]:
    """Import the rest of the command line, once; no garbage is looked for in what stays until the end."""
    first = "osiris.cli.dispatch" not in sys.modules
    if first:
        gc.disable()
    try:
        from osiris.cli.dispatch import dispatch  # noqa: PLC0415 - half a second that the answers above don't need
    finally:
        if first:
            gc.freeze()
            gc.enable()
    return dispatch
