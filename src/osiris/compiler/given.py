"""What the compiler is told beside the pipeline's text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from osiris.kit.registry import Registry
from osiris.model.catalogue import Known
from osiris.model.manifest import ManifestStep


def nothing_known(step: ManifestStep) -> Known:
    """Know nothing about a step's source."""
    return Known(why=f"nobody has looked at the source of {step.id!r}")


@dataclass(frozen=True)
class Given:
    """The surroundings of one compilation; the same text and the same of this give the same bytes.

    Attributes:
        aliases: Family to the aliases configured for it.
        defaults: Family to the alias that its bare name means.
        params: Parameter to value, from the command line; a name that the pipeline lacks is an error.
        exported_params: The same from the environment, names in lower case; other names are ignored.
        profile: Name of a profile of the pipeline; empty for none.
        know: Returns what is known about a read step's source; called once for each.
        strict: True makes errors of what can't be proved.
        version: Of Osiris.
    """

    registry: Registry
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    exported_params: Mapping[str, str] = field(default_factory=dict)
    profile: str = ""
    know: Callable[[ManifestStep], Known] = nothing_known
    strict: bool = False
    version: str = "0"
