"""How long it takes to make the AI Operation Package of a run, and how much memory: a process of its own."""

import json
import resource
import sys
import time
from pathlib import Path

from osiris.app.project import Project
from osiris.model.layout import Session
from osiris.observe.aiop.package import export
from osiris.observe.redact import Redactor


def main(project: str, session: str) -> None:
    """Make it again, and print seconds, bytes, and KiB of memory above what the process had before."""
    settings = Project.open(Path(project)).configured.settings.aiop
    place = Session(Path(project) / session)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    export(place, settings=settings, redact=Redactor())
    seconds = time.perf_counter() - start
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    sys.stdout.write(json.dumps({"seconds": seconds, "bytes": place.aiop.stat().st_size, "kib": grown}))


if __name__ == "__main__":
    main(*sys.argv[1:])
