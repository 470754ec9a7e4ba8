"""Which files travel, and how they come back."""

import hashlib
import os
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from tests.parity.places import PIPELINES, ordered, project
from tests.unit.runtime.toys import PRINTS

from osiris.kit.registry import Registry
from osiris.model.errors import CheckFailed, ConfigError, Interrupted, RemoteError, TargetError
from osiris.model.job import Job
from osiris.model.manifest import Manifest, ManifestStep
from osiris.remote.luggage import Arrival, Luggage
from osiris.remote.wire import Travelling
from osiris.runtime.faults import interrupted

REGISTRY = Registry.installed()


def of(folder: Path, *steps: ManifestStep, **connections: dict[str, Any]) -> Luggage:
    manifest = Manifest(name="m", slug="m", oml_version="0.2.0", steps=steps, fingerprints=PRINTS)
    named = {f"@{name.replace('_', '.')}": fields for name, fields in connections.items()}
    job = Job(manifest=manifest, run_id="run-1", project=folder, session=folder / "logs", connections=named)
    return Luggage.of(job, REGISTRY)


def reading(path: str) -> ManifestStep:
    return ManifestStep(id="read", component="filesystem.csv_extractor", mode="read", config={"path": path})


def writing(path: str, **config: Any) -> ManifestStep:
    return ManifestStep(id="write", component="filesystem.csv_writer", mode="write", config={"path": path, **config})


def into(path: str) -> ManifestStep:
    config = {"table": "t", "write_mode": "append"}
    return ManifestStep(id="write", component="duckdb.writer", mode="write", connection="@duckdb.out", config=config)


def packed(luggage: Luggage) -> dict[str, int]:
    out = BytesIO()
    size = luggage.pack(out)
    assert size == len(out.getvalue())
    out.seek(0)
    with tarfile.open(fileobj=out) as bundle:
        assert all((member.uid, member.uname) == (0, "") for member in bundle)
        return {member.name: member.size for member in bundle if member.isfile()}


def sent(name: str, content: bytes) -> Travelling:
    return Travelling(name=name, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def test_everything_that_is_read_goes_and_everything_that_is_written_comes_back(tmp_path: Path) -> None:
    job = ordered(project(tmp_path / "p"), PIPELINES["join"])
    luggage = Luggage.of(job, REGISTRY)
    assert sorted(packed(luggage)) == ["data/crm.sqlite", "data/mart.duckdb", "data/orders.csv", "data/regions.parquet"]
    assert luggage.back == {
        "csv": ("output/joined.csv",),
        "parquet": ("output/joined.parquet",),
        "lite": ("output/out.sqlite", "output/out.sqlite-journal", "output/out.sqlite-wal"),
        "duck": ("data/mart.duckdb", "data/mart.duckdb.wal"),
    }


def test_the_folder_of_a_target_goes_if_it_is_there(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    out = BytesIO()
    of(tmp_path, writing("there/a.csv"), reading("b.csv")).pack(out)
    out.seek(0)
    with tarfile.open(fileobj=out) as bundle:
        assert bundle.getnames() == ["there"]


def test_a_file_goes_only_if_what_it_holds_is_needed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n\n1\n", "utf-8")
    assert packed(of(tmp_path, writing("a.csv"))) == {}
    assert packed(of(tmp_path, writing("a.csv", write_mode="append"))) == {"a.csv": 4}


@pytest.mark.parametrize("path", ["/data/a.duckdb", "../a.duckdb", "in/../../a.duckdb"])
def test_a_file_outside_the_project_stays(tmp_path: Path, path: str) -> None:
    with pytest.raises(ConfigError, match="can't be taken along") as caught:
        of(tmp_path, into(path), duckdb_out={"path": path})
    assert caught.value.where == "step write"


def test_a_link_leads_to_what_it_stands_for(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "real.csv").write_text("n\n1\n", "utf-8")
    (tmp_path / "p" / "a.csv").symlink_to(tmp_path / "real.csv")
    luggage = of(tmp_path / "p", reading("a.csv"), writing("a.csv"))
    assert packed(luggage) == {"a.csv": 4}
    arrival = Arrival(luggage, "run-1")
    arrival.take(sent("a.csv", b"new"), [b"n", b"ew"])
    arrival.commit()
    assert (tmp_path / "real.csv").read_bytes() == b"new"
    assert (tmp_path / "p" / "a.csv").is_symlink()


def test_a_database_that_somebody_has_open_stays(tmp_path: Path) -> None:
    (tmp_path / "out.duckdb.wal").write_bytes(b"x")
    with pytest.raises(ConfigError, match="is open"):
        of(tmp_path, into("out.duckdb"), duckdb_out={"path": "out.duckdb"})


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    luggage = of(tmp_path, reading(f"{'long' * 100}.csv"))
    with pytest.raises(ConfigError, match="can't be taken along: file name too long"):
        luggage.pack(BytesIO())


class Growing(BytesIO):
    """A bundle during whose writing somebody writes to a file."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file

    def write(self, content: Any) -> int:
        with self.file.open("ab") as file:
            file.write(b"2\n")
        return super().write(content)


def test_a_file_that_changes_while_it_is_packed_stays(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n\n1\n", "utf-8")
    with pytest.raises(ConfigError, match="changes while it is packed"):
        of(tmp_path, reading("a.csv")).pack(Growing(tmp_path / "a.csv"))


def test_what_can_t_be_built_is_for_the_worker_to_complain_of(tmp_path: Path) -> None:
    wrong = reading("a.csv").model_copy(update={"config": {"pth": "a.csv"}})
    unknown = reading("a.csv").model_copy(update={"id": "b", "component": "nobody.reader"})
    assert of(tmp_path, wrong, unknown).pieces == ()


def test_files_arrive_all_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"old")
    (tmp_path / "a.csv").chmod(0o640)
    luggage = of(tmp_path, writing("a.csv"), writing("new/b.csv").model_copy(update={"id": "other"}))
    arrival = Arrival(luggage, "run-1")
    arrival.take(sent("a.csv", b"new a"), [b"new a"])
    arrival.take(sent("new/b.csv", b"new b"), [b"new ", b"b"])
    assert (tmp_path / "a.csv").read_bytes() == b"old"
    assert not (tmp_path / "new" / "b.csv").exists()
    arrival.commit()
    arrival.close()
    assert [(tmp_path / name).read_bytes() for name in ("a.csv", "new/b.csv")] == [b"new a", b"new b"]
    assert (tmp_path / "a.csv").stat().st_mode & 0o777 == 0o640
    assert arrival.placed == {"a.csv", "new/b.csv"}


def test_what_does_not_arrive_whole_leaves_nothing(tmp_path: Path) -> None:
    luggage = of(tmp_path, writing("new/a.csv"))
    arrival = Arrival(luggage, "run-1")
    with pytest.raises(RemoteError, match="did not arrive as it was sent"):
        arrival.take(sent("new/a.csv", b"whole"), [b"who"])
    arrival.close()
    arrival.close()
    assert list(tmp_path.iterdir()) == []


def test_a_worker_can_t_write_what_the_pipeline_does_not(tmp_path: Path) -> None:
    arrival = Arrival(of(tmp_path, writing("a.csv"), reading("b.csv")), "run-1")
    for name in ("b.csv", "../a.csv", "/etc/passwd"):
        with pytest.raises(RemoteError, match="not a target of the pipeline"):
            arrival.take(sent(name, b"x"), [b"x"])
    assert list(tmp_path.iterdir()) == []


def test_whoever_stops_the_run_need_not_wait_for_files(tmp_path: Path) -> None:
    def stop() -> None:
        raise interrupted()

    arrival = Arrival(of(tmp_path, writing("a.csv")), "run-1", going_on=stop)
    with pytest.raises(Interrupted):
        arrival.take(sent("a.csv", b"x"), [b"x"])
    arrival.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", ["grown", "gone", "log"])
def test_a_database_that_was_changed_meanwhile_is_not_replaced(tmp_path: Path, change: str) -> None:
    file = tmp_path / "out.duckdb"
    file.write_bytes(b"old")
    luggage = of(tmp_path, into("out.duckdb"), duckdb_out={"path": "out.duckdb"})
    packed(luggage)
    match change:
        case "grown":
            file.write_bytes(b"older")
        case "gone":
            file.unlink()
        case "log":
            (tmp_path / "out.duckdb.wal").write_bytes(b"x")
    arrival = Arrival(luggage, "run-1")
    arrival.take(sent("out.duckdb", b"new"), [b"new"])
    with pytest.raises(CheckFailed, match="changed by somebody else"):
        arrival.commit()
    arrival.close()
    assert not file.exists() or file.read_bytes() != b"new"


def test_a_database_that_nobody_changed_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "out.duckdb"
    luggage = of(tmp_path, into("out.duckdb"), duckdb_out={"path": "out.duckdb"})
    packed(luggage)
    arrival = Arrival(luggage, "run-1")
    arrival.take(sent("out.duckdb", b"new"), [b"new"])
    arrival.commit()
    assert file.read_bytes() == b"new"


def test_a_folder_in_the_way_is_named_and_the_rest_stays_placed(tmp_path: Path) -> None:
    luggage = of(tmp_path, writing("a.csv"), writing("b.csv").model_copy(update={"id": "other"}))
    arrival = Arrival(luggage, "run-1")
    for name in ("a.csv", "b.csv"):
        arrival.take(sent(name, b"x"), [b"x"])
    (tmp_path / "b.csv" / "inside").mkdir(parents=True)
    with pytest.raises(TargetError, match=r"b\.csv can't be put in its place"):
        arrival.commit()
    arrival.close()
    assert arrival.placed == {"a.csv"}
    assert sorted(os.listdir(tmp_path)) == ["a.csv", "b.csv"]  # noqa: PTH208 - names are what matters


def test_a_disk_that_refuses_is_named(tmp_path: Path) -> None:
    def content() -> Iterator[bytes]:
        yield b"x"
        raise OSError(28, "No space left on device")

    arrival = Arrival(of(tmp_path, writing("deep/a.csv")), "run-1")
    (tmp_path / "deep").write_bytes(b"a file")
    with pytest.raises(TargetError, match=r"deep/a\.csv can't be put in its place"):
        arrival.take(sent("deep/a.csv", b"x"), content())
