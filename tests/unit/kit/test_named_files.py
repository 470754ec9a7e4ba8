"""Files that a connection names."""

from pathlib import Path

import pytest
from pydantic import AliasChoices, Field

from osiris.kit.component import Config, Connection
from osiris.kit.named_files import CertificateFile, KeyFile, named_files, renamed, rooted


class Way(Config):
    """A way to a server."""

    key: KeyFile = ""
    hosts: CertificateFile = "usual.txt"


class Shop(Connection):
    """A server."""

    host: str = "h"
    ca: CertificateFile = Field(default="", validation_alias=AliasChoices("ca", "ssl_ca"))
    key: KeyFile = ""
    way: Way | None = None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("ca.pem", "key.pem", "usual.txt", "h"):
        (tmp_path / name).write_text(name, "utf-8")
    return tmp_path


def test_every_file_is_found_by_the_name_that_somebody_wrote(folder: Path) -> None:
    fields = {"host": "h", "ssl_ca": "ca.pem", "key": str(folder / "key.pem"), "way": {"key": "key.pem"}}
    found = [(file.field, file.path.name, file.secret) for file in named_files(Shop, fields, folder)]
    assert found == [
        (("ssl_ca",), "ca.pem", False),
        (("key",), "key.pem", True),
        (("way", "key"), "key.pem", True),
        (("way", "hosts"), "usual.txt", False),
    ]


@pytest.mark.parametrize("text", ["", "nowhere.pem", "x" * 5_000, "nul\0", "~nobody-here/key", 3])
def test_what_is_no_file_is_for_the_driver_to_complain_of(folder: Path, text: object) -> None:
    assert list(named_files(Shop, {"ca": text, "way": text}, folder)) == []


def test_a_file_is_found_wherever_the_process_stands(folder: Path) -> None:
    fields = {"host": "h", "ca": "ca.pem", "key": "elsewhere.pem", "way": {"hosts": "usual.txt", "key": ""}}
    whole = {"ca": str(folder / "ca.pem"), "way": {"hosts": str(folder / "usual.txt"), "key": ""}}
    assert rooted(Shop, fields, folder) == fields | whole
    assert fields["ca"] == "ca.pem"


def test_other_names_leave_the_rest_as_it_is() -> None:
    fields = {"ca": "a", "way": {"key": "b", "hosts": "c"}}
    assert renamed(fields, {("way", "key"): "z"}) == {"ca": "a", "way": {"key": "z", "hosts": "c"}}
    assert fields["way"] == {"key": "b", "hosts": "c"}
