"""Somebody types a command: in this process where speed matters, in one of its own where the process is the point."""

import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from osiris.cli.main import main

# Without the two capabilities that let root read and write whatever it likes (capabilities(7), prctl(2)).
OBEYS = """
import ctypes, os, sys
for capability in (1, 2):
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
OSIRIS = Path(sys.executable).with_name("osiris")


@dataclass(frozen=True)
class Done:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Return the one JSON document on standard output."""
        return json.loads(self.out)


def typed(folder: Path, *words: str) -> Done:
    """Type `osiris ...` in a folder, without starting a process."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["-C", str(folder), *words])
    return Done(code, out.getvalue(), err.getvalue())


def started(folder: Path, *words: str, privileged: bool = True, **variables: str) -> Done:
    """Type `osiris ...` in a folder, as a process with these variables only.

    Args:
        folder: Where the person stands.
        words: What stands after `osiris`.
        privileged: False makes root obey the permissions of files, too.
        variables: The environment.
    """
    begins = [OSIRIS] if privileged else [sys.executable, "-c", OBEYS, OSIRIS]
    done = subprocess.run(
        [*begins, *words],
        cwd=folder,
        env=variables_of(folder, **variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def variables_of(home: Path, **more: str) -> dict[str, str]:
    """Return the variables of somebody who has set nothing else."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **kept, **more}


def left_in(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with its bytes, but for the records of runs."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and "logs" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
