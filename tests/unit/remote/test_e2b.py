"""The provider, through its official client, against a loopback server."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.services.e2b import KEY, Fault, Loopback, Shape

from osiris.model.errors import ConnectError, RemoteError, SecretMissing
from osiris.remote.e2b import Access, Cloud, Recipe
from osiris.remote.sandbox import template_name, whose


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Loopback]:
    with Loopback(tmp_path / "sandboxes", {"osiris-1": Shape(cpu=4, memory_mb=8_192)}) as server:
        yield server


def cloud(server: Loopback, key: str = KEY) -> Cloud:
    return Cloud(Access(key, api_url=server.url, sandbox_url=server.url))


def recipe(folder: Path, **sizes: int) -> Recipe:
    for name in ("osiris.whl", "constraints.txt"):
        (folder / name).write_text("content", "utf-8")
    return Recipe("osiris-2", folder, "osiris.whl", "constraints.txt", ("mysql",), **sizes)


def test_a_template_is_built_from_the_wheel_with_pinned_versions(tmp_path: Path, server: Loopback) -> None:
    said: list[str] = []
    assert cloud(server).build(recipe(tmp_path, cpu=8, memory_mb=4_096), said.append) == "osiris-2"
    built = server.builds["osiris-2"]
    assert (built["cpuCount"], built["memoryMB"]) == (8, 4_096)
    steps = [" ".join(step["args"]) for step in built["steps"]["steps"]]
    (command,) = [step for step in steps if "pip install" in step]
    assert "--constraint /opt/osiris/constraints.txt '/opt/osiris/osiris.whl[mysql]'" in command
    assert len(server.uploads) == 2
    assert "pip install" in said
    assert [template.name for template in cloud(server).templates()] == ["base", "osiris-1", "osiris-2"]


def test_a_build_that_fails_is_told(tmp_path: Path, server: Loopback) -> None:
    server.faults = [Fault("POST /v3/templates", 500, "no room")]
    with pytest.raises(RemoteError, match="E2B refuses to build the template") as caught:
        cloud(server).build(recipe(tmp_path), print)
    assert "no room" in caught.value.why


def test_templates_are_listed_with_their_size(server: Loopback) -> None:
    (template,) = [template for template in cloud(server).templates() if template.name == "osiris-1"]
    assert (template.cpu, template.memory_mb, template.status) == (4, 8_192, "ready")


def test_templates_are_for_the_account_s_owner(server: Loopback) -> None:
    with pytest.raises(ConnectError, match="refuses the key"):
        cloud(server, "e2b_wrong").templates()
    with pytest.raises(SecretMissing):
        cloud(server, "").templates()


def test_sandboxes_are_found_by_their_mark(server: Loopback) -> None:
    made = cloud(server).create("osiris-1", 60, {"osiris": "run", "osiris_run": "r 1&2"})
    cloud(server).create("osiris-1", 60, {"other": "run"})
    assert made.resources() == (4, 8_192)
    (listed,) = cloud(server).sandboxes()
    assert (listed.sandbox_id, listed.metadata["osiris_run"]) == (made.sandbox_id, "r 1&2")
    assert cloud(server).kill(made.sandbox_id)
    assert not cloud(server).kill(made.sandbox_id)
    made.kill()
    assert cloud(server).sandboxes() == ()


def test_the_key_is_in_no_repr() -> None:
    assert KEY not in repr(Access(KEY)) + repr(Cloud(Access(KEY)))


def test_a_template_s_name_says_what_it_holds() -> None:
    assert template_name(None, None) == template_name(2, 4).removesuffix("-2cpu-4gb")
    assert template_name(None, 4).endswith("-4gb")
    assert "." not in template_name(1, 1)


def test_a_project_is_known_by_a_name_that_says_nothing() -> None:
    assert whose(Path("/a")) == whose(Path("/a")) != whose(Path("/b"))
    assert len(whose(Path("/a"))) == 16


def test_without_the_package_it_is_named() -> None:
    script = (
        "import sys; sys.modules['e2b'] = None\n"
        "from osiris.remote.e2b import Access, Cloud\n"
        "from osiris.model.errors import ExtraMissing\n"
        "try: Cloud(Access('k')).templates()\n"
        "except ExtraMissing as exc: print(exc.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "install it with `pip install 'osiris-etl[e2b]'`\n"


def test_the_client_is_not_imported_before_it_is_needed() -> None:
    script = "import sys, osiris.cli.commands.run, osiris.remote.sandbox; print('e2b' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
