"""What the client does when the API refuses, fails, is slow, or breaks off, and what it never shows."""

from __future__ import annotations

import asyncio
import logging
import traceback
from dataclasses import replace
from email.utils import formatdate

import httpx
import pytest

from rtkit_explore.api.client import ApiClient
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
from rtkit_explore.settings import Secret, Settings
from tests.contract.server import ACCOUNT, APP, SIGNATURE, TOKEN, Fault


@pytest.fixture
def one(server):
    server.make_participants("s1", 2)
    server.reports["p1"] = b'{"success": true, "data": {"participant": {"id": "p1"}}}' + b" " * 4000
    return server


def session(client):
    return client.session("s1")


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
def test_a_get_is_repeated_after_a_passing_failure(one, ask, waits, status):
    one.faults.append(Fault("status", times=3, status=status))
    assert b"s1" in ask(session)
    assert len(one.requests) == 4
    assert waits.slept == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("kind", ["cut", "reset"])
def test_a_get_is_repeated_after_a_broken_connection(one, ask, kind):
    one.faults.append(Fault(kind, times=2))
    assert b"p1" in ask(lambda client: client.peer_report("p1"))
    assert len(one.requests) == 3


@pytest.mark.parametrize("compress", [True, False])
def test_an_answer_that_breaks_off_every_time_is_a_failed_connection(one, ask, compress):
    one.compress = compress
    one.faults.append(Fault("cut", times=9))
    with pytest.raises(ConnectionFailedError, match=r"after 4 attempts: the connection to 127.0.0.1 broke"):
        ask(lambda client: client.peer_report("p1"))
    assert len(one.requests) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 422])
def test_a_refusal_is_not_repeated(one, ask, status):
    one.faults.append(Fault("status", status=status))
    with pytest.raises(ApiError) as caught:
        ask(session)
    assert caught.value.status == status
    assert len(one.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [Fault("status", status=429), Fault("status", status=503), Fault("cut"), Fault("reset")],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_the_post_is_never_repeated(one, ask, fault):
    one.faults.append(replace(fault))
    with pytest.raises(ApiError, match="not sent again" if fault.status != 503 or fault.kind != "status" else "failed"):
        ask(lambda client: client.generate_summary("s1"))
    assert len(one.requests) == 1


def test_retry_after_in_seconds_is_obeyed(one, ask, waits):
    one.faults.append(Fault("status", status=429, headers={"Retry-After": "7"}))
    ask(session)
    assert waits.slept == [7.0]


def test_retry_after_as_a_date_is_obeyed(one, ask, waits):
    date = formatdate(1_800_000_000.0 + 11, usegmt=True)
    one.faults.append(Fault("status", status=503, headers={"Retry-After": date}))
    ask(session)
    assert waits.slept == [11.0]


@pytest.mark.parametrize("value", ["soon", "", "nan", "inf"])
def test_a_retry_after_that_makes_no_sense_is_passed_over(one, ask, waits, value):
    one.faults.append(Fault("status", status=503, headers={"Retry-After": value}))
    ask(session)
    assert waits.slept == [0.5]


def test_a_retry_after_in_the_past_does_not_wait(one, ask, waits):
    one.faults.append(Fault("status", status=503, headers={"Retry-After": formatdate(1_000_000_000.0, usegmt=True)}))
    ask(session)
    assert sum(waits.slept) == 0


def test_a_wait_that_is_too_long_is_an_error_that_says_how_long(one, ask, waits):
    one.faults.append(Fault("status", status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(RateLimitedError, match="wait 3600 s"):
        ask(session)
    assert waits.slept == []


def test_a_429_holds_back_everything_else_on_the_client(one, ask, waits):
    one.faults.append(Fault("status", status=429, path="sessions/s1$", headers={"Retry-After": "8"}))

    async def both(client):
        await client.session("s1")
        before = waits.moment
        await client.participants("s1")
        return before

    assert ask(both) >= 1008.0


def test_requests_that_keep_being_refused_end_in_an_error_that_names_the_limit(one, ask):
    one.faults.append(Fault("status", times=99, status=429))
    with pytest.raises(RateLimitedError, match=r"after 4 attempts.*250 requests in 10 s"):
        ask(session)


@pytest.mark.parametrize("form", ["error", "errors"])
@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (401, PermissionDeniedError, "permission Realtime or Realtime Admin"),
        (403, PermissionDeniedError, "permission Realtime or Realtime Admin"),
        (404, NotFoundError, "no session s1"),
        (422, BadRequestError, "check its arguments"),
        (500, ServerError, "try again later"),
    ],
)
def test_both_forms_of_error_become_the_same_typed_error(one, ask, form, status, kind, says):
    one.api.error_form = form
    one.faults.append(Fault("status", times=99, status=status, message="the API's own words"))
    with pytest.raises(kind, match=says) as caught:
        ask(session)
    assert caught.value.code == status
    assert "the API's own words" in str(caught.value)


@pytest.mark.parametrize("form", ["error", "errors"])
def test_an_error_that_comes_with_status_200_is_an_error(one, ask, form):
    stated = {"error": '{"code": 404, "message": "gone"}', "errors": '[{"code": 404, "message": "gone"}]'}
    one.canned["."] = f'{{"success": false, "{form}": {stated[form]}}}'.encode()
    with pytest.raises(NotFoundError, match="gone"):
        ask(session)


def test_a_404_names_the_id_and_the_app(one, ask):
    with pytest.raises(NotFoundError, match=f"no peer report of peer nobody .* in app {APP} of account {ACCOUNT}"):
        ask(lambda client: client.peer_report("nobody"))


def test_a_wrong_token_and_a_wrong_app_are_refused(one, ask):
    with pytest.raises(PermissionDeniedError, match="CLOUDFLARE_API_TOKEN"):
        ask(session, token=Secret("wrong"))
    with pytest.raises(NotFoundError, match="App not found"):
        ask(session, app_id="other")


@pytest.mark.parametrize("question", [session, lambda client: client.sessions(), lambda client: client.chat("s1")])
def test_broken_json_is_an_error_that_says_so(one, ask, question):
    one.files["s1", "chat"] = b""
    one.faults.append(Fault("broken", times=99))
    with pytest.raises(BadAnswerError, match=r"is not JSON \(application/json"):
        ask(question)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b'"text"', b"{}", b'{"success": true}', b"<html>hello</html>", b"\xff\xfe", b"[" * 100_000],
)
def test_an_answer_that_is_none_is_an_error(one, ask, body):
    one.canned["."] = body
    for question in (session, lambda client: client.sessions(), lambda client: client.chat("s1")):
        with pytest.raises(BadAnswerError):
            ask(question)


def test_nan_in_a_document_is_let_through(one, ask):
    one.canned["."] = b'{"success": true, "data": {"x": NaN}}'
    assert b"NaN" in ask(session)


def test_an_answer_that_does_not_come_is_an_error_that_names_the_setting(one, ask):
    one.faults.append(Fault("slow", times=9, seconds=0.6))
    with pytest.raises(
        ConnectionFailedError, match=r"after 2 attempts: 127.0.0.1 sent nothing for 0.2 s \(read_timeout=\)"
    ):
        ask(session, read_timeout=0.2, retries=1)


def test_a_slow_answer_is_waited_for(one, ask):
    one.faults.append(Fault("slow", seconds=0.3))
    assert b"s1" in ask(session, retries=0)


def test_a_host_that_cannot_be_reached_is_an_error_that_says_what_to_check(ask):
    with pytest.raises(ConnectionFailedError, match="cannot be reached: check the network"):
        ask(session, base_url="http://127.0.0.1:9/client/v4", retries=1)


def test_a_redirect_of_the_api_is_not_followed(one, ask):
    one.faults.append(Fault("status", status=302, headers={"Location": "http://127.0.0.1:9/elsewhere"}))
    with pytest.raises(BadAnswerError, match="not followed with a token"):
        ask(session)
    assert len(one.requests) == 1


def test_no_more_requests_are_under_way_than_allowed(one, ask):
    import threading

    under_way, most, lock = 0, 0, threading.Lock()
    answer = one._respond

    def counted(*asked):
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        threading.Event().wait(0.02)
        with lock:
            under_way -= 1
        return answer(*asked)

    one._respond = counted

    async def many(client):
        await asyncio.gather(*(client.session("s1") for _ in range(30)))

    ask(many, in_flight=4)
    assert most == 4
    assert len(one.requests) == 30


# Secrets


def everything_said(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", times=99, status=401, message=f"token {TOKEN} is bad"),
        Fault("status", times=99, status=500, message=f"Authorization: Bearer {TOKEN}"),
        Fault("status", times=99, status=400, message=f"see https://files.example/x?{SIGNATURE} please"),
        Fault("cut", times=99),
        Fault("broken", times=99),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_no_error_holds_the_token_or_a_presigned_address(one, ask, caplog, fault):
    caplog.set_level(logging.DEBUG)
    one.files["s1", "chat"] = b"x" * 1000
    one.faults.append(replace(fault))
    with pytest.raises(ApiError) as caught:
        ask(lambda client: client.chat("s1"))
    said = everything_said(caught.value) + caplog.text
    assert TOKEN not in said
    assert "5ign4ture" not in said


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", path="^/downloads", times=99, status=500),
        Fault("cut", path="^/downloads", times=99),
        Fault("status", path="^/downloads", times=99, status=418),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_no_failed_download_shows_its_address(one, ask, caplog, fault):
    caplog.set_level(logging.DEBUG)
    one.files["s1", "chat"] = b"x" * 1000
    one.faults.append(replace(fault))
    with pytest.raises(ApiError) as caught:
        ask(lambda client: client.chat("s1"))
    said = everything_said(caught.value) + caplog.text
    assert "5ign4ture" not in said
    assert "/downloads/" not in said


def test_nothing_is_logged_of_a_download_that_works(one, ask, caplog):
    caplog.set_level(logging.DEBUG)
    one.files["s1", "chat"] = b"x"
    got = ask(lambda client: client.chat("s1"))
    assert "5ign4ture" not in caplog.text + repr(got) + repr(got.link) + str(got.link)
    assert TOKEN not in caplog.text


def test_no_repr_holds_the_token(make_client):
    client = make_client()
    for thing in (client, client.settings, client.settings.token, vars(client), vars(client.settings)):
        assert TOKEN not in repr(thing)
        assert TOKEN not in str(thing)
        assert TOKEN not in f"{thing}"


def test_the_request_holds_no_token_once_it_is_answered():
    kept = []

    def answer(request: httpx.Request) -> httpx.Response:
        kept.append(request)
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        raise httpx.ConnectError("no", request=request)

    settings = Settings("a", "b", token=Secret(TOKEN), retries=0)
    client = ApiClient(settings, innermost=httpx.MockTransport(answer))
    with pytest.raises(ConnectionFailedError):
        asyncio.run(client.session("s"))
    assert "Authorization" not in kept[0].headers


def test_the_token_is_not_sent_to_another_host():
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.host, "Authorization" in request.headers))
        if request.url.host == "files.example":
            return httpx.Response(200, content=b"chat")
        return httpx.Response(
            200, json={"success": True, "data": {"chat_download_url": "https://files.example/chat?sig=1"}}
        )

    settings = Settings("a", "b", token=Secret(TOKEN))
    client = ApiClient(settings, innermost=httpx.MockTransport(answer))
    assert asyncio.run(client.chat("s")).content == b"chat"
    assert seen == [("api.cloudflare.com", True), ("files.example", False)]
