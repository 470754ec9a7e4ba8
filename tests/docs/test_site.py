"""The documents make a site: every page is on it, every link and anchor leads somewhere, nothing is fetched."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.docs.snippets import pages
from tests.house.tree import ROOT

DECISIONS = "adr/"  # reached from their list


@pytest.mark.slow
def test_the_site_is_built_and_whole(tmp_path: Path) -> None:
    site = tmp_path / "site"
    done = subprocess.run(
        [Path(sys.executable).with_name("mkdocs"), "build", "--quiet", "--strict", "--site-dir", site],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    written = {page: page.read_text("utf-8") for page in site.rglob("*.html")}
    assert len(written) > len(_named())
    for page in (page for page in pages(ROOT) if page.relative_to(ROOT).parts[0] == "docs"):
        html = (
            written[(site / page.relative_to(ROOT / "docs")).with_suffix(".html")] if page.name != "README.md" else ""
        )
        headings = [block for block in _outside_blocks(page.read_text("utf-8")) if re.match(r"#{1,4} ", block)]
        assert not html or len(re.findall(r"<h[1-4][ >]", html.partition("<article")[2])) == len(headings), page
    lost = [f"{page.relative_to(site)}: {link}" for page in written for link in _lost(page, written)]
    assert lost == []
    fetched = [
        link
        for html in written.values()
        for link in re.findall(r'(?:<script[^>]*src|<link[^>]*href)="(http[^"]*)"', html)
    ]
    assert fetched == []


def test_every_page_stands_in_the_list_of_pages() -> None:
    there = {page.relative_to(ROOT / "docs").as_posix() for page in pages(ROOT) if (ROOT / "docs") in page.parents}
    assert {page for page in there - _named() if not page.startswith(DECISIONS)} == set()


def _outside_blocks(text: str) -> list[str]:
    return re.sub(r"(?ms)^ *(```+|~~~+).*?^ *\1 *$", "", text).splitlines()


def _named() -> set[str]:
    return set(re.findall(r"([\w/-]+\.md)", yaml.dump(yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"])))


def _lost(page: Path, written: dict[Path, str]) -> list[str]:
    """Return the links of the page's own text that lead to no page or to no place on it."""
    body = written[page].partition("<article")[2].partition("</article>")[0]
    lost = []
    for link in re.findall(r'href="([^"]*)"', body):
        path, _, anchor = link.partition("#")
        if "://" in path or path.startswith("mailto:"):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.is_file() or (anchor and target.suffix == ".html" and f'id="{anchor}"' not in written[target]):
            lost.append(link)
    return lost
