"""Without the drivers everything but a connection works, and that says what to install."""

import subprocess
import sys

SCRIPT = """
import sys
sys.modules |= {"psycopg": None, "postgrest": None, "httpx": None}
from pathlib import Path
import pyarrow as pa
from osiris.kit.component import Place
from osiris.kit.describe import describe
from osiris.kit.registry import Registry
from osiris.model.errors import ExtraMissing

registry, here = Registry.installed(), Place(Path(), Path())
for family, fields in (("postgres", {"host": "h"}), ("supabase", {"url": "https://h", "key": "k"})):
    describe(registry, f"{family}.extractor")
    writer = registry.build(f"{family}.writer", {"table": "t"}, here)
    assert writer.announce(pa.schema({"a": pa.int64()})).ddl and writer.target() == f"@{family}/t"
    try:
        registry.build(f"{family}.extractor", {"table": "t"}, here, fields).survey()
    except ExtraMissing as exc:
        assert f"osiris-etl[{family}]" in exc.hint
    else:
        raise AssertionError(family)
"""


def test_a_missing_driver_is_missed_by_a_connection_alone() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
