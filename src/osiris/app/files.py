"""Files that are written whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from stat import S_IMODE

from osiris.model.errors import UsageError

PRIVATE = 0o600


def write_beside(file: Path, content: bytes, *, private: bool = False) -> None:
    """Write a file whole or not at all: beside its place, then renamed. One that was there keeps its rights.

    Args:
        file: Its folder is made where it is missing.
        content: All that it will hold.
        private: True makes it a file that nobody but its owner can read, from its first byte on.

    Raises:
        UsageError: the folder can't be written.
    """
    draft = file.with_name(f".{file.name}.{token_hex(4)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        there = S_IMODE(file.stat().st_mode) if file.is_file() and not private else None
        rights = PRIVATE if private else there or 0o666  # the last is what every program asks for
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, rights), "wb") as out:
            out.write(content)
        if there:
            draft.chmod(there)  # the umask has taken from it
        draft.replace(file)
    except OSError as exc:
        raise UsageError(f"cannot write {file}: {exc.strerror}", hint="check the folder and its rights") from exc
    finally:
        with suppress(OSError):
            draft.unlink()
