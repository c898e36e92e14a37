"""The simulated app as an httpx transport: no sockets, the same responses, the same faults."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx

from rtkit_explore.serving.messages import Request, RequestError, Response
from rtkit_explore.simulator.app import SimulatedApp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class _Broken(httpx.AsyncByteStream):
    """A body that breaks off half-way."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body[: len(self._body) // 2]
        msg = "peer closed connection without sending complete message body"
        raise httpx.RemoteProtocolError(msg)


class SimulatedTransport(httpx.AsyncBaseTransport):
    """
    Serve an httpx client from a simulated app.

    Parameters
    ----------
    app
        The app; None makes one of seed 0.

    Attributes
    ----------
    app
        The app that is served.
    requests
        How many requests there were.
    """

    def __init__(self, app: SimulatedApp | None = None) -> None:
        self.app = app if app is not None else SimulatedApp()
        self.requests = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Respond to a request, or with the fault that is due."""
        self.requests += 1
        fault = self.app.faults.next()
        if fault == "slow":
            await asyncio.sleep(self.app.faults.slow_seconds)
        answer = with_fault(self.app, fault) or self.app.respond(
            Request.of(request.method, request.url.raw_path.decode("ascii"), request.headers)
        )
        if fault == "broken_json":
            answer.body = spoiled(answer.body)
        if fault == "cut":
            headers = {**answer.headers, "content-length": str(len(answer.body))}
            return httpx.Response(answer.status, headers=headers, stream=_Broken(answer.body), request=request)
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body, request=request)


def with_fault(app: SimulatedApp, fault: str) -> Response | None:
    """Respond in the app's place if the fault is a response: 429 or 503."""
    if fault == "rate_limit":
        response = RequestError(429, "Too many requests").response()
        if app.faults.retry_after is not None:
            response.headers["retry-after"] = f"{app.faults.retry_after:g}"
        return response
    if fault == "server_error":
        return RequestError(503, "Service temporarily unavailable", code=10503).response()
    return None


def spoiled(body: bytes) -> bytes:
    """Break JSON as a proxy in trouble does: the beginning, then something else."""
    return body[: max(1, int(len(body) * 0.7))] + b"<html>"
