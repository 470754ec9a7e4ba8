"""What `osiris --help` says. It imports nothing, so that it answers at once."""

from collections.abc import Sequence

from osiris import __version__

# Each command lies in the module of its name in `osiris.cli.commands`.
COMMANDS = {
    "demo": "Live through the first minute: a shop, a recorded conversation, a real run.",
    "init": "Start a project.",
    "templates": "See pipelines to begin with.",
    "chat": "Talk with a language model until there is a pipeline; run it if you say yes.",
    "discover": "See the tables behind connections, and keep what is known of them.",
    "dump-prompts": "Show what the language model is told, or write it to files to edit.",
    "eval": "Hold conversations and compare the rows they end in with those of a query.",
    "validate": "Check the project: settings, connections, environment, pipelines.",
    "compile": "Prove a pipeline and write its manifest.",
    "plan": "Show what a run would do, and a token for exactly that.",
    "run": "Carry a pipeline out.",
    "copy": "Copy a table or a file to another place.",
    "parity": "Carry a pipeline out at several places, and compare what they do.",
    "e2b": "See to sandboxes: their templates, and those that nobody ended.",
    "approve": "Say yes to exactly one run, after a look at it.",
    "components": "See what can be read, transformed and written; make your own.",
    "connections": "See what is configured, whether it answers; add what is missing.",
    "export": "Hand a pipeline on to other tools.",
    "oml": "Have the language's schema, or check one file.",
    "logs": "See what runs left behind.",
    "runs": "The same as logs.",
    "mempack": "Put the project into one text for a model to read.",
    "completion": "Let the Tab key complete what you type.",
}
ASKED = "__complete"  # the word by which a shell's script asks what may stand next
COMMON = """\
Options of every command:
  --json          Print one JSON document instead of text.
  -C DIR          Work in that folder.
  --profile NAME  Use the values of this profile in pipelines.
  -v, --verbose   Say more; an error comes with its traceback.
  -q, --quiet     Say nothing but results and errors.
  --no-color      Print without colours.
"""
_FIRST = """\
First steps:
  osiris demo                              a minute with a shop; no key, no network
  osiris init DIR --template top-report    a project with a pipeline that runs
  osiris connections add                   a database of yours
  osiris chat                              say what you need; needs a language model
"""


def overview() -> str:
    """Return the help of the whole."""
    commands = "".join(f"  {name:<12}  {sentence}\n" for name, sentence in COMMANDS.items())
    return (
        "Usage: osiris COMMAND ...\n\n"
        "Say what data you need, see the proof, approve it, run it.\n\n"
        f"Commands:\n{commands}\n"
        f"{COMMON}\n"
        f"{_FIRST}\n"
        "`osiris COMMAND --help` tells the rest; `osiris --version` says which Osiris this is.\n"
    )


def quick(words: Sequence[str]) -> str | None:
    """Return the answer to a line that needs no command, or None where it needs one."""
    if not words or words[0] in {"--help", "-h"}:
        return overview()
    return f"osiris {__version__}\n" if words[0] == "--version" else None
