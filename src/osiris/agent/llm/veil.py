"""Text that is shown while it comes, and still holds no secret."""

from collections.abc import Callable

from osiris.observe.redact import Redactor

HELD = 64  # characters; of a longer secret the redactor knows parts of this length


class Veil:
    """Hands on a text piece by piece, as far as no secret can be in the making.

    Args:
        redact: Knows the secrets.
        say: Takes what may be shown.
    """

    def __init__(self, redact: Redactor, say: Callable[[str], None]) -> None:
        self._redact = redact
        self._say = say
        self._came = ""
        self._shown = 0

    def __call__(self, piece: str) -> None:
        """Take a piece; an empty one is handed on as it is."""
        self._came += piece
        if not piece:
            self._say(piece)
        self._hand_on(HELD)

    def end(self) -> None:
        """Hand on the rest."""
        self._hand_on(0)

    def _hand_on(self, held: int) -> None:
        text = self._redact.text(self._came) if self._redact.leaks(self._came) else self._came
        ready = text[self._shown : max(self._shown, len(text) - held)]
        self._shown += len(ready)
        if ready:
            self._say(ready)
