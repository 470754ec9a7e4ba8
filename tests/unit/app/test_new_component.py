"""A package of one's own is whole as it is made, and nothing that is there is lost."""

from pathlib import Path

import pytest
from tests.house.tree import ROOT
from tests.unit.app.projects import opened

from osiris.app.new_component import MadeComponent, NewComponent, new_component
from osiris.app.package_check import CheckPackage, check_package
from osiris.model.errors import UsageError

EXAMPLE = ROOT / "examples" / "osiris-arrow"


def made(folder: Path, name: str, into: str = ".") -> MadeComponent:
    return new_component(opened(folder), NewComponent(name=name, folder=into))


def test_the_example_is_what_is_made(tmp_path: Path) -> None:
    reply = made(tmp_path, "arrow")
    for name in reply.files:
        text = (tmp_path / "osiris-arrow" / name).read_text("utf-8")
        assert (EXAMPLE / name).read_text("utf-8") == text, f"{name}: osiris -C examples components new arrow"


def test_a_name_of_several_words_makes_a_package_too(tmp_path: Path) -> None:
    reply = made(tmp_path, "my_crm2", "packages")
    assert reply.folder == str(tmp_path / "packages" / "osiris-my_crm2")
    checked = check_package(opened(tmp_path), CheckPackage(path=reply.folder))
    assert (checked.valid, checked.findings) == (True, ())
    assert checked.components == ("my_crm2.extractor", "my_crm2.writer")


@pytest.mark.parametrize(
    ("name", "said"), [("My-CRM", "can't be a family's name"), ("", "can't be"), ("mysql", "'mysql' already")]
)
def test_a_name_that_is_none_or_taken_is_refused(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        made(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "osiris-crm").mkdir()
    with pytest.raises(UsageError, match="is there already"):
        made(tmp_path, "crm")
    assert list((tmp_path / "osiris-crm").iterdir()) == []
