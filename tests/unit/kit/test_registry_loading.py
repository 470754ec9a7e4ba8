"""A family that somebody else installed may be broken; it says so, and breaks nothing else."""

from pathlib import Path

import pytest

from osiris.kit.registry import Registry
from osiris.model.errors import UsageError


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Return the registry of somebody who has installed three families that are none."""
    info = tmp_path / "strange-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text(
        "[osiris.families]\ngone = no_such_module:FAMILY\nbare = strange_family:FAMILY\nodd = strange_family:ODD\n",
        "utf-8",
    )
    (tmp_path / "strange_family.py").write_text("ODD = 3\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return Registry.installed()


@pytest.mark.parametrize(
    ("name", "message", "why"),
    [
        ("gone", "the family 'gone' can't be loaded", "no_such_module"),
        ("bare", "the family 'bare' can't be loaded", "FAMILY"),
        ("odd", "'strange_family:ODD' is not a family of components", ""),
    ],
)
def test_a_broken_family_is_a_clear_error(registry: Registry, name: str, message: str, why: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        registry.family(name)
    assert why in caught.value.why
    assert caught.value.hint


def test_a_broken_family_leaves_the_others_alone(registry: Registry) -> None:
    assert registry.family("filesystem").name == "filesystem"
    assert registry.find("filesystem.csv_writer")
