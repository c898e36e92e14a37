"""Faults that a simulated app can be told to have, so that a client can be tried against each."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, fields
from typing import Any

from rtkit_explore.errors import InvalidArgumentError

KINDS = ("rate_limit", "server_error", "slow", "cut", "broken_json")


@dataclass
class Faults:
    """
    What goes wrong, and how often.

    Attributes
    ----------
    rate_limit
        Every n-th request gets a 429; 0 never, 1 always.
    retry_after
        ``Retry-After`` of such a response, s; None leaves the header out.
    server_error
        Every n-th request gets a 503.
    slow
        Every n-th response is late by ``slow_seconds``.
    slow_seconds
        How late.
    cut
        Every n-th connection breaks in the middle of the body.
    broken_json
        Every n-th response is not JSON any more.
    expired_downloads
        Presigned URLs are already expired when they are returned.
    at_most
        How many faults there are altogether; None is unlimited.
    """

    rate_limit: int = 0
    retry_after: float | None = 1.0
    server_error: int = 0
    slow: int = 0
    slow_seconds: float = 1.0
    cut: int = 0
    broken_json: int = 0
    expired_downloads: bool = False
    at_most: int | None = None
    _seen: dict[str, int] = field(default_factory=dict, repr=False)
    _made: int = field(default=0, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def next(self) -> str:
        """Count a request and say which fault it meets: a name of :data:`KINDS`, or nothing."""
        with self._lock:
            if self.at_most is not None and self._made >= self.at_most:
                return ""
            for kind in KINDS:
                every = int(getattr(self, kind))
                if every <= 0:
                    continue
                self._seen[kind] = self._seen.get(kind, 0) + 1
                if self._seen[kind] % every == 0:
                    self._made += 1
                    return kind
            return ""

    @property
    def made(self) -> int:
        """How many faults there were so far."""
        return self._made

    def __post_init__(self) -> None:
        """Raise if a value cannot mean anything."""
        for name in (*KINDS, "at_most"):
            value = getattr(self, name)
            if name == "at_most" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                msg = f"{name} is every n-th request, a whole number of at least 0, not {str(value)[:40]!r}"
                raise InvalidArgumentError(msg)
        for name, most in (("slow_seconds", 3600.0), ("retry_after", 1e6)):
            value = getattr(self, name)
            if name == "retry_after" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
                msg = f"{name} is a number of seconds from 0 to {most:g}, not {str(value)[:40]!r}"
                raise InvalidArgumentError(msg)
        if not isinstance(self.expired_downloads, bool):
            msg = f"expired_downloads is true or false, not {str(self.expired_downloads)[:40]!r}"
            raise InvalidArgumentError(msg)

    @classmethod
    def of(cls, values: dict[str, Any]) -> Faults:
        """
        Make faults of named values, as they come from a command line or a request.

        Parameters
        ----------
        values
            Names of the attributes with their values.

        Returns
        -------
        The faults.

        Raises
        ------
        InvalidArgumentError
            If a fault is unknown.
        """
        known = [f.name for f in fields(cls) if not f.name.startswith("_")]
        if not isinstance(values, dict):
            msg = f"faults are an object of names and values; there are {', '.join(known)}"
            raise InvalidArgumentError(msg)
        unknown = sorted(str(name)[:40] for name in set(values) - set(known))
        if unknown:
            msg = f"there is no fault {', '.join(unknown)}; there are {', '.join(known)}"
            raise InvalidArgumentError(msg)
        return cls(**values)
