"""A person at a terminal is led to a new connection."""

import os
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest
from tests.unit.app.projects import CONNECTIONS, with_shop

pytestmark = pytest.mark.slow
OSIRIS = str(Path(sys.executable).with_name("osiris"))
PASSWORD = "correct-horse-battery"  # pragma: allowlist secret
PROFILES = f"shop: {{outputs: {{dev: {{type: mysql, host: 127.0.0.1, port: 9, password: {PASSWORD}}}}}}}\n"


def add(folder: Path, *words: str, **exported: str) -> "pexpect.spawn[str]":
    environment = os.environ | {"TERM": "xterm", "LC_ALL": "C.UTF-8", "CI": "", "HOME": str(folder)} | exported
    return pexpect.spawn(
        OSIRIS,
        ["connections", "add", *words],
        cwd=str(with_shop(folder)),
        env=environment,
        encoding="utf-8",
        timeout=60,
        dimensions=(50, 120),
    )


def scripted(folder: Path, given: str, *words: str) -> subprocess.CompletedProcess[str]:
    line = [OSIRIS, "connections", "add", "@mysql.shop", "--set", "port=9", "--secret", "password", *words]
    return subprocess.run(line, cwd=with_shop(folder), input=given, capture_output=True, text=True, check=False)


def test_a_script_gives_a_secret_by_standard_input(tmp_path: Path) -> None:
    done = scripted(tmp_path, f"{PASSWORD}\nmore\n", "--unchecked", "--json")
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    assert (tmp_path / ".env").read_text("utf-8") == f"MYSQL_SHOP_PASSWORD={PASSWORD}\n"
    assert '      password: "${MYSQL_SHOP_PASSWORD}"\n' in (tmp_path / "osiris_connections.yaml").read_text("utf-8")


def test_a_script_that_gives_none_is_told_so(tmp_path: Path) -> None:
    done = scripted(tmp_path, "")
    assert done.returncode == 2
    assert "no secret was given for 'password'" in done.stderr
    assert (tmp_path / "osiris_connections.yaml").read_text("utf-8") == CONNECTIONS


def ended(talk: "pexpect.spawn[str]") -> int:
    talk.expect(pexpect.EOF)
    talk.close()
    return int(talk.exitstatus)


def test_a_person_is_asked_for_the_family_the_name_and_the_fields(tmp_path: Path) -> None:
    talk = add(tmp_path)
    talk.expect("Number or name")
    talk.sendline("nonsense")
    talk.expect("there is no 'nonsense' in the list")
    talk.sendline("duckdb")
    talk.expect("What should pipelines call it")
    talk.sendline("no name")
    talk.expect("it has to be a new one")
    talk.expect("What should pipelines call it")
    talk.sendline("")
    talk.expect("path")
    talk.sendline("data/shop.duckdb")
    talk.expect("@duckdb.main is added")
    assert ended(talk) == 0
    assert "    main:\n      path: data/shop.duckdb\n" in (tmp_path / "osiris_connections.yaml").read_text("utf-8")


def test_a_secret_is_typed_unseen_and_kept_apart(tmp_path: Path) -> None:
    talk = add(tmp_path, "@mysql.shop")
    talk.expect("url .unseen")
    talk.sendline("")
    for name, answer in (("host", ""), ("port", "many"), ("port", "9"), ("database", "shop"), ("user", "ada")):
        talk.expect(f"{name}.*: ")
        talk.sendline(answer)
    talk.expect("password .unseen")
    talk.sendline(PASSWORD)
    talk.expect("Anything else")
    talk.sendline("tls")
    talk.expect("write FIELD=VALUE")
    talk.expect("Anything else")
    talk.sendline("connect_timeout=soon")
    talk.expect("valid number")
    talk.expect("Anything else")
    talk.sendline("connect_timeout=0.5")
    talk.expect("Anything else")
    talk.sendline("")
    talk.expect("Keep it all the same")
    talk.sendline("y")
    talk.expect("write .env into .gitignore")
    seen = talk.before or ""
    assert ended(talk) == 0
    assert PASSWORD not in seen
    assert (tmp_path / ".env").read_text("utf-8") == f"MYSQL_SHOP_PASSWORD={PASSWORD}\n"
    text = (tmp_path / "osiris_connections.yaml").read_text("utf-8")
    assert "      port: 9\n      database: shop\n      user: ada\n      connect_timeout: 0.5\n" in text
    assert PASSWORD not in text


def test_what_is_described_elsewhere_is_offered_and_taken_on_a_yes_only(tmp_path: Path) -> None:
    (tmp_path / "profiles.yml").write_text(PROFILES, "utf-8")
    talk = add(tmp_path, SHOP_URL=f"mysql://ada:{PASSWORD}@127.0.0.1:9/shop")
    talk.expect("dbt:shop.dev")
    talk.expect("goes to .env")
    talk.expect("Use it")
    talk.sendline("n")
    talk.expect("env:SHOP_URL")
    talk.expect("Use it")
    talk.sendline("y")
    talk.expect("What should pipelines call it")
    talk.sendline("shop")
    talk.expect("Anything else")
    talk.sendline("")
    talk.expect("Keep it all the same")
    talk.sendline("n")
    talk.expect("was not kept")
    assert ended(talk) == 5
    assert (tmp_path / "osiris_connections.yaml").read_text("utf-8") == CONNECTIONS
    assert not (tmp_path / ".env").exists()
