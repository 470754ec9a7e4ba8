"""What can be set, and where each value came from."""

import re
from datetime import date
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Origin = Literal["default", "osiris.yaml", "environment", "command line"]

Sampling = Literal["none", "profile", "masked", "raw"]
ProviderName = Literal[
    "", "anthropic", "openai", "google", "azure", "openrouter", "ollama", "lmstudio", "vllm", "compatible", "responses"
]
# Names of variables are spelled so; keys, which people write here by mistake, are not.
_VARIABLE = re.compile(r"(?:[A-Z_][A-Z0-9_]*|[a-z][a-z0-9]*(?:_[a-z0-9]+)+)\Z")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LlmSettings(_Section):
    """The language model of a conversation.

    Attributes:
        provider: Who serves it; empty means the one that a key is found for, or `base_url`.
        model: Its name there; empty means the provider's usual one.
        fallbacks: Who is asked where it can't be had, in order: `provider:model`, or a provider alone.
        base_url: Address of the server; empty means the provider's own. Without a provider, one that speaks as OpenAI.
        api_key_env: Name of the environment variable that holds the key; empty means the provider's own ones.
        timeout: Seconds without a byte after which a reply is given up.
        stream: Whether replies come piece by piece; some servers can only give them whole.
    """

    provider: ProviderName = ""
    model: str = ""
    fallbacks: tuple[str, ...] = ()
    base_url: str = ""
    api_key_env: str = ""
    timeout: float = Field(default=120.0, gt=0)
    stream: bool = True

    @field_validator("api_key_env")
    @classmethod
    def _a_name(cls, name: str) -> str:
        if name and not _VARIABLE.match(name):
            raise ValueError("it is the name of a variable, such as OPENAI_API_KEY, never the key itself")
        return name

    @field_validator("fallbacks", mode="before")
    @classmethod
    def _separated(cls, value: Any) -> Any:
        """Return the parts of a text from the environment, which are separated by commas."""
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class AgentSettings(_Section):
    """Bounds of a conversation.

    Attributes:
        rounds: Most exchanges with the language model for one sentence of the user.
        sample_rows: Most rows a query of the agent's may give.
        sampling: What of the data may reach the language model: `none`, `profile` for statistics, `masked` for the
            shape of values too, `raw` for values as they are, after a yes in the conversation.
        sampling_by: The same for one connection, table or column: `@family.alias`, `@family.alias/table`,
            `@family.alias/table.column`.
        repairs: How often the model may mend a draft of its own before the person is asked.
        context_tokens: About how many tokens a request may have; a longer conversation is made shorter.
        budget_turns: Most sentences of a person in one conversation; 0 sets no bound.
        budget_tokens: Most tokens that may go out and come in, in one conversation; likewise.
        budget_money: Most that one conversation may cost, in US dollars; likewise.
        budget_calls: Most calls of tools by the language model, in one conversation; likewise.
        budget_seconds: Most seconds that databases may be asked for the model, in one conversation; likewise.
    """

    rounds: int = Field(default=24, ge=1, le=200)
    sample_rows: int = Field(default=20, ge=1, le=1000)
    sampling: Sampling = "profile"
    sampling_by: dict[str, Sampling] = {}
    repairs: int = Field(default=3, ge=0, le=20)
    context_tokens: int = Field(default=120_000, ge=8_000)
    budget_turns: int = Field(default=40, ge=0)
    budget_tokens: int = Field(default=3_000_000, ge=0)
    budget_money: float = Field(default=5.0, ge=0)
    budget_calls: int = Field(default=200, ge=0)
    budget_seconds: float = Field(default=120.0, ge=0)


class Policy(_Section):
    """A standing yes: what may run where nobody is asked.

    Attributes:
        allowed_by: Who says yes.
        until: The last day on which it holds, UTC.
        manifest: Hash of the one manifest that is meant, or how it begins.
        effects: What may be done, whatever the manifest: `add` takes nothing away, `merge` changes rows by key,
            `replace` removes what is there.
        targets: Where, for `effects`: patterns such as `output/*` or `@postgres.dw/mart.*`; empty means anywhere.
    """

    allowed_by: str = Field(min_length=1)
    until: date
    manifest: str = Field(default="", pattern=r"^([0-9a-f]{12,64})?$")
    effects: tuple[Literal["add", "merge", "replace"], ...] = ()
    targets: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_one_thing(self) -> Self:
        if bool(self.manifest) == bool(self.effects):
            raise ValueError("a policy names a manifest or effects, and not both")
        return self


class ApprovalSettings(_Section):
    """Who may say yes, and for how long.

    Attributes:
        hours: How long a yes holds that was not used.
        policies: What may run where nobody is asked.
    """

    hours: int = Field(default=24, ge=1, le=168)
    policies: tuple[Policy, ...] = ()


class AiopSettings(_Section):
    """The AI Operation Package.

    Attributes:
        max_core_bytes: Largest `aiop.json`, in bytes.
        policy: `annex` writes everything beside it as well, for what the core has no room for.
        compress: How the files of the annex are packed.
        timeline_density: How much of the timeline is told: `low` leaves out openings, `high` has each step's progress.
        metrics_topk: Most numbers; those of the whole run come first, then the largest of each kind.
        baseline_runs: Completed runs before this one that say what is usual; 0 compares with none.
        chat_intent: Whether what a person said in a conversation is kept as a witness of what was wanted.
    """

    enabled: bool = True
    max_core_bytes: int = Field(default=300_000, ge=20_000)
    policy: Literal["core", "annex"] = "core"
    compress: Literal["none", "gzip", "zstd"] = "none"
    timeline_density: Literal["low", "medium", "high"] = "medium"
    metrics_topk: int = Field(default=1000, ge=1)
    baseline_runs: int = Field(default=10, ge=0, le=100)
    chat_intent: bool = False


class LogsSettings(_Section):
    """How long records of runs are kept by `osiris logs gc`; 0 sets no bound.

    Attributes:
        keep_days: A run that began earlier goes.
        keep_runs: The newest so many of each pipeline stay.
        keep_bytes: The oldest go until all records together are no larger.
    """

    keep_days: int = Field(default=0, ge=0)
    keep_runs: int = Field(default=0, ge=0)
    keep_bytes: int = Field(default=0, ge=0)


class PathSettings(_Section):
    """Where a project keeps what; relative to the project."""

    pipelines: str = "pipelines"
    output: str = "output"
    build: str = "build"
    logs: str = "logs"
    sessions: str = ".osiris_sessions"
    cache: str = ".osiris_cache"
    prompts: str = ".osiris_prompts"


class Settings(_Section):
    """All settings, with their defaults. `osiris.yaml` has these keys; `OSIRIS_<SECTION>_<KEY>` overrides one."""

    llm: LlmSettings = LlmSettings()
    agent: AgentSettings = AgentSettings()
    approvals: ApprovalSettings = ApprovalSettings()
    aiop: AiopSettings = AiopSettings()
    logs: LogsSettings = LogsSettings()
    paths: PathSettings = PathSettings()


class Configured(BaseModel):
    """Settings with the origin of each value.

    Attributes:
        origins: `section.key` to where its value came from; every key is there.
    """

    model_config = ConfigDict(frozen=True)

    settings: Settings
    origins: dict[str, Origin]

    def effective(self) -> dict[str, dict[str, Any]]:
        """Return `section.key` to `{"value": …, "origin": …}`, sorted by key."""
        dumped = self.settings.model_dump(mode="json")
        return {
            key: {"value": dumped[section][name], "origin": origin}
            for key, origin in sorted(self.origins.items())
            for section, name in [key.split(".", 1)]
        }
