"""Which language model is meant, where it is and with what key: read from settings, command line and environment."""

from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from osiris.app.environment import Environment
from osiris.model.errors import ConfigError
from osiris.model.nearest import nearest
from osiris.model.providers import KEYS, PROVIDERS, Provider, Wire
from osiris.model.settings import LlmSettings

NO_KEY = "none"  # what a server that wants no key is given: the packages insist on one
_BY_NAME = {"claude": "anthropic", "gemini": "google", "gpt": "openai"}
WITHOUT = (
    "with Ollama no key is needed: osiris chat --provider ollama --model NAME; "
    "`osiris demo` and all other commands need no model"
)


@dataclass(frozen=True)
class Endpoint:
    """One language model to talk with.

    Attributes:
        key: Never shown.
        key_env: The variable that holds it; empty where it wants none.
    """

    provider: Provider
    model: str
    base_url: str
    key: str = field(default=NO_KEY, repr=False)
    key_env: str = ""

    @property
    def wire(self) -> Wire:
        """Return the protocol; whoever is not OpenAI and speaks as OpenAI speaks its older one."""
        home = PROVIDERS["openai"]
        if self.provider is home and _host(self.base_url) != _host(home.base_url):
            return "chat"
        return self.provider.wire

    @property
    def is_home(self) -> bool:
        """Return whether the provider's own server is meant, and not one that speaks like it."""
        return _host(self.base_url) == _host(self.provider.base_url)

    @property
    def name(self) -> str:
        """Return how people call it."""
        return f"{self.provider.name}:{self.model}"


def endpoints(settings: LlmSettings, environment: Environment) -> tuple[Endpoint, ...]:
    """Return the language model that is meant, then those to fall back on.

    Raises:
        ConfigError: a name means nobody, no model is named or no key is found.
    """
    others = (_fallback(settings, text) for text in settings.fallbacks)
    return tuple(_endpoint(one, environment) for one in (settings, *others))


def chosen(settings: LlmSettings, environment: Environment, *, provider: str = "", model: str = "") -> dict[str, str]:
    """Return the settings, `section.key` to text, that say whom to talk with, where nothing or somebody else is named.

    Args:
        settings: As they are; address and key hold as long as the provider stays.
        environment: Where keys are.
        provider: Empty where only a model is named.
        model: `provider:model` names both.

    Raises:
        ConfigError: there is no such provider.
    """
    provider, model = _named(provider, model)
    found = {"model": model} if model else {}
    if provider and provider != settings.provider:
        found = {"provider": provider, "model": model, "base_url": "", "api_key_env": ""}
    changed = settings.model_copy(update=found)
    try:
        meant = _endpoint(changed, environment)
    except ConfigError:  # whoever opens it is told why
        return {f"llm.{name}": value for name, value in found.items()}
    return {
        "llm.provider": "" if changed.api_key_env and not changed.provider else meant.provider.name,
        "llm.model": meant.model,
        "llm.base_url": changed.base_url,
        "llm.api_key_env": changed.api_key_env,
    }


def _named(provider: str, model: str) -> tuple[str, str]:
    """Return provider and model; `anthropic:claude-x` names both, `llama3.2:3b` is a model."""
    before, colon, after = model.partition(":")
    if colon and before in PROVIDERS and provider in ("", before):
        provider, model = before, after
    if provider and provider not in PROVIDERS:
        hint = f"nearest: {', '.join(nearest(provider, PROVIDERS) or PROVIDERS)}"
        raise ConfigError(f"there is no provider {provider!r}", where="llm.provider", hint=hint)
    return provider, model


def _fallback(settings: LlmSettings, text: str) -> LlmSettings:
    provider, model = _named("", text)
    if not provider:
        provider, model = (text, "") if text in PROVIDERS else ("", "")
    if not provider:
        hint = f"write provider:model; providers are {', '.join(PROVIDERS)}"
        raise ConfigError(f"{text!r} names no language model", where="llm.fallbacks", hint=hint)
    own = {} if provider == settings.provider else {"base_url": "", "api_key_env": ""}
    return settings.model_copy(update={"provider": provider, "model": model, **own})


def _endpoint(settings: LlmSettings, environment: Environment) -> Endpoint:
    provider = PROVIDERS[settings.provider or _guessed(settings, environment)]
    base_url = settings.base_url or provider.base_url
    if not base_url:
        hint = "write `llm: {base_url: https://…}` into osiris.yaml, or set OSIRIS_LLM_BASE_URL"
        raise ConfigError(f"nobody knows where {provider.title} is", where="llm.base_url", hint=hint)
    found = Endpoint(provider, settings.model or provider.model, base_url.rstrip("/"))
    if not settings.model and (found.wire == "chat" or not provider.model):
        hint = "write `llm: {model: …}` into osiris.yaml, set OSIRIS_LLM_MODEL, or say --model"
        raise ConfigError("no language model is named", where="llm.model", hint=hint)
    name = _key_env(settings, provider, environment)
    return replace(found, key=environment.get(name) or NO_KEY, key_env=name)


def _guessed(settings: LlmSettings, environment: Environment) -> str:
    """Return the provider where none is named: by the address, the model's name, or the keys that are there."""
    if settings.base_url:
        return "compatible"
    by_name = next((name for start, name in _BY_NAME.items() if settings.model.startswith(start)), "")
    if by_name:
        return by_name
    theirs = [name for name, one in PROVIDERS.items() if settings.api_key_env in one.keys]
    with_key = [name for name, one in PROVIDERS.items() if one.model and any(map(environment.get, one.keys))]
    if theirs or settings.model or settings.api_key_env:
        return theirs[0] if theirs else "openai"
    if with_key:
        return with_key[0]
    first, *others = (one.keys[0] for one in PROVIDERS.values() if one.model)
    hint = f"get a key and write {first}=… (or {', or '.join(others)}) into .env, or export it; {WITHOUT}"
    raise ConfigError("there is no key to a language model", where=", ".join((first, *others)), hint=hint)


def _key_env(settings: LlmSettings, provider: Provider, environment: Environment) -> str:
    """Return the variable with the key; never one that is known to be for somebody else, unless somebody says so."""
    named = settings.api_key_env
    meant = named and (settings.provider or named in provider.keys or named not in KEYS)
    names = (named,) if meant else provider.keys
    found = next(filter(environment.get, names), "")
    if not found and provider.needs_key and _is_home(settings, provider):
        told = f"{' and '.join(names)} hold no key" if len(names) > 1 else f"the variable {names[0]} holds no key"
        hint = f"write {names[0]}=… into .env, or export it; {WITHOUT}"
        raise ConfigError(f"{told} for {provider.title}", where="llm.api_key_env", hint=hint)
    return found


def _is_home(settings: LlmSettings, provider: Provider) -> bool:
    """Return whether the provider itself is meant, and not a server of one's own that speaks like it."""
    return not settings.base_url or not provider.base_url or _host(settings.base_url) == _host(provider.base_url)


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
