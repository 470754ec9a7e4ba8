"""What is typed with a slash before it: the same tools, gates and answers that the model has, and a few for people."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from osiris.agent.llm.endpoint import chosen
from osiris.agent.llm.open import open_llm
from osiris.agent.marks import Marked, new_mark
from osiris.agent.remember import remember
from osiris.agent.talk import Call, Said
from osiris.app.approvals import Approvals, ApproveRun, approve_run
from osiris.app.connections import references
from osiris.app.files import write_beside
from osiris.app.logs import ShowPackage, show_package
from osiris.app.pipelines import PlanPipeline, plan_pipeline
from osiris.app.project import Door
from osiris.app.starts import copy_of, export_of, query_of
from osiris.cli import show
from osiris.cli.answers import answer
from osiris.cli.approval import asking
from osiris.cli.chat import Conversation
from osiris.cli.cost import cost
from osiris.model.errors import OsirisError, UsageError
from osiris.model.nearest import nearest

HELP = """\
Say what data you need. Enter sends; Alt+Enter, or a `\\` at its end, begins another line. Ctrl-C stops a turn.
Look:
  /tables [@CONNECTION]         connections and their tables
  /search WORDS                 tables by words in names, columns and comments
  /describe @CONNECTION TABLE   columns, types, keys
  /profile @CONNECTION TABLE    statistics of columns
  /sql [@CONNECTION] SELECT …   some rows of one query, read-only
Build:
  /new copy @A/TABLE @B/TABLE   a pipeline that copies a table
  /new export @A/TABLE FILE     one that writes a table to a file: .csv, .json, .parquet
  /new sql @A FILE SELECT …     one that writes what a query gives
  /oml  /check  /plan           the newest draft; whether it is right; what a run would do
  /undo                         put back what the newest draft replaced
  /save FILE                    keep the newest draft elsewhere, too
Run:
  /run                          carry the newest draft out, after your yes
  /approve [TOKEN]              say yes now, for a run later
  /explain [RUN]                the record of a run
Besides:
  /remember RULE                add a rule to OSIRIS.md
  /model [NAME]                 show, or change, the language model
  /cost                         what was sent, what it cost, what is left
  /help  /quit"""


class Leave(Exception):
    """The person wants to leave."""


@dataclass
class Slash:
    """Carries out commands in a conversation. What they show is for the person; the model is told nothing of it.

    Attributes:
        pro: True where the project's own prompts are used.
    """

    conversation: Conversation
    pro: bool = False

    def __call__(self, line: str) -> None:
        """Carry out one line.

        Raises:
            OsirisError: it can't be done; says why, and what to do.
            Leave: the person leaves.
        """
        name, _, rest = line.partition(" ")
        known = {f"/{command}": do for command, do in _COMMANDS.items()}
        if name not in known:
            near = nearest(name, known)
            hint = f"did you mean {near[0]}?" if near else "/help shows what there is"
            raise UsageError(f"there is no {name}", hint=hint)
        known[name](self, rest.strip())

    def help(self, _rest: str) -> None:
        """Show what there is."""
        self.conversation.terminal.say(HELP)

    def quit(self, _rest: str) -> NoReturn:
        """Leave."""
        raise Leave

    def oml(self, _rest: str) -> None:
        """Show the newest draft."""
        self.conversation.terminal.answer({}, *show.draft(self._draft(), plain=not self._is_terminal()))

    def plan(self, rest: str) -> None:
        """Show what the newest draft, or a file, would do."""
        ask = PlanPipeline(file=rest) if rest else PlanPipeline(text=self._draft())
        plan = plan_pipeline(self.conversation.project, ask)
        self.conversation.terminal.answer(plan, show.plan(plan))

    def check(self, rest: str) -> None:
        """Check the newest draft, or take a file as one."""
        if rest:
            self._accept(self._file(rest))
        else:
            self._tool("check_pipeline", draft=self._name())

    def run(self, rest: str) -> None:
        """Carry the newest draft, or a file, out: after the person's yes."""
        if rest:
            self._accept(self._file(rest))
        name = self._name()
        for tool in ("check_pipeline", "plan_pipeline", "run_pipeline"):
            self._tool(tool, draft=name)

    def approve(self, rest: str) -> None:
        """Say yes to the newest draft, or to a token, for a run later."""
        project, terminal = self.conversation.project, self.conversation.terminal
        token = rest
        if not token:
            name = self._name()
            self._tool("plan_pipeline", draft=name)
            token = self.conversation.desk.drafts.get(name).planned
            self._waits(token)
        asked = approve_run(self._with_door(), ApproveRun(name=token))
        terminal.answer(asked, f"approved; {Approvals(project).find(asked.token).pipeline} may run once")

    def explain(self, rest: str) -> None:
        """Show the record of a run as its card."""
        package = show_package(self.conversation.project, ShowPackage(run_id=rest or "last", format="md"))
        self.conversation.terminal.answer(package, show.plain(package.content.rstrip("\n")))

    def tables(self, rest: str) -> None:
        """Show the connections with their tables, or the tables of one."""
        if rest:
            self._tool("find_tables", words="", connection=rest)
        else:
            self._tool("overview")

    def search(self, rest: str) -> None:
        """Find tables by words."""
        self._tool("find_tables", words=rest)

    def describe(self, rest: str) -> None:
        """Describe tables."""
        connection, tables = self._connection(rest)
        self._tool("describe_tables", connection=connection, tables=tables.split())

    def profile(self, rest: str) -> None:
        """Show the statistics of one table."""
        connection, table = self._connection(rest)
        self._tool("profile_columns", connection=connection, table=table)

    def sql(self, rest: str) -> None:
        """Run one guarded query."""
        connection, query = self._connection(rest)
        self._tool("query_sample", connection=connection, sql=query)

    def new(self, rest: str) -> None:
        """Make a pipeline without a language model."""
        kind, _, rest = rest.partition(" ")
        project = self.conversation.project
        match kind:
            case "copy" | "export":
                words = shlex.split(rest)
                if len(words) != 2:  # noqa: PLR2004 - from where, to where
                    raise UsageError(f"/new {kind} takes two things", hint=f"such as {_EXAMPLES[kind]}")
                made = copy_of(project, *words) if kind == "copy" else export_of(project, *words)
            case "sql":
                connection, rest = self._connection(rest)
                file, _, query = rest.partition(" ")
                made = query_of(project, connection, file, query.strip())
            case _:
                raise UsageError(f"there is no /new {kind}".rstrip(), hint="/new copy, /new export, /new sql")
        self._accept(made)

    def undo(self, _rest: str) -> None:
        """Put back what the newest draft replaced."""
        file = self.conversation.desk.undo()
        self.conversation.terminal.say(f"{show.plain(file)} is as it was before")

    def save(self, rest: str) -> None:
        """Keep the newest draft in a file."""
        project = self.conversation.project
        draft = self._draft()
        if not rest:
            raise UsageError("/save needs a file", hint="such as /save pipelines/top.yaml")
        file = (project.cwd / rest).resolve()
        if file.exists() and not self.conversation.person.permit(f"{rest} is there already. Replace it?"):
            raise UsageError(f"{rest} stays as it is", hint="name another file")
        write_beside(file, draft.encode("utf-8"))
        self.conversation.terminal.say(f"written to {show.plain(project.shown(file))}")

    def remember(self, rest: str) -> None:
        """Add a rule to the project's own."""
        if not self.conversation.person.permit(f"Add to OSIRIS.md: {rest!r}?"):
            raise UsageError("nothing was remembered", hint="say yes to it, or write it into OSIRIS.md")
        file = remember(self.conversation.project, rest)
        self.conversation.learn(f"A rule of this project, from now on: {rest}")
        self.conversation.terminal.say(f"remembered in {show.plain(file)}")

    def model(self, rest: str) -> None:
        """Show the language model, or talk with another one from here on."""
        terminal = self.conversation.terminal
        if not rest:
            settings = self.conversation.project.configured.settings.llm
            where = settings.base_url or "the provider's own server"
            terminal.say(show.facts({"model": settings.model or "none", "at": where}))
            return
        before = self.conversation.project
        settings, environment = before.configured.settings.llm, before.environment
        project = terminal.project(overrides=chosen(settings, environment, model=rest))
        mark = str(self.conversation.lock.get("mark") or new_mark())
        self.conversation.llm = Marked(open_llm(project, ledger=self.conversation.ledger, tell=terminal.say), mark)
        self.conversation.project = project
        self.conversation.note("model", {"model": rest})
        terminal.say(f"talking with {show.plain(rest)} from here on")

    def cost(self, _rest: str) -> None:
        """Show what was sent to language models, what it cost, and what is left."""
        self.conversation.terminal.answer({}, cost(self.conversation.ledger))

    def _tool(self, tool: str, **arguments: Any) -> Said:
        said = self.conversation.ask_desk(Call("typed", tool, arguments))
        self._show(said)
        return said

    def _accept(self, text: str) -> None:
        self._show(self.conversation.desk.accept(text))

    def _show(self, said: Said) -> None:
        """Show what the desk answers; its refusal is an error.

        Raises:
            OsirisError: the desk refused.
        """
        if isinstance(said.shown, OsirisError):
            raise said.shown
        if (part := answer(said.shown)) is not None:
            self.conversation.terminal.answer({}, part)

    def _waits(self, token: str) -> None:
        """Keep the newest draft where `approve` finds it."""
        name = self._name()
        if self.conversation.desk.drafts.get(name).planned == token:
            self.conversation.desk.waits(name)

    def _with_door(self) -> Any:
        terminal = self.conversation.terminal
        return terminal.project(Door(confirm=asking(terminal)))

    def _connection(self, rest: str) -> tuple[str, str]:
        """Return the connection that a line begins with, or the only one there is, and the rest."""
        first, _, others = rest.partition(" ")
        if first.startswith("@"):
            return first, others.strip()
        known = [str(reference) for reference in references(self.conversation.project)]
        if len(known) == 1:
            return known[0], rest
        raise UsageError(
            "which connection is meant?", hint=f"name it first: {', '.join(known) or 'none is configured'}"
        )

    def _file(self, name: str) -> str:
        file = self.conversation.project.file(name)
        try:
            return Path(file).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise UsageError(f"cannot read {name!r}: {exc}", hint="check the path") from exc

    def _draft(self) -> str:
        if not self.conversation.draft:
            raise UsageError("there is no draft yet", hint="say what data you need, or /new")
        return self.conversation.draft

    def _name(self) -> str:
        self._draft()
        return next(reversed(self.conversation.desk.drafts.by_name))

    def _is_terminal(self) -> bool:
        return self.conversation.terminal.out.is_terminal


_EXAMPLES = {
    "copy": "/new copy @duckdb.shop/orders @sqlite.crm/orders",
    "export": "/new export @duckdb.shop/orders o.csv",
}
_COMMANDS: dict[str, Callable[[Slash, str], None]] = {
    "approve": Slash.approve,
    "check": Slash.check,
    "cost": Slash.cost,
    "describe": Slash.describe,
    "exit": Slash.quit,
    "explain": Slash.explain,
    "help": Slash.help,
    "model": Slash.model,
    "new": Slash.new,
    "oml": Slash.oml,
    "plan": Slash.plan,
    "profile": Slash.profile,
    "quit": Slash.quit,
    "remember": Slash.remember,
    "run": Slash.run,
    "save": Slash.save,
    "search": Slash.search,
    "sql": Slash.sql,
    "tables": Slash.tables,
    "undo": Slash.undo,
}
