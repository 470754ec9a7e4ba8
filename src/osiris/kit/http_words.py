"""What is asked of an API and how it answers: the words that all who ask have in common."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from osiris.model.errors import OsirisError


@dataclass(frozen=True)
class Limits:
    """How long and how often.

    Attributes:
        timeout: Seconds to wait for a connection, and for each next part of an answer.
        total: Seconds for all that is asked, pauses included.
        retries: How often one request is repeated.
        delay: Seconds before the first repeat; doubled each time.
        page: Bytes that one whole answer may have.
    """

    timeout: float = 30.0
    total: float = 3_600.0
    retries: int = 3
    delay: float = 1.0
    page: int = 67_108_864


@dataclass(frozen=True)
class Signature:
    """What makes a request ours: sent to the API's own address alone."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)

    def secrets(self) -> Iterator[str]:
        """Yield what no error may show."""
        for value in (*self.headers.values(), *self.params.values()):
            yield value.rpartition(" ")[2]


@dataclass(frozen=True)
class Ask:
    """One request that changes nothing, however often it is made.

    Attributes:
        said: What errors call it, such as `page 3 of https://host/orders`.
        body: What to post, its type among `headers`; None for a GET.
    """

    url: str
    said: str
    params: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What came back with a status of success.

    Attributes:
        url: Where it came from at last.
        headers: Names in small letters.
        blocks: Its content, unpacked; closing it lets go of the connection.
    """

    status: int
    url: str
    headers: Mapping[str, str]
    blocks: Generator[bytes] = field(repr=False)

    @property
    def charset(self) -> str:
        """Return what it calls its encoding; empty where it says nothing."""
        _, _, after = self.headers.get("content-type", "").lower().partition("charset=")
        return after.partition(";")[0].strip().strip("\"'")


class Again(Exception):
    """The same request may succeed later.

    Attributes:
        error: What is raised where it is not made again.
        after: Seconds until then; None where nobody says.
        anew: Whether it has to be signed anew.
    """

    def __init__(self, error: OsirisError, after: float | None = None, *, anew: bool = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.after = after
        self.anew = anew


class Signs(Protocol):
    """Makes requests ours.

    Attributes:
        renewable: Whether another signature may succeed where the last one was refused.
    """

    @property
    def renewable(self) -> bool:
        """Return whether that is so."""
        ...

    def __call__(self, *, anew: bool) -> Signature:
        """Return what makes a request ours; `anew` after the last one was refused."""
        ...

    def break_off(self) -> None:
        """Wake up whoever waits for a signature. Safe to call twice."""
        ...

    def close(self) -> None:
        """Let go of whatever gives signatures. Safe to call twice."""
        ...


@dataclass(frozen=True)
class Signed:
    """The same signature for each request."""

    signature: Signature = field(default_factory=Signature, repr=False)
    renewable: bool = False

    def __call__(self, *, anew: bool) -> Signature:  # noqa: ARG002 - every signer is asked so
        """Return it."""
        return self.signature

    def break_off(self) -> None:
        """Nobody waits for it."""

    def close(self) -> None:
        """There is nothing to let go of."""


def bare(url: str) -> str:
    """Return an address as an error may show it: without user, parameters and fragment.

    Example:
        >>> bare("https://ada:x@api.shop/v1/orders?key=y")  # pragma: allowlist secret
        'https://api.shop/v1/orders'
    """
    there = urlsplit(url)
    port = f":{there.port}" if there.port else ""
    return f"{there.scheme}://{there.hostname or ''}{port}{there.path}"
