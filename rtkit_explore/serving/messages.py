"""What a server of the sessions API receives and sends: requests, responses, and the two forms of an error."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

ErrorForm = Literal["error", "errors"]


@dataclass(frozen=True)
class Request:
    """
    A request.

    Attributes
    ----------
    method
        In upper case.
    parts
        Segments of the path, each unquoted on its own, so that an id may hold a slash.
    query
        Its parameters.
    headers
        Names in lower case.
    """

    method: str
    parts: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]

    @classmethod
    def of(cls, method: str, target: str, headers: Mapping[str, str]) -> Request:
        """Read a request line's target as it stands on the wire: quoted path and query."""
        path, _, query = target.partition("?")
        parts = tuple(unquote(part) for part in path.split("/") if part)
        lowered = {name.lower(): value for name, value in headers.items()}
        return cls(method.upper(), parts, dict(parse_qsl(query, keep_blank_values=True)), lowered)

    @property
    def path(self) -> str:
        """The path, unquoted."""
        return "/" + "/".join(self.parts)

    def wants(self, name: str) -> bool | None:
        """Read a flag of the query; None where it is not given."""
        value = self.query.get(name)
        return None if value is None else value.lower() in ("true", "1")


@dataclass
class Response:
    """
    A response: an error, a list, a download, or a document as it was saved or simulated.

    Attributes
    ----------
    status, body, headers
        As they are sent.
    source
        The saved file that the body is, where it is one.
    verbatim
        An error that was told once already and is to be told again in the same words.
    notes
        What did not add up when the documents were fetched.
    """

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    source: str | None = None
    verbatim: str | None = None
    notes: tuple[str, ...] = ()


class RequestError(Exception):
    """
    A request that cannot be served.

    Parameters
    ----------
    status
        HTTP status.
    message
        What the caller is told.
    code
        Code of an error of the platform in front of the API, which has the form of a list; None for the API's own.
    verbatim
        Whether the message is that of an earlier error, to be told again as it is.
    """

    def __init__(self, status: int, message: str, *, code: int | None = None, verbatim: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.verbatim = verbatim

    def response(self, form: ErrorForm | None = None) -> Response:
        """Write it as the API does: one ``error``, or a list of ``errors``."""
        if form == "errors" or (form is None and self.code is not None):
            code = self.status if self.code is None else self.code
            told = {"code": code, "message": self.message, "documentation_url": "https://developers.example.com/errors"}
            return Response(self.status, encoded({"success": False, "errors": [told]}))
        body = encoded({"success": False, "error": {"code": self.status, "message": self.message}})
        return Response(self.status, body, verbatim=self.message if self.verbatim else None)


def encoded(body: object) -> bytes:
    """Write JSON; a lone surrogate, which UTF-8 cannot hold, stays escaped."""
    return json.dumps(body, separators=(",", ":")).encode()


def success(data: object, *, paging: Mapping[str, int] | None = None) -> bytes:
    """Wrap data in the API's envelope, with paging beside it where the call has it there."""
    body: dict[str, Any] = {"success": True, "data": data}
    if paging is not None:
        body["paging"] = paging
    return encoded(body)
