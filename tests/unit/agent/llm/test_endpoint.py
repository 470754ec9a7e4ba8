"""Who is talked with, where, and with which key."""

from typing import get_args

import pytest

from osiris.agent.llm.endpoint import NO_KEY, Endpoint, chosen, endpoints
from osiris.app.environment import Environment
from osiris.model.errors import ConfigError
from osiris.model.providers import PROVIDERS
from osiris.model.settings import LlmSettings, ProviderName

KEYS = {  # pragma: allowlist secret
    "ANTHROPIC_API_KEY": "key-of-anthropic",  # pragma: allowlist secret
    "OPENAI_API_KEY": "key-of-openai",  # pragma: allowlist secret
    "GEMINI_API_KEY": "key-of-google",  # pragma: allowlist secret
}


def meant(environment: dict[str, str], **settings: object) -> Endpoint:
    return endpoints(LlmSettings.model_validate(settings), Environment(environment))[0]


@pytest.mark.parametrize(
    ("variable", "provider"),
    [
        ("ANTHROPIC_API_KEY", "anthropic"),
        ("CLAUDE_API_KEY", "anthropic"),
        ("OPENAI_API_KEY", "openai"),
        ("GEMINI_API_KEY", "google"),
        ("GOOGLE_API_KEY", "google"),
    ],
)
def test_a_key_alone_says_whom_to_talk_with(variable: str, provider: str) -> None:
    found = meant({variable: "the-key"})
    assert (found.provider.name, found.key) == (provider, "the-key")
    assert found.model == found.provider.model


@pytest.mark.parametrize(
    ("settings", "provider", "wire", "host"),
    [
        ({"model": "claude-x"}, "anthropic", "anthropic", "api.anthropic.com"),
        ({"model": "gemini-x"}, "google", "google", "googleapis.com"),
        ({"model": "gpt-x"}, "openai", "responses", "api.openai.com"),
        ({"model": "x"}, "openai", "responses", "api.openai.com"),
        ({"provider": "openai"}, "openai", "responses", "api.openai.com"),
        ({"provider": "openai", "base_url": "http://h:1/v1", "model": "x"}, "openai", "chat", "h:1"),
        ({"base_url": "http://h:1/v1", "model": "x"}, "compatible", "chat", "h:1"),
        ({"provider": "responses", "base_url": "http://h:1/v1", "model": "x"}, "responses", "responses", "h:1"),
        ({"provider": "ollama", "model": "llama3.2:3b"}, "ollama", "chat", "127.0.0.1:11434"),
        ({"provider": "lmstudio", "model": "x"}, "lmstudio", "chat", "127.0.0.1:1234"),
        ({"provider": "vllm", "model": "x"}, "vllm", "chat", "127.0.0.1:8000"),
        ({"provider": "google", "base_url": "http://h:1"}, "google", "google", "h:1"),
    ],
)
def test_settings_say_whom_to_talk_with_and_how(settings: dict[str, str], provider: str, wire: str, host: str) -> None:
    found = meant(KEYS, **settings)
    assert (found.provider.name, found.wire) == (provider, wire)
    assert host in found.base_url


def test_a_key_goes_to_whom_it_is_for() -> None:
    assert meant(KEYS, model="claude-x").key == KEYS["ANTHROPIC_API_KEY"]
    assert meant(KEYS, model="claude-x", api_key_env="OPENAI_API_KEY").key == KEYS["ANTHROPIC_API_KEY"]
    assert meant(KEYS, provider="ollama", model="x").key == NO_KEY
    assert meant({"MINE": "my-key"}, model="m", api_key_env="MINE").key == "my-key"
    assert meant({"MINE": "my-key"}, provider="anthropic", api_key_env="MINE").key == "my-key"
    assert "key-of" not in repr(meant(KEYS))


def test_a_server_of_ones_own_needs_no_key() -> None:
    assert meant({}, model="m", base_url="http://127.0.0.1:1/v1").key == NO_KEY
    assert meant(KEYS, model="m", base_url="http://127.0.0.1:1/v1").key == KEYS["OPENAI_API_KEY"]


def test_without_a_key_the_error_says_exactly_what_to_do() -> None:
    with pytest.raises(ConfigError, match="there is no key to a language model") as caught:
        meant({})
    for said in ("ANTHROPIC_API_KEY=…", "OPENAI_API_KEY", "GEMINI_API_KEY", ".env", "--provider ollama", "osiris demo"):
        assert said in caught.value.hint, said


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"model": "m", "api_key_env": "MY_KEY"}, "the variable MY_KEY holds no key for OpenAI"),
        ({"provider": "anthropic"}, "ANTHROPIC_API_KEY and CLAUDE_API_KEY hold no key for Anthropic"),
        ({"provider": "openrouter", "model": "m"}, "OPENROUTER_API_KEY holds no key"),
        ({"provider": "azure", "model": "m"}, "nobody knows where Azure is"),
        ({"provider": "azure", "model": "m", "base_url": "https://x.openai.azure.com/openai/v1"}, "holds no key"),
        ({"provider": "ollama"}, "no language model is named"),
        ({"base_url": "http://127.0.0.1:1/v1"}, "no language model is named"),
        ({"provider": "openai", "base_url": "http://127.0.0.1:1/v1"}, "no language model is named"),
        ({"provider": "ollama", "model": "m", "fallbacks": ("nobody:x",)}, "names no language model"),
    ],
)
def test_what_is_missing_is_named_with_what_to_write(settings: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint) as caught:
        meant({}, **settings)
    assert caught.value.hint


def test_who_is_asked_next_is_named_by_provider_and_model() -> None:
    others = "anthropic:claude-x, google, ollama:llama3.2:3b, openai:gpt-y"
    settings = LlmSettings.model_validate({"provider": "openai", "model": "gpt-x", "fallbacks": others})
    found = endpoints(settings, Environment(KEYS))
    assert [one.name for one in found] == [
        "openai:gpt-x",
        "anthropic:claude-x",
        f"google:{found[2].provider.model}",
        "ollama:llama3.2:3b",
        "openai:gpt-y",
    ]
    assert found[1].key == KEYS["ANTHROPIC_API_KEY"]


def test_an_address_stays_with_its_provider() -> None:
    settings = LlmSettings(provider="ollama", model="a", base_url="http://h:1/v1", fallbacks=("ollama:b", "openai"))
    assert [one.base_url for one in endpoints(settings, Environment(KEYS))] == [
        "http://h:1/v1",
        "http://h:1/v1",
        "https://api.openai.com/v1",
    ]


def test_the_command_line_wins_over_the_settings() -> None:
    settings = LlmSettings(provider="ollama", model="a", base_url="http://h:1/v1")
    there = Environment(KEYS)
    assert chosen(settings, there)["llm.base_url"] == "http://h:1/v1"
    assert chosen(settings, there, model="llama3.2:3b")["llm.model"] == "llama3.2:3b"
    both = {"llm.provider": "anthropic", "llm.model": "claude-x", "llm.base_url": "", "llm.api_key_env": ""}
    assert chosen(settings, there, model="anthropic:claude-x") == both
    assert chosen(settings, there, provider="anthropic", model="claude-x") == both
    assert chosen(LlmSettings(), there)["llm.provider"] == "anthropic"
    assert chosen(LlmSettings(), Environment({})) == {}
    with pytest.raises(ConfigError, match="there is no provider 'antropic'") as caught:
        chosen(settings, there, provider="antropic")
    assert "anthropic" in caught.value.hint


def test_a_setting_can_name_every_provider_and_nobody_else() -> None:
    assert {*get_args(ProviderName)} == {"", *PROVIDERS}
