"""A connection, and the API that it leads to."""

from osiris.components.rest.answers import EXTRA
from osiris.components.rest.config import RestConnection, RestExtract
from osiris.kit.http import Api
from osiris.kit.http_body import MIB
from osiris.kit.http_connection import Access, signer
from osiris.kit.http_words import Limits

_USUAL = Limits()


def opened(connection: RestConnection, config: RestExtract | None = None, *, total: float = _USUAL.total) -> Api:
    """Return the API, with nothing asked yet; whoever opens it closes it.

    Args:
        connection: Where it is.
        config: Of the step; None for a look.
        total: Seconds for a look.

    Raises:
        ConfigError: the connection lacks what its `auth_type` needs.
        ExtraMissing: the packages are not installed.
    """
    limits = Limits(
        timeout=connection.timeout or _USUAL.timeout,
        total=config.total_timeout if config else total,
        retries=_USUAL.retries if connection.max_retries is None else connection.max_retries,
        delay=_USUAL.delay if connection.retry_delay is None else connection.retry_delay,
        page=int(config.max_page_mib * MIB) if config else _USUAL.page,
    )
    access = Access.of(connection, connection.auth_param_name, connection)
    return Api(
        root=connection.base_url,
        extra=EXTRA,
        headers=connection.headers,
        sign=signer(access, limits, EXTRA, verify=connection.validate_ssl),
        limits=limits,
        friends=tuple(connection.also_hosts),
        verify=connection.validate_ssl,
        hidden=access.hidden,
    )
