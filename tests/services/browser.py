"""A real browser, told what to do over two pipes: no driver and no port in between.

Source: the DevTools protocol, https://chromedevtools.github.io/devtools-protocol/
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from tests.services.shared import Server, install, shared

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe")
PHONE = 500  # pixels below which a page is on one
_READ, _WRITE = 3, 4  # where the browser looks for its pipes


@dataclass
class Page:
    """One page.

    Attributes:
        requests: Addresses that it asked for.
        complaints: What it logged.
    """

    out: IO[bytes]
    back: IO[bytes]
    session: str = ""
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)
    _loaded: bool = False

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Return the answer to one command."""
        number = next(self._numbers)
        ask = {"id": number, "method": method, "params": params} | ({"sessionId": self.session} if self.session else {})
        self.out.write(json.dumps(ask).encode() + b"\0")
        self.out.flush()
        while True:
            said = self._next()
            if said.get("id") == number:
                assert "error" not in said, said
                result: dict[str, Any] = said["result"]
                return result

    def show(self, file: Path, *, width: int, dark: bool, height: int = 800) -> None:
        """Load a file at some width, by day or by night, and wait until it is there."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < PHONE}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self._loaded = False
        self.call("Page.navigate", url=file.as_uri())
        while not self._loaded:
            self._next()

    def ask(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def _next(self) -> dict[str, Any]:
        read = bytearray()
        while (byte := self.back.read(1)) != b"\0":
            assert byte, "the browser is gone"
            read += byte
        said: dict[str, Any] = json.loads(read)
        match said:
            case {"method": "Network.requestWillBeSent", "params": {"request": {"url": url}}}:
                self.requests.append(url)
            case {"method": "Page.loadEventFired"}:
                self._loaded = True
            case {"method": "Log.entryAdded", "params": {"entry": {"text": text}}}:
                self.complaints.append(text)
        return said


def _installed() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


def _install(_: Path) -> Server:
    install(["chromium"], "a browser")
    return Server("", 0, "", "")


@contextmanager
def browsing() -> Iterator[Page]:
    """Lend a page of a browser of its own.

    Raises:
        RuntimeError: there is no browser, and none can be installed; says what to install.
    """
    if not (program := _installed()):
        shared("browser-install", _install)
        program = _installed()
    assert program
    ours_in, theirs_out = os.pipe()
    theirs_in, ours_out = os.pipe()
    with TemporaryDirectory(prefix="osiris-browser-", ignore_cleanup_errors=True) as home:
        flags = (*FLAGS, f"--user-data-dir={home}")
        script = f'exec {_READ}<"/dev/fd/$1" {_WRITE}>"/dev/fd/$2"; shift 2; exec "$@"'
        command = ["/bin/sh", "-c", script, "sh", str(theirs_in), str(theirs_out), program, *flags]
        with (
            subprocess.Popen(command, pass_fds=(theirs_in, theirs_out), stderr=subprocess.DEVNULL) as process,
            open(ours_out, "wb") as out,  # noqa: PTH123 - a descriptor, not a path
            open(ours_in, "rb") as back,  # noqa: PTH123
        ):
            os.close(theirs_in)
            os.close(theirs_out)
            try:
                page = Page(out, back)
                target = page.call("Target.createTarget", url="about:blank")["targetId"]
                page.session = page.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
                for domain in ("Page", "Network", "Log", "Runtime"):
                    page.call(f"{domain}.enable")
                yield page
            finally:
                process.kill()
