"""A REST API is read in flat memory, however many records it has."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.services.web import Asked, Reply, Web

PAGE = 2_000
ROW = b'{"id": %d, "city": "Brno nad Svratkou", "price": 1.25}'
# The parent's own memory would show in what the system says of a child that has ended; so the child says it.
MEASURED = """
import sys
from pathlib import Path
from osiris.components.rest.config import RestConnection, RestExtract
from osiris.components.rest.extractor import RestExtractor
from osiris.kit.component import Place
columns = {"id": "int64", "city": "string", "price": "decimal(12, 2)"}
form, kind = sys.argv[2:]
config = RestExtract.model_validate({"path": "x", "format": form, "columns": columns, "pagination": {"type": kind}})
with RestExtractor(config, Place(Path(), Path()), RestConnection(base_url=sys.argv[1])).extract() as stream:
    print(sum(batch.num_rows for batch in stream))
print(next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")))
"""
MOST_GROWTH = 1.2  # the memory would double if all records were held


def pages(rows: int, asked: Asked) -> Reply:
    start = (int(asked.params["page"]) - 1) * PAGE
    return Reply(b"[" + b",".join(ROW % n for n in range(start, min(rows, start + PAGE))) + b"]")


def lines(rows: int) -> Iterator[bytes]:
    for start in range(0, rows, PAGE):
        yield b"".join(ROW % n + b"\n" for n in range(start, min(rows, start + PAGE)))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system does not tell a process its peak")
@pytest.mark.parametrize(("form", "kind"), [("json", "page"), ("ndjson", "none")])
def test_ten_times_the_records_need_no_more_memory(form: str, kind: str) -> None:
    peaks = []
    for rows in (15_000, 150_000):

        def answer(asked: Asked, rows: int = rows) -> Reply:
            return pages(rows, asked) if form == "json" else Reply(chunks=lines(rows))

        with Web(answer) as web:
            done = subprocess.run(
                [sys.executable, "-c", MEASURED, web.url, form, kind], capture_output=True, text=True, check=False
            )
        assert done.returncode == 0, done.stderr
        count, peak = map(int, done.stdout.split())
        assert count == rows
        peaks.append(peak)
    assert peaks[1] <= MOST_GROWTH * peaks[0], peaks
