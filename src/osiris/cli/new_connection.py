"""How a person is led to a new connection: where it is described, its family, its fields."""

from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from osiris.app.connection_fields import Asked, address_of, field_named, fields_of
from osiris.app.connection_sources import Source, sources
from osiris.app.connections import references
from osiris.app.new_connection import AddConnection
from osiris.app.project import Project
from osiris.cli import show
from osiris.cli.terminal import Terminal
from osiris.kit.family import Family
from osiris.model.connection import parse_reference
from osiris.model.errors import UsageError

_USUAL_ALIAS = "main"


@dataclass
class Said:
    """What is known of the connection so far.

    Attributes:
        family: Empty while nobody said which.
        secrets: Field to secret.
    """

    family: str = ""
    alias: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    default: bool = False

    def take(self, source: Source) -> None:
        """Fill in what a source says; what was said before wins.

        Raises:
            UsageError: it is of another family.
        """
        if self.family not in ("", source.family):
            raise UsageError(f"{source.name} is of the family {source.family!r}", hint=f"add it as @{source.family}.…")
        self.family = source.family
        self.fields = {**source.fields, **self.fields}
        self.secrets = {**source.secrets, **self.secrets}

    def asked(self) -> AddConnection:
        """Return it as the use case takes it."""
        secrets = {name: SecretStr(value) for name, value in self.secrets.items()}
        name = f"@{self.family}.{self.alias or _USUAL_ALIAS}"
        return AddConnection(name=name, fields=self.fields, secrets=secrets, default=self.default)


def named(said: Said, name: str, family: str) -> None:
    """Take what a command line says of the name: `@family.alias`, or a family alone.

    Raises:
        UsageError: it is no name, or there are two families.
    """
    try:
        found = parse_reference(name if name.startswith("@") else f"@{name}") if name else None
    except ValueError as exc:
        raise UsageError(str(exc), hint="such as @mysql.shop") from None
    if found and family not in ("", found.family):
        raise UsageError(f"{name} and --family {family} name two families", hint="leave one of them out")
    said.family = found.family if found else family
    said.alias = found.alias if found else ""


def led(terminal: Terminal, project: Project, said: Said) -> None:
    """Lead a person through what is not known yet.

    Raises:
        UsageError: nobody can be asked.
    """
    if not terminal.person:
        named = (
            f"; or --from, with one of {', '.join(one.name for one in found)}" if (found := sources(project)) else ""
        )
        hint = f"say them: osiris connections add @mysql.shop --set host=… --secret password{named}"
        raise UsageError("nobody can be asked for the fields of a connection", hint=hint)
    if not said.family:
        _offer(terminal, project, said)
    if not said.family:
        said.family = _family(terminal, project)
    family = project.registry.family(said.family)
    if not said.alias:
        taken = {one.alias for one in references(project) if one.family == said.family}
        suggestion = _USUAL_ALIAS if _USUAL_ALIAS not in taken else ""
        while not _can_be(said, taken):
            if said.alias:
                terminal.complain("it has to be a new one, of letters, digits, _ and -")
            said.alias = terminal.question("What should pipelines call it", suggestion)
    for asked in _to_ask(family, said):
        _ask(terminal, said, asked)
        if asked.address and (asked.name in said.secrets or asked.name in said.fields):
            break
    _more(terminal, family, said)


def _can_be(said: Said, taken: set[str]) -> bool:
    """Return whether the connection can have its name."""
    try:
        return bool(parse_reference(f"@{said.family}.{said.alias}").alias) and said.alias not in taken
    except ValueError:
        return False


def _offer(terminal: Terminal, project: Project, said: Said) -> None:
    """Offer what describes a connection elsewhere; nothing of it is used without a yes."""
    for source in sources(project):
        terminal.complain(show.title(f"Found: {source.name}, for {source.family}"), show.facts(_shown(source)))
        if terminal.ask("Use it?"):
            said.take(source)
            terminal.hide(source.secrets.values())
            return


def _shown(source: Source) -> dict[str, str]:
    hidden = dict.fromkeys(source.secrets, "*** (goes to .env)")
    left_out = {"left out": ", ".join(source.left_out)}
    return {**{name: str(value) for name, value in source.fields.items()}, **hidden, **left_out}


def _family(terminal: Terminal, project: Project) -> str:
    """Return the family that a person chooses, by its number or its name."""
    families = project.registry.families()
    lines = [(str(number), family.name, family.title) for number, family in enumerate(families, 1)]
    terminal.complain(show.title("What is it?"), show.table(("", "family", ""), lines))
    while True:
        answer = terminal.question("Number or name")
        if answer.isdigit() and 0 < int(answer) <= len(families):
            return families[int(answer) - 1].name
        if answer in project.registry.loaders:
            return answer
        terminal.complain(f"there is no {show.plain(answer)!r} in the list")


def _to_ask(family: Family, said: Said) -> list[Asked]:
    """Return the fields to ask for, unless somebody has said them: a whole address, what is required, what is usual."""
    address = address_of(family)
    known = {*said.fields, *said.secrets}
    if address and address.name in known:
        return []
    usual = [asked for asked in fields_of(family) if asked.usual and asked is not address and not asked.address]
    usual.sort(key=lambda asked: not asked.required)
    return [asked for asked in ([address] if address else []) + usual if asked.name not in known]


def _ask(terminal: Terminal, said: Said, asked: Asked) -> None:
    """Ask for one field until there is an answer that it takes; Enter leaves the default."""
    if asked.about:
        terminal.complain(f"  {show.plain(asked.about)}")
    while True:
        if asked.secret:
            what = f"{asked.name} (unseen; Enter for none)"
            answer = terminal.secret(what)
        else:
            answer = terminal.question(asked.name, asked.default)
        wrong = asked.complaint(answer) if answer else "it can't do without" if asked.required else ""
        if not wrong:
            break
        terminal.complain(show.plain(wrong))
    if asked.secret and answer:
        said.secrets[asked.name] = answer
    elif answer and answer != asked.default:
        said.fields[asked.name] = asked.value(answer)


def _more(terminal: Terminal, family: Family, said: Said) -> None:
    """Take further fields until there are no more."""
    known = {*said.fields, *said.secrets}
    others = [asked.name for asked in fields_of(family) if not asked.usual and not asked.address]
    left = [name for name in others if name not in known]
    while left:
        answer = terminal.question(f"Anything else (FIELD=VALUE of {', '.join(left)}; Enter ends)")
        if not answer:
            return
        name, equals, value = answer.partition("=")
        asked = field_named(family, name.strip())
        if asked is None or not equals:
            terminal.complain("write FIELD=VALUE, with a field of the list")
        elif asked.secret:
            said.secrets[asked.name] = terminal.secret(asked.name)
        elif wrong := asked.complaint(value.strip()):
            terminal.complain(show.plain(wrong))
        else:
            said.fields[asked.name] = asked.value(value.strip())


def open_fields(family: Family, words: list[str]) -> dict[str, Any]:
    """Return fields by name, from `FIELD=VALUE`.

    Raises:
        UsageError: a word has no `=`.
    """
    values: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (equals and name):
            raise UsageError(f"{name!r} is not a field with its value", hint="write --set FIELD=VALUE")
        asked = field_named(family, name)
        values[asked.name if asked else name] = asked.value(value) if asked else value
    return values
