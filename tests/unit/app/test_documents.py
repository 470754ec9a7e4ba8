"""Settings and connections are read by the same reader as pipelines, and fail in one sentence."""

from pathlib import Path

import pytest

from osiris.app.documents import read_document
from osiris.model.errors import ConfigError


def written(folder: Path, content: bytes) -> Path:
    file = folder / "osiris.yaml"
    file.write_bytes(content)
    return file


def test_a_file_is_plain_data(tmp_path: Path) -> None:
    assert read_document(written(tmp_path, b"a: {b: [1, NO]}")) == {"a": {"b": [1, "NO"]}}
    assert read_document(written(tmp_path, b"")) is None


@pytest.mark.parametrize(
    ("content", "said", "where"),
    [
        (b"a: [", "not YAML", "line 2"),
        (b"a: 1\nb: \xff", "UTF-8", "line 2, column 4"),
        (b"a: 1\na: 2\na: 3", "'a' stands here twice, and 1 more", "line 2, column 1"),
        (b" " * 5_000_001, "more than 5,000,000 bytes", "line 1"),
    ],
)
def test_a_fault_says_what_where_and_what_to_do(tmp_path: Path, content: bytes, said: str, where: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        read_document(written(tmp_path, content))
    assert where in caught.value.where
    assert "osiris.yaml" in caught.value.where
    assert caught.value.hint


def test_a_file_that_can_not_be_opened_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*directory"):
        read_document(tmp_path)
