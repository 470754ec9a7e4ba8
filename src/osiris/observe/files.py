"""Files that are there whole or not at all."""

from collections.abc import Iterable
from pathlib import Path

from osiris.model.errors import UsageError


def write_whole(file: Path, parts: Iterable[bytes]) -> None:
    """Write a file beside its place, then rename it.

    Raises:
        UsageError: the folder can't be written; what was there before still is.
    """
    draft = file.with_name(f".{file.name}.draft")
    try:
        with draft.open("wb") as out:
            out.writelines(parts)
        draft.replace(file)
    except OSError as exc:
        draft.unlink(missing_ok=True)
        raise UsageError(
            f"cannot write {file.name}: {exc.strerror}",
            where=str(file),
            hint="check the folder, its rights and the room on the disk",
        ) from exc
