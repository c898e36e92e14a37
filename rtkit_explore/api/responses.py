"""Opening the API's responses: what is an error, which error it is, and small responses in either spelling."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import httpx
import msgspec

from rtkit_explore.api.bodies import BodyError, TotalTimeoutError
from rtkit_explore.api.scrubbing import scrub
from rtkit_explore.api.transport import ASKED_TO_WAIT, ATTEMPTS
from rtkit_explore.errors import (
    ApiError,
    BadAnswerError,
    BadRequestError,
    ConnectionFailedError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
)
from rtkit_explore.settings import ACCOUNT_VARIABLE, APP_VARIABLE, TOKEN_VARIABLE, Settings

SAVED_FILE = "saved_file"
"""Extension of a response that comes from a file: the file's name."""

SAVED_FAILURE = "saved_failure"
"""Extension of a response: what went wrong when the call was fetched and saved, repeated word for word."""

SAVED_PROBLEMS = "saved_problems"
"""Extension of a response: what did not add up when the list was fetched and saved."""


@dataclass(frozen=True)
class RequestInfo:
    """
    What a request is about, for its errors.

    Attributes
    ----------
    what
        In words: "the participants of session 1a2b…".
    absent
        What a 404 means: "no session 1a2b…".
    repeatable
        False if a lost response leaves open whether something was started.
    usual
        The most common reason for a 404 although the id is right.
    """

    what: str
    absent: str
    repeatable: bool = True
    usual: str = ""


class _Envelope(msgspec.Struct):
    success: Any = None
    data: msgspec.Raw = msgspec.Raw(b"")
    error: Any = None
    errors: Any = None


def is_cut(response: httpx.Response) -> bool:
    """Tell whether a body began as JSON and does not end as such, as when a proxy gave up half-way."""
    content = response.content
    if response.extensions.get(SAVED_FILE) or content.lstrip()[:1] not in (b"{", b"["):
        return False
    try:
        msgspec.json.decode(content, type=msgspec.Raw)
        msgspec.json.decode(content, type=_Envelope)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _decoded_or_none(content) is None
    return False


def whole(response: httpx.Response, subject: RequestInfo, settings: Settings) -> bytes:
    """
    Check the response that holds a document without decoding the document.

    Returns
    -------
    bytes
        The response body as it came.

    Raises
    ------
    ApiError
        Of the kind that fits.
    """
    if not response.is_success:
        _raise_for(response, _decoded_or_none(response.content), subject, settings)
    try:
        envelope = msgspec.json.decode(response.content, type=_Envelope)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # msgspec is stricter than some servers (NaN, for one).
        decoded(response, subject, settings)
        return response.content
    if envelope.success is False:
        _raise_for(response, {"error": envelope.error, "errors": envelope.errors}, subject, settings)
    if bytes(envelope.data) in {b"", b"null"}:
        raise BadAnswerError(_no_data(subject, response), status=response.status_code)
    return response.content


def decoded(response: httpx.Response, subject: RequestInfo, settings: Settings) -> dict[str, Any]:
    """
    Decode a response.

    Returns
    -------
    dict
        The whole response, in which ``data`` is present (it may be null).

    Raises
    ------
    ApiError
        Of the kind that fits.
    """
    if not response.is_success:
        _raise_for(response, _decoded_or_none(response.content), subject, settings)
    try:
        answer = json.loads(response.content)
    except (ValueError, RecursionError):
        kind = response.headers.get("content-type", "no content type").split(";")[0]
        msg = (
            f"the answer about {subject.what} is not JSON ({kind}, {len(response.content)} bytes): is base_url right,"
            " and does no proxy stand in between? If so, try again"
        )
        saved = response.extensions.get(SAVED_FILE)
        if saved:
            size = len(response.content)
            msg = (
                f"the saved file {saved} is damaged (not JSON, {size} bytes): save the call again, or restore the file"
            )
        raise BadAnswerError(scrub(msg, settings.token), status=response.status_code) from None
    if isinstance(answer, dict) and answer.get("success") is False:
        _raise_for(response, answer, subject, settings)
    if not isinstance(answer, dict) or "data" not in answer:
        raise BadAnswerError(_no_data(subject, response), status=response.status_code)
    return answer


def small(response: httpx.Response, subject: RequestInfo, settings: Settings) -> dict[str, Any]:
    """Decode the ``data`` of a small response, with its keys in snake_case however they came."""
    data = decoded(response, subject, settings)["data"]
    if not isinstance(data, Mapping):
        raise BadAnswerError(_no_data(subject, response), status=response.status_code)
    return {snake(str(key)): value for key, value in data.items()}


def snake(key: str) -> str:
    """Turn ``summaryDownloadUrl`` into ``summary_download_url``."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", key).lower()


def unreachable(
    error: httpx.RequestError, request: httpx.Request, subject: RequestInfo, settings: Settings
) -> ConnectionFailedError:
    """Make the error for a request that got no response."""
    host = request.url.host
    tried = _tried(request)
    if isinstance(error, BodyError | TotalTimeoutError):
        msg = f"the response about {subject.what} was given up: {scrub(error.args[0], settings.token)}"
        return ConnectionFailedError(msg)
    if isinstance(error, httpx.ConnectTimeout):
        cause = f"{host} took more than {settings.connect_timeout:g} s to accept a connection (connect_timeout=)"
    elif isinstance(error, httpx.TimeoutException):
        cause = f"{host} sent nothing for {settings.read_timeout:g} s (read_timeout=)"
    elif isinstance(error, httpx.ConnectError):
        cause = f"{host} cannot be reached: check the network, HTTPS_PROXY and base_url"
    elif isinstance(error, httpx.UnsupportedProtocol):
        cause = f"{host} has an address that is neither http nor https"
    else:
        cause = f"the connection to {host} broke: try again"
    detail = scrub(error.args[0] if error.args else "", settings.token)
    msg = f"no answer about {subject.what}{tried}: {cause}{f' ({detail})' if detail else ''}"
    if not subject.repeatable:
        msg += ". It may have been started all the same, and was not sent again: look before repeating it"
    return ConnectionFailedError(msg)


def _tried(request: httpx.Request) -> str:
    attempts = int(request.extensions.get(ATTEMPTS, 1))
    return f" after {attempts} attempts" if attempts > 1 else ""


def _no_data(subject: RequestInfo, response: httpx.Response) -> str:
    saved = response.extensions.get(SAVED_FILE)
    if saved:
        return f"the saved file {saved} is damaged (it holds no data): save the call again, or restore the file"
    return (
        f"the answer about {subject.what} holds no data, which the API's reference does not describe: check base_url,"
        " and try again"
    )


def _decoded_or_none(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _stated(answer: Any) -> tuple[int | str | None, str]:
    """Find code and message in either form of error."""
    if not isinstance(answer, Mapping):
        return None, ""
    stated = answer.get("error")
    errors = answer.get("errors")
    if not stated and isinstance(errors, list) and errors:
        stated = errors[0]
    if isinstance(stated, str):
        return None, stated
    if not isinstance(stated, Mapping):
        return None, ""
    code = stated.get("code")
    known = (isinstance(code, str) and len(code) < 100) or (isinstance(code, int) and abs(code) < 10**18)
    said = stated.get("message")
    return code if known else None, said if isinstance(said, str) else ""


def _status_of(code: int | str | None) -> int:
    """Read an error code as an HTTP status; 0 if it is not one."""
    if isinstance(code, str):
        return int(code) if len(code) == 3 and code.isascii() and code.isdigit() else 0
    return code if isinstance(code, int) and 0 <= code < 1000 else 0


def _raise_for(response: httpx.Response, answer: Any, subject: RequestInfo, settings: Settings) -> NoReturn:
    code, message = _stated(answer)
    status = response.status_code
    saved = response.extensions.get(SAVED_FAILURE)
    if isinstance(saved, str):
        # A replay repeats the message of the saved failure word for word.
        raise (NotFoundError if status == 404 else BadAnswerError)(saved, status=status)
    # An error may come with status 200; then its code says what it is.
    number = _status_of(code)
    kind = number if response.is_success and 400 <= number < 600 else status
    said = scrub(message, settings.token)
    said = f" (the API says: {said})" if said else ""
    error, msg = _explained(kind, code, response, subject, settings)
    if not subject.repeatable and kind in {408, 409, 429}:
        msg += "; it was not sent again"
    raise error(msg + said, status=status, code=code)


def _explained(
    kind: int, code: str | int | None, response: httpx.Response, subject: RequestInfo, settings: Settings
) -> tuple[type[ApiError], str]:
    """Say of a refusal, by its status, which error it is, what happened and what to do about it."""
    tried = _tried(response.request)
    if kind in {401, 403}:
        return PermissionDeniedError, (
            f"{'the token was not accepted' if kind == 401 else 'not allowed'} ({kind}) for {subject.what}: the token"
            f" needs the permission Realtime or Realtime Admin on account {settings.account_id}; give another one as"
            f" token= or {TOKEN_VARIABLE}"
        )
    if kind == 404:
        return NotFoundError, f"{subject.absent} (404){_where_it_may_be(subject, settings)}"
    if kind == 429:
        wait = response.extensions.get(ASKED_TO_WAIT)
        advice = f"wait {wait:.0f} s" if wait is not None else "wait a moment"
        return RateLimitedError, (
            f"too many requests (429){tried} for {subject.what}: {advice}, and see what else uses the account: the"
            " limit of 250 requests in 10 s counts for all RealtimeKit calls together"
        )
    if kind >= 500:
        return ServerError, (
            f"the API failed ({kind}){tried} at {subject.what}: try again later; if it stays, ask Cloudflare's support"
        )
    if kind >= 400 or response.is_success:
        stated = kind if kind >= 400 else code or "no code"
        return BadRequestError, f"the API refused the request ({stated}) for {subject.what}: check its arguments"
    return BadAnswerError, (
        f"the API sends the request for {subject.what} to another address ({kind}), which is not followed with a"
        " token: check base_url"
    )


def _where_it_may_be(subject: RequestInfo, settings: Settings) -> str:
    """Say where something was not found, and why it may not be there; nothing of saved calls."""
    if settings.token is None:
        return ""
    where = f"app {settings.app_id} of account {settings.account_id}"
    elsewhere = f"another app ({APP_VARIABLE}, {ACCOUNT_VARIABLE})"
    if subject.usual:
        return (
            f" in {where}. Usual reasons: {subject.usual}. Else: the id is another one (check it), belongs to"
            f" {elsewhere}, or is older than what the API keeps"
        )
    return f" in {where}: check the id; if it is right, it belongs to {elsewhere} or is older than what the API keeps"
