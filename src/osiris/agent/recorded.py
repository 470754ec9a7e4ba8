"""A recorded language model: its own turns only. What the tools answer is computed while you watch."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from osiris.agent.talk import Call, Said, Talk
from osiris.agent.tools import Tool
from osiris.model.errors import LlmError

_HOLE = re.compile(r"\$\{(?P<tool>[a-z_]+):(?P<path>[^}]+)\}|\$\{(?P<word>[a-z_]+)\}")
_PIECE = re.compile(r"\S+\s*")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Presumed(_Part):
    """What a turn takes for granted about an answer that came before it.

    Attributes:
        tool: The newest answer of this tool is meant.
        path: Names and numbers, separated by dots.
        equals: The value that must stand there; None means that any will do.
    """

    tool: str
    path: str
    equals: Any = None


class Called(_Part):
    """One call of a tool; `${tool:path}` in a text stands for what a tool answered."""

    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class Turn(_Part):
    """One thing that the model said."""

    presumes: tuple[Presumed, ...] = ()
    text: str = ""
    calls: tuple[Called, ...] = ()


class Word(_Part):
    """A text that depends on an answer: `${name}` stands for it.

    Attributes:
        cases: Value at the path to text.
    """

    tool: str
    path: str
    cases: dict[str, str]


class Recording(_Part):
    """The model's part of one conversation.

    Attributes:
        sentence: What the person says first.
        words: Texts that depend on what was answered, by name.
    """

    sentence: str
    turns: tuple[Turn, ...]
    words: dict[str, Word] = Field(default_factory=dict)

    @classmethod
    def shipped(cls, name: str) -> "Recording":
        """Return one of the recordings that come with Osiris."""
        text = files("osiris.agent").joinpath("recordings", f"{name}.yaml").read_text("utf-8")
        return cls.model_validate(yaml.safe_load(text))


@dataclass
class Recorded:
    """Plays a recording as the port `Llm`; nothing is sent anywhere.

    Attributes:
        played: Turns said so far.
    """

    recording: Recording
    played: int = field(default=0, init=False)

    def reply(self, talk: Talk, tools: tuple[Tool, ...], say: Callable[[str], None]) -> Said:  # noqa: ARG002 - the port's
        """Return the next turn, with what the tools really answered in it.

        Raises:
            LlmError: an answer is not what the recording presupposes, or it has no more turns.
        """
        if self.played == len(self.recording.turns):
            raise LlmError("the recording ends here", hint="`osiris chat` goes on, with a real model")
        turn = self.recording.turns[self.played]
        self.played += 1
        heard = Heard.of(talk, self.recording.words)
        for presumed in turn.presumes:
            heard.hold(presumed)
        text = heard.filled(turn.text).strip()
        for piece in _PIECE.findall(text):
            say(piece)
        calls = tuple(
            Call(f"call_{self.played}_{number}", call.tool, heard.filled(call.arguments))
            for number, call in enumerate(turn.calls)
        )
        return Said("agent", text, calls)


@dataclass(frozen=True)
class Heard:
    """The newest answer of each tool, as the model reads it."""

    answers: Mapping[str, Any]
    words: Mapping[str, Word]

    @classmethod
    def of(cls, talk: Talk, words: Mapping[str, Word]) -> "Heard":
        """Return what was heard in a conversation."""
        tools = {call.id: call.tool for said in talk.said for call in said.calls}
        return cls({tools[s.answers]: json.loads(s.text) for s in talk.said if s.answers}, words)

    def hold(self, presumed: Presumed) -> None:
        """Return if an answer is what a turn takes for granted.

        Raises:
            LlmError: it is not.
        """
        found = self._at(presumed.tool, presumed.path)
        if presumed.equals is not None and found != presumed.equals:
            raise self._differs(presumed.tool, f"{presumed.path} to be {presumed.equals!r}, not {found!r}")

    def filled(self, value: Any) -> Any:
        """Return a tree of texts with every `${…}` replaced by what it stands for.

        Raises:
            LlmError: an answer does not hold it.
        """
        match value:
            case str():
                return _HOLE.sub(self._meaning, value)
            case dict():
                return {key: self.filled(inner) for key, inner in value.items()}
            case list() | tuple():
                return [self.filled(inner) for inner in value]
            case _:
                return value

    def _meaning(self, hole: re.Match[str]) -> str:
        if tool := hole["tool"]:
            return str(self._at(tool, hole["path"]))
        word = self.words[hole["word"]]
        found = str(self._at(word.tool, word.path))
        if found not in word.cases:
            raise self._differs(word.tool, f"{word.path} to be one of {', '.join(word.cases)}, not {found!r}")
        return word.cases[found]

    def _at(self, tool: str, path: str) -> Any:
        value = self.answers.get(tool)
        for part in path.split("."):
            if isinstance(value, list) and part.isdigit() and int(part) < len(value):
                value = value[int(part)]
            elif isinstance(value, dict) and part in value:
                value = value[part]
            else:
                raise self._differs(tool, f"something at {path!r}")
        return value

    def _differs(self, tool: str, expected: str) -> LlmError:
        given = json.dumps(self.answers.get(tool), ensure_ascii=False)
        return LlmError(
            f"{tool} did not answer what the recording presupposes: it expects {expected}",
            why=f"the answer was {given[:500]}",
            hint="a recording can't think; `osiris chat` can, with a real model",
        )
