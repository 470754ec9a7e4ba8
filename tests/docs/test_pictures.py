"""The recording shows what the demo says today."""

import json
import re
from pathlib import Path

import pytest
from tests.docs.pictures import CAST, PICTURE, Line, recorded


def said(lines: list[Line]) -> list[str]:
    """Return what the two said to one another, line by line, without what differs from run to run."""
    plain = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", line).strip() for _, line in lines]
    return [re.sub(r"\d{8}T\d{6}\S*|\S*\d{10,}\S*", "…", line) for line in plain if line.startswith(("you>", "agent>"))]


@pytest.mark.slow
def test_the_recording_of_the_first_minute_is_fresh(tmp_path: Path) -> None:
    _, *events = map(json.loads, CAST.read_text("utf-8").splitlines())
    kept = said([(at, text) for at, _, text in events])
    assert len(kept) > 5
    assert kept == said(recorded(tmp_path)), "renew it: python -m tests.docs.pictures"
    assert "leave&#160;them&#160;out" in PICTURE.read_text("utf-8")
