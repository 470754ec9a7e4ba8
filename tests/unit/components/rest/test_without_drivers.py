"""Without the packages everything but an API works, and that says what to install."""

import subprocess
import sys

SCRIPT = """
import sys
sys.modules |= {"httpx2": None, "jsonpath": None, "graphql": None}
from pathlib import Path
from osiris.kit.component import Place
from osiris.kit.describe import describe
from osiris.kit.registry import Registry
from osiris.model.catalogue import Known
from osiris.model.errors import ExtraMissing

registry, here = Registry.installed(), Place(Path(), Path())
for family, config, fields in (
    ("graphql", {"query": "{ a }"}, {"endpoint": "https://h"}),
    ("rest", {"path": "a"}, {"base_url": "https://h"}),
):
    describe(registry, f"{family}.extractor")
    declared = registry.build(f"{family}.extractor", config | {"columns": {"a": "int64"}}, here, fields)
    assert declared.announce(Known()).schema.names == ["a"]
    try:
        registry.build(f"{family}.extractor", config, here, fields).survey()
    except ExtraMissing as exc:
        assert f"osiris-etl[{family}]" in exc.hint
    else:
        raise AssertionError(family)
    assert registry.family(family).desk.check(registry.connect(family, fields), here).status == "failed"
"""


def test_a_missing_package_is_missed_by_an_api_alone() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
