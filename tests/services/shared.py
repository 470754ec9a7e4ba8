"""Servers that all test processes of one run share: started by the first that asks, stopped when the run is over."""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = "OSIRIS_TEST_SERVICES"  # names the folder of this run's servers; the workers inherit it
PATIENCE = 60  # seconds that a server may take to answer
_STARTED: list["subprocess.Popen[bytes]"] = []  # kept, because one that is thrown away while it runs is a warning


@dataclass(frozen=True)
class Server:
    """A server on loopback.

    Attributes:
        pid: Of the process to stop at the end; 0 for a server that somebody else runs.
    """

    host: str
    port: int
    user: str
    password: str
    database: str = ""
    pid: int = 0


def open_folder() -> None:
    """Make the folder of this run's servers; called once, before any worker starts."""
    if FOLDER not in os.environ:
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="osiris-services-")
        Path(os.environ[FOLDER]).chmod(0o755)  # another user's server has its folder below


def close_folder() -> None:
    """Stop every server of this run and remove its folder."""
    folder = Path(os.environ.pop(FOLDER))
    for file in folder.glob("*.json"):
        if pid := json.loads(file.read_text("utf-8"))["pid"]:
            _stop(pid)
    shutil.rmtree(folder, ignore_errors=True)


def shared(name: str, start: Callable[[Path], Server]) -> Server:
    """Return the run's server of that name, started if this is the first to ask."""
    folder = Path(os.environ[FOLDER])
    with _locked(folder / f"{name}.lock"):
        known = folder / f"{name}.json"
        if known.is_file():
            return Server(**json.loads(known.read_text("utf-8")))
        data = folder / name
        data.mkdir()
        server = start(data)
        known.write_text(json.dumps(asdict(server)), "utf-8")
        return server


def free_port() -> int:
    """Return a port on which nobody listens at present."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str, *folders: str) -> str | None:
    """Return the path of a program, looked for in these folders first, newest version first; None where it is not."""
    for pattern in folders:
        found = sorted(Path("/").glob(f"{pattern.lstrip('/')}/{name}"), reverse=True)
        if found:
            return str(found[0])
    return shutil.which(name)


def install(packages: Sequence[str], what: str) -> None:
    """Install Debian packages as root.

    Raises:
        RuntimeError: this is not Debian, or the user is not root; says what to install.
    """
    ask = f"{what} is needed for these tests: install {' '.join(packages)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise RuntimeError(ask)
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(["apt-get", "-q", *command], env=quiet, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{ask}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def until(answers: Callable[[], bool], process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until a server answers.

    Raises:
        RuntimeError: it ended, or did not answer in time; says what it logged.
    """
    _STARTED.append(process)
    for _ in range(PATIENCE * 10):
        if answers():
            return
        try:
            process.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    tail = log.read_text("utf-8", "replace")[-3000:] if log.is_file() else ""
    raise RuntimeError(f"the server did not start: {tail}")


def listens(port: int) -> bool:
    """Return whether somebody listens on a port of loopback."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _stop(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)  # its data is thrown away, so nothing has to be put in order
    except ProcessLookupError:
        return
