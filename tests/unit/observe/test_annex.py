"""The annex leaves nothing out, and the package says which of its files has what."""

import gzip
import json
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pytest
from tests.unit.observe.shop import RUN, completed, interrupted, session
from tests.unit.observe.test_aiop import document, many, packed

from osiris.model.aiop import Aiop
from osiris.model.errors import CheckFailed, UsageError
from osiris.model.events import Warned
from osiris.model.layout import Session
from osiris.model.settings import AiopSettings
from osiris.observe.aiop.annex import KINDS, Packing, annexed
from osiris.observe.aiop.package import export
from osiris.observe.redact import MASK, Redactor


def with_annex(kept: Session, packing: Packing = "none", limit: int = 300_000, redact: Redactor | None = None) -> Aiop:
    settings = AiopSettings(policy="annex", compress=packing, max_core_bytes=limit)
    return export(kept, settings=settings, redact=redact or Redactor())


def unpacked(file: Path) -> bytes:
    match file.suffix:
        case ".gz":
            return gzip.decompress(file.read_bytes())
        case ".zst":
            with pa.CompressedInputStream(pa.memory_map(str(file)), "zstd") as packed_file:
                return bytes(packed_file.read())
    return file.read_bytes()


@pytest.mark.parametrize(("packing", "suffix"), [("none", ""), ("gzip", ".gz"), ("zstd", ".zst")])
def test_every_packing_holds_the_same_lines_and_the_package_knows_them(
    tmp_path: Path, packing: Packing, suffix: str
) -> None:
    kept = session(tmp_path, completed())
    package = with_annex(kept, packing)
    files = {file.name for file in kept.annex.iterdir()}
    assert files == {f"{kind}.ndjson{suffix}" for kind in KINDS}
    for told in package.metadata.annex:
        content = unpacked(kept.folder / told.path)
        lines = content.splitlines()
        assert (len(lines), len(content), sha256(content).hexdigest()) == (told.records, told.bytes, told.sha256)
        assert all(isinstance(json.loads(line), dict) for line in lines)


def test_an_annex_has_what_the_core_has_no_room_for_and_the_core_points_to_it(tmp_path: Path) -> None:
    of, events = many(60)
    kept = session(tmp_path, events, of=of)
    package = with_annex(kept, limit=25_000)
    assert kept.aiop.stat().st_size <= 25_000
    cuts = {cut.path: cut for cut in package.metadata.truncation.cuts}
    for kind in ("timeline", "metrics", "artifacts"):
        cut = cuts[f"evidence.{kind}"]
        lines = (kept.folder / cut.annex).read_text("utf-8").splitlines()
        assert len(lines) >= cut.total > cut.kept
        kept_ids = {piece["id"] for piece in document(kept)["evidence"][kind]}
        assert kept_ids <= {json.loads(line)["id"] for line in lines}
    assert cuts["semantic.lineage"].annex == "aiop-annex/semantic.ndjson"


def test_progress_is_in_the_annex_whatever_the_core_leaves_out(tmp_path: Path) -> None:
    kept = session(tmp_path, completed())
    package = with_annex(kept)
    events = [json.loads(line)["event"] for line in (kept.annex / "timeline.ndjson").read_text("utf-8").splitlines()]
    assert events.count("step_progress") == 3
    assert "step_progress" not in {moment.event for moment in package.evidence.timeline}


def test_evidence_has_the_same_ids_with_and_without_an_annex(tmp_path: Path) -> None:
    kept = session(tmp_path, interrupted())
    plain = packed(kept)
    assert with_annex(kept).evidence == plain.evidence


@pytest.mark.parametrize("packing", ["none", "gzip", "zstd"])
def test_an_annex_is_the_same_bytes_each_time(tmp_path: Path, packing: Packing) -> None:
    kept = session(tmp_path, completed())
    with_annex(kept, packing)
    once = {file.name: file.read_bytes() for file in kept.annex.iterdir()}
    with_annex(kept, packing)
    assert {file.name: file.read_bytes() for file in kept.annex.iterdir()} == once


def test_a_new_annex_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    kept = session(tmp_path, completed())
    with_annex(kept, "none")
    with_annex(kept, "gzip")
    assert {file.suffix for file in kept.annex.iterdir()} == {".gz"}
    assert [file.name for file in kept.folder.iterdir() if file.name.startswith(".")] == []


def test_what_became_a_secret_after_the_run_is_masked_in_the_annex_too(tmp_path: Path) -> None:
    kept = session(tmp_path, [*completed()[:2], Warned(message="look at new-secret-1"), *completed()[2:]])
    with_annex(kept, redact=Redactor(["new-secret-1"]))
    told = "".join(file.read_text("utf-8") for file in kept.annex.iterdir())
    assert "new-secret-1" not in told
    assert MASK in told


def test_an_annex_that_would_still_hold_a_secret_is_not_left_behind(tmp_path: Path) -> None:
    kept = session(tmp_path, completed())
    with pytest.raises(CheckFailed) as caught:
        with_annex(kept, redact=Redactor([f"{RUN}", "ev.event.run."]))
    assert caught.value.hint
    assert not kept.annex.exists()
    assert not kept.aiop.exists()


def test_a_folder_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", "utf-8")
    with (
        pytest.raises(UsageError, match="aiop-annex") as caught,
        annexed(tmp_path / "file" / "aiop-annex", "none", Redactor()),
    ):
        raise AssertionError
    assert caught.value.hint
