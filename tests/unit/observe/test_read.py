"""What a session holds, read back."""

from pathlib import Path

import pytest
from tests.unit.observe.shop import completed, manifest, session

from osiris.model.errors import UsageError
from osiris.model.layout import Session
from osiris.observe.read import fingerprints_of, first_steps, manifest_in, read_manifest


@pytest.fixture
def kept(tmp_path: Path) -> Session:
    return session(tmp_path, completed())


def test_a_manifest_is_read_back_as_it_was(kept: Session) -> None:
    assert read_manifest(kept) == manifest()
    assert fingerprints_of(kept) == manifest().fingerprints.model_dump()


@pytest.mark.parametrize("content", [b"a: [", b"- 1", b"", b"\xff"])
def test_what_is_no_manifest_is_refused(kept: Session, content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        manifest_in(content)
    kept.manifest.write_bytes(content)
    with pytest.raises(UsageError, match=r"manifest\.yaml"):
        read_manifest(kept)


def test_the_first_steps_are_read_as_texts(kept: Session) -> None:
    first, second = first_steps(kept, 2)
    assert (first["id"], first["config"]["table"], first["lineage"]) == (
        "read-orders",
        "orders",
        {"customer": ["@duckdb.shop.orders.customer"]},
    )
    assert second["config"]["query"] == manifest().steps[1].config["query"]
    assert [step["id"] for step in first_steps(kept, 9)] == ["read-orders", "top", "write-csv"]


def test_what_comes_after_the_first_steps_is_not_read(kept: Session) -> None:
    head, tail = kept.manifest.read_text("utf-8").split("- id: top")
    kept.manifest.write_text(f"{head}- id: top\n  config: *nothing\n  mode: [", "utf-8")
    assert [step["id"] for step in first_steps(kept, 1)] == ["read-orders"]
    with pytest.raises(UsageError, match=r"manifest\.yaml"):
        list(first_steps(kept, 2))
    assert "write-csv" in tail


@pytest.mark.parametrize("content", ["", "- 1", "name: x", "[a, b]: {c: d}", "steps:", "steps: x"])
def test_a_file_without_steps_has_none(kept: Session, content: str) -> None:
    kept.manifest.write_text(content, "utf-8")
    assert list(first_steps(kept, 5)) == []


@pytest.mark.parametrize("step", ["x", "- 1", "{id: a}", "{id: a, component: b}", "{id: a, component: b, config: c}"])
def test_steps_that_are_cut_off_are_refused(kept: Session, step: str) -> None:
    kept.manifest.write_text(f"steps:\n- {step}", "utf-8")
    with pytest.raises(UsageError, match=r"manifest\.yaml"):
        list(first_steps(kept, 5))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"semantic": 3}'])
def test_a_record_that_does_not_say_what_it_was_made_from(kept: Session, content: str) -> None:
    kept.frozen.write_text(content, "utf-8")
    assert fingerprints_of(kept) == {}
