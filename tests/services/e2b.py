"""A loopback server that speaks as much of E2B's API as Osiris uses, so that the official client works unmodified.

A sandbox is a folder and some processes of this machine: there is no isolation. What is like the real thing, because
programs break on it: output that nobody hears is lost, a client that goes away stops nothing, a command's time-out
ends it, a command sees nothing of the server's environment, a dead sandbox answers 502.
"""

import base64
import io
import json
import os
import re
import secrets
import shutil
import signal
import struct
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from types import TracebackType
from typing import IO, Any, Self

KEY = "e2b_0000000000000000000000000000000000000000"  # pragma: allowlist secret
HERE = str(Path(sys.executable).parent)
_CHUNK = 32_768  # bytes of output in one message
_LAST = 2  # flag of the message that ends a stream
_SYSTEM = "/usr/local/bin:/usr/bin:/bin"
_STATUS = {"not_found": 404, "unauthenticated": 401, "invalid_argument": 400, "internal": 500}


@dataclass(frozen=True)
class Shape:
    """What a template is.

    Attributes:
        path: Folders of programs, before the system's own.
        file_kib: Size of the largest file that a command may write; None for any.
        env: Variables that every command sees.
    """

    path: str = HERE
    cpu: int = 2
    memory_mb: int = 1_024
    file_kib: int | None = None
    env: tuple[tuple[str, str], ...] = ()


@dataclass
class Fault:
    """Something that goes wrong.

    Attributes:
        at: Pattern that is looked for in `METHOD /path`.
        status: Answered instead of what was asked for; 0 answers.
        cut: Messages of a stream after which its connection is cut; None cuts nothing.
        wait: The request is held until this is set.
        then: Called with the sandbox when the fault happens.
        times: How often it still happens.
        final: Whether the client is told not to try again.
    """

    at: str
    status: int = 0
    message: str = "an injected fault"
    cut: int | None = None
    wait: threading.Event | None = None
    then: Callable[["Sandbox"], object] | None = None
    times: int = 1
    final: bool = True
    reached: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Request:
    """One request, as it came."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


class Refused(Exception):
    """A request that can't be answered."""

    def __init__(self, status: int, message: str, code: str = "", *, final: bool = True) -> None:
        super().__init__(message)
        self.status, self.code, self.final = status, code, final


@dataclass
class Process:
    """One command and whoever hears it."""

    process: "subprocess.Popen[bytes]"
    args: list[str]
    env: dict[str, str]
    hearers: list["Queue[dict[str, Any] | None]"] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    end: dict[str, Any] | None = None

    def say(self, event: dict[str, Any]) -> None:
        with self.lock:
            if "end" in event:
                self.end = event
            for hearer in self.hearers:
                hearer.put(event)

    def hear(self) -> "Queue[dict[str, Any] | None]":
        hearer: Queue[dict[str, Any] | None] = Queue()
        with self.lock:
            self.hearers.append(hearer)
            if self.end is not None:
                hearer.put(self.end)
        return hearer

    def deaf(self, hearer: "Queue[dict[str, Any] | None]") -> None:
        with self.lock:
            self.hearers.remove(hearer)

    def watch(self) -> None:
        """Hand on everything that the command says, then how it ended."""
        pipes = (("stdout", self.process.stdout), ("stderr", self.process.stderr))
        threads = [threading.Thread(target=self._pump, args=pipe, daemon=True) for pipe in pipes]
        for thread in threads:
            thread.start()
        code = self.process.wait()
        for thread in threads:
            thread.join()
        self.say({"end": {"exitCode": max(code, -1), "exited": code >= 0, "status": f"exit status {code}"}})

    def _pump(self, name: str, pipe: IO[bytes] | None) -> None:
        assert pipe is not None
        with pipe, suppress(ValueError):
            while chunk := os.read(pipe.fileno(), _CHUNK):
                self.say({"data": {name: base64.b64encode(chunk).decode()}})


@dataclass
class Sandbox:
    """One sandbox."""

    sandbox_id: str
    root: Path
    template: str
    shape: Shape
    metadata: dict[str, str]
    env: dict[str, str]
    seconds: int
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    processes: dict[int, Process] = field(default_factory=dict)

    def path(self, name: str) -> Path:
        """Return where a path of the sandbox lies here; relative ones begin in its home folder."""
        return self.root / os.path.normpath(f"/{name.removeprefix('/home/user')}").lstrip("/")

    def start(self, config: dict[str, Any], *, stdin: bool) -> Process:
        env = {
            "PATH": f"{self.shape.path}:{_SYSTEM}",
            "HOME": str(self.root),
            **dict(self.shape.env),
            **self.env,
            **config.get("envs", {}),
        }
        args = [config["cmd"], *(word for word in config.get("args", []) if word != "-l")]
        if self.shape.file_kib is not None:
            args = ["/bin/bash", "-c", f'ulimit -f {self.shape.file_kib}; exec "$@"', "bash", *args]
        pipe = subprocess.PIPE
        started = subprocess.Popen(
            args,
            cwd=self.path(config.get("cwd", "")),
            env=env,
            stdin=pipe if stdin else subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            start_new_session=True,
        )
        process = Process(started, config.get("args", []), config.get("envs", {}))
        self.processes[started.pid] = process
        return process

    def described(self) -> dict[str, Any]:
        return {
            "templateID": self.template,
            "alias": self.template,
            "sandboxID": self.sandbox_id,
            "clientID": "loopback",
            "startedAt": self.started.isoformat(),
            "endAt": (self.started + timedelta(seconds=self.seconds)).isoformat(),
            "cpuCount": self.shape.cpu,
            "memoryMB": self.shape.memory_mb,
            "diskSizeMB": 10_240,
            "state": "running",
            "envdVersion": "0.6.7",
            "envdAccessToken": self.token,
            "metadata": self.metadata,
        }


class Loopback:
    """The provider. It runs while it is entered."""

    def __init__(self, folder: Path, templates: dict[str, Shape] | None = None) -> None:
        self.folder = folder
        self.templates = {"base": Shape()} | (templates or {})
        self.builds: dict[str, dict[str, Any]] = {}
        self.uploads: list[bytes] = []
        self.sandboxes: dict[str, Sandbox] = {}
        self.left: list[Sandbox] = []
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.lock = threading.Lock()
        self._timers: list[threading.Timer] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def environment(self) -> dict[str, str]:
        """Return the variables by which the official client finds this server."""
        return {"E2B_API_KEY": KEY, "E2B_API_URL": self.url, "E2B_SANDBOX_URL": self.url}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        for timer in self._timers:
            timer.cancel()
        for sandbox_id in list(self.sandboxes):
            self.end(sandbox_id)
        self._server.shutdown()
        self._server.server_close()

    def add(self, sandbox: Sandbox) -> None:
        """Let a sandbox live for its time."""
        self.sandboxes[sandbox.sandbox_id] = sandbox
        timer = threading.Timer(sandbox.seconds, self.end, [sandbox.sandbox_id])
        timer.daemon = True
        timer.start()
        self._timers.append(timer)

    def end(self, sandbox_id: str) -> bool:
        """End a sandbox at once, whatever goes on in it; its files are kept for a test to look at."""
        with self.lock:
            sandbox = self.sandboxes.pop(sandbox_id, None)
        if sandbox is None:
            return False
        for process in list(sandbox.processes.values()):
            with suppress(ProcessLookupError):
                os.killpg(process.process.pid, signal.SIGKILL)
            process.process.wait()
            if process.process.stdin:
                with suppress(OSError):
                    process.process.stdin.close()
            with process.lock:
                for hearer in process.hearers:
                    hearer.put(None)
        self.left.append(sandbox)
        return True

    def fault(self, request: Request) -> Fault | None:
        """Return the fault that happens at this request, and count it."""
        with self.lock:
            for fault in self.faults:
                if fault.times > 0 and re.search(fault.at, request.line):
                    fault.times -= 1
                    return fault
        return None

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["templateID"] not in self.templates:
            raise Refused(404, f"template '{body['templateID']}' not found")
        sandbox_id = f"i{secrets.token_hex(8)}"
        root = self.folder / sandbox_id
        root.mkdir(parents=True)
        sandbox = Sandbox(
            sandbox_id=sandbox_id,
            root=root,
            template=body["templateID"],
            shape=self.templates[body["templateID"]],
            metadata=body.get("metadata", {}),
            env=body.get("envVars", {}),
            seconds=body.get("timeout", 300),
        )
        self.add(sandbox)
        return sandbox.described()

    def listed(self, query: str) -> list[dict[str, Any]]:
        wanted = dict(urllib.parse.parse_qsl(dict(urllib.parse.parse_qsl(query)).get("metadata", "")))
        return [s.described() for s in self.sandboxes.values() if wanted.items() <= s.metadata.items()]

    def template_lines(self) -> list[dict[str, Any]]:
        moment = datetime(2026, 1, 2, tzinfo=UTC).isoformat()
        return [
            {
                "templateID": f"id-{name}",
                "buildID": "b1",
                "cpuCount": shape.cpu,
                "memoryMB": shape.memory_mb,
                "diskSizeMB": 1_024,
                "public": False,
                "aliases": [name],
                "names": [name],
                "createdAt": moment,
                "updatedAt": moment,
                "createdBy": None,
                "lastSpawnedAt": None,
                "spawnCount": 0,
                "buildCount": 1,
                "envdVersion": "0.6.7",
                "buildStatus": "ready",
            }
            for name, shape in self.templates.items()
        ]


def _handler(server: Loopback) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"loopback": server})


class _Handler(BaseHTTPRequestHandler):
    loopback: Loopback
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base's
        """Say nothing."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        request = Request(self.command, path, query, dict(self.headers.items()), self._body())
        self.loopback.requests.append(request)
        fault = self.loopback.fault(request)
        try:
            if fault and fault.wait:
                fault.reached.set()
                fault.wait.wait(60)
            if fault and fault.status:
                raise Refused(fault.status, fault.message, final=fault.final)
            self._route(request, fault)
        except Refused as exc:
            code: Any = exc.code or exc.status
            self._json(exc.status, {"code": code, "message": str(exc)}, final=exc.final)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _route(self, request: Request, fault: Fault | None) -> None:
        if request.path.startswith(("/process.Process/", "/files", "/health")):
            sandbox = self.loopback.sandboxes.get(request.headers.get("e2b-sandbox-id", ""))
            if sandbox is None:
                raise Refused(502, "The sandbox was not found")
            if fault and fault.then and fault.cut is None:
                fault.then(sandbox)
            self._in_sandbox(request, sandbox, fault)
        elif request.path.startswith("/uploads/"):
            self.loopback.uploads.append(request.body)
            self._json(200, {})
        elif request.headers.get("x-api-key") != KEY:
            raise Refused(401, "invalid API key")
        else:
            self._control(request)

    def _control(self, request: Request) -> None:
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["v2", "sandboxes"]:
                self._json(201, self.loopback.create(json.loads(request.body)))
            case "GET", ["v2", "sandboxes"]:
                self._json(200, self.loopback.listed(request.query))
            case "GET", ["sandboxes", name] if name in self.loopback.sandboxes:
                self._json(200, self.loopback.sandboxes[name].described())
            case "DELETE", ["sandboxes", name] if self.loopback.end(name):
                self._empty(204)
            case "GET", ["templates"]:
                self._json(200, self.loopback.template_lines())
            case "POST", ["v3", "templates"]:
                asked = json.loads(request.body)
                self.loopback.builds[asked["name"]] = asked
                made = {"templateID": asked["name"], "buildID": "b1", "public": False, "names": [], "tags": []}
                self._json(202, made | {"aliases": []})
            case "GET", ["templates", _, "files", digest]:
                self._json(201, {"present": False, "url": f"{self.loopback.url}/uploads/{digest}"})
            case "POST", ["v2", "templates", name, "builds", _]:
                self.loopback.builds[name]["steps"] = json.loads(request.body)
                self._empty(202)
            case "GET", ["templates", name, "builds", _, "status"]:
                self._built(name, request.query)
            case _:
                raise Refused(404, "not found")

    def _built(self, name: str, query: str) -> None:
        asked = self.loopback.builds[name]
        self.loopback.templates[name] = Shape(cpu=asked.get("cpuCount", 2), memory_mb=asked.get("memoryMB", 1_024))
        entry = {"timestamp": datetime.now(UTC).isoformat(), "level": "info", "message": "pip install"}
        told = "logsOffset=0" in query
        status = {"templateID": name, "buildID": "b1", "status": "ready", "logs": []}
        self._json(200, status | {"logEntries": [entry] if told else []})

    def _in_sandbox(self, request: Request, sandbox: Sandbox, fault: Fault | None) -> None:
        match request.method, request.path:
            case "GET", "/health":
                self._empty(204)
            case "POST", "/files":
                self._store(request, sandbox)
            case "GET", "/files":
                self._give(request, sandbox)
            case "POST", "/process.Process/Start":
                asked = json.loads(request.body[5:])
                process = sandbox.start(asked["process"], stdin=asked.get("stdin", True))
                hearer = process.hear()
                threading.Thread(target=process.watch, daemon=True).start()
                if limit := request.headers.get("connect-timeout-ms"):
                    timer = threading.Timer(int(limit) / 1_000, process.process.kill)
                    timer.daemon = True
                    timer.start()
                    self.loopback._timers.append(timer)
                self._stream(sandbox, process, hearer, fault)
            case "POST", "/process.Process/Connect":
                process = self._chosen(json.loads(request.body[5:]), sandbox)
                self._stream(sandbox, process, process.hear(), fault)
            case "POST", "/process.Process/SendInput":
                asked = json.loads(request.body)
                stdin = self._chosen(asked, sandbox).process.stdin
                assert stdin is not None
                with suppress(BrokenPipeError):
                    stdin.write(base64.b64decode(asked["input"]["stdin"]))
                    stdin.flush()
                self._json(200, {})
            case _:
                raise Refused(404, "not implemented", "unimplemented")

    @staticmethod
    def _chosen(asked: dict[str, Any], sandbox: Sandbox) -> Process:
        pid = asked["process"]["pid"]
        if pid not in sandbox.processes:
            raise Refused(404, f"process with pid {pid} not found", "not_found")
        return sandbox.processes[pid]

    def _store(self, request: Request, sandbox: Sandbox) -> None:
        name = dict(urllib.parse.parse_qsl(request.query)).get("path", "")
        target = sandbox.path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(request.body)
        self._json(200, [{"name": target.name, "type": "file", "path": name}])

    def _give(self, request: Request, sandbox: Sandbox) -> None:
        file = sandbox.path(dict(urllib.parse.parse_qsl(request.query)).get("path", ""))
        if not file.is_file():
            raise Refused(404, f"path '{file.name}' does not exist")
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(file.stat().st_size))
        self.end_headers()
        with file.open("rb") as content:
            shutil.copyfileobj(content, self.wfile)

    def _stream(
        self, sandbox: Sandbox, process: Process, hearer: "Queue[dict[str, Any] | None]", fault: Fault | None
    ) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/connect+json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            self._message({"event": {"start": {"pid": process.process.pid}}})
            for sent in self._numbered(hearer):
                if fault and fault.cut is not None and sent >= fault.cut:
                    if fault.then:
                        fault.then(sandbox)
                    fault.reached.set()
                    self._cut()
                    return
                event = hearer.get()
                if event is None:
                    self._cut()
                    return
                self._message({"event": event})
                if "end" in event:
                    self._message({}, _LAST)
                    self._chunk(b"")
                    return
        finally:
            process.deaf(hearer)

    @staticmethod
    def _numbered(_hearer: object) -> Iterator[int]:
        number = 0
        while True:
            yield number
            number += 1

    def _cut(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.close()

    def _message(self, value: dict[str, Any], flags: int = 0) -> None:
        content = json.dumps(value).encode()
        self._chunk(struct.pack(">BI", flags, len(content)) + content)

    def _chunk(self, content: bytes) -> None:
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        self.wfile.flush()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = io.BytesIO()
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body.write(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return body.getvalue()

    def _json(self, status: int, value: Any, *, final: bool = False) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        if final:
            self.send_header("Should-Retry", "false")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _empty(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
