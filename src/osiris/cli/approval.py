"""A person's yes to exactly what they see."""

from collections.abc import Callable

from osiris.cli import show
from osiris.cli.terminal import Terminal
from osiris.model.plan import Plan


def asking(terminal: Terminal) -> Callable[[Plan], bool]:
    """Return what shows a plan to the person at a terminal and asks for their yes; the answer is no where nobody is."""

    def confirm(plan: Plan) -> bool:
        if not terminal.person:
            return False
        terminal.complain(show.plan(plan))
        return terminal.ask("Run exactly this?")

    return confirm
