"""Every command uses the one loader: exported, then `.env` here, then `.env` of the project; each has its origin."""

from pathlib import Path

import pytest
from tests.e2e.keyboard import typed
from tests.unit.app.projects import with_shop

DOCTOR = ("connections", "doctor", "@duckdb.shop")
NOWHERE = "data/nowhere.duckdb"


def test_variables_have_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = with_shop(tmp_path / "shop")
    here = shop / "pipelines"
    (shop / ".env").write_text(f"SHOP_FILE={NOWHERE}\n", "utf-8")
    ill = typed(here, *DOCTOR)
    assert (ill.code, ill.out.splitlines()[1].split()[:2]) == (5, ["@duckdb.shop", "failed"])
    (here / ".env").write_text("SHOP_FILE=data/shop.duckdb\n", "utf-8")
    assert typed(here, *DOCTOR).code == 0
    monkeypatch.setenv("SHOP_FILE", NOWHERE)
    assert typed(here, *DOCTOR).code == 5
    monkeypatch.setenv("SHOP_FILE", "")
    assert typed(here, *DOCTOR).code == 0


def test_settings_have_their_origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "osiris.yaml").write_text("llm: {model: file, base_url: 'http://file'}\n", "utf-8")
    (tmp_path / ".env").write_text("OSIRIS_LLM_MODEL=dotenv\n", "utf-8")
    monkeypatch.setenv("OSIRIS_AGENT_ROUNDS", "7")
    settings = typed(tmp_path, "validate", "--json").document["settings"]
    assert settings["llm.model"] == {"value": "dotenv", "origin": "environment"}
    assert settings["agent.rounds"] == {"value": 7, "origin": "environment"}
    assert settings["llm.base_url"] == {"value": "http://file", "origin": "osiris.yaml"}
    assert settings["llm.timeout"] == {"value": 120.0, "origin": "default"}
    shown = typed(tmp_path, "validate").out
    assert "agent.rounds  7            environment\n" in shown
    assert "llm.timeout" not in shown


def test_a_wrong_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSIRIS_AGENT_ROUNDS", "many")
    done = typed(tmp_path, "connections", "list")
    assert done.code == 2
    assert "agent.rounds can't be 'many'" in done.err
    assert "where  OSIRIS_AGENT_ROUNDS" in done.err
