"""A run needs no more memory for ten times the rows."""

import subprocess
import sys
from pathlib import Path

import pytest

PIPELINE = """\
oml_version: "0.1.0"
name: flat
steps:
  - id: read
    component: filesystem.{kind}_extractor
    mode: read
    config: {{path: in.{kind}}}
  - id: write
    component: filesystem.{kind}_writer
    mode: write
    inputs: {{df: "${{read.df}}"}}
    config: {{path: out.{kind}}}
"""
# The parent's own memory would show in what the system says of a child that has ended; so the child says it.
MEASURED = """
import sys
from pathlib import Path
from osiris.cli.main import main
code = main(["run", "pipeline.yaml", "--quiet"])
print(next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")))
sys.exit(code)
"""
MOST_GROWTH = 1.3  # the larger file has 120 MB and more: the memory would nearly double if its rows were held


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system does not tell a process its peak")
@pytest.mark.parametrize(
    ("kind", "first", "row", "few"),
    [
        ("csv", "id,note\n", f"{{}},{'x' * 110}\n", 200_000),
        ("json", "", f'{{{{"id":{{}},"note":"{"x" * 390}"}}}}\n', 30_000),
    ],
    ids=["csv", "json"],
)
def test_ten_times_the_rows_need_no_more_memory(tmp_path: Path, kind: str, first: str, row: str, few: int) -> None:
    (tmp_path / "pipeline.yaml").write_text(PIPELINE.format(kind=kind))
    peaks = []
    for rows in (few, 10 * few):
        with (tmp_path / f"in.{kind}").open("w") as file:
            file.write(first)
            file.writelines(row.format(number) for number in range(rows))
        (tmp_path / f"out.{kind}").unlink(missing_ok=True)
        run = subprocess.run(
            [sys.executable, "-c", MEASURED], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr
        assert (tmp_path / f"out.{kind}").stat().st_size == (tmp_path / f"in.{kind}").stat().st_size
        peaks.append(int(run.stdout.split()[-1]))
    assert peaks[1] <= MOST_GROWTH * peaks[0], peaks
