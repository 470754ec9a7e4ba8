"""`osiris runs ...`: the same as `osiris logs ...`."""

from osiris.cli.commands.logs import app

__all__ = ["app"]
