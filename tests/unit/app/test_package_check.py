"""What is wrong with a package of components is said at once, in words."""

import sys
from pathlib import Path

import pytest
from tests.unit.app.projects import opened

from osiris.app.new_component import NewComponent, new_component
from osiris.app.package_check import CheckPackage, PackageChecked, check_package
from osiris.model.errors import UsageError


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return Path(new_component(opened(tmp_path), NewComponent(name="crm")).folder)


def check(package: Path) -> PackageChecked:
    return check_package(opened(package.parent), CheckPackage(path=str(package)))


def change(package: Path, file: str, before: str, after: str) -> None:
    path = package / file
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after), "utf-8")


def test_a_package_as_it_is_made_is_in_order_and_nothing_of_it_stays(package: Path) -> None:
    paths = list(sys.path)
    assert check(package) == PackageChecked(families=("crm",), components=("crm.extractor", "crm.writer"), findings=())
    assert sys.path == paths
    assert not [name for name in sys.modules if name.startswith("osiris_crm")]


INIT, CONFIG, READ, WRITE = (f"src/osiris_crm/{name}.py" for name in ("__init__", "config", "extractor", "writer"))


@pytest.mark.parametrize(
    ("file", "before", "after", "said"),
    [
        ("pyproject.toml", '"osiris_crm:FAMILY"', '"osiris_crm:FAMILIES"', "can't be loaded: AttributeError"),
        ("pyproject.toml", '"osiris_crm:FAMILY"', '"osiris_crm:CrmWriter"', "is not a Family"),
        (INIT, "import Connection", "import Connexion", "can't be loaded: ImportError"),
        (INIT, 'name="crm"', 'name="crn"', "the family calls itself 'crn'"),
        (INIT, "FAMILY = Family(", "raise SystemExit(0)\nFAMILY = Family(", "can't be loaded: SystemExit"),
        (INIT, "(CrmExtractor, CrmWriter)", "()", "the family has no component"),
        (READ, 'name="crm.extractor"', 'name="extractor"', "its name does not begin with 'crm'"),
        (READ, "def extract(", "def extracts(", "a component of mode read has to extract"),
        (READ, "    about: ClassVar", "    abuot: ClassVar", "it has no `about`"),
        (READ, '"path": "data/orders.crm"', '"paht": "x"', "the example 'A file' does not work: path: Field required"),
    ],
)
def test_what_is_wrong_is_named(*, package: Path, file: str, before: str, after: str, said: str) -> None:
    change(package, file, before, after)
    checked = check(package)
    assert not checked.valid
    assert [said in finding.message for finding in checked.findings].count(True) == 1, checked.findings
    assert all(finding.hint for finding in checked.findings)


@pytest.mark.parametrize(
    ("file", "before", "after", "said"),
    [
        (READ, '    """Read one file of any size, batch by batch."""\n', "", "it has no docstring"),
        (READ, 'examples=(Example(title="A file", config={"path": "data/orders.crm"}),),', "", "it has no example"),
        (CONFIG, 'description="The file to read; it starts in the project folder."', "", "'path' has no description"),
        ("tests/test_contract.py", "crm.writer", "crm.wrider", "no contract test names it"),
    ],
)
def test_what_could_be_better_is_a_warning(*, package: Path, file: str, before: str, after: str, said: str) -> None:
    change(package, file, before, after)
    checked = check(package)
    assert checked.valid
    assert [finding.message for finding in checked.findings if said in finding.message]


def test_a_folder_that_is_no_package_is_an_error(package: Path) -> None:
    with pytest.raises(UsageError, match="there is no pyproject"):
        check(package / "src")
    (package / "pyproject.toml").write_text("[project", "utf-8")
    with pytest.raises(UsageError, match="cannot read pyproject"):
        check(package)
    (package / "pyproject.toml").write_text("[project]\nname = 'x'\n", "utf-8")
    with pytest.raises(UsageError, match="declares no family"):
        check(package)
