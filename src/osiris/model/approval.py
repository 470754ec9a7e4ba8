"""A person's yes, as a record that can be checked."""

from collections.abc import Mapping
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

Channel = Literal["conversation", "command"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Asked(_Value):
    """What somebody wants to run, kept until a person looks at it.

    Attributes:
        envelope: SHA-256 over all that a yes covers.
        parts: What the envelope is made of, each as a hash, by what people call it.
        text: The pipeline, byte for byte as UTF-8.
        params: Those that are not sensitive.
        assumptions: What was assumed where a question had no answer.
        session: The conversation that asks; empty where none does.
        at: When.
    """

    envelope: str
    pipeline: str
    manifest_hash: str
    parts: dict[str, str]
    text: str
    params: dict[str, str] = {}
    strict: bool = False
    profile: str = ""
    assumptions: tuple[str, ...] = ()
    session: str = ""
    at: AwareDatetime


class Approval(_Value):
    """A yes to exactly one envelope, good once.

    Attributes:
        id: Random; the record's name.
        lost: Steps whose writes could take something away when the person looked; others may not do so either.
        leads: Connection, and the project's folder, to a hash of where it was when the person looked; no secret counts.
            What sensitive parameters held, as a signature.
        principal: Who said yes.
        channel: Where.
    """

    id: str
    envelope: str
    pipeline: str
    manifest_hash: str
    lost: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    leads: dict[str, str] = {}
    principal: str
    channel: Channel
    granted: AwareDatetime
    expires: AwareDatetime


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Return which parts of an envelope are not what they were, by what people call them."""
    names = dict.fromkeys((*before, *now))
    return tuple(name for name in names if before.get(name) != now.get(name))
