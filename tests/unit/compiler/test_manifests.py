"""A pipeline and its manifest, byte for byte: the difference of two manifests says what a change of ours changes."""

from pathlib import Path

import pytest
from tests.unit.compiler.toys import compiled

MANIFESTS = Path(__file__).parents[2] / "golden" / "manifests"


@pytest.mark.parametrize("folder", sorted(MANIFESTS.iterdir()), ids=lambda folder: folder.name)
def test_a_pipeline_has_exactly_this_manifest(folder: Path) -> None:
    result = compiled((folder / "pipeline.yaml").read_bytes())
    assert result.manifest is not None, result.diagnostics
    assert result.manifest.to_bytes().decode() == (folder / "manifest.yaml").read_text("utf-8")
