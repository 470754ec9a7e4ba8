"""A connection or a step, and the API that it leads to."""

from typing import Any
from urllib.parse import urlsplit

from osiris.components.graphql.config import GraphqlConnection, GraphqlExtract
from osiris.kit.extra import imported
from osiris.kit.http import Api
from osiris.kit.http_body import MIB
from osiris.kit.http_connection import Access, Reached, signer
from osiris.kit.http_words import Limits
from osiris.model.errors import AuthorError

EXTRA = "graphql"
_USUAL = Limits()
_SECRETS = ("auth_token", "auth_username", "auth_password")
_HOW = ("auth_type", "auth_header_name")  # how a secret is sent: a step may say it where its connection does not


def library() -> Any:
    """Return the reference implementation of GraphQL.

    Raises:
        ExtraMissing: it is not installed.
    """
    return imported("graphql", "graphql-core", EXTRA)


def opened(
    connection: GraphqlConnection | None, config: GraphqlExtract | None = None, *, total: float = _USUAL.total
) -> Api:
    """Return the API, with nothing asked yet; whoever opens it closes it.

    Args:
        connection: Where it is; None where the step says it all.
        config: Of the step; None for a look.
        total: Seconds for a look.

    Raises:
        AuthorError: nothing says where the API is, or a step would take a connection's secrets elsewhere.
        ConfigError: what `auth_type` needs is missing.
        ExtraMissing: the packages are not installed.
    """
    asked: tuple[Reached, ...] = tuple(one for one in (config, connection) if one is not None)
    limits = Limits(
        timeout=next((one.timeout for one in asked if one.timeout is not None), _USUAL.timeout),
        total=config.total_timeout if config else total,
        retries=next((one.max_retries for one in asked if one.max_retries is not None), _USUAL.retries),
        delay=next((one.retry_delay for one in asked if one.retry_delay is not None), _USUAL.delay),
        page=int(config.max_page_mib * MIB) if config else _USUAL.page,
    )
    access, verify = _access(connection, config)
    return Api(
        root=_endpoint(connection, config),
        extra=EXTRA,
        headers={name: value for one in reversed(asked) for name, value in one.headers.items()},
        sign=signer(access, limits, EXTRA, verify=verify),
        limits=limits,
        verify=verify,
        hidden=access.hidden,
    )


def _access(connection: GraphqlConnection | None, config: GraphqlExtract | None) -> tuple[Access, bool]:
    """Return how the API knows us, and whether its certificate is checked."""
    if connection is None:
        assert config is not None  # noqa: S101 - a look has a connection
        return Access.of(config), config.validate_ssl is not False
    if config is not None:
        _must_leave_secrets_alone(connection, config)
    how = {name: getattr(one, name) for one in (config, connection) if one for name in _HOW if getattr(one, name)}
    return Access.of(connection.model_copy(update=how), tokens=connection), connection.validate_ssl


def _must_leave_secrets_alone(connection: GraphqlConnection, config: GraphqlExtract) -> None:
    """Refuse a step that says another secret than its connection, or another way to send it.

    Raises:
        AuthorError: it does.
    """
    given = [name for name in _SECRETS if getattr(config, name) is not None]
    given += [name for name in _HOW if len({getattr(one, name) for one in (connection, config)} - {None}) > 1]
    given += ["validate_ssl"] if config.validate_ssl is False and connection.validate_ssl else []
    if given:
        raise AuthorError(f"`{given[0]}` is the connection's", where=given[0], hint="take it out of the step")


def _endpoint(connection: GraphqlConnection | None, config: GraphqlExtract | None) -> str:
    """Return where the API is: a step may name another path of the connection's host."""
    own = config.endpoint if config else ""
    if connection is None:
        if not own:
            hint = "name a connection: @graphql.alias"
            raise AuthorError("nothing says where the API is", where="connection", hint=hint)
        return own
    if own and urlsplit(own)[:2] != urlsplit(connection.endpoint)[:2]:
        raise AuthorError(
            f"`endpoint` is of another host than the connection, {urlsplit(own).hostname!r}",
            where="endpoint",
            hint="take it out of the step: the connection's secrets are for its own host",
        )
    return own or connection.endpoint
