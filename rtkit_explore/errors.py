"""
Every error that a caller can meet, in one place.

Policy: what makes a request meaningless raises (no credentials, no such session, refused by the API, a folder that
is not there). What is merely wrong inside a document never raises: the value becomes missing and a row of
``problems`` says where it stood. Each message says what happened and what to do about it, and none holds a token
or a presigned URL.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable


class RtkitError(Exception):
    """Base of all errors of this package: ``except rtk.RtkitError`` catches every one."""


class MissingCredentialsError(RtkitError):
    """An account id, an app id or an API token is not set."""


class MissingExtraError(RtkitError):
    """An optional package is needed; the message names the extra to install."""


class InvalidArgumentError(RtkitError, ValueError):
    """An argument cannot mean anything; the message lists what can."""


class NotADocumentError(RtkitError, ValueError):
    """What was given is not a document of the API (not JSON, or not the right kind)."""


class NotEnoughMemoryError(RtkitError, MemoryError):
    """What was asked for does not fit into the memory that is free; the message says how much it takes."""


class SavedCallError(RtkitError):
    """A folder of saved calls is absent, empty, or cannot be written."""


class ArchiveError(RtkitError):
    """An archive of calls is absent, damaged, of a later version, or cannot be written; the message says what helps."""


class EventLoopError(RtkitError):
    """Nested event loops cannot be allowed here; the message says why and what to use instead."""


class ApiError(RtkitError):
    """
    The API, or the way to it, failed.

    Attributes
    ----------
    status
        HTTP status, or None where no answer came.
    code
        The API's own error code, or None.
    """

    def __init__(self, message: str, *, status: int | None = None, code: int | str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the attributes when the error crosses a process."""
        return _rebuild, (type(self), str(self), self.status, self.code)


class PermissionDeniedError(ApiError):
    """401 or 403: the token is wrong, or lacks the permission that the message names."""


class NotFoundError(ApiError):
    """404: no such account, app, session, participant or peer; the message says which id was asked for."""


class RateLimitedError(ApiError):
    """429, still refused after the retries."""


class BadRequestError(ApiError):
    """Another 4xx: the API refused the request as it stands."""


class ServerError(ApiError):
    """5xx, still failing after the retries."""


class ConnectionFailedError(ApiError):
    """No answer: the host cannot be reached, the connection broke, or time ran out."""


class BadAnswerError(ApiError):
    """The answer is not what the API's reference describes (broken JSON, no data)."""


class DownloadExpiredError(ApiError):
    """A presigned download is no longer valid; asking again gets a new one."""


Error = TypeVar("Error", bound=BaseException)


def without_frames(error: Error) -> Error:
    """
    Strip an error of the frames that it came through and of what caused it.

    Tools that show the variables of every frame (IPython's verbose mode, rich, error trackers) would else show the
    tokens and presigned addresses that these frames work with.
    """
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


class PartialResultWarning(UserWarning):
    """A table is there, but something that belongs in it may be missing; the message says what and why."""


def _rebuild(kind: type[ApiError], message: str, status: int | None, code: int | str | None) -> ApiError:
    return kind(message, status=status, code=code)


def did_you_mean(near: Iterable[object]) -> str:
    """Return the part of a message that offers what may have been meant: " Did you mean 'x' or 'y'?", or nothing."""
    offered = " or ".join(map(repr, dict.fromkeys(near)))
    return f" Did you mean {offered}?" if offered else ""


def close_to(word: str, known: Iterable[str]) -> str:
    """Say what might have been meant: " Did you mean 'x'?", or nothing."""
    folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word.casefold(), folded, n=3, cutoff=0.55)
    near += [name for name in folded if name not in near and len(word) > 2 and name.startswith(word.casefold())][:3]
    return did_you_mean(folded[name] for name in near)
