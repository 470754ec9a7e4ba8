"""What a user may say about an API's connection, and how its requests are signed."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self
from urllib.parse import urlencode, urlsplit

from pydantic import Field, SecretStr, field_validator

from osiris.kit.component import Config
from osiris.kit.http import Api
from osiris.kit.http_words import Answer, Ask, Limits, Signature, Signed, Signs, bare
from osiris.model.errors import ConfigError, ConnectError

AuthType = Literal["none", "bearer", "basic", "api_key", "oauth2"]

_MARGIN = 30.0  # seconds before its end in which a token is not used any more
_HOUR = 3_600.0  # how long a token is good that doesn't say it
_SECRET_HEADER = re.compile(r"(?i)auth|cookie|token|secret|passw|credential|signature|session|key\Z")
_BY_ITSELF = frozenset({"connection", "content-length", "host", "transfer-encoding"})
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Signing(Config):
    """How an API knows us."""

    auth_type: AuthType | None = Field(
        default=None,
        description="`none`, `bearer` (`auth_token`), `basic` (`auth_username`, `auth_password`), `api_key` "
        "(`auth_token` in the header `auth_header_name`) or, for REST, `oauth2` (`token_url`, `client_id`, "
        "`client_secret`).",
    )
    auth_token: SecretStr | None = Field(default=None, description="For `bearer` and `api_key`.")
    auth_username: str | None = Field(default=None, description="For `basic`.")
    auth_password: SecretStr | None = Field(default=None, description="For `basic`; `auth_token` means the same.")
    auth_header_name: str | None = Field(default=None, description="For `api_key`; by default `X-API-Key`.")

    @field_validator("auth_token", "auth_password")
    @classmethod
    def _is_one_line(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and _CONTROL.search(secret.get_secret_value()):
            raise ValueError("it holds a line end or another control character")
        return secret

    @field_validator("auth_header_name")
    @classmethod
    def _is_a_header(cls, name: str | None) -> str | None:
        if name is not None and not _HEADER.match(name):
            raise ValueError(f"{name!r} can't be the name of a header")
        return name


class Reached(Config):
    """How long and how often an API is asked; what a step leaves out, its connection says."""

    timeout: float | None = Field(
        default=None, gt=0, le=3_600, description="Seconds to wait for each next part of an answer; by default 30."
    )
    max_retries: int | None = Field(
        default=None, ge=0, le=10, description="How often one request is repeated where that may help; by default 3."
    )
    retry_delay: float | None = Field(
        default=None, ge=0, le=60, description="Seconds before the first repeat, doubled each time; by default 1."
    )
    headers: dict[str, str] = Field(
        default={}, description="Sent with each request. Secrets don't belong here: see `auth_type`."
    )

    @field_validator("headers")
    @classmethod
    def _hold_no_secret(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not _HEADER.match(name) or _CONTROL.search(value) or not value.isascii():
                raise ValueError(f"{name!r} can't be sent: a header is one line of ASCII")
            if name.lower() in _BY_ITSELF:
                raise ValueError(f"{name!r} is sent by itself; leave it out")
            if _SECRET_HEADER.search(name):
                raise ValueError(
                    f"{name!r} looks like a secret: write `auth_type: api_key`, `auth_header_name: {name}` and "
                    "`auth_token` in the connection"
                )
        return headers


def address(url: str) -> str:
    """Return an API's address as it was written.

    Raises:
        ValueError: it is not HTTP, names no host, or holds a user or a parameter.
    """
    try:
        there = urlsplit(url)
        whole = there.scheme in {"http", "https"} and bool(there.hostname) and (there.port is None or there.port > 0)
    except ValueError:
        whole = False
    if not whole or _CONTROL.search(url) or " " in url:
        raise ValueError("write an address such as https://api.example.com/v1")
    if there.username or there.password or there.query or there.fragment:
        raise ValueError("an address holds no user, no password and no parameters: see `auth_type`")
    return url


class Tokens(Config):
    """OAuth 2 with client credentials."""

    token_url: str = Field(default="", description="For `oauth2`: where tokens are had, by https.")
    client_id: str = Field(default="", description="For `oauth2`.")
    client_secret: SecretStr | None = Field(default=None, description="For `oauth2`.")
    scope: str = Field(default="", description="For `oauth2`, where the API wants one.")


@dataclass(frozen=True)
class Access:
    """How an API is signed in to, all said.

    Attributes:
        param: For `api_key`: the parameter of the address that has the token; empty where a header has it.
    """

    kind: AuthType = "none"
    token: str = field(default="", repr=False)
    username: str = ""
    password: str = field(default="", repr=False)
    header: str = "X-API-Key"
    param: str = ""
    tokens: Tokens | None = None

    @classmethod
    def of(cls, said: Signing, param: str = "", tokens: Tokens | None = None) -> Self:
        """Return what some fields say.

        Raises:
            ConfigError: one is missing.
        """
        if said.auth_type is None and (said.auth_token or said.auth_password):
            raise ConfigError("nothing says how to send the secret", hint="set `auth_type`, such as bearer")
        token = said.auth_token.get_secret_value() if said.auth_token else ""
        password = said.auth_password.get_secret_value() if said.auth_password else ""
        found = cls(
            kind=said.auth_type or "none",
            token=token,
            username=said.auth_username or "",
            password=password or token,
            header=said.auth_header_name or "X-API-Key",
            param=param,
            tokens=tokens,
        )
        found._must_be_complete()
        return found

    @property
    def hidden(self) -> tuple[str, ...]:
        """Return the secrets."""
        return tuple(filter(None, (self.token, self.password, self.client_secret)))

    @property
    def client_secret(self) -> str:
        """Return the secret for tokens; empty where there is none."""
        secret = self.tokens.client_secret if self.tokens else None
        return secret.get_secret_value() if secret else ""

    def _must_be_complete(self) -> None:
        needed: dict[str, Mapping[str, object]] = {
            "bearer": {"auth_token": self.token},
            "basic": {"auth_username": self.username, "auth_password": self.password},
            "api_key": {"auth_token": self.token},
            "oauth2": {
                name: self.tokens and getattr(self.tokens, name) for name in ("token_url", "client_id", "client_secret")
            },
        }
        for name, value in needed.get(self.kind, {}).items():
            if not value:
                raise ConfigError(f"`auth_type: {self.kind}` needs `{name}`", hint="add it to the connection")


@dataclass
class TokenSigner:
    """Signs with a token that is fetched when it is needed, and again before it ends.

    Attributes:
        desk: The API that gives tokens.
    """

    tokens: Tokens
    desk: Api
    renewable: bool = True
    _token: str = field(default="", repr=False)
    _until: float = 0.0

    def __call__(self, *, anew: bool) -> Signature:
        """Return a token that is still good.

        Raises:
            ConnectError: none can be had.
        """
        if anew or not self._token or self.desk.clock() >= self._until:
            self._token, seconds = self.desk.read(_asked_for(self.tokens), _token)
            self._until = self.desk.clock() + seconds - min(_MARGIN, seconds / 2)
        return Signature({"Authorization": f"Bearer {self._token}"})

    def break_off(self) -> None:
        """Wake up whoever waits for a token. Safe to call twice."""
        self.desk.break_off()

    def close(self) -> None:
        """Hang up. Safe to call twice."""
        self.desk.close()


def signer(access: Access, limits: Limits, extra: str, *, verify: bool) -> Signs:
    """Return what signs an API's requests.

    Args:
        access: How it is signed in to.
        limits: For asking for tokens.
        extra: Of the family.
        verify: Whether certificates are checked.
    """
    match access.kind:
        case "bearer":
            return Signed(Signature({"Authorization": f"Bearer {access.token}"}))
        case "basic":
            return Signed(Signature({"Authorization": _pair(access.username, access.password)}))
        case "api_key" if access.param:
            return Signed(Signature(params={access.param: access.token}))
        case "api_key":
            return Signed(Signature({access.header: access.token}))
        case "oauth2" if access.tokens is not None:
            pair = Signed(Signature({"Authorization": _pair(access.tokens.client_id, access.client_secret)}))
            desk = Api(access.tokens.token_url, extra, sign=pair, limits=limits, verify=verify, hidden=access.hidden)
            return TokenSigner(access.tokens, desk)
        case _:
            return Signed()


def _pair(name: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"


def _asked_for(tokens: Tokens) -> Ask:
    """Return the request for a token."""
    form = {"grant_type": "client_credentials"} | ({"scope": tokens.scope} if tokens.scope else {})
    return Ask(
        tokens.token_url,
        f"the token of {bare(tokens.token_url)}",
        body=urlencode(form).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
    )


def _token(_: Answer, content: bytes) -> tuple[str, float]:
    """Return a token, and for how many seconds it is good.

    Raises:
        ConnectError: the answer has none.
    """
    try:
        told = json.loads(content)
        return str(told["access_token"]), float(told.get("expires_in") or _HOUR)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConnectError("the answer to `token_url` has no token", hint="check `token_url` and `scope`") from None
