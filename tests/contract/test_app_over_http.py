"""The blocking app over real HTTP: in a script, a running loop, a callback, a forked child, and under Ctrl-C."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import weakref

import pytest

import rtkit_explore as rtk
from rtkit_explore.errors import PermissionDeniedError
from tests.contract.server import ACCOUNT, APP, TOKEN, Fault, Paging


@pytest.fixture
def app(saved):
    with rtk.connect(token=TOKEN, account_id=ACCOUNT, app_id=APP, base_url=saved.url, progress=False) as made:
        yield made


@pytest.fixture
def session_id(app) -> str:
    return app.sessions(limit=1)["session_id"][0]


def test_a_call_is_fetched_with_every_report(saved, app):
    sessions = app.sessions()
    assert len(sessions) == len(saved.sessions)
    for wanted in sessions["session_id"]:
        call = app.call(wanted)
        assert set(call.participants["report"]) == {"read"}
        assert call.documents.failures == []
        assert all(call.documents.reports[peer] == saved.reports[peer] for peer in call.participants["peer_id"])


def test_reports_are_fetched_side_by_side(saved, app):
    saved.make_participants("big", 24)
    for number in range(24):
        saved.reports[f"p{number:04d}"] = b'{"success": true, "data": {"participant": {}}}'
    saved.faults.append(Fault("slow", path="peer-report", times=24, seconds=0.3))
    began = time.monotonic()
    call = app.call("big")
    # One after another they would take 7.2 s; 12 at once take 0.6 s.
    assert time.monotonic() - began < 6
    assert len(call.documents.reports) == 24


def test_a_call_survives_what_can_go_wrong_with_single_reports(saved, app):
    peers = saved.make_participants("big", 5)
    for peer in peers[:4]:
        saved.reports[peer] = b'{"success": true, "data": {"participant": {"id": "%s"}}}' % peer.encode()
    saved.faults += [
        Fault("broken", path=peers[0], times=9),
        Fault("status", path=peers[1], times=9, status=403),
        Fault("status", path=peers[2], times=1, status=503),
    ]
    call = app.call("big")
    failures = {failure.peer_id: failure.missing for failure in call.documents.failures}
    assert failures == {peers[0]: False, peers[1]: False, peers[4]: True}
    assert set(call.documents.reports) == {peers[2], peers[3]}


def test_long_lists_are_joined_into_one_table(saved, app):
    made = saved.make_sessions(120)
    saved.api.sessions_paging = Paging(first=0, place="absent", largest=50)
    assert list(app.sessions()["session_id"]) == made


def test_the_same_app_works_in_a_running_loop(app, session_id):
    async def cell():
        return app.session(session_id)

    assert list(asyncio.run(cell())["session_id"]) == [session_id]


def test_the_same_app_works_in_callbacks_of_other_threads(app, session_id):
    results = []
    threads = [threading.Thread(target=lambda: results.append(len(app.participants(session_id)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert len(set(results)) == 1


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # asyncio.run leaves behind what its coroutine opened
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_one_awaited_app_works_in_one_loop_after_another(saved):
    app = rtk.AsyncApp(token=TOKEN, account_id=ACCOUNT, app_id=APP, base_url=saved.url)
    assert [len(asyncio.run(app.sessions())) for _ in range(3)] == [len(saved.sessions)] * 3
    del app
    gc.collect()


def test_an_app_that_is_dropped_leaves_no_connection_open(saved):
    app = rtk.connect(token=TOKEN, account_id=ACCOUNT, app_id=APP, base_url=saved.url, progress=False)
    assert len(app.sessions()) == len(saved.sessions)
    client = weakref.ref(app.awaitable._api)
    assert client() is not None
    del app
    deadline = time.monotonic() + 10
    while client() is not None and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.01)
    gc.collect()  # a connection left open would be an unraisable ResourceWarning here
    assert client() is None


def test_closing_an_app_closes_its_connections_and_it_opens_new_ones(saved, app):
    assert len(app.sessions()) == len(saved.sessions)
    app.close()
    assert len(app.sessions()) == len(saved.sessions)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_uses_connections_of_its_own(saved, app, session_id):
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if len(app.session(session_id)) == 1 else 1)
        finally:
            os._exit(2)
    deadline = time.monotonic() + 20
    done, status = 0, 0
    while not done and time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.01)
    if not done:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        pytest.fail("the child hangs")
    assert os.waitstatus_to_exitcode(status) == 0
    assert len(app.session(session_id)) == 1


def test_a_wrong_token_is_refused_with_what_is_needed(saved):
    app = rtk.connect(token="wrong-token", account_id=ACCOUNT, app_id=APP, base_url=saved.url)
    with pytest.raises(PermissionDeniedError, match="Realtime or Realtime Admin") as caught:
        app.sessions()
    assert "wrong-token" not in str(caught.value)


SCRIPT = """
import sys, threading, time
import rtkit_explore as rtk

app = rtk.connect(token={token!r}, account_id={account!r}, app_id={app!r}, base_url={url!r}, retries=0)
app.session("s1")
print("ready", flush=True)
try:
    {work}
except KeyboardInterrupt:
    async def left():
        import asyncio
        return len(asyncio.all_tasks()) - 1
    print("interrupted", app.run(left()), flush=True)
else:
    print("not interrupted", flush=True)
print(len(app.session("s1")), flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX does")
@pytest.mark.parametrize("work", ['app.call("s1")', 'app.find("p")', "app.sessions()"])
def test_ctrl_c_stops_the_requests_and_the_app_can_be_used_again(server, work):
    peers = server.make_participants("s1", 20)
    for peer in peers:
        server.reports[peer] = b'{"success": true, "data": {"participant": {}}}'
    server.faults.append(Fault("slow", path="peer-report|participants|sessions$", times=99, seconds=15))
    code = SCRIPT.format(token=TOKEN, account=ACCOUNT, app=APP, url=server.url, work=work)
    before = len(server.requests) + 1  # the script's own first request, for the session
    script = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert script.stdout.readline() == "ready\n"
        deadline = time.monotonic() + 20
        while len(server.requests) <= before and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.1)
        began = time.monotonic()
        script.send_signal(signal.SIGINT)
        out, errors = script.communicate(timeout=20)
        took = time.monotonic() - began
    finally:
        if script.poll() is None:
            script.kill()
            script.wait()
    assert out == "interrupted 0\n1\n"
    assert errors == ""
    assert took < 12
