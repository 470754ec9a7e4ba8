"""Rules that people give a project, kept in `OSIRIS.md`."""

from osiris.agent.clean import clean
from osiris.app.catalogue import NOTES
from osiris.app.files import write_beside
from osiris.app.project import Project
from osiris.model.errors import UsageError

_HEAD = "# Rules of this project"
MOST_RULE = 500  # characters


def remember(project: Project, rule: str) -> str:
    """Add one rule to the project's own, and return the file.

    Raises:
        UsageError: the rule is empty or too long, or the file can't be written.
    """
    text = " ".join(clean(rule).split())
    if not text or len(text) > MOST_RULE:
        raise UsageError("a rule is one sentence or two", hint=f"give it in {MOST_RULE} characters at most")
    file = project.root / NOTES
    before = (file.read_text("utf-8") if file.is_file() else _HEAD).rstrip()
    gap = "\n" if before.rpartition("\n")[2].startswith("- ") else "\n\n"
    write_beside(file, f"{before}{gap}- {text}\n".encode())
    return project.shown(file)
