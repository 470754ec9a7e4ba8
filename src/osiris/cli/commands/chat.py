"""`osiris chat ...`: parse, ask, show."""

import json
from typing import Annotated

import typer
from rich.console import RenderableType

from osiris.agent.brief import brief
from osiris.agent.history import History, Line
from osiris.agent.ledger import Budget, Ledger
from osiris.agent.llm.endpoint import chosen
from osiris.agent.llm.live import untold
from osiris.agent.llm.open import open_llm
from osiris.agent.lock import LOCK, lock_of
from osiris.agent.marks import Marked, new_mark
from osiris.agent.replay import Replayed, replay
from osiris.agent.talk import Talk
from osiris.agent.transcript import as_markdown, as_recording
from osiris.agent.turn import Llm
from osiris.app.connections import secret_values
from osiris.app.files import write_beside
from osiris.app.project import Project
from osiris.cli import show
from osiris.cli.chat import Conversation, document, exit_code
from osiris.cli.command import SHAPE, example, terminal_of
from osiris.cli.cost import Bodies
from osiris.cli.person import AtTerminal
from osiris.cli.talking import talk_on
from osiris.cli.terminal import Terminal
from osiris.model.errors import EXIT_CHECK, ConfigError, ExtraMissing, UsageError
from osiris.observe.redact import Redactor

app = typer.Typer(**SHAPE)
Name = Annotated[
    str, typer.Argument(metavar="SESSION", show_default=False, help="Its name or title, or how that begins; or last.")
]


@app.callback(
    invoke_without_command=True,
    epilog=example(
        "osiris chat",
        'osiris chat --once "Which customers bought nothing this year?"',
        "osiris chat --session last",
    ),
)
def chat(
    ctx: typer.Context,
    *,
    once: Annotated[str, typer.Option(metavar="TEXT", show_default=False, help="Say this, show the reply, end.")] = "",
    session: Annotated[
        str, typer.Option(metavar="SESSION", show_default=False, help="Go on with an earlier conversation.")
    ] = "",
    provider: Annotated[
        str, typer.Option(metavar="NAME", show_default=False, help="Who serves the model: anthropic, openai, google …")
    ] = "",
    model: Annotated[
        str, typer.Option(metavar="NAME", show_default=False, help="Talk with this one; provider:model names both.")
    ] = "",
    show_prompt: Annotated[bool, typer.Option("--show-prompt", help="Show all that is sent to the model.")] = False,
    replay_: Annotated[
        str,
        typer.Option(
            "--replay", metavar="SESSION", show_default=False, help="Build its drafts again, without a model."
        ),
    ] = "",
    pro_mode: Annotated[bool, typer.Option("--pro-mode", help="Use the prompts in .osiris_prompts/.")] = False,
    no_input: Annotated[bool, typer.Option("--no-input", help="Ask nothing: assume the defaults.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing: assume the defaults, run what a policy in osiris.yaml allows.")
    ] = False,
) -> None:
    """Talk with a language model until there is a pipeline; run it if you say yes."""
    if ctx.invoked_subcommand:
        return
    terminal = terminal_of(ctx)
    if replay_:
        raise typer.Exit(_replay(terminal, _project(terminal, provider, model), replay_))
    if terminal.options.as_json and not once:
        raise UsageError("--json needs --once", hint='write: osiris chat --json --once "…"')
    person = AtTerminal(terminal, yes=yes or no_input, timid=no_input)
    project = _project(terminal, provider, model)
    conversation = _conversation(
        terminal, project, session, person, pro=pro_mode, alone=not once, show_prompt=show_prompt
    )
    if once:
        raise typer.Exit(_once(conversation, once))
    talk_on(conversation, pro=pro_mode)


@app.command("list", epilog=example("osiris chat list"))
def list_(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=1000, help="How many at most.")] = 20,
) -> None:
    """List the newest conversations."""
    terminal = terminal_of(ctx)
    lines = _history(terminal.project()).list(limit)
    if not lines:
        terminal.say("nobody has talked here yet")
    shown = [show.table(("session", "title", "turns", "last", ""), map(_cells, lines), right="turns")] if lines else []
    terminal.answer({"sessions": [vars(line) for line in lines]}, *shown)


@app.command("rename", epilog=example('osiris chat rename last "Top customers"'))
def rename(
    ctx: typer.Context,
    session: Name,
    title: Annotated[str, typer.Argument(metavar="TITLE", show_default=False, help="What to call it.")],
) -> None:
    """Give a conversation a title."""
    terminal = terminal_of(ctx)
    history = _history(terminal.project())
    name = history.named(session)
    history.note(name, "renamed", {"title": title})
    terminal.answer({"session": name, "title": title}, f"{name} is called {show.plain(title)}")


@app.command("export", epilog=example("osiris chat export last", "osiris chat export last --output talk.json"))
def export(
    ctx: typer.Context,
    session: Name,
    *,
    output: Annotated[
        str, typer.Option(metavar="FILE", show_default=False, help="Write it there; .json for --replay, else Markdown.")
    ] = "",
) -> None:
    """Show a conversation as Markdown, or keep it in a file."""
    terminal = terminal_of(ctx)
    project = terminal.project()
    history = _history(project)
    name = history.named(session)
    recording = as_recording(name, history.events(name))
    if not output:
        terminal.answer(recording, as_markdown(name, history.events(name)).rstrip("\n"))
        return
    text = json.dumps(recording, indent=2, ensure_ascii=False) + "\n"
    write_beside(
        project.cwd / output,
        (text if output.endswith(".json") else as_markdown(name, history.events(name))).encode("utf-8"),
    )
    terminal.answer({"session": name, "path": output}, f"written to {show.plain(output)}")


@app.command("fork", epilog=example("osiris chat fork last", "osiris chat fork last --at 12"))
def fork(
    ctx: typer.Context,
    session: Name,
    *,
    at: Annotated[int, typer.Option(metavar="N", min=0, show_default=False, help="Up to its event N; else all.")] = 0,
) -> None:
    """Copy a conversation, to go on from there in another way."""
    terminal = terminal_of(ctx)
    history = _history(terminal.project())
    copy = history.fork(history.named(session), at)
    terminal.answer({"session": copy}, f"go on with: osiris chat --session {copy}")


@app.command("delete", epilog=example("osiris chat delete 20261125T091200-1f2e3d --yes"))
def delete(
    ctx: typer.Context,
    session: Name,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Remove a conversation for good; what it built and ran stays."""
    terminal = terminal_of(ctx)
    history = _history(terminal.project())
    name = history.named(session)
    if not yes and not terminal.ask(f"Remove {name} for good?"):
        raise UsageError(f"{name} stays: nobody said yes", hint="say it beforehand with --yes")
    history.delete(name)
    terminal.answer({"session": name, "deleted": True}, f"{name} is gone")


def _history(project: Project) -> History:
    return History(project.layout.history, Redactor(secret_values(project)))


def _project(terminal: Terminal, provider: str, model: str) -> Project:
    """Return the project, with settings that name the language model that is meant."""
    project = terminal.project()
    settings, environment = project.configured.settings.llm, project.environment
    return terminal.project(overrides=chosen(settings, environment, provider=provider, model=model))


def _conversation(
    terminal: Terminal,
    project: Project,
    session: str,
    person: AtTerminal,
    *,
    pro: bool,
    alone: bool,
    show_prompt: bool,
) -> Conversation:
    history = _history(project)
    told = brief(project, pro=pro)
    name = history.named(session) if session else ""
    talk = history.talk(name, told) if name else Talk(told)
    locks = history.events(name, LOCK) if name else ()
    lock = locks[0].body if locks else {**lock_of(project, pro=pro), "mark": new_mark()}
    ledger = Ledger(Budget.of(project.configured.settings.agent))
    llm = _model(terminal, project, str(lock["mark"]), ledger, alone=alone, show_prompt=show_prompt)
    return Conversation(terminal, project, llm, person, talk, history, name, lock, ledger)


def _model(
    terminal: Terminal, project: Project, mark: str, ledger: Ledger, *, alone: bool, show_prompt: bool
) -> Llm | None:
    """Return the language model; None where there is none and a person sits here, who can work without it.

    Raises:
        ConfigError: no model is named, or there is no key.
        ExtraMissing: the packages are not installed.
    """
    try:
        shown = Bodies(terminal.complain) if show_prompt else untold
        llm = open_llm(project, ledger=ledger, tell=terminal.say, show=shown)
    except (ConfigError, ExtraMissing) as exc:
        if not alone:
            raise
        terminal.complain(show.error(exc.to_dict()))
        return None
    if alone:
        llm.warm()
    return Marked(llm, mark)


def _once(conversation: Conversation, sentence: str) -> int:
    said = conversation.take(sentence)
    if conversation.terminal.options.as_json:
        phase = conversation.desk.phase.value
        conversation.terminal.answer({"session": conversation.session, "phase": phase, "said": document(said)})
    return exit_code(said)


def _replay(terminal: Terminal, project: Project, name: str) -> int:
    if name.endswith(".json"):
        try:
            recording = json.loads((project.cwd / name).read_text("utf-8"))
        except (OSError, ValueError) as exc:
            raise UsageError(
                f"cannot read {name!r}: {exc}", hint="`osiris chat export SESSION --output` makes one"
            ) from exc
    else:
        history = _history(project)
        session = history.named(name)
        recording = as_recording(session, history.events(session))
    reply = replay(project, recording)
    terminal.answer(reply, *_replayed(reply))
    return 0 if reply.same else EXIT_CHECK


def _replayed(reply: Replayed) -> list[RenderableType]:
    lines = [
        (draft.name, draft.pipeline, "the same bytes" if draft.same_bytes else "other bytes", draft.found)
        for draft in reply.drafts
    ]
    told = [show.table(("draft", "pipeline", "", "compiler"), lines)] if lines else ["no draft was written in it"]
    return [*told, *(f"changed since: {show.plain(one)}" for one in reply.changed)]


def _cells(line: Line) -> tuple[show.Cell, ...]:
    waiting = "cut off" if line.waiting else ""
    return line.session, line.title, str(line.turns), line.last[:19].replace("T", " "), waiting
