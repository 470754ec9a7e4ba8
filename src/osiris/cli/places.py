"""What a command line may say about where a run takes place."""

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any

import typer

from osiris.app.elsewhere import Elsewhere, Where
from osiris.model.errors import UsageError
from osiris.remote.sandbox import SECONDS
from osiris.remote.wire import Limits

_LOCAL = "local"  # what the command line calls this process beside the others


def _options(
    *,
    max_memory: Annotated[
        int | None, typer.Option(min=1, metavar="MB", help="Isolated: stop when it uses more memory.")
    ] = None,
    max_time: Annotated[
        float | None, typer.Option(min=0.001, metavar="S", help="Isolated: stop when it takes longer.")
    ] = None,
    max_file: Annotated[int | None, typer.Option(min=1, metavar="MB", help="Isolated: write no larger file.")] = None,
    e2b_cpu: Annotated[int | None, typer.Option(min=1, metavar="N", help="Sandbox: so many processors.")] = None,
    e2b_mem: Annotated[int | None, typer.Option(min=1, metavar="GB", help="Sandbox: so much memory.")] = None,
    e2b_timeout: Annotated[int, typer.Option(min=1, metavar="S", help="Sandbox: end it after that time.")] = SECONDS,
    e2b_install_deps: Annotated[
        bool, typer.Option("--e2b-install-deps", help="Sandbox: install Osiris there first; no template needed.")
    ] = False,
    e2b_env: Annotated[list[str], typer.Option(metavar="K=V", help="Sandbox: set a variable; may be repeated.")] = [],  # noqa: B006 - Typer wants a list and copies it
    e2b_pass_env: Annotated[
        list[str], typer.Option(metavar="NAME", help="Sandbox: pass on a variable; may be repeated.")
    ] = [],  # noqa: B006 - Typer wants a list and copies it
) -> Elsewhere:
    """Return the place that the options describe, as yet without saying which it is."""
    return Elsewhere(
        limits=Limits(memory_mb=max_memory, seconds=max_time, file_mb=max_file),
        cpu=e2b_cpu,
        memory_gb=e2b_mem,
        seconds=e2b_timeout,
        install=e2b_install_deps,
        environment=_variables(e2b_env),
        passed=tuple(e2b_pass_env),
    )


def with_place(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a place to a command, which gets them as `place`."""
    options = signature(_options).parameters
    own = [parameter for name, parameter in signature(command).parameters.items() if name != "place"]

    @wraps(command)
    def wrapped(*args: Any, **given: Any) -> None:
        place = _options(**{name: given.pop(name) for name in options if name in given})
        command(*args, **given, place=place)

    added = [option.replace(kind=Parameter.KEYWORD_ONLY) for option in options.values()]
    wrapped.__signature__ = signature(command).replace(parameters=[*own, *added])  # type: ignore[attr-defined]
    return wrapped


def chosen(place: Elsewhere, *, isolated: bool, e2b: bool) -> Elsewhere:
    """Return the place that was chosen.

    Raises:
        UsageError: two were, or an option belongs to one that was not.
    """
    if isolated and e2b:
        raise UsageError("--isolated and --e2b name two places", hint="leave one of them out")
    where: Where = "isolated" if isolated else "e2b" if e2b else "here"
    must_concern(place, (where,))
    return place.model_copy(update={"where": where})


def must_concern(place: Elsewhere, places: tuple[Where, ...]) -> None:
    """Refuse options of a place that is not taken.

    Raises:
        UsageError: there is one.
    """
    if "isolated" not in places and place.limits != Limits():
        raise UsageError("a limit needs a process of its own", hint="add --isolated")
    of_sandbox = Elsewhere(limits=place.limits)
    if "e2b" not in places and place != of_sandbox:
        raise UsageError("an option that begins with --e2b- needs a sandbox", hint="add --e2b")


def places_of(words: str) -> tuple[Where, ...]:
    """Return places by name, from `local,isolated,e2b`.

    Raises:
        UsageError: there is no such place, or there is nothing to compare.
    """
    known: dict[str, Where] = {_LOCAL: "here", "isolated": "isolated", "e2b": "e2b"}
    names = [word.strip() for word in words.split(",")]
    if wrong := next((name for name in names if name not in known), None):
        raise UsageError(f"there is no place {wrong!r}", hint=f"there are: {', '.join(known)}")
    if len(set(names)) < 2:  # noqa: PLR2004 - one place is like itself
        raise UsageError("one place alone can't be compared", hint="such as --on local,isolated")
    return tuple(known[name] for name in dict.fromkeys(names))


def _variables(words: list[str]) -> dict[str, str]:
    pairs = [word.partition("=") for word in words]
    if wrong := next((name for name, equals, _ in pairs if not (equals and name)), None):
        raise UsageError(f"{wrong!r} is not a variable", hint="write --e2b-env NAME=VALUE")
    return {name: value for name, _, value in pairs}
