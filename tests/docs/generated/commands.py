"""The reference of the command line: what `--help` says, all of it on one page."""

from collections.abc import Iterator

from tests.house.tree import ROOT

_HELP = ROOT / "tests" / "golden" / "help"  # kept letter by letter by a test of its own


def page() -> Iterator[str]:
    """Yield the page."""
    yield from (
        "# Every command",
        "",
        "What `osiris COMMAND --help` says. How they work together: [cli.md](../cli.md).",
    )
    files = sorted(_HELP.glob("*.txt"), key=lambda file: (file.stem != "osiris", file.stem))
    for file in files:
        name = "osiris" if file.stem == "osiris" else f"osiris {file.stem.replace('-', ' ').replace('_', '-')}"
        yield from ("", f"## `{name}`", "", "```text", *file.read_text("utf-8").strip("\n").splitlines(), "```")
