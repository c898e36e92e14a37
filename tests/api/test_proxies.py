"""Requests go through the proxy that the environment names for their host, and no other."""

from __future__ import annotations

import asyncio
import importlib.util

import httpx
import pytest

from rtkit_explore.api import proxies as network
from rtkit_explore.errors import InvalidArgumentError, MissingExtraError

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture
def environment(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def set_to(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return set_to


@pytest.fixture
def ways(monkeypatch):
    """What the network would have opened: (verify, proxy, host) of each request."""
    opened: list[tuple[bool, str | None, str]] = []

    class Way(httpx.AsyncBaseTransport):
        def __init__(self, *, limits, proxy, verify):
            self.settings = (verify, proxy)

        async def handle_async_request(self, request):
            opened.append((*self.settings, request.url.host))
            return httpx.Response(200)

    monkeypatch.setattr("httpx.AsyncHTTPTransport", Way)
    return opened


def get(*urls: str) -> None:
    async def work() -> None:
        out = network.Network(4)
        for url in urls:
            await out.handle_async_request(httpx.Request("GET", url))
        await out.aclose()

    asyncio.run(work())


def test_without_a_proxy_requests_go_straight(environment, ways):
    get("https://api.example/x")
    assert ways == [(True, None, "api.example")]


def test_the_proxy_of_the_scheme_is_taken(environment, ways):
    environment(https_proxy="http://proxy.example:3128", no_proxy="inside.example")
    get("https://api.example/x", "https://inside.example/x", "http://127.0.0.1:8000/x")
    assert ways == [
        (True, "http://proxy.example:3128", "api.example"),
        (True, None, "inside.example"),
        (False, None, "127.0.0.1"),
    ]


def test_a_proxy_for_all_and_without_a_scheme_is_understood(environment, ways):
    environment(all_proxy="proxy.example:3128")
    get("https://api.example/x")
    assert ways == [(True, "http://proxy.example:3128", "api.example")]


def test_this_machine_is_never_reached_by_a_proxy(environment, ways):
    environment(http_proxy="http://proxy.example:3128", all_proxy="http://proxy.example:3128")
    get("http://127.0.0.1:8000/x", "http://localhost:8000/x")
    assert {proxy for _, proxy, _ in ways} == {None}


def test_a_proxy_address_that_makes_no_sense_is_an_error_that_does_not_show_it(environment):
    environment(https_proxy="gopher://user:pa55@proxy.example")
    with pytest.raises(InvalidArgumentError, match="HTTPS_PROXY") as caught:
        get("https://api.example/x")
    assert "pa55" not in str(caught.value)


@pytest.mark.skipif(importlib.util.find_spec("socksio") is not None, reason="the extra is installed")
def test_a_socks_proxy_names_the_extra(environment):
    environment(all_proxy="socks5://proxy.example:1080")
    with pytest.raises(MissingExtraError, match=r"httpx\[socks\]"):
        get("https://api.example/x")
