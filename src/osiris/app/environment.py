"""The only reader of the environment and of `.env` files."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from osiris.model.errors import ConfigError

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


def own_folder() -> Path:
    """Return where the files of Osiris lie that are this person's own, whatever a project's `.env` says."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "osiris"


def _values(file: Path) -> dict[str, str]:
    try:
        found = dotenv_values(file, interpolate=False, encoding="utf-8-sig")
        return {name: value for name, value in found.items() if value}
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"cannot read {file.name}: {exc}", where=str(file), hint="save it as UTF-8 text") from exc
