"""A conversation that a person sits at: sentences, commands, and what is shown between them."""

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from osiris.agent.talk import Said
from osiris.cli import show
from osiris.cli.chat import Conversation, Screen
from osiris.cli.slash import Leave, Slash
from osiris.cli.terminal import Terminal
from osiris.model.errors import OsirisError

if TYPE_CHECKING:
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

MOST_RECALLED = 200  # sentences that the arrow keys go back to


def talk_on(conversation: Conversation, *, pro: bool = False) -> None:
    """Take what is typed, one sentence or command after the other, until the person leaves."""
    say = conversation.terminal.say
    _greet(conversation)
    slash = Slash(conversation, pro=pro)
    _safely(conversation, conversation.go_on)
    with suppress(Leave):
        for sentence in _sentences(conversation):
            if text := sentence.strip():
                _safely(conversation, partial(slash if text.startswith("/") else conversation.take, text))
    if conversation.session:
        say(f"go on with: osiris chat --session {conversation.session}")


def _greet(conversation: Conversation) -> None:
    say = conversation.terminal.say
    if conversation.llm is None:
        say("Commands work without a language model; /help shows them. `osiris demo` shows a whole conversation.")
        return
    model = conversation.project.configured.settings.llm.model
    say(f"Talking with {show.plain(model)}. Say what data you need; /help says what else there is.")
    if conversation.talk.said:
        said = [one for one in conversation.talk.said if one.by in {"user", "agent"} and one.text]
        for one in said[-4:]:
            _again(conversation.terminal, one)
        if conversation.talk.is_open():
            say("the last turn was cut off; it goes on now")


def _again(terminal: Terminal, one: Said) -> None:
    """Show what was said in an earlier part of the conversation, as it looked then."""
    if one.by == "user" or not terminal.out.is_terminal:
        terminal.say(show.quoted("you" if one.by == "user" else "agent", one.text))
        return
    with Screen(terminal) as screen:
        screen.say(f"{one.text}\n")


def _safely(conversation: Conversation, do: Callable[[], object]) -> None:
    """Do something; what goes wrong ends it, not the conversation."""
    try:
        try:
            do()
        except OsirisError as exc:
            conversation.terminal.complain(show.error(conversation.terminal.redact(exc.to_dict())))
    except KeyboardInterrupt:
        conversation.terminal.say("stopped; say what to do instead, or /quit")


def _sentences(conversation: Conversation) -> Iterator[str]:
    """Yield what is typed, with a line editor where a person sits, until the input ends."""
    terminal = conversation.terminal
    if not terminal.person:
        yield from _lines(terminal)
        return
    read = _editor(conversation)
    with suppress(EOFError):
        while True:
            try:
                yield read()
            except KeyboardInterrupt:
                terminal.say("/quit, or Ctrl-D, leaves")


def _lines(terminal: Terminal) -> Iterator[str]:
    r"""Yield the lines of an input that nobody types; one that ends in `\` goes on in the next."""
    held = ""
    for line in terminal.keyboard:
        text = line.rstrip("\n")
        if text.endswith("\\"):
            held += f"{text[:-1]}\n"
            continue
        yield f"{held}{text}"
        held = ""
    if held:
        yield held


def _editor(conversation: Conversation) -> Callable[[], str]:
    from prompt_toolkit import PromptSession  # noqa: PLC0415 - heavy: only a terminal needs it
    from prompt_toolkit.history import InMemoryHistory  # noqa: PLC0415 - likewise
    from prompt_toolkit.output import create_output  # noqa: PLC0415 - likewise

    said = [one.text for one in conversation.talk.said if one.by == "user"]
    session: PromptSession[str] = PromptSession(
        "you> ",
        output=create_output(sys.stderr),
        history=InMemoryHistory(said[-MOST_RECALLED:]),
        key_bindings=_keys(),
        multiline=True,
        prompt_continuation=lambda *_: "...> ",
    )
    return session.prompt


def _keys() -> "KeyBindings":
    r"""Return what Enter does: it sends, unless the line ends in `\` or Alt is held, which begin another line."""
    from prompt_toolkit.key_binding import KeyBindings  # noqa: PLC0415 - heavy: only a terminal needs it

    keys = KeyBindings()

    @keys.add("enter")
    def _(event: "KeyPressEvent") -> None:
        buffer = event.current_buffer
        if buffer.document.text_before_cursor.endswith("\\"):
            buffer.delete_before_cursor()
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def _(event: "KeyPressEvent") -> None:
        event.current_buffer.insert_text("\n")

    return keys
