"""The first interrupt asks, the second leaves, and neither breaks into a commit."""

import os
import signal
import subprocess
import sys

import pytest

from osiris.cli.stopping import SIGNALS, stopping

LEAVES = """
import os, signal
from osiris.cli.stopping import stopping
with stopping(running=lambda: True, said=lambda text: print(text, flush=True)) as stop:
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    print("never said")
"""


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_one_asks_the_run_to_stop(number: signal.Signals) -> None:
    said: list[str] = []
    with stopping(running=lambda: True, said=said.append) as stop:
        os.kill(os.getpid(), number)
        assert stop.is_set()
    assert said == ["stopping; once more leaves at once"]


def test_the_second_one_waits_for_a_commit() -> None:
    said: list[str] = []
    with stopping(running=lambda: True, said=said.append) as stop, stop.hold():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
    assert said[1:] == ["the last rows are being made visible; that is finished first"]


def test_the_second_one_leaves_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", LEAVES], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stdout == "stopping; once more leaves at once\nleft at once\n"


def test_before_rows_move_it_ends_the_command() -> None:
    with pytest.raises(KeyboardInterrupt), stopping(running=lambda: False, said=print) as stop:
        os.kill(os.getpid(), signal.SIGINT)
    assert not stop.is_set()


def test_afterwards_signals_mean_what_they_meant_before() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with stopping(running=lambda: True, said=print):
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before
