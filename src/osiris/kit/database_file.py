"""A database that is one file: whether it is there, and that it goes again where it was not finished."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from osiris.kit.component import Place
from osiris.model.errors import ConnectError
from osiris.model.nearest import nearest


def existing(place: Place, said: str, title: str) -> Path:
    """Return a database file.

    Args:
        place: Where its path starts.
        said: Its path, as the connection has it.
        title: What errors call its database, with its article, such as `a DuckDB`.

    Raises:
        ConnectError: it is not there, or is a folder.
    """
    path = place.project / said
    if path.is_file():
        return path
    if path.is_dir():
        raise ConnectError(f"{said!r} is a folder, not {title} file", hint="name the file in `path`")
    raise ConnectError(f"there is no {title.partition(' ')[2]} file {said!r}", hint=_instead(path, said))


@contextmanager
def removed_unless_done(path: Path, beside: str) -> Iterator[None]:
    """Make the folder of a file that is about to be made, and remove the file where that goes wrong.

    Args:
        path: The file; one that is there already stays.
        beside: Ending of the log that lies beside it.
    """
    if path.exists():
        yield
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for file in (path, path.with_name(f"{path.name}{beside}")):
            file.unlink(missing_ok=True)
        raise


def _instead(path: Path, said: str) -> str:
    if not path.parent.is_dir():
        return f"there is no folder {str(Path(said).parent)!r} either; paths start in the project folder"
    files = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    if near := nearest(path.name, files):
        return f"did you mean {', '.join(repr(str(Path(said).with_name(name))) for name in near)}?"
    return "mend `path` in osiris_connections.yaml; paths start in the project folder"
