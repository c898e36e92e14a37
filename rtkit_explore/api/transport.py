"""
The transports to the API: httpx transports that wrap one another, each of which does one thing.

From the outside in: :class:`Retrying` repeats what is safe to repeat, :class:`ReadFully` bounds how many requests
are under way and reads each response to its end, :class:`Budgeted` keeps to the number of requests that the API allows,
:class:`Authorised` adds the token where it belongs, and innermost is the network, a replay or a simulation.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

import httpx

from rtkit_explore.api.bodies import BodyError, TotalTimeoutError, read_bounded
from rtkit_explore.api.progress import tell_waiting

if TYPE_CHECKING:
    from rtkit_explore.api.clock import Clock
    from rtkit_explore.settings import Secret, Settings

DOWNLOAD: Final = "rtkit_explore.download"
"""Extension of a request that marks it as a presigned download: no token, no budget."""

ATTEMPTS: Final = "rtkit_explore.attempts"
"""Extension of a request: how often it was sent so far."""

ASKED_TO_WAIT: Final = "rtkit_explore.asked_to_wait"
"""Extension of a response: seconds that the API asked to wait, if that was too long to do so."""

INTACT: Final = "rtkit_explore.intact"
"""Extension of a request: tells of a body with status 200 whether it is whole; a cut one is asked for again."""

RETRIED: Final = frozenset({408, 409, 429})
_ABOUT_THE_BODY: Final = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})
"""Headers that no longer hold once a body is decompressed."""
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
SAME_CUTS: Final = 3
"""A cut response that came so often, byte for byte the same, is what the server has: no connection cut it."""


def build(
    settings: Settings, innermost: httpx.AsyncBaseTransport, clock: Clock, budget: RateLimit | None
) -> httpx.AsyncBaseTransport:
    """
    Wrap a transport in all that this package adds.

    Parameters
    ----------
    settings
        Token, origin, budget, retries, requests under way.
    innermost
        The transport that sends a request.
    clock
        Time.
    budget
        What is left of the budget; None for none.

    Returns
    -------
    httpx.AsyncBaseTransport
        A transport whose responses are read to their end.
    """
    chain: httpx.AsyncBaseTransport = Authorised(innermost, settings.token, httpx.URL(settings.base_url))
    if budget is not None:
        chain = Budgeted(chain, budget, clock)
    chain = ReadFully(chain, settings.in_flight, settings.total_timeout, settings.largest_response)
    return Retrying(chain, settings.retries, settings.longest_wait, clock)


class _Wrapping(httpx.AsyncBaseTransport):
    """A transport around another one."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def aclose(self) -> None:
        await self._inner.aclose()


class Authorised(_Wrapping):
    """
    Sends the token to the API and to no other host.

    Parameters
    ----------
    inner
        Next transport.
    token
        Bearer token, or None.
    origin
        Base URL of the API; only requests to the same scheme, host and port carry the token.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, token: Secret | None, origin: httpx.URL) -> None:
        super().__init__(inner)
        self._token = token
        self._origin = _origin(origin)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Add the token, or make sure that there is none."""
        request.headers.pop("Authorization", None)
        ours = not request.extensions.get(DOWNLOAD) and _origin(request.url) == self._origin
        if ours and self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        try:
            return await self._inner.handle_async_request(request)
        finally:
            # Whoever holds the request later (an error, a traceback) holds no token.
            request.headers.pop("Authorization", None)


class RateLimit:
    """
    At most so many requests in any period of so many seconds; outlives the transports that keep to it.

    Parameters
    ----------
    requests, seconds
        The budget.
    """

    def __init__(self, requests: int, seconds: float) -> None:
        self.requests = requests
        self.seconds = seconds
        self.held_until = float("-inf")
        self._starts: deque[float] = deque(maxlen=requests)

    def reserve(self, now: float) -> float:
        """Return the moment at which the next request may start, and count it as started then."""
        start = max(now, self.held_until)
        if len(self._starts) == self.requests:
            start = max(start, self._starts[0] + self.seconds)
        if self._starts:
            # In the order in which requests asked for their turn.
            start = max(start, self._starts[-1])
        self._starts.append(start)
        return start

    def hold(self, until: float) -> None:
        """Hold back every request until then."""
        self.held_until = max(self.held_until, until)


class Budgeted(_Wrapping):
    """
    Waits until the budget allows a request.

    A 429 with ``Retry-After`` holds back everything on the client, because the limit is the account's and not the
    request's. Downloads do not count: they are not the API's.

    Parameters
    ----------
    inner
        Next transport.
    budget
        Shared by everything on a client.
    clock
        Time.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, budget: RateLimit, clock: Clock) -> None:
        super().__init__(inner)
        self._budget = budget
        self._clock = clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Wait for this request's moment, then pass it on."""
        if request.extensions.get(DOWNLOAD):
            return await self._inner.handle_async_request(request)
        budget, clock = self._budget, self._clock
        start = budget.reserve(clock.now())
        while (wait := max(start, budget.held_until) - clock.now()) > 0:
            why = f"the API allows {budget.requests} requests in {budget.seconds:g} s"
            if budget.held_until > start:
                why = "the API asked to wait (too many requests)"
            tell_waiting(wait, why)
            await clock.sleep(wait)
        response = await self._inner.handle_async_request(request)
        if response.status_code == 429 and (asked := retry_after(response, clock)) is not None:
            budget.hold(clock.now() + min(asked, LONGEST_PAUSE))
        return response


class ReadFully(_Wrapping):
    """
    Reads every response to its end, with only so many under way at once, and none without limit.

    Reading here means that a connection which breaks in the middle of a body is a failure that can be retried.

    Parameters
    ----------
    inner
        Next transport.
    in_flight
        How many requests may be under way.
    total_timeout
        Seconds that one request may take altogether.
    largest
        Bytes that a decompressed response may have.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, in_flight: int, total_timeout: float, largest: int) -> None:
        super().__init__(inner)
        self._slots = asyncio.Semaphore(in_flight)
        self._total_timeout = total_timeout
        self._largest = largest

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, read, decompress and close."""
        async with self._slots:
            # The read time-out of httpx starts anew with every piece: a body that trickles in would never time out.
            try:
                async with asyncio.timeout(self._total_timeout):
                    return await self._read(request)
            except TimeoutError:
                msg = f"not complete after {self._total_timeout:g} s (total_timeout=)"
                raise TotalTimeoutError(msg, request=request) from None

    async def _read(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        try:
            content = await read_bounded(response, self._largest)
        except BodyError as error:
            error.request = request
            raise
        finally:
            await response.aclose()
        # The raw headers: httpx decodes and encodes them differently, so that text beyond ASCII would not survive.
        headers = [(name, value) for name, value in response.headers.raw if name.lower() not in _ABOUT_THE_BODY]
        return httpx.Response(
            response.status_code, headers=headers, content=content, request=request, extensions=response.extensions
        )


class Retrying(_Wrapping):
    """
    Repeats a GET after a passing failure: 408, 409, 429, 5xx, a broken or absent connection.

    Waits twice as long each time, with some chance in it, or as long as ``Retry-After`` says. Anything but a GET is
    sent once, because the first one may have worked. A response that is cut at the same byte every time is broken
    where it is stored; the third one is returned.

    Parameters
    ----------
    inner
        Next transport; it reads responses to their end.
    retries
        How often to repeat.
    longest_wait
        Seconds; if the API asks for more, its response is returned as it is.
    clock
        Time and chance.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, retries: int, longest_wait: float, clock: Clock) -> None:
        super().__init__(inner)
        self._retries = retries
        self._longest_wait = longest_wait
        self._clock = clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send until it works, or cannot."""
        retries = self._retries if request.method == "GET" else 0
        attempt = same = 0
        before: bytes | None = None
        while True:
            attempt += 1
            request.extensions[ATTEMPTS] = attempt
            asked: float | None = None
            try:
                response = await self._inner.handle_async_request(request)
            except httpx.RequestError as error:
                # What is too large or takes too long would be so again.
                final = isinstance(error, httpx.UnsupportedProtocol | BodyError | TotalTimeoutError)
                if attempt > retries or final:
                    raise
                why = "the connection failed"
            else:
                whole = request.extensions.get(INTACT)
                cut = response.status_code == 200 and whole is not None and not whole(response)
                if response.status_code not in RETRIED and response.status_code < 500 and not cut:
                    return response
                asked = retry_after(response, self._clock)
                if asked is not None and asked > self._longest_wait:
                    response.extensions[ASKED_TO_WAIT] = asked
                    return response
                same, before = (same + 1 if response.content == before else 1, response.content) if cut else (0, None)
                if attempt > retries or same >= SAME_CUTS:
                    return response
                why = "the response was cut" if cut else f"the API answered {response.status_code}"
            pause = self._pause(attempt) if asked is None else asked
            tell_waiting(pause, f"{why}, trying again ({attempt} of {retries})")
            await self._clock.sleep(pause)

    def _pause(self, attempt: int) -> float:
        longest = min(FIRST_PAUSE * 2.0 ** (attempt - 1), LONGEST_PAUSE)
        return longest * (0.5 + 0.5 * self._clock.chance())


def retry_after(response: httpx.Response, clock: Clock) -> float | None:
    """
    Read ``Retry-After``, which is a number of seconds or a date.

    Returns
    -------
    float or None
        Seconds from now, not below 0; None where there is none or it makes no sense.
    """
    value = str(response.headers.get("Retry-After", "")).strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - clock.wall()
        except (TypeError, ValueError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    port = url.port or {"http": 80, "https": 443}.get(url.scheme)
    return url.scheme, url.host, port
