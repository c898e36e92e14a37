"""One odd row, header or answer costs itself and nothing else, and every error is one of this package."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import socket
import threading
import time
import traceback
import tracemalloc
import zlib

import httpx
import pytest

import rtkit_explore as rtk
from rtkit_explore.errors import BadAnswerError, ConnectionFailedError, RtkitError
from tests.contract.server import ACCOUNT, APP, TOKEN, Fault

REPORT = b'{"success": true, "data": {"participant": {"id": "%s", "peer_report": {"metadata": {}, "quality": {}}}}}'


def app_over(answer, **options):
    return rtk.connect(
        token=TOKEN, account_id=ACCOUNT, app_id=APP, transport=httpx.MockTransport(answer), progress=False, retries=0,
        **options,
    )  # fmt: skip


def serving(**answers):
    """Serve a call of one whose answers can be replaced one by one: bytes, or a function of the request."""
    usual = {
        "session": b'{"success": true, "data": {"id": "s"}}',
        "participants": b'{"success": true, "data": {"participants": [{"id": "a", "display_name": "Alma"}]}}',
        "report": REPORT % b"a",
    } | answers

    def answer(request):
        path = request.url.path
        name = "participants" if path.endswith("/participants") else "report" if "/peer-report/" in path else "session"
        name = next((kind for kind in ("chat", "transcript", "summary", "file") if path.endswith(kind)), name)
        given = usual[name]
        return given(request) if callable(given) else httpx.Response(200, content=given)

    return answer


def row(identity):
    return json.dumps({"id": identity, "display_name": "Odd"})


ODD_IDS = ["..", ".", "\ud800", "a\x00b", "x" * 70_000, "ä/ö?#", " "]


@pytest.mark.parametrize("identity", ODD_IDS, ids=range(len(ODD_IDS)))
def test_a_participant_that_cannot_be_asked_for_is_kept_and_named(identity):
    people = f'{{"success": true, "data": {{"participants": [{row(identity)}, {row("a")}]}}}}'.encode()

    def report(request):
        if len(str(request.url)) > 60_000:
            raise httpx.RemoteProtocolError("URL too long")
        return httpx.Response(200, content=REPORT % b"a")

    call = app_over(serving(participants=people, report=report)).call("s")
    assert len(call.participants) == 2
    states = dict(zip(call.participants["peer_id"], call.participants["report"], strict=True))
    assert states["a"] == "read"
    assert set(call.problems["kind"]) <= {"fetch", "missing", "bad_value", "conflict", "wrong_type"}
    assert len(call.problems)
    call.findings()
    call.story()


@pytest.mark.parametrize("where", ["session", "participants", "report"])
@pytest.mark.parametrize(
    "headers",
    [
        [(b"Content-Disposition", "attachment; filename=Müller.csv".encode())],
        [(b"X-Odd", b"\xff\xfe\x00")],
        [(b"Content-Type", "application/json; charset=ünïcode".encode())],
        [(b"Content-Length", b"999")],
    ],
)
def test_odd_headers_harm_nothing(where, headers):
    bodies = {"session": b'{"success": true, "data": {"id": "s"}}', "report": REPORT % b"a"}
    body = bodies.get(where, b'{"success": true, "data": {"participants": [{"id": "a"}]}}')
    odd = {where: lambda request: httpx.Response(200, headers=headers, content=body)}
    call = app_over(serving(**odd)).call("s")
    assert call.participants["report"].tolist() == ["read"]
    assert call.documents.failures == []


CODES = ["9" * 5000, 9 * 10**4998, "\u00b2", -1, 404.5, None, [], {}, True, "0404", "\ud800"]


@pytest.mark.parametrize("code", CODES, ids=range(len(CODES)))
def test_any_error_code_is_an_error_of_the_document_alone(code):
    text = "9" * 4999 if isinstance(code, int) and code > 10**10 else json.dumps(code)
    body = f'{{"success": false, "errors": [{{"code": {text}, "message": "odd"}}]}}'.encode()
    for status in (200, 400, 500):
        call = app_over(serving(report=lambda _, status=status: httpx.Response(status, content=body))).call("s")
        assert call.participants["report"].tolist()[0] in ("failed", "missing")


ADDRESSES = [
    "http://127.0.0.1:99999/x?signature=5ecret",
    "https://xn--\u0378.example/x?signature=5ecret",
    "http://[::1/x?signature=5ecret",
    "http://" + "a" * 70_000 + ".example/x?signature=5ecret",
    "http://user:5ecret@/x",
    "http://exa mple/x?signature=5ecret",
    "https://\ud800.example/?signature=5ecret",
    "http://127.0.0.1:1/x?signature=5ecret",
]


@pytest.mark.parametrize("address", ADDRESSES, ids=range(len(ADDRESSES)))
@pytest.mark.parametrize("by_redirect", [False, True])
def test_a_download_that_leads_nowhere_is_a_problem_and_shows_no_address(server, address, by_redirect):
    server.make_participants("s", 1)
    server.reports["p0000"] = REPORT % b"p0000"
    server.files["s", "chat"] = b"id\n1\n"
    if by_redirect:
        server.redirect_downloads = True
        server.redirect_to = address.encode("utf-8", "replace")
    else:
        server.canned["/chat$"] = json.dumps({"success": True, "data": {"chat_download_url": address}}).encode()
    with rtk.connect(
        token=TOKEN, account_id=ACCOUNT, app_id=APP, base_url=server.url, progress=False, retries=0
    ) as app:
        call = app.call("s", chat=True)
        assert call.participants["report"].tolist() == ["read"]
        assert call.problems["source"].tolist() == ["chat"]
        assert "5ecret" not in " ".join(call.problems["message"])
        with pytest.raises(RtkitError) as caught:
            app.chat("s")
    assert "5ecret" not in shown(caught.value)


def shown(error):
    """What a tool prints that shows the variables of every frame."""
    seen = []
    while error is not None:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if "/tests/" not in frame.f_code.co_filename:
                seen += [repr(value) for value in frame.f_locals.values()]
        seen.append(repr(error))
        error = error.__cause__ or error.__context__
    return "\n".join(seen)


@pytest.mark.parametrize("body", [b"<Error>AccessDenied</Error>", b""])
@pytest.mark.parametrize("status", [403, 404, 418, 500])
def test_the_frames_of_a_failed_download_show_no_address(status, body):
    link = b'{"success": true, "data": {"chat_download_url": "https://store.example/file?signature=5ecret"}}'
    app = app_over(serving(chat=link, file=lambda _: httpx.Response(status, content=body)))
    with pytest.raises(RtkitError) as caught:
        app.chat("s")
    assert "5ecret" not in shown(caught.value)
    assert TOKEN not in shown(caught.value)


def test_the_debug_log_of_a_redirect_shows_no_address(server, caplog):
    caplog.set_level(logging.DEBUG)
    server.make_participants("s", 1)
    server.files["s", "chat"] = b"id\n1\n"
    server.redirect_downloads = True
    with rtk.connect(token=TOKEN, account_id=ACCOUNT, app_id=APP, base_url=server.url, progress=False) as app:
        assert len(app.chat("s")) == 1
    assert "httpcore" in " ".join(record.name for record in caplog.records)
    assert "signature=" not in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("option", ["token", "account_id", "base_url"])
def test_the_frames_of_a_refused_option_show_no_token(option, monkeypatch):
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "tok 5ecret" if option == "token" else "tok5ecret")
    options = {"account_id": "a", "app_id": "b"} | ({option: "a/b"} if option != "token" else {})
    with pytest.raises(RtkitError) as caught:
        rtk.connect(**options)
    assert "5ecret" not in shown(caught.value)


def test_a_proxy_that_cannot_be_used_does_not_show_its_password(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "nonsense://user:5ecret@proxy.example:99999")
    app = rtk.connect(token=TOKEN, account_id="a", app_id="b", base_url="https://api.invalid/v4", retries=0)
    with pytest.raises(RtkitError) as caught:
        app.sessions()
    assert "5ecret" not in shown(caught.value)


# Bounded -----------------------------------------------------------------------------------------------------------


def peak_of(work):
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("layers", [1, 2])
def test_a_decompression_bomb_is_given_up_with_memory_flat(layers):
    bomb = b"\0" * (130 * 2**20)
    encodings = []
    for _ in range(layers):
        bomb, encodings = gzip.compress(bomb), [*encodings, "gzip"]

    app = rtk.connect(token=TOKEN, account_id="a", app_id="b", transport=Streaming(bomb, encodings), retries=0)

    def fetch():
        with pytest.raises(ConnectionFailedError, match="no document of the API does"):
            app.session("s")

    assert peak_of(fetch) < 60 * 2**20


class Streaming(httpx.AsyncBaseTransport):
    """Sends bytes as they are, piece by piece, so that whoever reads them decompresses them."""

    def __init__(self, content, encodings=(), repeat=1, pause=0.0):
        self.content, self.encodings, self.repeat, self.pause = content, encodings, repeat, pause
        self.requests = 0

    async def handle_async_request(self, request):
        self.requests += 1
        outer = self

        class Body(httpx.AsyncByteStream):
            async def __aiter__(self):
                for _ in range(outer.repeat):
                    for start in range(0, len(outer.content), 65_536):
                        yield outer.content[start : start + 65_536]
                        if outer.pause:
                            await asyncio.sleep(outer.pause)

        headers = [("Content-Encoding", ", ".join(self.encodings))] if self.encodings else []
        return httpx.Response(200, headers=headers, stream=Body())


def app_streaming(content, encodings=(), *, repeat=1, pause=0.0, **options):
    transport = Streaming(content, encodings, repeat, pause)
    return rtk.connect(token=TOKEN, account_id="a", app_id="b", transport=transport, progress=False, **options)


def test_an_endless_body_is_given_up_at_the_limit():
    app = app_streaming(b"x" * 65_536, repeat=10**9, largest_response=5 * 2**20)
    with pytest.raises(ConnectionFailedError, match=r"larger than 5242880 bytes \(largest_response=\)"):
        app.session("s")


def test_a_body_that_trickles_in_is_given_up_after_the_total_time():
    app = app_streaming(b"x", repeat=10**6, pause=0.01, total_timeout=0.3)
    began = time.monotonic()
    with pytest.raises(ConnectionFailedError, match=r"not complete after 0.3 s \(total_timeout=\)"):
        app.session("s")
    assert time.monotonic() - began < 3


def raw_deflate(body):
    made = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return made.compress(body) + made.flush()


BODY = b'{"success": true, "data": {"id": "s"}}'


@pytest.mark.parametrize(
    ("encodings", "body"),
    [
        (["gzip"], gzip.compress(BODY, mtime=0)),
        (["x-gzip"], gzip.compress(BODY, mtime=0)),
        (["deflate"], zlib.compress(BODY)),
        (["deflate"], raw_deflate(BODY)),
        (["identity"], BODY),
        (["gzip", "deflate"], zlib.compress(gzip.compress(BODY, mtime=0))),
        (["GZip"], gzip.compress(BODY, mtime=0) + b"trailing"),
    ],
)
def test_every_form_of_compression_that_was_asked_for_is_read(encodings, body):
    assert app_streaming(body, encodings).session("s")["session_id"].tolist() == ["s"]


@pytest.mark.parametrize(
    ("encodings", "body", "said"),
    [
        (["br"], b"x", "was not asked for"),
        (["gzip"], b"not gzip at all", "not what its content-encoding says"),
        (["gzip"], gzip.compress(BODY, mtime=0)[:-12], "ends too early"),
        (["gzip"], b"\x1f\x8b" + b"\xff" * 50, "not what its content-encoding says"),
    ],
)
def test_a_body_that_cannot_be_decompressed_is_an_error_that_says_so(encodings, body, said):
    with pytest.raises(ConnectionFailedError, match=said):
        app_streaming(body, encodings, retries=0).session("s")


def test_a_cut_body_with_status_200_is_asked_for_again(server, ask, waits):
    server.make_participants("s1", 1)
    server.reports["p0000"] = REPORT % b"p0000"
    server.faults.append(Fault("broken", path="peer-report", times=2))
    assert ask(lambda client: client.peer_report("p0000")) == server.reports["p0000"]
    assert len(server.requests) == 3
    assert waits.slept == [0.5, 1.0]


def test_a_page_of_a_proxy_is_not_asked_for_again(server, ask):
    server.canned["."] = b"<html>who are you?</html>"
    with pytest.raises(BadAnswerError, match="is not JSON"):
        ask(lambda client: client.session("s"))
    assert len(server.requests) == 1


def test_a_server_that_speaks_no_http_is_a_failed_connection():
    for talk in (b"\x16\x03\x01\x02\x00", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"HTTP/9 999\r\n\r\n", b""):
        with socket.create_server(("127.0.0.1", 0)) as listening:

            def speak(listening=listening, talk=talk):
                connection, _ = listening.accept()
                with connection:
                    connection.recv(65_536)
                    connection.sendall(talk)

            thread = threading.Thread(target=speak)
            thread.start()
            url = f"http://127.0.0.1:{listening.getsockname()[1]}/v4"
            app = rtk.connect(token=TOKEN, account_id="a", app_id="b", base_url=url, retries=0)
            with app, pytest.raises(ConnectionFailedError):
                app.session("s")
            thread.join()
