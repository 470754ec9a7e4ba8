"""The only reader of the environment and of `.env` files, and the only writer of these."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values

from osiris.app.files import write_beside
from osiris.model.errors import ConfigError, UsageError

# What a child process is told: how to find programs, files and certificates, and how to write; no secret is among it.
_PASSED_ON = frozenset({
    "APPDATA", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "LOCALAPPDATA", "LOGNAME", "PATH", "PGSSLMODE",
    "PGSSLROOTCERT", "PYTHONPATH", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE", "SYSTEMROOT", "TEMP", "TMP",
    "TMPDIR", "TZ", "USER", "USERPROFILE", "VIRTUAL_ENV",
})  # fmt: skip


@dataclass(frozen=True)
class Environment:
    """Variables by name; an empty one counts as unset.

    Attributes:
        variables: What commands see.
        files: The `.env` files read, first one first; an earlier one wins.
    """

    variables: Mapping[str, str]
    files: tuple[Path, ...] = ()

    @classmethod
    def load(cls, cwd: Path, project: Path, exported: Mapping[str, str] | None = None) -> "Environment":
        """Return the exported variables and those of the `.env` files; exported ones win.

        Files are looked for in `cwd`, then in `project`; loading twice gives the same.

        Raises:
            ConfigError: a `.env` file can't be read.
        """
        folders = dict.fromkeys((cwd.resolve(), project.resolve()))
        files = tuple(file for folder in folders if (file := folder / ".env").is_file())
        merged: dict[str, str] = {}
        for values in (os.environ if exported is None else exported, *map(_values, files)):
            merged = {name: value for name, value in values.items() if value} | merged
        return cls(merged, files)

    def get(self, name: str, default: str = "") -> str:
        """Return a variable, or the default where it is unset or empty."""
        return self.variables.get(name) or default

    def passed_on(self) -> dict[str, str]:
        """Return the variables that a child process may know."""
        return {name: value for name, value in sorted(self.variables.items()) if name in _PASSED_ON}

    def prefixed(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield the variables whose name starts so, without that start, sorted."""
        for name in sorted(self.variables):
            if name.startswith(prefix):
                yield name.removeprefix(prefix), self.variables[name]


def keep_variables(file: Path, values: Mapping[str, str]) -> None:
    """Write variables into a `.env` file that only its owner can read; whatever else stands in it stays as it is.

    Raises:
        UsageError: the file can't be written, or a value can't be kept in such a file.
        ConfigError: it can't be read.
    """
    before = _text(file) if file.is_file() else ""
    lines = before.removesuffix("\n").split("\n") if before else []
    for name, value in values.items():
        lines = [line for line in lines if not re.match(rf"\s*(export\s+)?{re.escape(name)}\s*=\s*$", line)]
        lines.append(f"{name}={_quoted(value)}")
    text = "\n".join(lines) + "\n"
    kept, wanted = _held(text), {**_held(before), **values}
    if wrong := next((name for name in wanted if kept.get(name) != wanted[name]), None):
        raise UsageError(f"the value of {wrong} can't be kept in {file.name}", hint=f"export {wrong} instead")
    write_beside(file, text.encode("utf-8"), private=True)


def own_folder() -> Path:
    """Return where the files of Osiris lie that are this person's own, whatever a project's `.env` says."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "osiris"


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")  # line ends stay as they are
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"cannot read {file.name}: {exc}", where=str(file), hint="save it as UTF-8 text") from exc


def _quoted(value: str) -> str:
    """Return a value as `.env` files hold it."""
    if re.fullmatch(r"[A-Za-z0-9_./:@%+,=-]+", value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _values(file: Path) -> dict[str, str]:
    return _held(_text(file))


def _held(text: str) -> dict[str, str]:
    """Return the variables of a `.env` file that are not empty."""
    found = dotenv_values(stream=StringIO(text, newline=None), interpolate=False)
    return {name: value for name, value in found.items() if value}
