"""The four protocols that providers of language models speak, each by its owner's own package."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from pydantic_ai.direct import model_request, model_request_stream
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from osiris.agent.llm.endpoint import Endpoint
from osiris.agent.llm.wire import Client
from osiris.model.providers import Wire


def ask(
    endpoint: Endpoint, client: Client, said: list[ModelMessage], tools: list[ToolDefinition]
) -> AbstractAsyncContextManager[StreamedResponse]:
    """Return the answer as it comes; the client is what retries, so the packages don't."""
    model, settings = _MODELS[endpoint.wire](endpoint, client)
    return model_request_stream(model, said, model_settings=settings, model_request_parameters=_asked(tools))


async def ask_whole(
    endpoint: Endpoint, client: Client, said: list[ModelMessage], tools: list[ToolDefinition]
) -> ModelResponse:
    """Return the answer once it is all there."""
    model, settings = _MODELS[endpoint.wire](endpoint, client)
    return await model_request(model, said, model_settings=settings, model_request_parameters=_asked(tools))


def _asked(tools: list[ToolDefinition]) -> ModelRequestParameters:
    return ModelRequestParameters(function_tools=tools, allow_text_output=True)


def _openai(endpoint: Endpoint, client: Client) -> Any:
    """Return OpenAI's client; what it would read from the environment by itself is said here."""
    from openai import AsyncOpenAI  # noqa: PLC0415 - heavy: only who talks with such a server needs it
    from pydantic_ai.providers.openai import OpenAIProvider  # noqa: PLC0415 - likewise

    return OpenAIProvider(
        openai_client=AsyncOpenAI(
            api_key=endpoint.key,
            base_url=endpoint.base_url,
            timeout=client.timeout,
            max_retries=0,
            http_client=client,
        )
    )


def _chat(endpoint: Endpoint, client: Client) -> tuple[Model[Any], ModelSettings | None]:
    from pydantic_ai.models.openai import OpenAIChatModel  # noqa: PLC0415 - likewise
    from pydantic_ai.profiles.openai import OpenAIModelProfile  # noqa: PLC0415 - likewise

    # A cut connection can look like the end of an answer; only the reason to finish tells them apart.
    profile = OpenAIModelProfile(openai_chat_streaming_requires_finish_reason=True)
    return OpenAIChatModel(endpoint.model, provider=_openai(endpoint, client), profile=profile), None


def _responses(endpoint: Endpoint, client: Client) -> tuple[Model[Any], ModelSettings | None]:
    from pydantic_ai.models.openai import (  # noqa: PLC0415 - likewise
        OpenAIResponsesModel,
        OpenAIResponsesModelSettings,
    )

    # Nothing of a conversation stays with the provider: what it needs again is sent again.
    settings = OpenAIResponsesModelSettings(openai_store=False)
    return OpenAIResponsesModel(endpoint.model, provider=_openai(endpoint, client)), settings


def _anthropic(endpoint: Endpoint, client: Client) -> tuple[Model[Any], ModelSettings | None]:
    from anthropic import AsyncAnthropic  # noqa: PLC0415 - likewise
    from pydantic_ai.models.anthropic import AnthropicModel, AnthropicModelSettings  # noqa: PLC0415 - likewise
    from pydantic_ai.providers.anthropic import AnthropicProvider  # noqa: PLC0415 - likewise

    provider = AnthropicProvider(
        anthropic_client=AsyncAnthropic(
            api_key=endpoint.key,
            base_url=endpoint.base_url,
            timeout=client.timeout,
            max_retries=0,
            http_client=client,
        )
    )
    settings = AnthropicModelSettings(
        anthropic_cache=True, anthropic_cache_instructions=True, anthropic_cache_tool_definitions=True
    )
    return AnthropicModel(endpoint.model, provider=provider), settings


def _google(endpoint: Endpoint, client: Client) -> tuple[Model[Any], ModelSettings | None]:
    from pydantic_ai.models.google import GoogleModel  # noqa: PLC0415 - likewise
    from pydantic_ai.providers.google import GoogleProvider  # noqa: PLC0415 - likewise

    provider = GoogleProvider(api_key=endpoint.key, base_url=endpoint.base_url, http_client=client)
    return GoogleModel(endpoint.model, provider=provider), None


_MODELS: dict[Wire, Callable[[Endpoint, Client], tuple[Model[Any], ModelSettings | None]]] = {
    "chat": _chat,
    "responses": _responses,
    "anthropic": _anthropic,
    "google": _google,
}
