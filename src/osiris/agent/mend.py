"""Small repairs that need no language model: what has one meaning only is put right by code."""

import json
import re
from collections.abc import Callable, Iterable, Sequence

from osiris.model.diagnostics import Diagnostic, Severity
from osiris.model.document import read

_FENCED = re.compile(r"\A\s*```[a-z]*\n(?P<inside>.*?)\n?```\s*\Z", re.DOTALL)
_KEYS = frozenset({"OSR-OML-008", "OSR-OML-012", "OSR-CFG-001"})  # a key that nobody knows
_WORDS = frozenset({"OSR-OML-017", "OSR-CMP-001"})  # a value of a fixed list that nobody knows
_WRONG_MODE = frozenset({"OSR-OML-016", "OSR-CMP-002"})
_WRITE = re.compile(r"write mode: (?P<mode>[a-z]+)")
MOST_ROUNDS = 3

Check = Callable[[str], Sequence[Diagnostic]]


def mended(text: str, check: Check) -> tuple[str, tuple[str, ...]]:
    """Return a pipeline's text with slips of the pen put right, and what was done, in words.

    These are: a fence around the YAML, a mode in older words or not the component's, a key, mode or component that is
    one letter or so away from the only one that can be meant. Names of tables and columns are never touched.

    Args:
        text: As the model wrote it.
        check: Returns the compiler's findings; a repair stays only if there are fewer of them afterwards.
    """
    done: list[str] = []
    if fenced := _FENCED.match(text):
        text = f"{fenced['inside']}\n"
        done.append("took the text out of its fence")
    for _ in range(MOST_ROUNDS):
        found = check(text)
        better, did = _repaired(text, found)
        if not did or _weight(check(better)) >= _weight(found):
            break
        text = better
        done += did
    return text, tuple(done)


def assuming(text: str, assumptions: Iterable[str]) -> str:
    """Return a pipeline's text that says what was assumed, below `metadata`; as it is where that is not possible.

    So the assumptions are part of what is approved, and of the record of a run.
    """
    wanted = [one for one in assumptions if json.dumps(one, ensure_ascii=False) not in text]
    document = read(text.encode("utf-8")).root.value
    if not wanted or not isinstance(document, dict):
        return text
    lines = [f"    - {json.dumps(one, ensure_ascii=False)}" for one in wanted]
    written = text.splitlines()
    if (listed := _index(written, r"  assumptions:\s*$")) is not None:
        return _inserted(written, listed + 1, lines)
    if (metadata := _index(written, r"metadata:\s*$")) is not None:
        return _inserted(written, metadata + 1, ["  assumptions:", *lines])
    if "metadata" not in document and (name := _index(written, r"name:")) is not None:
        return _inserted(written, name + 1, ["metadata:", "  assumptions:", *lines])
    return text


def _repaired(text: str, found: Sequence[Diagnostic]) -> tuple[str, list[str]]:
    lines = text.split("\n")
    did: list[str] = []
    for finding in found:
        if not 0 < finding.line <= len(lines):
            continue
        line = lines[finding.line - 1]
        new = _line(line, finding)
        if new != line:
            lines[finding.line - 1] = new
            did.append(f"line {finding.line}: {new.strip()}")
    return "\n".join(lines), did


def _line(line: str, finding: Diagnostic) -> str:
    """Return a line without what a finding complains of; as it is where that has not one meaning only."""
    last = finding.path.rpartition(".")[2]
    if finding.code in _WRONG_MODE and (hint := _WRITE.search(finding.hint)):
        return re.sub(r"(\bmode:\s*)[\"']?\w+[\"']?", rf"\g<1>{hint['mode']}", line, count=1)
    if len(finding.nearest) != 1:
        return line
    if finding.code in _KEYS:
        return re.sub(rf"\b{re.escape(last)}(?=\s*:)", finding.nearest[0], line, count=1)
    if finding.code in _WORDS:
        return re.sub(rf"(\b{re.escape(last)}:\s*)[\"']?[\w.-]+[\"']?", rf"\g<1>{finding.nearest[0]}", line, count=1)
    return line


def _weight(found: Iterable[Diagnostic]) -> int:
    """Return how much is wrong: one error counts for more than any warnings."""
    return sum({Severity.ERROR: 1000, Severity.WARNING: 1, Severity.NOTE: 0}[finding.severity] for finding in found)


def _index(lines: Sequence[str], pattern: str) -> int | None:
    return next((index for index, line in enumerate(lines) if re.match(pattern, line)), None)


def _inserted(lines: Sequence[str], at: int, new: Sequence[str]) -> str:
    return "\n".join([*lines[:at], *new, *lines[at:]]) + "\n"
