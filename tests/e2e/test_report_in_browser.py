"""The pages of runs and plans in a real browser: everybody can read them, and they ask nobody for anything."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.keyboard import typed
from tests.services.browser import Page, browsing
from tests.unit.app.projects import PIPELINE, make

ACCESSIBLE = (Path(__file__).parent / "accessible.js").read_text("utf-8")
HOSTILE = "</title></style><script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">"
WIDE = "a-name-that-goes-on-and-on-" * 8
BAD = """\
oml_version: "0.1.0"
name: bad
metadata: {intent: "%s"}
steps:
  - id: cities
    component: filesystem.csv_extractor
    mode: read
    config: {path: data/bad.csv, columns: {people: bigint}}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: "output/%s.csv"}}
"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browsing() as lent:
        yield lent


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Make the page of a good run, of a bad one, their list, and the page of a plan."""
    folder = make(tmp_path_factory.mktemp("reports"))
    (folder / "data" / "bad.csv").write_text(f'city,people\n"{HOSTILE.replace(chr(34), chr(34) * 2)}",many\n', "utf-8")
    intent = HOSTILE.replace('"', '\\"')
    (folder / "pipelines" / "bad.yaml").write_text(BAD % (intent, WIDE[:200]), "utf-8")
    wide = PIPELINE.replace("SELECT city FROM", f"SELECT city AS \"{WIDE}\" FROM")  # fmt: skip
    (folder / "pipelines" / "cities.yaml").write_text(wide.replace("ORDER BY city", ""), "utf-8")
    for least in ("200000", "200000", "200000", "0"):
        assert typed(folder, "run", "pipelines/cities.yaml", "--param", f"least={least}", "-q").code == 0
    assert typed(folder, "run", "pipelines/bad.yaml", "-q").code == 1
    assert typed(folder, "logs", "html", "--all").code == 0
    assert typed(folder, "plan", "pipelines/cities.yaml", "--html", "plan.html").code == 0
    good = max(folder.glob("logs/*-cities-*/report.html"))
    (bad,) = folder.glob("logs/*-bad-*/report.html")
    others = {"list": folder / "logs" / "index.html", "plan": folder / "plan.html"}
    return {"completed": good, "failed": bad} | others


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", ["completed", "failed", "list", "plan"])
def test_a_page_can_be_read_by_everybody(page: Page, pages: dict[str, Path], name: str, dark: bool, width: int) -> None:
    page.show(pages[name], width=width, dark=dark)
    assert page.ask(ACCESSIBLE) == []


@pytest.mark.slow
def test_a_page_that_not_everybody_can_read_is_found_out(page: Page, tmp_path: Path) -> None:
    (tmp_path / "bad.html").write_text(
        "<title>x</title><body style='background:#fff'><h1>x</h1><h3 id=a>skipped</h3>"
        "<p id=a style='color:#aaa'>pale</p><a href='#none'>x</a><svg></svg><table><tr><td>x</td></tr></table>"
        "<div style='width:3000px'>wide</div>",
        "utf-8",
    )
    page.show(tmp_path / "bad.html", width=375, dark=False)
    found = "\n".join(page.ask(ACCESSIBLE))
    for complaint in (
        "contrast 2.3", "two things are called a", "a link leads nowhere", "a drawing without a name", "no language",
        "a table without a caption", "a line without a head", "a heading is skipped", "there is not one main",
        "the page scrolls sideways",
    ):  # fmt: skip
        assert complaint in found


@pytest.mark.slow
def test_a_page_asks_nobody_for_anything_and_runs_nothing(page: Page, pages: dict[str, Path]) -> None:
    for file in pages.values():
        page.requests.clear()
        page.complaints.clear()
        page.show(file, width=1280, dark=False)
        assert page.requests == [file.as_uri()]
        assert page.complaints == []
        assert page.ask("document.scripts.length + document.images.length") == 0
        assert "broken" not in page.ask("document.title")


@pytest.mark.slow
def test_the_page_of_a_failed_run_begins_with_what_went_wrong_and_what_to_do(
    page: Page, pages: dict[str, Path]
) -> None:
    page.show(pages["failed"], width=375, dark=True)
    assert page.ask("document.querySelector('section h2').textContent") == "What went wrong"
    said = page.ask("document.querySelector('.trouble').innerText")
    assert "OSR-OUT-010" in said
    assert "What to do: " in said
    assert HOSTILE in page.ask("document.querySelector('#what-happened').innerText")


@pytest.mark.slow
def test_the_list_leads_to_each_run(page: Page, pages: dict[str, Path]) -> None:
    page.show(pages["list"], width=1280, dark=False)
    links = page.ask("[...document.querySelectorAll('table a')].map(a => a.getAttribute('href'))")
    assert len(links) == 5
    assert [link for link in links if not (pages["list"].parent / link).is_file()] == []
