"""The Osiris that runs here as a wheel, so that the very same code runs elsewhere."""

import base64
import hashlib
import re
import zipfile
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import osiris
from osiris.model.errors import ConfigError

NAME = "osiris-etl"
_TIME = (1980, 1, 1, 0, 0, 0)  # of every file, so that two wheels of the same code are the same
_WHEEL = "Wheel-Version: 1.0\nGenerator: osiris\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_REQUIRED = re.compile(r"[A-Za-z0-9._-]+")


def build_wheel(folder: Path) -> Path:
    """Write a wheel of the package that is imported here, whether it was installed or lies in a checkout.

    Returns:
        The file, of the name that pip expects.

    Raises:
        ConfigError: nothing says what the package is called and needs.
    """
    about = _about()
    stem = f"{NAME.replace('-', '_')}-{about.version}"
    info = f"{stem}.dist-info"
    path = folder / f"{stem}-py3-none-any.whl"
    record = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content in (*_code(), *_metadata(about, info)):
            wheel.writestr(zipfile.ZipInfo(name, _TIME), content, zipfile.ZIP_DEFLATED)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(content)}\n")
        record.append(f"{info}/RECORD,,\n")
        wheel.writestr(zipfile.ZipInfo(f"{info}/RECORD", _TIME), "".join(record))
    return path


def extras() -> tuple[str, ...]:
    """Return the extras that there are."""
    return tuple(sorted(_about().metadata.get_all("Provides-Extra") or ()))


def constraints(wanted: Sequence[str]) -> str:
    """Return the versions of what is needed, with these extras, that are installed here: one `name==version` a line."""
    lines: set[str] = set()
    for requirement in _about().requires or ():
        name, _, condition = requirement.partition(";")
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)", condition)
        found = _REQUIRED.match(name.strip())
        if found and (extra is None or extra[1] in wanted):
            lines.update(_pinned(found[0]))
    return "".join(f"{line}\n" for line in sorted(lines))


def _pinned(name: str) -> Iterator[str]:
    try:
        yield f"{name}=={distribution(name).version}"
    except PackageNotFoundError:
        return


def _about() -> Distribution:
    try:
        return distribution(NAME)
    except PackageNotFoundError:
        raise ConfigError(
            f"the package {NAME} is not installed", hint=f"install it with `pip install {NAME}`"
        ) from None


def _code() -> Iterator[tuple[str, bytes]]:
    root = Path(osiris.__file__).parent
    for file in sorted(root.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield f"{root.name}/{file.relative_to(root).as_posix()}", file.read_bytes()


def _metadata(about: Distribution, info: str) -> Iterator[tuple[str, bytes]]:
    yield f"{info}/METADATA", (about.read_text("METADATA") or "").encode()
    yield f"{info}/WHEEL", _WHEEL.encode()
    yield f"{info}/entry_points.txt", (about.read_text("entry_points.txt") or "").encode()
