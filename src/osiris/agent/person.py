"""The person behind the screen, as the desk sees them."""

from typing import Protocol

from osiris.agent.outline import Outline
from osiris.agent.request import Request
from osiris.agent.tools import Question


class Person(Protocol):
    """Who answers questions, and who alone can say yes."""

    def ask(self, questions: tuple[Question, ...]) -> tuple[str, ...]:
        """Return one answer a question; an empty one leaves the question's default to be assumed."""
        ...

    def correct(self, outline: Outline) -> str:
        """Show what is going to be built; return what should be different, empty where nothing should."""
        ...

    def approve(self, request: Request) -> bool:
        """Show a run that code describes; return whether the person said yes to exactly that."""
        ...

    def permit(self, question: str) -> bool:
        """Return whether the person says yes to something smaller."""
        ...


class Nobody:
    """There is nobody: every default is assumed, and nothing is approved but what a policy allows."""

    def ask(self, questions: tuple[Question, ...]) -> tuple[str, ...]:
        """Return no answers."""
        return tuple("" for _ in questions)

    def correct(self, outline: Outline) -> str:  # noqa: ARG002 - a person would read it
        """Say nothing."""
        return ""

    def approve(self, request: Request) -> bool:
        """Say what the standing policies say."""
        return bool(request.policy)

    def permit(self, question: str) -> bool:  # noqa: ARG002 - a person would read it
        """Say no."""
        return False
