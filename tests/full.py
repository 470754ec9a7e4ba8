"""How much is tried: all of it where `OSIRIS_TEST_FULL=1` is set, as `make test-full` does, otherwise a sample.

The sample is the same in every run.
"""

import os

FULL = os.environ.get("OSIRIS_TEST_FULL", "") not in {"", "0"}
MOMENTS = 20 if FULL else 5  # at which a write is killed, of each write mode, target and way to be killed
ROWS = 2_000_000 if FULL else 3_000  # that go from each family to each other one
