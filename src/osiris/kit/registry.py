"""Which components there are: found by entry point, never imported by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Self

from pydantic import ValidationError

from osiris.kit.component import Component, Config, Connection, Place
from osiris.kit.family import Family
from osiris.model.errors import ConfigError, UsageError
from osiris.model.nearest import nearest

GROUP = "osiris.families"


@dataclass(frozen=True)
class Registry:
    """The installed families, each loaded when it is first needed.

    Attributes:
        loaders: Family name to what returns it.
    """

    loaders: Mapping[str, Callable[[], Family]]

    @classmethod
    def installed(cls) -> Self:
        """Return every family that an installed distribution declares under `osiris.families`."""
        return cls({point.name: _loader(point) for point in entry_points(group=GROUP)})

    @cached_property
    def _loaded(self) -> dict[str, Family]:
        return {}

    def family(self, name: str) -> Family:
        """Return the family of that name.

        Raises:
            UsageError: there is none.
        """
        if name not in self.loaders:
            raise UsageError(f"there is no family {name!r}", hint=f"known: {', '.join(sorted(self.loaders))}")
        if name not in self._loaded:
            self._loaded[name] = self.loaders[name]()
        return self._loaded[name]

    def families(self) -> tuple[Family, ...]:
        """Return all families, by name."""
        return tuple(self.family(name) for name in sorted(self.loaders))

    def names(self) -> tuple[str, ...]:
        """Return the names of all components, sorted."""
        return tuple(sorted(kind.about.name for family in self.families() for kind in family.components))

    def find(self, name: str) -> type[Component] | None:
        """Return the class of the component of that name, or None."""
        family, _, _ = name.partition(".")
        if family not in self.loaders:
            return None
        return next((kind for kind in self.family(family).components if kind.about.name == name), None)

    def kind(self, name: str) -> type[Component]:
        """Return the class of the component of that name.

        Raises:
            UsageError: there is none.
        """
        if not (kind := self.find(name)):
            raise UsageError(f"there is no component {name!r}", hint=f"known: {', '.join(self.names())}")
        return kind

    def build(
        self, name: str, config: Mapping[str, Any] | Config, place: Place, connection: Mapping[str, Any] | None = None
    ) -> Component:
        """Make a component, as the runner does.

        Args:
            name: Such as `duckdb.processor`.
            config: Its settings, without `connection`.
            place: Where it may read and write.
            connection: Fields of the connection, secrets included; None where there is none.

        Raises:
            UsageError: there is no such component.
            pydantic.ValidationError: the settings don't fit it.
            ConfigError: the connection's fields don't fit its family.
        """
        kind = self.kind(name)
        values: dict[str, Any] = {"config": kind.about.config.model_validate(config), "place": place}
        if kind.about.connection != "none":
            values["connection"] = None if connection is None else self.connect(name.partition(".")[0], connection)
        return kind(**values)

    def connect(self, family: str, fields: Mapping[str, Any]) -> Connection:
        """Return a connection's fields as its family's model.

        Raises:
            ConfigError: a field is missing, unknown or of the wrong type; the value is not shown.
        """
        model = self.family(family).connection
        try:
            return model.model_validate(fields)
        except ValidationError as exc:
            faults = "; ".join(_said(fault["type"], fault["loc"], fault["msg"], model) for fault in exc.errors())
            raise ConfigError(
                f"the {family} connection is not right: {faults}", hint="mend it in osiris_connections.yaml"
            ) from None


def _said(kind: str, place: tuple[int | str, ...], message: str, model: type[Connection]) -> str:
    """Return in words what is wrong with a connection's field, without the value."""
    name = ".".join(map(str, place))
    match kind:
        case "extra_forbidden":
            near = nearest(name, model.model_fields)
            return f"there is no field {name!r}{f', did you mean {near[0]!r}?' if near else ''}"
        case "missing":
            return f"{name} is missing"
    message = message.removeprefix("Value error, ")
    return f"{name}: {message[:1].lower()}{message[1:]}" if name else message


def _loader(point: EntryPoint) -> Callable[[], Family]:
    def load() -> Family:
        try:
            family = point.load()
        except (ImportError, AttributeError) as exc:
            hint = f"install {point.value} anew, or remove it"
            raise UsageError(f"the family {point.name!r} can't be loaded", why=str(exc), hint=hint) from exc
        if not isinstance(family, Family):
            raise UsageError(f"{point.value!r} is not a family of components", hint="see osiris.kit.family")
        return family

    return load
