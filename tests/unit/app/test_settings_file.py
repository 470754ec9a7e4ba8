"""Command line over environment over `osiris.yaml` over defaults, each value with its origin."""

from pathlib import Path

import pytest

from osiris.app.environment import Environment
from osiris.app.settings_file import configure
from osiris.model.errors import ConfigError, UsageError
from osiris.model.settings import Configured, Settings


def configured(folder: Path, text: str = "", exported: dict[str, str] | None = None, **said: str) -> Configured:
    file = folder / "osiris.yaml"
    if text:
        file.write_text(text, "utf-8")
    overrides = {name.replace("__", "."): value for name, value in said.items()}
    return configure(file, Environment(exported or {}), overrides)


def test_without_a_file_all_is_default(tmp_path: Path) -> None:
    found = configured(tmp_path)
    assert found.settings == Settings()
    assert set(found.origins.values()) == {"default"}


def test_each_layer_wins_over_the_one_below_and_says_so(tmp_path: Path) -> None:
    text = "llm: {model: file, base_url: file, api_key_env: FILE}\nagent: {rounds: 3}\n"
    exported = {"OSIRIS_LLM_MODEL": "env", "OSIRIS_LLM_BASE_URL": "env", "OSIRIS_AIOP_ENABLED": "false"}
    found = configured(tmp_path, text, exported, llm__model="line")
    llm = found.settings.llm
    assert (llm.model, llm.base_url, llm.api_key_env, found.settings.agent.rounds) == ("line", "env", "FILE", 3)
    assert found.settings.aiop.enabled is False
    effective = found.effective()
    assert effective["llm.model"] == {"value": "line", "origin": "command line"}
    assert effective["llm.base_url"] == {"value": "env", "origin": "environment"}
    assert effective["llm.api_key_env"] == {"value": "FILE", "origin": "osiris.yaml"}
    assert effective["llm.timeout"] == {"value": 120.0, "origin": "default"}


@pytest.mark.parametrize("text", ["# nothing\n", "llm:\n", "llm: {}\nagent:\n"])
def test_an_empty_section_changes_nothing(tmp_path: Path, text: str) -> None:
    assert configured(tmp_path, text).settings == Settings()


@pytest.mark.parametrize(
    ("text", "complaint", "hint"),
    [
        ("llm: {modell: x}\n", "there is no setting 'llm.modell'", "did you mean llm.model?"),
        ("llmm: {model: x}\n", "there is no section 'llmm'", "did you mean"),
        ("llm: gpt\n", "'llm' must hold keys", ""),
        ("- llm\n", "must hold sections", "osiris init --stdout"),
        ("agent: {rounds: many}\n", "agent.rounds can't be 'many'", ""),
        ("agent: {sampling: all}\n", "agent.sampling can't be 'all'", ""),
        ("agent: {rounds: 0}\n", "agent.rounds can't be 0", ""),
    ],
)
def test_what_is_wrong_in_the_file_is_said_with_its_place(tmp_path: Path, text: str, complaint: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=complaint) as caught:
        configured(tmp_path, text)
    assert caught.value.where == "osiris.yaml"
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "key",
    ["sk-horse-Battery9", "AIzaHorseBattery", "0123abcd4567", "horse battery"],  # pragma: allowlist secret
)
def test_a_key_in_the_place_of_a_name_is_refused_and_not_repeated(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError, match=r"llm\.api_key_env can't be what stands there") as caught:
        configured(tmp_path, f"llm: {{api_key_env: '{key}'}}\n")
    assert caught.value.why == "it is the name of a variable, such as OPENAI_API_KEY, never the key itself"
    assert key not in str(caught.value.to_dict())


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "_MY_KEY2", "my_key"])
def test_a_key_is_named_by_its_variable(tmp_path: Path, name: str) -> None:
    assert configured(tmp_path, f"llm: {{api_key_env: {name}}}\n").settings.llm.api_key_env == name


def test_a_wrong_value_of_a_variable_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"llm\.timeout can't be 'soon'") as caught:
        configured(tmp_path, exported={"OSIRIS_LLM_TIMEOUT": "soon"})
    assert caught.value.where == "OSIRIS_LLM_TIMEOUT"


def test_a_wrong_value_of_the_command_line_names_the_command_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        configured(tmp_path, agent__rounds="0")
    assert caught.value.where == "command line"


def test_an_override_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no setting 'llm\.modle'"):
        configured(tmp_path, llm__modle="x")


def test_a_key_like_no_other_is_answered_with_all(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        configured(tmp_path, zzzz="x")
    assert "llm.model" in caught.value.hint
