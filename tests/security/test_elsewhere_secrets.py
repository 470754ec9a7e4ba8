"""A secret reaches a worker through its input and nothing else: no request that creates, uploads or lists, no file."""

import base64
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.e2e.keyboard import left_in
from tests.parity.places import CONNECTIONS, HEAD, READ, covered, project
from tests.services import mysql
from tests.services.e2b import KEY, Loopback, Shape

from osiris.app.elsewhere import Elsewhere
from osiris.app.project import Project
from osiris.app.runs import RunPipeline, run_pipeline
from osiris.remote.sandbox import Sized

PASSWORD = "canary-hunter2/ä"  # pragma: allowlist secret
OTHER = "canary-of-another-pipeline"  # pragma: allowlist secret
PARAM = "canary-parameter"
PASSED = "canary-passed-on"
GIVEN = "canary-given"
TEXT = f"""{HEAD}name: secretive
params:
  whose: {{type: string, default: nobody, sensitive: true}}
steps:
{READ}
  - id: loud
    component: duckdb.processor
    mode: transform
    needs: [orders]
    config: {{query: "SELECT id, error(concat('canary says ', ${{params.whose}})) AS e FROM orders"}}
  - {{id: crm, component: mysql.extractor, mode: read, needs: [write],
      config: {{connection: "@mysql.crm", query: "SELECT 1 AS one"}}}}
  - {{id: write, component: filesystem.csv_writer, mode: write, needs: [loud], config: {{path: output/loud.csv}}}}
  - {{id: rest, component: filesystem.csv_writer, mode: write, needs: [crm], config: {{path: output/rest.csv}}}}
"""


def forms(secret: str) -> list[bytes]:
    """Return a secret as it may be written."""
    raw = secret.encode()
    plain = [raw, quote(secret, safe="").encode(), raw.hex().encode()]
    shifted = [base64.b64encode(b" " * shift + raw)[4:-4] for shift in range(3)]
    return [form for form in (*plain, *shifted) if len(form) > 6]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Loopback]:
    with Loopback(tmp_path / "sandboxes", {Sized().template: Shape(env=covered())}) as server:
        yield server


@pytest.mark.slow
def test_a_secret_is_in_the_worker_s_input_and_nowhere_else(tmp_path: Path, server: Loopback) -> None:
    folder = project(tmp_path / "p")
    (folder / "osiris_connections.yaml").write_text(
        f"{CONNECTIONS}"
        "mysql:\n"
        "  crm: {host: 127.0.0.1, port: 1, user: u, database: d, password: '${PW}', default: true}\n"
        "  other: {host: 127.0.0.1, user: u, database: d, password: '${OTHER}'}\n",
        "utf-8",
    )
    (folder / ".env").write_text(f"PW={PASSWORD}\nOTHER={OTHER}\nOSIRIS_PARAM_WHOSE={PARAM}\n", "utf-8")
    where = Elsewhere(where="e2b", environment={"GIVEN": GIVEN}, passed=("PASSED",))
    here = Project.open(folder, exported={"PASSED": PASSED, **server.environment()})
    report = run_pipeline(here, RunPipeline(text=TEXT, elsewhere=where))
    assert report.status == "failed"
    assert report.error
    assert "canary says ***" in report.error["message"]

    (job,) = [r.body for r in server.requests if r.path.endswith("SendInput") and len(r.body) > 1_000]
    told = job + b"".join(base64.b64decode(part) for part in job.split(b'"') if len(part) > 1_000)
    for secret in (PASSWORD, PARAM, PASSED, GIVEN):
        assert secret.encode() in told or secret.encode("unicode_escape") in told
    for secret in (PASSWORD, OTHER, PARAM, PASSED, GIVEN, KEY):
        for form in forms(secret):
            for request in server.requests:
                if request.body != job:
                    assert form not in request.body, request.line
                assert form not in f"{request.path}?{request.query}".encode()
            for sandbox in server.left:
                files = left_in(sandbox.root)
                assert "osiris-run/said.jsonl" in files
                assert [name for name, content in files.items() if form in content] == []
                assert not any(form in repr((p.args, p.env)).encode() for p in sandbox.processes.values())
    assert OTHER.encode() not in told
    assert KEY.encode() not in told

    for file in (folder / "logs").rglob("*"):
        if file.is_file() and file.suffix != ".sqlite":
            for secret in (PASSWORD, PARAM, PASSED, KEY, OTHER):
                assert secret.encode() not in file.read_bytes(), file


@pytest.mark.slow
def test_a_child_process_knows_no_variable_of_its_host_s_that_may_be_secret(tmp_path: Path) -> None:
    folder = project(tmp_path / "p")
    kept = {name: value for name, value in os.environ.items() if name == "PATH"}
    here = Project.open(folder, exported={"SOME_TOKEN": PASSED, "OPENAI_API_KEY": OTHER, **kept})
    assert here.environment.passed_on() == kept
    text = f"""{HEAD}name: asks
steps:
  - {{id: ask, component: duckdb.processor, mode: transform, config: {{query: "SELECT 1 AS n"}}}}
  - {{id: write, component: filesystem.csv_writer, mode: write, needs: [ask], config: {{path: output/n.csv}}}}
"""
    report = run_pipeline(here, RunPipeline(text=text, elsewhere=Elsewhere(where="isolated")))
    assert report.status == "completed"


@pytest.mark.slow
def test_a_connection_s_key_opens_the_server_and_lies_nowhere(tmp_path: Path, server: Loopback) -> None:
    """What a connection names as certificates and key, by relative paths, is held in the worker's memory alone."""
    at, ca = mysql.server_with_tls()
    folder = project(tmp_path / "p")
    for name in ("ca.pem", "server.pem", "server.key"):
        shutil.copy(ca.with_name(name), folder / name)
    (folder / "osiris_connections.yaml").write_text(
        f"mysql:\n  safe: {{host: {at.host}, port: {at.port}, user: {at.user}, password: '${{PW:-}}', "
        "tls: verify_identity, tls_ca: ca.pem, tls_cert: ./server.pem, tls_key: server.key}\n",
        "utf-8",
    )
    (folder / ".env").write_text(f"PW={at.password}\n", "utf-8")
    text = f"""{HEAD}name: safe
steps:
  - {{id: ask, component: mysql.extractor, mode: read,
      config: {{connection: "@mysql.safe", query: "SELECT 'a' AS one"}}}}
  - {{id: write, component: filesystem.csv_writer, mode: write, needs: [ask], config: {{path: output/one.csv}}}}
"""
    here = Project.open(folder, exported=server.environment())
    report = run_pipeline(here, RunPipeline(text=text, elsewhere=Elsewhere(where="e2b")))
    assert report.status == "completed", report.error
    assert (folder / "output" / "one.csv").read_text("utf-8") == "one\na\n"
    lines = [line for line in (folder / "server.key").read_bytes().splitlines() if len(line) > 40]
    inputs = [request.body for request in server.requests if request.path.endswith("SendInput")]
    told = b"".join(base64.b64decode(part) for body in inputs for part in body.split(b'"') if len(part) > 1_000)
    assert base64.b64encode((folder / "server.key").read_bytes()) in told
    for line in lines:
        shifted = [base64.b64encode(b" " * shift + line)[4:-4] for shift in range(3)]
        for request in (request for request in server.requests if request.body not in inputs):
            assert not [form for form in (line, *shifted) if form in request.body], request.line
        for sandbox in server.left:
            files = left_in(sandbox.root)
            assert [name for name, content in files.items() if any(form in content for form in (line, *shifted))] == []
