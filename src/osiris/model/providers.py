"""Who serves language models: how each is spoken to, and where its key is found."""

from dataclasses import dataclass
from typing import Literal

Wire = Literal["responses", "chat", "anthropic", "google"]


@dataclass(frozen=True)
class Provider:
    """One of those that `llm.provider` may name.

    Attributes:
        wire: The protocol it is spoken to in.
        keys: Variables that may hold its key; the first one that is set wins.
        base_url: Where it is, if nothing else is said; empty where every user has an address of their own.
        model: What is asked for where no model is named; empty where nobody can know.
        needs_key: Whether it answers nobody without one.
    """

    name: str
    title: str
    wire: Wire
    keys: tuple[str, ...] = ()
    base_url: str = ""
    model: str = ""
    needs_key: bool = True


PROVIDERS: dict[str, Provider] = {
    provider.name: provider
    for provider in (
        Provider(
            "anthropic",
            "Anthropic",
            "anthropic",
            ("ANTHROPIC_API_KEY", "CLAUDE_API_KEY"),
            "https://api.anthropic.com",
            "claude-sonnet-5-5",
        ),
        Provider("openai", "OpenAI", "responses", ("OPENAI_API_KEY",), "https://api.openai.com/v1", "gpt-6.1-terra"),
        Provider(
            "google",
            "Google",
            "google",
            ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
            "https://generativelanguage.googleapis.com",
            "gemini-3.8-flash",
        ),
        Provider("azure", "Azure", "chat", ("AZURE_OPENAI_API_KEY",)),
        Provider("openrouter", "OpenRouter", "chat", ("OPENROUTER_API_KEY",), "https://openrouter.ai/api/v1"),
        Provider("ollama", "Ollama", "chat", (), "http://127.0.0.1:11434/v1", needs_key=False),
        Provider("lmstudio", "LM Studio", "chat", (), "http://127.0.0.1:1234/v1", needs_key=False),
        Provider("vllm", "vLLM", "chat", ("VLLM_API_KEY",), "http://127.0.0.1:8000/v1", needs_key=False),
        Provider("compatible", "the server", "chat", ("OPENAI_API_KEY",), needs_key=False),
        Provider("responses", "the server", "responses", ("OPENAI_API_KEY",), needs_key=False),
    )
}
KEYS = tuple(dict.fromkeys(key for provider in PROVIDERS.values() for key in provider.keys))
