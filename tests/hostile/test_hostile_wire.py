"""Servers that do not speak as they should: a page too few, a header too many, an address that leads nowhere."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import threading
import time

import httpx
import pytest

import rtkit_explore as rtk
from tests.contract.server import TOKEN

OK = b'{"success": true, "data": {"id": "s"}}'


def app_over(answer, **options):
    transport = httpx.MockTransport(answer)
    return rtk.connect(
        token=TOKEN, account_id="a", app_id="b", transport=transport, progress=False, retries=0, budget_requests=None,
        **options,
    )  # fmt: skip


# Pages ----------------------------------------------------------------------------------------------------------------


def rows(count, start=0):
    return [{"id": f"p{number}", "display_name": f"P{number}"} for number in range(start, start + count)]


def listing(found, **more):
    return {"success": True, "data": {"participants": found} | more}


def call_of_pages(second):
    """Fetch a call whose list of participants has a hundred on the first page, and something else on the second."""

    def answer(request):
        path, page = request.url.path, int(request.url.params.get("page_no", -1))
        if "/peer-report/" in path:
            return httpx.Response(404)
        if not path.endswith("/participants"):
            return httpx.Response(200, content=OK)
        found = listing(rows(100)) if page < 1 else second
        if isinstance(found, httpx.Response):
            return httpx.Response(found.status_code, content=found.content)
        return httpx.Response(200, content=found if isinstance(found, bytes) else json.dumps(found).encode())

    return app_over(answer).call("s")


SECOND_PAGES = {
    "an object": listing({}),
    "null": listing(None),
    "a text": listing("no more"),
    "no data": {"success": True},
    "a page": b"<html>503</html>",
    "nothing": b"",
    "an error": {"success": False, "errors": [{"code": 500, "message": "boom"}]},
    "a failure": httpx.Response(500),
    "a refusal": httpx.Response(403),
}


@pytest.mark.parametrize("name", SECOND_PAGES)
def test_a_second_page_that_is_none_costs_itself_only_and_is_told_of(name):
    call = call_of_pages(SECOND_PAGES[name])
    assert len(call.participants) == 100
    said = call.problems.query("source == 'participants'")["message"].tolist()
    assert len(said) == 1, f"{name}: rows behind the first page are lost in silence"
    assert "holds no list of participants" in said[0] or "only 100 participants could be read" in said[0]


def test_a_list_without_end_keeps_what_was_read():
    def answer(request):
        page = int(request.url.params.get("page_no", 0))
        if request.url.path.endswith("/participants"):
            return httpx.Response(200, json=listing(rows(2, 2 * page)))
        return httpx.Response(404 if "/peer-report/" in request.url.path else 200, content=OK)

    call = app_over(answer).call("s")
    assert len(call.participants) >= 500
    assert call.problems["message"].str.contains("had no end after 500 pages").sum() == 1


# Bytes ----------------------------------------------------------------------------------------------------------------


def head(*headers, status=b"200 OK"):
    return b"HTTP/1.1 " + status + b"\r\n" + b"".join(one + b"\r\n" for one in headers) + b"\r\n"


LENGTH = b"Content-Length: %d" % len(OK)
REFUSED = {
    "a header of 200,000 letters": head(b"X: " + b"a" * 200_000, LENGTH) + OK,
    "a length below nothing": head(b"Content-Length: -5") + OK,
    "two lengths": head(LENGTH, b"Content-Length: 5") + OK,
    "a length of 5,000 digits": head(b"Content-Length: " + b"9" * 5000) + OK,
    "a chunk of no size": head(b"Transfer-Encoding: chunked") + b"ZZ\r\nabc",
    "a chunk of all memory": head(b"Transfer-Encoding: chunked") + b"FFFFFFFFFFFFFFFF\r\nabc",
    "9,000 layers of compression": head(b"Content-Encoding: " + b", ".join([b"gzip"] * 9000), LENGTH) + OK,
    "compression of no name": head(b"Content-Encoding: \xff", LENGTH) + OK,
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "a status of 1,000": head(LENGTH, status=b"1000 x") + OK,
    "nothing at all": head(b"Content-Length: 0", status=b"204 No Content"),
    "half of a document": head(LENGTH) + OK[:10],
    "a switch of protocols": head(b"Upgrade: x", b"Connection: upgrade", status=b"101 Switching"),
    "another place without an address": head(b"Content-Length: 0", status=b"302 Found"),
    "another place": head(b"Location: https://elsewhere.invalid/", b"Content-Length: 0", status=b"307 x"),
    "waiting for 5,000 digits": head(b"Retry-After: " + b"9" * 5000, b"Content-Length: 0", status=b"429 x"),
    "waiting until the year 1": head(
        b"Retry-After: Mon, 01 Jan 0001 00:00:00 GMT", b"Content-Length: 0", status=b"503 x"
    ),
}
READ = {
    "the end of the connection as the end": b"HTTP/1.0 200 OK\r\n\r\n" + OK,
    "hints before the answer": head(b"Link: x", status=b"103 Early Hints") * 50 + head(LENGTH) + OK,
    "a reason that is no text": head(LENGTH, status=b"200 \xff\xfe") + OK,
    "a thousand headers": head(*(b"X-%d: a" % number for number in range(1000)), LENGTH) + OK,
    "two layers of compression": head(b"Content-Encoding: gzip, gzip")
    + gzip.compress(gzip.compress(OK, mtime=0), mtime=0),
}


@contextlib.contextmanager
def speaking(talk):
    """Serve the same bytes on every connection, whatever is asked."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection, contextlib.suppress(OSError):
                        connection.recv(65_536)
                        talk(connection) if callable(talk) else connection.sendall(talk)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/v4"
        with rtk.connect(
            token=TOKEN,
            account_id="a",
            app_id="b",
            base_url=url,
            retries=0,
            progress=False,
            cache=False,
            total_timeout=3,
        ) as app:
            yield app
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.mark.parametrize("name", REFUSED)
def test_bytes_that_are_no_answer_are_an_error_of_ours(name):
    with speaking(REFUSED[name]) as app, pytest.raises(rtk.errors.ApiError) as caught:
        app.session("s")
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("name", READ)
def test_odd_but_whole_answers_are_read(name):
    with speaking(READ[name]) as app:
        assert app.session("s")["session_id"].tolist() == ["s"]


def drip(connection):
    for _ in range(100):
        connection.sendall(b"X")
        time.sleep(0.1)


def hint_for_ever(connection):
    while True:
        connection.sendall(head(status=b"103 Early Hints"))
        time.sleep(0.001)


@pytest.mark.parametrize("talk", [drip, hint_for_ever], ids=lambda talk: talk.__name__)
def test_headers_without_end_are_given_up_after_the_total_time(talk):
    with speaking(talk) as app, pytest.raises(rtk.errors.ConnectionFailedError):
        app.session("s")


# Downloads ------------------------------------------------------------------------------------------------------------

ADDRESSES = [
    "ftp://x/y", "file:///etc/passwd", "javascript:alert(1)", "data:text/csv,a", "http://", "http://x/\r\nX: y", "http://x:abc/",
    "http:\\\\x\\y", "http:///x", "http://x/\ud800", "http://x/\0", ["http://x"], None, 5, {}, "http://x/" + "a" * 1_000_000,
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES, ids=range(len(ADDRESSES)))
def test_an_address_of_a_download_that_is_none_is_an_error_of_ours(address):
    asked = []

    def answer(request):
        if request.url.path.endswith("/chat"):
            return httpx.Response(200, content=json.dumps({"success": True, "data": {"chat_download_url": address}}))
        asked.append(request.url.scheme)
        return httpx.Response(200, content=b"id,payload\n1,x\n")

    app = app_over(answer)
    with contextlib.suppress(rtk.errors.ApiError):
        assert len(app.chat("s")) == 1  # some of them are addresses after all
    assert set(asked) <= {"http", "https"}


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
@pytest.mark.parametrize(
    "place",
    [
        b"http://x/y",
        b"file:///etc/passwd",
        b"ftp://x/",
        b"",
        b"\xff\xfe",
        b"javascript:x",
        b"http://x/" + b"a" * 1_000_000,
    ],
)
def test_a_redirect_that_leads_nowhere_or_round_and_round_is_an_error_of_ours(place, status):
    asked = []

    def answer(request):
        if request.url.path.endswith("/chat"):
            return httpx.Response(200, json={"success": True, "data": {"chat_download_url": "http://x/y"}})
        asked.append(request)
        assert "authorization" not in request.headers
        return httpx.Response(status, headers=[(b"Location", place)])

    with pytest.raises(rtk.errors.ApiError):
        app_over(answer).chat("s")
    assert len(asked) <= 12
    assert {request.url.scheme for request in asked} <= {"http", "https"}
