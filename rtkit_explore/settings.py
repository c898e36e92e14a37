"""Credentials and options: from arguments, then from the environment. The one place with defaults."""

from __future__ import annotations

import functools
import inspect
import math
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypedDict, TypeVar, Unpack, cast
from urllib.parse import quote, urlsplit

from rtkit_explore.errors import InvalidArgumentError, MissingCredentialsError, RtkitError, without_frames
from rtkit_explore.local_time import time_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

Function = TypeVar("Function", bound="Callable[..., Any]")

BASE_URL = "https://api.cloudflare.com/client/v4"
TOKEN_VARIABLE = "CLOUDFLARE_API_TOKEN"  # noqa: S105 - the name of a variable, not a token
ACCOUNT_VARIABLE = "CLOUDFLARE_ACCOUNT_ID"
APP_VARIABLE = "RTKIT_APP_ID"
CREDENTIALS = {"token": TOKEN_VARIABLE, "account_id": ACCOUNT_VARIABLE, "app_id": APP_VARIABLE}
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Secret:
    """A text that shows itself only on request: neither repr nor str nor a traceback's locals hold it."""

    __slots__ = ("_text",)

    def __init__(self, text: str | None) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself, for the one line that needs it."""
        if self._text is None:
            msg = "a secret does not travel in a pickle: give the credentials again in this process"
            raise MissingCredentialsError(msg)
        return self._text

    def __repr__(self) -> str:
        """Say that there is a secret, not which."""
        return "Secret(…)"

    def __str__(self) -> str:
        """Say that there is a secret, not which."""
        return "…"

    def __reduce__(self) -> tuple[object, ...]:
        """Leave the text out of a pickle, which would hold it in clear."""
        return Secret, (None,)

    def __copy__(self) -> Self:
        """Return itself; it never changes."""
        return self

    def __deepcopy__(self, memo: object) -> Self:
        """Return itself; it never changes."""
        return self

    def __eq__(self, other: object) -> bool:
        """Compare the texts."""
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        """Hash the text."""
        return hash(("Secret", self._text))


class ConnectOptions(TypedDict, total=False):
    """The options of ``connect``, ``App`` and ``AsyncApp``; :class:`Settings` has their defaults and meaning."""

    token: str | None
    account_id: str | None
    app_id: str | None
    base_url: str | None
    transport: httpx.AsyncBaseTransport | None
    cache: bool | str | os.PathLike[str] | None
    connect_timeout: float | None
    read_timeout: float | None
    total_timeout: float | None
    largest_response: int | None
    retries: int | None
    in_flight: int | None
    budget_requests: int | None
    budget_seconds: float | None
    per_page: int | None
    tz: str | None
    progress: bool | None


def takes_options(function: Function) -> Function:
    """
    Show the options one by one in the signature of a function that takes them as ``**options``.

    An error leaves the function without the frames that it came through, whose variables hold the token.
    """

    @functools.wraps(function)
    def checked(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except RtkitError as error:
            failure = without_frames(error)
        options.clear()
        raise failure

    checked.__signature__ = _signature(function, ConnectOptions)  # type: ignore[attr-defined]
    return cast("Function", checked)


def shows_options(declared: type) -> Callable[[Function], Function]:
    """
    Declare the options of a coroutine function that takes them as ``**options``: its signature shows them one by one.

    Parameters
    ----------
    declared
        A ``TypedDict`` whose keys are the options; each may be left out. Others are a ``TypeError``.
    """

    def show(function: Function) -> Function:
        signature = _signature(function, declared)

        @functools.wraps(function)
        async def checked(*args: Any, **options: Any) -> Any:
            check_arguments(function.__qualname__, signature, args, options)
            return await function(*args, **options)

        checked.__signature__ = signature  # type: ignore[attr-defined]
        return cast("Function", checked)

    return show


def check_arguments(
    name: str, signature: inspect.Signature, args: tuple[object, ...], options: Mapping[str, object]
) -> None:
    """
    Raise if a function does not take what it is given.

    Raises
    ------
    TypeError
        With the function's own name, and what it takes.
    """
    try:
        signature.bind(*args, **options)
    except TypeError as error:
        taken = ", ".join(one for one in signature.parameters if one != "self")
        msg = f"{name}() {error}; it takes {taken}"
        raise TypeError(msg) from None


def _signature(function: Callable[..., Any], declared: type) -> inspect.Signature:
    signature = inspect.signature(function)
    own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    shown = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in declared.__annotations__.items()
    ]
    return signature.replace(parameters=[*own, *shown])


@dataclass(frozen=True)
class Settings:
    """
    Everything that a client needs to know, checked.

    Attributes
    ----------
    account_id, app_id
        Whose RealtimeKit app. Texts that every request's path begins with.
    token
        API token with the permission Realtime or Realtime Admin; None for saved or simulated documents.
    base_url
        Where the API is, without a trailing slash.
    connect_timeout, read_timeout
        Seconds to wait for a connection, and for the next piece of an answer.
    total_timeout
        Seconds for one request altogether, however slowly its answer trickles in.
    largest_response
        Bytes that one answer may have, decompressed.
    retries
        How often a GET is repeated after 408, 409, 429, 5xx or a broken connection.
    longest_wait
        Seconds; when the API asks to wait for longer than this, the error is raised at once.
    budget_requests, budget_seconds
        At most so many requests in any period of so many seconds. The API allows 250 per 10 s for all RealtimeKit
        calls of an account together; None means no limit.
    in_flight
        How many requests may be under way at once. httpx is fastest between 8 and 16.
    per_page
        Page size to ask for. The API may give less.
    tz
        Time zone of times that name none, in ``find``, ``explain``, and of the calls that are fetched.
    progress
        Show bars and waiting times.
    progress_delay
        Seconds that something must take before its bar appears.
    """

    account_id: str
    app_id: str
    token: Secret | None = field(default=None, repr=False)
    base_url: str = BASE_URL
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    total_timeout: float = 300.0
    largest_response: int = 256 * 2**20
    retries: int = 5
    longest_wait: float = 120.0
    budget_requests: int | None = 250
    budget_seconds: float = 10.0
    in_flight: int = 12
    per_page: int = 100
    tz: str = "UTC"
    progress: bool = True
    progress_delay: float = 0.8

    def __post_init__(self) -> None:
        """Raise if a value cannot mean anything."""
        for name in ("account_id", "app_id"):
            object.__setattr__(self, name, _identifier(name, getattr(self, name)))
        object.__setattr__(self, "base_url", _base_url(self.base_url))
        time_zone(self.tz)
        for name in ("connect_timeout", "read_timeout", "total_timeout", "budget_seconds"):
            seconds = getattr(self, name)
            if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
                msg = f"{name} is {seconds!r}, but it is a number of seconds above 0"
                raise InvalidArgumentError(msg)
        least_of = {"in_flight": 1, "per_page": 1, "retries": 0, "budget_requests": 1, "largest_response": 1024}
        for name, least in least_of.items():
            value = getattr(self, name)
            if value is None and name == "budget_requests":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                msg = f"{name} is {value!r}, but it is a whole number of at least {least}"
                raise InvalidArgumentError(msg)

    @classmethod
    def resolve(cls, *, environment: Mapping[str, str] | None = None, **options: Unpack[ConnectOptions]) -> Settings:
        """
        Take each value from its argument, else from the environment, else the default.

        Parameters
        ----------
        environment
            Instead of ``os.environ``.
        options
            As in :func:`~rtkit_explore.app.connect`; None means "not given", except for ``budget_requests``.

        Returns
        -------
        Settings
            Complete.

        Raises
        ------
        MissingCredentialsError
            Naming everything that is missing, with both ways to give it.
        InvalidArgumentError
            If a value cannot mean anything.
        TypeError
            For an option that does not exist.
        """
        given: dict[str, Any] = dict(options)
        unknown = sorted(given.keys() - ConnectOptions.__annotations__.keys())
        if unknown:
            msg = f"there is no option {unknown[0]!r}; there are {', '.join(ConnectOptions.__annotations__)}"
            raise TypeError(msg)
        variables = os.environ if environment is None else environment
        found: dict[str, str] = {}
        missing: list[tuple[str, str]] = []
        for argument, variable in CREDENTIALS.items():
            value = given.pop(argument, None)
            text = (value if value is not None else variables.get(variable, "")).strip()
            if text:
                found[argument] = text
            else:
                missing.append((argument, variable))
        if missing:
            raise MissingCredentialsError(_missing(missing))
        for apart in ("transport", "cache"):  # of the app, not of its settings
            given.pop(apart, None)
        return cls(
            account_id=found["account_id"],
            app_id=found["app_id"],
            token=_token(found["token"]),
            **{name: value for name, value in given.items() if value is not None or name == "budget_requests"},
        )

    @property
    def prefix(self) -> str:
        """Address that every call of this app begins with."""
        account, app = quote(self.account_id, safe=""), quote(self.app_id, safe="")
        return f"{self.base_url}/accounts/{account}/realtime/kit/{app}"


def _missing(missing: list[tuple[str, str]]) -> str:
    names = ", ".join(argument for argument, _ in missing)
    arguments = ", ".join(f"{argument}=…" for argument, _ in missing)
    variables = ", ".join(variable for _, variable in missing)
    hint = ""
    if any(argument == "token" for argument, _ in missing):
        hint = (
            " A token with the permission Realtime or Realtime Admin is made in the Cloudflare dashboard under"
            " My Profile, API Tokens."
        )
    return (
        f"not set: {names}. Pass {arguments} to connect(), or set the environment variable"
        f"{'s' if len(missing) > 1 else ''} {variables}.{hint} To look around without credentials, use demo()."
    )


def _token(text: str) -> Secret:
    # People paste the whole header.
    if text.lower().startswith("bearer "):
        text = text[7:].strip()
    if not text.isascii() or not text.isprintable() or " " in text:
        msg = (
            f"the token holds characters that no token has (a space, a line break, …): check token= or {TOKEN_VARIABLE}"
        )
        raise InvalidArgumentError(msg)
    return Secret(text)


def _identifier(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        msg = f"{name} is empty, but the path of every request needs it"
        raise InvalidArgumentError(msg)
    text = value.strip()
    if not text.isprintable() or any(character in text for character in " /?#") or text in {".", ".."}:
        msg = f"{name} holds a character that no id has (a space, a slash, …): copy it again from the dashboard"
        raise InvalidArgumentError(msg)
    return text


def _base_url(value: object) -> str:
    text = value.strip().rstrip("/") if isinstance(value, str) else ""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in {"http", "https"} or parts.query or parts.fragment or port == 0:
        msg = f"base_url must be an address such as {BASE_URL}, without a query"
        raise InvalidArgumentError(msg)
    if parts.username or parts.password:
        msg = "base_url holds a user name or a password: the token is the only credential, give it as token="
        raise InvalidArgumentError(msg)
    if parts.scheme == "http" and host not in LOOPBACK:
        msg = (
            f"base_url is http://{host}…: the token would travel unencrypted; use https (http is for this machine only)"
        )
        raise InvalidArgumentError(msg)
    return text
