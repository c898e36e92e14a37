"""The network itself, as the innermost transport, through the proxy that the environment names."""

from __future__ import annotations

import logging
import re
from urllib.request import getproxies, proxy_bypass

import httpx

from rtkit_explore.api.scrubbing import without_secrets
from rtkit_explore.errors import InvalidArgumentError, MissingExtraError
from rtkit_explore.settings import LOOPBACK


class _ScrubAddresses(logging.Filter):
    """Takes URLs out of httpcore's debug log, which writes the headers of a redirect to a presigned one."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record, and let it pass."""
        text = _LOCATION.sub(r"\1…'", record.getMessage())
        record.msg, record.args = without_secrets(text), ()
        return True


_LOCATION = re.compile(r"(b'(?:content-)?location', b')[^']*+'", re.IGNORECASE)
_SCRUB = _ScrubAddresses()
_LOGGERS = ("httpcore.http11", "httpcore.http2", "httpcore.connection", "httpcore.proxy", "httpcore.socks", "httpx")


class Network(httpx.AsyncBaseTransport):
    """
    Sends requests out, each through the proxy that ``HTTPS_PROXY``, ``HTTP_PROXY`` and ``NO_PROXY`` name for its host.

    httpx reads these variables only where it chooses the transport itself.

    Parameters
    ----------
    connections
        How many connections may be open at once.
    """

    def __init__(self, connections: int) -> None:
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(_SCRUB)
        self._limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._ways: dict[tuple[str, str | None], httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Choose the proxy of the request's host, or none, and send it."""
        way = self._way(request.url.scheme, _proxy(request.url))
        return await way.handle_async_request(request)

    async def aclose(self) -> None:
        """Close every connection."""
        ways = list(self._ways.values())
        self._ways.clear()
        for way in ways:
            await way.aclose()

    def _way(self, scheme: str, proxy: str | None) -> httpx.AsyncHTTPTransport:
        key = (scheme, proxy)
        if key not in self._ways:
            # Reading certificates takes a tenth of a second, which plain http on this machine can do without.
            verify = scheme != "http" or proxy is not None
            try:
                self._ways[key] = httpx.AsyncHTTPTransport(limits=self._limits, proxy=proxy, verify=verify)
            except ImportError:
                msg = "the environment names a SOCKS proxy, for which httpx needs an extra: pip install 'httpx[socks]'"
                raise MissingExtraError(msg) from None
            except ValueError:
                # The URL may hold a password.
                msg = "the address of the proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY cannot be used: correct it"
                raise InvalidArgumentError(msg) from None
        return self._ways[key]


def _proxy(url: httpx.URL) -> str | None:
    if url.host in LOOPBACK:
        return None
    named = getproxies()
    proxy = named.get(url.scheme) or named.get("all")
    if not proxy or proxy_bypass(url.host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
