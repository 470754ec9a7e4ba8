"""Opens the language model that a project talks with."""

from collections.abc import Callable
from importlib.util import find_spec

from osiris.agent.ledger import Budget, Ledger
from osiris.agent.llm.endpoint import Endpoint, endpoints
from osiris.agent.llm.fallback import Fallback
from osiris.agent.llm.live import Live, untold
from osiris.app.connections import secret_values
from osiris.app.project import Project
from osiris.model.errors import ExtraMissing
from osiris.observe.redact import Redactor

_NEEDS = {"anthropic": "anthropic", "google": "google.genai"}


def open_llm(
    project: Project,
    *,
    ledger: Ledger | None = None,
    tell: Callable[[str], None] = untold,
    show: Callable[[str], None] = untold,
) -> Fallback:
    """Return the language model that the settings name; nothing is sent yet.

    Args:
        project: Whose settings and keys hold.
        ledger: Where its calls are kept; without one, a new one with the budget of the settings.
        tell: Is told what is being waited for.
        show: Is shown every body as it goes out.

    Raises:
        ExtraMissing: the packages of the extra `chat` are not installed.
        ConfigError: no model is named, or there is no key.
    """
    settings = project.configured.settings
    if find_spec("pydantic_ai") is None:
        raise ExtraMissing("a conversation needs the extra `chat`", hint="pip install 'osiris-etl[chat]'")
    found = endpoints(settings.llm, project.environment)
    redact = Redactor((*secret_values(project), *(one.key for one in found)))
    kept = ledger or Ledger(Budget.of(settings.agent))
    timeout, stream = settings.llm.timeout, settings.llm.stream
    models = tuple(
        Live(_installed(one), redact, kept, timeout=timeout, stream=stream, tell=tell, show=show) for one in found
    )
    return Fallback(models, tell)


def _installed(endpoint: Endpoint) -> Endpoint:
    """Return it, if the package of its protocol is there.

    Raises:
        ExtraMissing: it is not.
    """
    package = _NEEDS.get(endpoint.wire, "openai")
    try:
        there = find_spec(package) is not None
    except ModuleNotFoundError:
        there = False
    if not there:
        told = f"talking with {endpoint.provider.title} needs the package {package!r}"
        raise ExtraMissing(told, hint="pip install 'osiris-etl[chat]'")
    return endpoint
