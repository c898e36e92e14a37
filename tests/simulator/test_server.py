"""The same app in process and over HTTP, with each fault switched on."""

from __future__ import annotations

import asyncio
import json
import time

import httpx
import pytest

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.simulator import Faults, SimulatedApp, SimulatedServer, SimulatedTransport, serve

PATH = "/accounts/demo-account/realtime/kit/demo-app/sessions"
TOKEN = {"Authorization": "Bearer demo-token"}


@pytest.fixture(scope="module")
def server():
    with SimulatedServer(SimulatedApp(1, days=3)) as running:
        yield running


@pytest.fixture
def client(server):
    server.app.faults = Faults()
    with httpx.Client(base_url=server.url, headers=TOKEN, timeout=20) as made:
        yield made
    server.app.faults = Faults()


def in_process(app, path, **more):
    async def ask():
        async with httpx.AsyncClient(
            transport=SimulatedTransport(app), base_url="https://simulated.example/client/v4", headers=TOKEN
        ) as made:
            return await made.get(path, **more)

    return asyncio.run(ask())


def test_both_ways_give_the_same_answers(server, client):
    app = server.app
    peer = next(iter(app.outline(app.main_incident).peers.values()))[0]
    for rest in ("", f"/{app.main_incident}", f"/{app.main_incident}/participants", f"/peer-report/{peer}", "/none"):
        over_http = client.get(PATH + rest, params={"per_page": 4})
        within = in_process(app, PATH + rest, params={"per_page": 4})
        assert over_http.status_code == within.status_code
        assert over_http.json() == within.json()


def test_a_download_is_to_be_had_where_its_address_says(server, client):
    url = client.get(f"{PATH}/{server.app.main_incident}/chat").json()["data"]["chat_download_url"]
    assert url.startswith(f"http://127.0.0.1:{server.port}/downloads/")
    assert httpx.get(url).text.startswith("id,participantId")
    assert httpx.get(url, headers=TOKEN).status_code == 400


def test_a_summary_can_be_ordered(server, client):
    posted = client.post(f"{PATH}/{server.app.main_incident}/summary")
    assert posted.json()["data"]["status"] == "QUEUED"


def test_many_at_once_are_served(server, client):
    peers = [p for ids in server.app.outline(server.app.main_incident).peers.values() for p in ids]

    async def all_of_them():
        async with httpx.AsyncClient(base_url=server.url, headers=TOKEN, timeout=30) as made:
            return await asyncio.gather(*(made.get(f"{PATH}/peer-report/{peer}") for peer in peers * 3))

    assert sorted({r.status_code for r in asyncio.run(all_of_them())}) == [200, 404]


@pytest.fixture(params=["http", "in process"])
def get(request, server, client):
    """Ask once, with the given faults, over either way."""

    def ask(faults, rest=""):
        server.app.faults = faults
        if request.param == "http":
            return client.get(PATH + rest)
        return in_process(server.app, PATH + rest)

    return ask


def test_too_many_requests_say_when_to_come_back(get):
    answer = get(Faults(rate_limit=1, retry_after=2.5))
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "2.5"
    assert answer.json()["error"]["code"] == 429


def test_too_many_requests_may_not_say_it(get):
    answer = get(Faults(rate_limit=1, retry_after=None))
    assert answer.status_code == 429
    assert "retry-after" not in answer.headers


def test_the_server_may_fail(get):
    answer = get(Faults(server_error=1))
    assert answer.status_code == 503
    assert answer.json()["errors"][0]["code"] == 10503


def test_an_answer_may_be_slow(get):
    began = time.monotonic()
    assert get(Faults(slow=1, slow_seconds=0.3)).status_code == 200
    assert time.monotonic() - began >= 0.3


def test_a_connection_may_break_in_mid_body(get):
    with pytest.raises(httpx.RemoteProtocolError):
        get(Faults(cut=1))


def test_json_may_be_broken(get):
    answer = get(Faults(broken_json=1))
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_downloads_may_have_expired(server, client):
    server.app.faults = Faults(expired_downloads=True)
    url = client.get(f"{PATH}/{server.app.main_incident}/chat").json()["data"]["chat_download_url"]
    assert httpx.get(url).status_code == 403


def test_a_fault_passes_when_it_was_ordered_to(server, client):
    server.app.faults = Faults(server_error=1, at_most=2)
    assert [client.get(PATH).status_code for _ in range(4)] == [503, 503, 200, 200]


def test_faults_can_be_switched_while_it_runs(server, client):
    control = f"http://127.0.0.1:{server.port}/_faults"
    assert httpx.put(control, json={"rate_limit": 1, "retry_after": 7}).json() == {"made": 0}
    assert client.get(PATH).headers["retry-after"] == "7"
    assert httpx.get(control).json() == {"made": 1}
    assert "there is no fault" in httpx.put(control, json={"flood": 1}).text
    httpx.put(control, json={})
    assert client.get(PATH).status_code == 200


def test_serve_takes_a_free_port_a_seed_and_faults():
    with serve(0, seed=3, faults={"server_error": 1}) as running:
        assert httpx.get(running.url + PATH, headers=TOKEN).status_code == 503
        assert running.app.session_ids == SimulatedApp(3).session_ids
    with pytest.raises(InvalidArgumentError, match="there is no fault"):
        serve(0, faults={"flood": 1})


def test_a_served_app_listens_on_this_machine_only(server):
    assert server._http.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize("length", ["abc", "-1", "²", "1e3", "99999999999999999999", "9" * 5000])
def test_a_length_that_is_none_is_an_error_and_the_server_goes_on(server, client, length):
    import socket

    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        request = f"PUT /_faults HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
        connection.sendall(request.encode("latin-1", "replace"))
        assert connection.recv(4096).startswith(b"HTTP/1.1 400")
    assert client.get(PATH).status_code == 200


@pytest.mark.parametrize(
    "settings",
    ["{", "[]", "3", "null", '"x"', '{"rate_limit": "often"}', '{"rate_limit": -1}', '{"cut": 1.5}', '{"slow": true}',
     '{"slow_seconds": -1}', '{"slow_seconds": 1e9}', '{"retry_after": "soon"}', '{"expired_downloads": 1}',
     '{"_lock": 1}', '{"at_most": "x"}', "[" * 100_000],
)  # fmt: skip
def test_settings_of_faults_that_mean_nothing_are_an_error_and_change_nothing(server, client, settings):
    answer = httpx.put(f"http://127.0.0.1:{server.port}/_faults", content=settings.encode())
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]
    assert client.get(PATH).status_code == 200
