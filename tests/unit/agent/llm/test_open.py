"""Opening the language model of a project, and going on with another one where it fails."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.services.llm import LlmServer, Reply
from tests.unit.agent.llm.talking import HELLO, KEY, Heard, live

from osiris.agent.ledger import Ledger
from osiris.agent.llm.fallback import Fallback
from osiris.agent.llm.open import open_llm
from osiris.agent.talk import Said, Talk
from osiris.agent.tools import TOOLS
from osiris.app.project import Project
from osiris.model.errors import ConfigError, LlmBusy, LlmError, LlmWithheld


def opened(folder: Path, settings: str, **exported: str) -> Fallback:
    (folder / "osiris.yaml").write_text(settings, "utf-8")
    return open_llm(Project.open(folder, exported=exported))


def test_a_key_is_enough(tmp_path: Path) -> None:
    (model,) = opened(tmp_path, "", ANTHROPIC_API_KEY=KEY).models
    assert (model.endpoint.provider.name, model.endpoint.key) == ("anthropic", KEY)
    assert KEY not in repr(model)


def test_without_a_key_there_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no key"):
        opened(tmp_path, "")


def test_settings_reach_the_model(tmp_path: Path) -> None:
    llm = opened(tmp_path, "llm: {model: gpt-x, timeout: 7}\nagent: {budget_turns: 3}\n", OPENAI_API_KEY=KEY)
    (model,) = llm.models
    assert model.timeout == 7
    assert model.ledger.budget.turns == 3


def test_no_key_may_be_said_to_anybody(tmp_path: Path) -> None:
    other = "key-of-somebody-else"  # pragma: allowlist secret
    llm = opened(tmp_path, "llm: {model: gpt-x}", OPENAI_API_KEY=KEY, GEMINI_API_KEY=other)
    for secret in (KEY, other):
        with pytest.raises(LlmWithheld, match="holds a secret"):
            llm.reply(Talk("", (Said("user", f"it is {secret}"),)), TOOLS, print)


def test_who_can_not_be_had_is_replaced_by_the_next_from_then_on() -> None:
    heard, told = Heard(), Heard()
    refused = Reply("who are you?", status=401)
    with LlmServer([refused]) as one, LlmServer([Reply("hello"), Reply("again")]) as two:
        ledger = Ledger()
        models = (live(one, heard=heard, ledger=ledger), live(two, "anthropic", heard, ledger=ledger))
        llm = Fallback(models, told.told.append)
        assert llm.reply(HELLO, TOOLS, print).text == "hello"
        assert llm.reply(HELLO, TOOLS, print).text == "again"
    assert told.told == [
        "the language model's server answers 401: it does not know the key; asking anthropic:test instead"
    ]
    assert [entry.provider for entry in ledger.entries] == ["compatible", "anthropic", "anthropic"]
    assert [entry.outcome for entry in ledger.entries] == ["refused", "answered", "answered"]


def test_the_last_one_says_why_it_can_not_be_had() -> None:
    busy = Reply("later", status=503)
    with LlmServer([Reply("no", status=401)]) as one, LlmServer([busy] * 5) as two:
        llm = Fallback((live(one), live(two)), print)
        with pytest.raises(LlmBusy, match="answers 503"):
            llm.reply(HELLO, TOOLS, print)
        with pytest.raises(LlmError, match="answers 400"):
            llm.reply(HELLO, TOOLS, print)


def test_a_secret_is_not_sent_to_the_next_one_either() -> None:
    from osiris.observe.redact import Redactor

    redact = Redactor(["a-long-secret"])
    with LlmServer([Reply("a")]) as one, LlmServer([Reply("b")]) as two:
        llm = Fallback((live(one, redact=redact), live(two, redact=redact)), print)
        with pytest.raises(LlmWithheld):
            llm.reply(Talk("", (Said("user", "a-long-secret"),)), TOOLS, print)
        assert one.requests == two.requests == []


@pytest.mark.parametrize(
    ("package", "settings", "said"),
    [
        ("pydantic_ai", "", "a conversation needs the extra `chat`"),
        ("anthropic", "llm: {model: claude-x}", "talking with Anthropic needs the package 'anthropic'"),
        ("google", "llm: {model: gemini-x}", "talking with Google needs the package 'google.genai'"),
    ],
)
def test_without_its_packages_the_error_says_what_to_install(
    tmp_path: Path, package: str, settings: str, said: str
) -> None:
    (tmp_path / "osiris.yaml").write_text(settings, "utf-8")
    program = f"""
import sys
sys.modules[{package!r}] = None  # as Python sees a package that is not installed
from osiris.agent.llm.open import open_llm
from osiris.app.project import Project
from osiris.model.errors import ExtraMissing
try:
    open_llm(Project.open(exported={{"ANTHROPIC_API_KEY": "a", "GEMINI_API_KEY": "a"}}))
except ExtraMissing as exc:
    print(exc.message, exc.hint, sep=chr(10))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"{said}\npip install 'osiris-etl[chat]'\n"


def test_opening_loads_none_of_the_packages(tmp_path: Path) -> None:
    """They take seconds, which a person spends reading the greeting."""
    program = """
import sys
from osiris.agent.llm.open import open_llm
from osiris.app.project import Project
open_llm(Project.open(exported={"ANTHROPIC_API_KEY": "a"}))
print({"openai", "anthropic", "google.genai", "pydantic_ai", "httpx2"} & {*sys.modules})
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
