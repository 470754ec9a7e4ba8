"""What others than the manifest say was wanted: the README, the commit, the conversation."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from osiris.app.project import Project
from osiris.model.aiop import Intent
from osiris.model.manifest import Manifest

PATIENCE = 5.0  # seconds for git
MOST_README = 200_000  # bytes that are looked at
_SAID = re.compile(r"(?im)^\W{0,4}(?:intent|purpose)\W{0,3}:\W{0,3}(?P<text>\S.*)$")
_HEADING = re.compile(r"(?m)^#{1,6}[ \t]+(?P<title>.+?)[ \t#]*$")
# Nothing that a repository's own settings name is started, and no question is asked.
_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "log.showSignature=false", "--no-pager", "log", "-1")


def witnesses(project: Project, manifest: Manifest, file: str, said: str) -> Iterator[Intent]:
    """Yield what is said outside the manifest, the more trustworthy first.

    Args:
        project: Its README and its repository are asked, and its settings whether conversations count.
        manifest: Of the pipeline.
        file: The pipeline's file, as named; empty where it came as a text.
        said: What a person said in the conversation that led to the pipeline; empty where there was none.
    """
    if found := _readme(project, manifest, file):
        yield found
    if found := _commit(project, file):
        yield found
    if said and project.configured.settings.aiop.chat_intent:
        yield Intent(text=said, source="conversation", trust="low")


def _readme(project: Project, manifest: Manifest, file: str) -> Intent | None:
    """Return what the README nearest to the pipeline says: beside it about anything, elsewhere about it by name."""
    beside = (project.file(file).parent,) if file else ()
    for folder in dict.fromkeys((*beside, project.layout.pipelines, project.root)):
        readme = folder / "README.md"
        if folder.is_relative_to(project.root) and readme.is_file() and (text := _about(_head(readme), manifest)):
            return Intent(text=text, source=project.shown(readme), trust="medium")
    return None


def _head(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_README).decode("utf-8", "replace")
    except OSError:
        return ""


def _about(text: str, manifest: Manifest) -> str:
    """Return what a README says of a pipeline: a line `Intent: …` below its name, or the first paragraph there."""
    for heading in _HEADING.finditer(text):
        if heading["title"].strip("`").lower() not in {manifest.name.lower(), manifest.slug}:
            continue
        after = _HEADING.split(text[heading.end() :], maxsplit=1)[0]
        if said := _SAID.search(after):
            return said["text"].strip()
        paragraphs = (" ".join(part.split()) for part in re.split(r"\n\s*\n", after))
        return next(filter(None, paragraphs), "")
    return ""


def _commit(project: Project, file: str) -> Intent | None:
    """Return the message of the last commit that touched the pipeline's file; None where git has nothing to say."""
    path = project.file(file) if file else None
    if path is None or not path.is_file():
        return None
    try:
        done = subprocess.run(  # noqa: S603 - the words are ours but for the path, which is one word behind `--`
            [*_GIT, "--format=%h%x00%B", "--", path.name],
            cwd=path.parent,
            check=True,
            capture_output=True,
            timeout=PATIENCE,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    commit, _, message = done.stdout.decode("utf-8", "replace").partition("\0")
    return Intent(text=message.strip(), source=f"commit {commit}", trust="medium") if message.strip() else None
