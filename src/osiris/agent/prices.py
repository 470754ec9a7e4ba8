"""What a call to a language model cost: from a dated table, or not at all."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field

MILLION = 1_000_000
_DATED = re.compile(r"[-@](?:\d{8}|\d{4}-\d{2}-\d{2}|latest)\Z")  # how providers name one state of a model


@dataclass(frozen=True)
class Tokens:
    """The tokens of one call.

    Attributes:
        read: All that the model read, with those that the provider had in its cache.
        cached: Those of them that it had.
        written: Those of them that it put there.
        wrote: All that the model wrote.
    """

    read: int = 0
    cached: int = 0
    written: int = 0
    wrote: int = 0


class Price(BaseModel):
    """US dollars for a million tokens.

    Attributes:
        above: Holds for calls that have the model read more tokens than this.
        since: Holds from this day on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    read: Decimal = Field(alias="in")
    cached: Decimal | None = None
    written: Decimal | None = None
    wrote: Decimal = Field(alias="out")
    above: int = -1
    since: date = Field(default=date.min, alias="from")

    def of(self, tokens: Tokens) -> Decimal:
        """Return what so many tokens cost; those of the cache cost like others where nothing else is known."""
        plain = tokens.read - tokens.cached - tokens.written
        cached = self.read if self.cached is None else self.cached
        written = self.read if self.written is None else self.written
        parts = (plain * self.read, tokens.cached * cached, tokens.written * written, tokens.wrote * self.wrote)
        return sum(parts, Decimal(0)) / MILLION


@dataclass(frozen=True)
class Prices:
    """A table of prices.

    Attributes:
        as_of: The day on which somebody looked.
        by_model: `provider/model` to its prices.
    """

    as_of: date
    by_model: Mapping[str, tuple[Price, ...]]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Return a table as it is written: provider, model, prices."""
        providers = {name: models for name, models in document.items() if name != "as_of"}
        return cls(
            document["as_of"],
            {
                f"{provider}/{model}": tuple(map(Price.model_validate, prices))
                for provider, models in providers.items()
                for model, prices in models.items()
            },
        )

    def cost(self, provider: str, model: str, tokens: Tokens, day: date) -> Decimal | None:
        """Return US dollars; None where the model is not in the table."""
        name = f"{provider}/{model}"
        known = self.by_model.get(name) or self.by_model.get(_DATED.sub("", name), ())
        holding = [price for price in known if price.since <= day and price.above < tokens.read]
        return max(holding, key=lambda price: (price.since, price.above)).of(tokens) if holding else None


@cache
def shipped_prices() -> Prices:
    """Return the table that comes with Osiris."""
    return Prices.of(yaml.safe_load(files("osiris.agent").joinpath("prices.yaml").read_text("utf-8")))
