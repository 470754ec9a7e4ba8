"""Files that are written whole or not at all."""

from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from osiris.model.errors import UsageError


def write_beside(file: Path, content: bytes) -> None:
    """Write a file whole or not at all: beside its place, then renamed.

    Raises:
        UsageError: the folder can't be written.
    """
    draft = file.with_name(f".{file.name}.{token_hex(4)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        draft.replace(file)
    except OSError as exc:
        raise UsageError(f"cannot write {file}: {exc.strerror}", hint="check the folder and its rights") from exc
    finally:
        with suppress(OSError):
            draft.unlink()
