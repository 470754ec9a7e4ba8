"""The first minute as a picture and as a recording of a demo that really runs.

`python -m tests.docs.pictures` renews both.

The recording is an asciicast: `asciinema play docs/images/first-minute.cast` shows it.
"""

import json
import re
import sys
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pexpect
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text
from tests.house.tree import ROOT

FOLDER = ROOT / "docs" / "images"
CAST, PICTURE = FOLDER / "first-minute.cast", FOLDER / "first-minute.svg"
COLUMNS, ROWS = 100, 40
HOME = "/home/ada"  # what the folder is called in which the demo was made
COMMAND = "osiris demo shop --yes"
_SHOWN = ("you> ", "agent> Then this is the plan.")  # the picture is what stands between
_SPINNING, _CLEARED = "\x1b[?25l", "\x1b[2K"

Line = tuple[float, str]
"""When a line was there, in seconds from the start, and the line with its colours."""


def recorded(folder: Path) -> list[Line]:
    """Run the demo in a terminal and return what it shows."""
    osiris = Path(sys.executable).with_name("osiris")
    words = COMMAND.split()[1:]
    surroundings = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    start = time.monotonic()
    demo = pexpect.spawn(
        str(osiris), words, cwd=str(folder), env=surroundings, dimensions=(ROWS, COLUMNS), encoding="utf-8", timeout=120
    )
    lines = [(0.0, f"$ {COMMAND}")]
    while line := demo.readline():
        lines.append((time.monotonic() - start, str(line).rstrip("\r\n").replace(str(folder), HOME)))
    demo.close()
    if demo.exitstatus:
        raise RuntimeError("\n".join(line for _, line in lines))
    return lines


def cast(lines: list[Line]) -> Iterator[str]:
    """Yield the lines of an asciicast."""
    yield json.dumps({"version": 2, "width": COLUMNS, "height": ROWS, "title": "The first minute of Osiris"})
    for at, line in lines:
        yield json.dumps([round(at, 3), "o", f"{line}\r\n"], ensure_ascii=False)


def picture(lines: list[Line]) -> str:
    """Return the middle of the conversation as SVG."""
    plain = [Text.from_ansi(line.rpartition(_CLEARED)[2]) for _, line in lines if not line.startswith(_SPINNING)]
    first, last = (next(n for n, line in enumerate(plain) if line.plain.startswith(mark)) for mark in _SHOWN)
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    console.print(Text(f"$ {COMMAND}"))
    for line in plain[first:last]:
        line.rstrip()
        console.print(line, soft_wrap=True)
    fetching_nothing = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    return console.export_svg(title="osiris", code_format=fetching_nothing.replace("Fira Code", "ui-monospace"))


if __name__ == "__main__":
    with TemporaryDirectory() as made:
        found = recorded(Path(made))
    CAST.write_text("\n".join(cast(found)) + "\n", "utf-8")
    PICTURE.write_text(picture(found), "utf-8")
