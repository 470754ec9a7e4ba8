"""The project's own files, for tests that are about the house and not about what it makes."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_MADE = ("__pycache__", "build", "dist", "htmlcov", "testing_env")


def files() -> list[Path]:
    """Return every file that git would take, sorted; where there is no git, every file that no tool made."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        names = listed.stdout.decode("utf-8").split("\0")
        return sorted(path for name in names if name and (path := ROOT / name).is_file())
    return sorted(_walk(ROOT))


def text(name: str) -> str:
    """Return what a file of the project says."""
    return (ROOT / name).read_text("utf-8")


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_file():
            yield path
        elif (
            path.name not in _MADE and not path.name.startswith((".git", ".venv")) and not path.name.endswith("_cache")
        ):
            yield from _walk(path)
