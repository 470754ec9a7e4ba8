"""Which file is meant, and what a person is told when it can't be read or written."""

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest
from pydantic import ValidationError
from tests.unit.components.filesystem.files import MARKS, Files, told

from osiris.components.filesystem.config import FilesystemConnection
from osiris.components.filesystem.paths import reading, said, source_path, target_path, writing
from osiris.kit.component import Local, LocalFile, Place
from osiris.kit.registry import Registry
from osiris.model.errors import SourceError, TargetError
from osiris.testing.writer import plain, stream_of

KINDS = ("csv", "json", "parquet")
TABLE = pa.table({"a": [1, 2], "b": ["x", None]})


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_file_comes_with_the_names_that_look_like_it(files: Files, kind: str) -> None:
    files.put("data/orders.txt", "")
    error = files.refused(kind, path="data/order.txt")
    assert error.message == "there is no file 'data/order.txt'"
    assert error.hint == f"did you mean {str(Path('data/orders.txt'))!r}?"
    assert "nothing in 'data' has a name like it" in files.refused(kind, path="data/zzz").hint
    assert "nothing in the project folder has a name like it" in files.refused(kind, path="zzz").hint
    assert "there is no folder 'dada' either" in files.refused(kind, path="dada/orders.txt").hint


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_is_no_file(files: Files, kind: str) -> None:
    (files.root / "empty").mkdir()
    files.put("data/b.txt", "")
    files.put("data/a.txt", "")
    assert files.refused(kind, path="data").message == "'data' is a folder, not a file"
    assert files.refused(kind, path="data").hint == "name one file in `path`; in it: a.txt, b.txt"
    assert files.refused(kind, path="empty").hint == "name one file in `path`; it holds no files"
    assert files.not_written(kind, TABLE, path="data").message == "'data' is a folder, not a file"
    with pytest.raises(TargetError, match="is a folder"):
        files.writer(kind, path="data").look()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes among its files")
def test_a_pipe_is_no_file(files: Files) -> None:
    os.mkfifo(files.root / "pipe")
    assert files.refused("csv", path="pipe").message == "'pipe' is a pipe or a device, not a file"
    assert files.not_written("csv", TABLE, path="pipe").message == "'pipe' is a pipe or a device, not a file"
    with pytest.raises(TargetError, match="a pipe or a device"):
        files.writer("csv", path="pipe").look()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", ["../x.csv", "a/../../x.csv", "..", "./../x.csv"])
def test_a_path_that_leads_out_of_its_folder_is_refused(files: Files, kind: str, path: str) -> None:
    for verb in ("extractor", "writer"):
        with pytest.raises(ValidationError, match="leads out of the folder that it starts in"):
            Registry.installed().build(f"filesystem.{kind}_{verb}", {"path": path}, files.place)


def test_a_path_may_turn_around_inside_its_folder(files: Files) -> None:
    files.write("csv", TABLE, path="a/../b/./..x.csv")
    assert files.read("csv", path="b/..x.csv").num_rows == 2
    assert files.writer("csv", path="a/../b/x.csv").target() == "b/x.csv"


def test_a_path_can_not_hold_a_nul_character_or_nothing(files: Files) -> None:
    for path in ("a\0b", ""):
        with pytest.raises(ValidationError, match="path"):
            files.extractor("csv", path=path)


def test_an_absolute_path_is_meant_as_it_is(files: Files, tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    files.write("csv", TABLE, path=str(outside))
    assert files.read("csv", path=str(outside)).num_rows == 2
    assert files.writer("csv", path=str(outside)).target() == outside.as_posix()


def test_a_connection_says_where_paths_start(files: Files) -> None:
    files.put("inbox/in.csv", "a\n1\n")
    connection = FilesystemConnection(base_dir="inbox")
    assert source_path("in.csv", files.place, connection) == files.root / "inbox" / "in.csv"
    assert target_path("out.csv", files.place, connection) == files.root / "inbox" / "out.csv"
    assert said(target_path("out.csv", files.place, connection), files.place) == "inbox/out.csv"


@pytest.mark.parametrize("kind", KINDS)
def test_a_link_is_followed_to_what_it_means(files: Files, kind: str) -> None:
    files.put("deep/real", "")
    (files.root / "link").symlink_to(Path("deep") / "real")
    written = files.write(kind, TABLE, path="link")
    assert written.target == "deep/real"
    assert (files.root / "link").is_symlink()
    assert files.read(kind, path="link").num_rows == 2
    assert files.read(kind, path="deep/real").num_rows == 2


def test_a_link_to_nothing_is_written_where_it_leads(files: Files) -> None:
    (files.root / "link.csv").symlink_to("later.csv")
    assert files.refused("csv", path="link.csv").message == "there is no file 'link.csv'"
    files.write("csv", TABLE, path="link.csv")
    assert files.read("csv", path="later.csv").num_rows == 2


def test_a_link_to_itself_is_nothing(files: Files) -> None:
    (files.root / "loop.csv").symlink_to("loop.csv")
    assert files.refused("csv", path="loop.csv").message == "there is no file 'loop.csv'"
    assert files.writer("csv", path="loop.csv").target() == "loop.csv"


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_that_is_too_long_is_an_error_in_words(files: Files, kind: str) -> None:
    long = "x" * 300
    assert "cannot read" in files.refused(kind, path=long).message
    assert files.not_written(kind, TABLE, path=long).message == f"the name {long!r} is too long"


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_on_the_way_that_is_a_file_is_an_error_in_words(files: Files, kind: str) -> None:
    files.put("data", "")
    assert files.not_written(kind, TABLE, path="data/out").message == "a folder of 'data/out' is a file"
    assert files.refused(kind, path="data/out").message == "there is no file 'data/out'"


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_folder_is_made_unless_the_author_says_no(files: Files, kind: str) -> None:
    error = files.not_written(kind, TABLE, path="new/out", create_dirs=False)
    assert error.message == "there is no folder for 'new/out'"
    files.write(kind, TABLE, path="new/er/out")
    assert (files.root / "new" / "er" / "out").is_file()


@pytest.mark.parametrize(
    ("number", "message", "hint"),
    [
        (errno.EACCES, "this user may not write 'out.csv'", "give the right to write in its folder"),
        (errno.EROFS, "this user may not write 'out.csv'", "give the right to write in its folder"),
        (errno.ENOSPC, "there is no room for 'out.csv': no space left on device", "make room on the disk"),
        (errno.EIO, "cannot write 'out.csv': input/output error", "check `path` and the disk"),
    ],
)
def test_what_the_system_refuses_to_write_is_said_in_words(number: int, message: str, hint: str) -> None:
    with pytest.raises(TargetError) as caught, writing("out.csv"):
        raise OSError(number, os.strerror(number))
    assert caught.value.message == message
    assert told(caught.value).hint.startswith(hint)


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.EACCES, "this user may not read 'in.csv'"),
        (errno.EIO, "cannot read 'in.csv': input/output error"),
    ],
)
def test_what_the_system_refuses_to_read_is_said_in_words(number: int, message: str) -> None:
    with pytest.raises(SourceError) as caught, reading("in.csv"):
        raise OSError(number, os.strerror(number))
    assert told(caught.value).message == message


AS_NOBODY = """
import os, sys
from pathlib import Path
from osiris.kit.component import Local, LocalFile, Place
from osiris.kit.registry import Registry
from osiris.model.errors import OsirisError
from osiris.testing.writer import MARKS, plain, stream_of
root, kind = Path(sys.argv[1]), sys.argv[2]
place, registry = Place(project=root, scratch=root), Registry.installed()
registry.kind("filesystem.csv_extractor")
os.setgroups([]), os.setgid(65534), os.setuid(65534)
try:
    if kind == "read":
        registry.build("filesystem.csv_extractor", {"path": "secret.csv"}, place).extract()
    elif kind == "write":
        registry.build("filesystem.csv_writer", {"path": "out.csv"}, place).write(stream_of(plain(1)), MARKS)
    else:
        writer = registry.build("filesystem.csv_writer", {"path": "drop/out.csv"}, place)
        staged = writer.write(stream_of(plain(1)), MARKS)
        print(staged.commit().rows_after, (root / "drop" / "out.csv").is_file(), flush=True)
except OsirisError as error:
    print(error.message, flush=True)
os._exit(0)  # nothing more can be written, not even what was covered
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(
    ("verb", "said_by_it"),
    [
        ("read", "this user may not read 'secret.csv'"),
        ("write", "this user may not write 'out.csv'"),
        ("drop", "1 True"),  # a folder that may be written, not read: what is in its place stays there
    ],
)
def test_a_user_without_rights_is_told_so(files: Files, verb: str, said_by_it: str) -> None:
    (files.root / files.put("secret.csv", "a\n1\n")).chmod(0o600)
    (files.root / "drop").mkdir()
    (files.root / "drop").chmod(0o333)
    for folder in (files.root, *files.root.parents):
        if folder.stat().st_uid == os.geteuid() and folder.is_relative_to("/tmp/pytest-of-root"):  # noqa: S108
            folder.chmod(0o755)
    run = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(files.root), verb], capture_output=True, text=True, check=False
    )
    assert (run.stdout.strip(), run.stderr) == (said_by_it, "")


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file grow beyond 100 kB, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_is_said_and_leaves_nothing(files: Files, kind: str) -> None:
    writer = files.writer(kind, path="new/out")
    with full_disk(), pytest.raises(TargetError) as caught:
        writer.write(stream_of(plain(200_000)), MARKS)
    assert told(caught.value).message == "there is no room for 'new/out': file too large"
    assert files.everything() == {}


def used(component: object) -> tuple[LocalFile, ...]:
    assert isinstance(component, Local)
    return component.files()


@pytest.mark.parametrize("kind", KINDS)
def test_every_component_says_which_files_it_uses(files: Files, kind: str) -> None:
    (reads,) = used(files.extractor(kind, path="a/../in"))
    (replaces,) = used(files.writer(kind, path="out"))
    (appends,) = used(files.writer(kind, path="out", write_mode="append"))
    assert (reads.path, reads.read, reads.written) == (files.root / "in", True, False)
    assert (replaces.path, replaces.read, replaces.written) == (files.root / "out", False, True)
    assert (appends.path, appends.read, appends.written) == (files.root / "out", True, True)


def test_places_are_relative_to_the_project_where_they_lie_inside(tmp_path: Path) -> None:
    place = Place(project=tmp_path / "a" / "..", scratch=tmp_path)
    assert said(tmp_path / "x" / "y.csv", place) == "x/y.csv"
    assert said(tmp_path.parent / "y.csv", place) == (tmp_path.parent / "y.csv").as_posix()
