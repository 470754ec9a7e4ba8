"""What an installation weighs: Osiris's requirements, with and without extras, as they lie on this disk."""

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from benchmarks.line import Line

MIB = 1_048_576
MOST_MIB = 300  # without extras


def lines() -> Iterator[Line]:
    """Yield one line without extras and one with all of them."""
    core, whole = (_mib(_closure(extras)) for extras in (frozenset[str](), _extras()))
    yield Line(
        "installation without extras",
        f"{core:.0f} MiB",
        f"{MOST_MIB} MiB allowed",
        f"{core / MOST_MIB:.2f} x (≤ 1)",
        "",
    )
    yield Line(
        "installation with all extras", f"{whole:.0f} MiB", f"without: {core:.0f} MiB", f"{whole / core:.2f} x", ""
    )


def _extras() -> frozenset[str]:
    return frozenset(metadata.metadata("osiris-etl").get_all("Provides-Extra") or ())


def _closure(extras: frozenset[str]) -> set[str]:
    """Return the names of all packages that Osiris with these extras needs, itself included."""
    found: set[str] = set()
    wanted = [("osiris-etl", extras)]
    seen = set()
    while wanted:
        name, with_extras = wanted.pop()
        if (name, with_extras) in seen:
            continue
        seen.add((name, with_extras))
        found.add(name)
        for text in metadata.requires(name) or ():
            needed = Requirement(text)
            environments = [{"extra": extra} for extra in ("", *with_extras)]
            if needed.marker is None or any(map(needed.marker.evaluate, environments)):
                wanted.append((needed.name.lower().replace("_", "-"), frozenset(needed.extras)))
    return found


def _mib(names: set[str]) -> float:
    """Return what the packages' files weigh; Osiris itself is here by reference, so its sources are not counted."""
    files = {Path(str(file.locate())) for name in names for file in metadata.files(name) or ()}
    return sum(file.stat().st_size for file in files if file.is_file()) / MIB
