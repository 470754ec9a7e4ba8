"""What every test of files begins with."""

from pathlib import Path

import pytest
from tests.unit.components.filesystem.files import Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Return an empty project folder."""
    root = tmp_path / "project"
    root.mkdir()
    return Files(root)
