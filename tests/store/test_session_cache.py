"""The cache of ended sessions: a call is fetched once, live ones always, and what is damaged again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rtkit_explore as rtk
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.settings import Settings
from rtkit_explore.store.documents import CallDocuments, Failure
from rtkit_explore.store.saved_calls import read_call
from rtkit_explore.store.session_cache import SessionCache, is_final, open_cache
from tests.contract.server import ACCOUNT, APP, TOKEN, ApiServer

ASKED = {"chat": False}


@pytest.fixture
def server(recordings):
    with ApiServer() as running:
        for folder in sorted(recordings.iterdir()):
            if (folder / "session.json").is_file():
                running.open_folder(folder)
        yield running


def connect(server, folder):
    return rtk.connect(
        token=TOKEN, account_id=ACCOUNT, app_id=APP, base_url=server.url, cache=folder, progress=False, retries=0
    )


def ended(**changes) -> CallDocuments:
    session = {"id": "s1", "status": "ENDED", "ended_at": "2026-11-01T10:00:00Z", **changes}
    return CallDocuments(
        session=json.dumps({"data": session}).encode(),
        participants=b'{"data": {"participants": []}}',
        reports={"p1": b'{"data": {}}', "p\xe4": b"[]"},
        chat=b"a,b",
        summary="so",
        session_id="s1",
        names={"p1": "x"},
    )


def test_an_ended_call_is_fetched_once(server, tmp_path):
    with connect(server, tmp_path) as app:
        session = app.sessions()["session_id"].iloc[0]
        first = app.call(session)
        asked = len(server.requests)
        second = app.call(session)
        assert len(server.requests) == asked
        assert second.documents.reports == first.documents.reports
        assert second.quality.equals(first.quality)
        assert len(app.cache) == 1
        app.call(session, include_peer_events=False)  # another question
        assert len(server.requests) > asked
    with connect(server, False) as app:
        assert app.cache is None
        app.call(session)


def test_a_live_call_is_never_kept(server, tmp_path):
    with connect(server, tmp_path) as app:
        session = app.sessions()["session_id"].iloc[0]
        server.sessions[session] = {**server.sessions[session], "status": "LIVE", "ended_at": None}
        app.call(session)
        assert len(app.cache) == 0


def test_no_token_stands_in_it(server, tmp_path):
    with connect(server, tmp_path) as app:
        app.call(app.sessions()["session_id"].iloc[0])
        assert TOKEN not in repr(app.cache)
    content = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert content
    assert TOKEN.encode() not in content
    assert TOKEN not in str(list(tmp_path.rglob("*")))
    if os.name != "nt":
        assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.rglob("*.call"))


def test_documents_with_a_presigned_url_are_not_kept(tmp_path):
    cache = SessionCache(tmp_path)
    assert not cache.put("s1", ASKED, ended(url="https://x.example/a?X-Amz-Signature=0123"))
    assert cache.put("s1", ASKED, ended())


def test_it_comes_back_as_it_was(tmp_path):
    cache = SessionCache(tmp_path)
    assert cache.put("s1", ASKED, ended())
    assert cache.get("s1", ASKED) == ended()
    assert cache.get("s1", {"chat": True}) is None
    assert cache.get("s2", ASKED) is None
    cache.clear()
    assert cache.get("s1", ASKED) is None
    assert (len(cache), cache.size) == (0, 0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), cut=st.booleans())
def test_whatever_is_damaged_is_dropped(tmp_path, place, bit, cut):
    cache = SessionCache(tmp_path)
    cache.put("s1", ASKED, ended())
    path = next(tmp_path.glob("*.call"))
    content = bytearray(path.read_bytes())
    at = int(place * len(content))
    if cut:
        del content[at:]
    else:
        content[at] ^= 1 << bit
    path.write_bytes(bytes(content))
    assert cache.get("s1", ASKED) is None
    assert not path.exists()


def test_what_may_still_change_is_not_final():
    now = time.time()
    assert is_final(ended(), now=now)
    assert not is_final(ended(status="LIVE"), now=now)
    assert not is_final(ended(ended_at=None), now=now)
    failed = ended()
    failed.failures.append(Failure("peer-report", "503", peer_id="p2"))
    assert not is_final(failed, now=now)
    late = ended()
    late.failures.append(Failure("peer-report", "none", peer_id="p2", missing=True))
    after = 1_793_527_200.0  # 2026-11-01T10:00:00Z
    assert not is_final(late, now=after + 3600)
    assert is_final(late, now=after + 100_000)


def test_it_stays_below_its_limit_and_drops_what_was_not_used(tmp_path):
    cache = SessionCache(tmp_path, limit_bytes=2_000)
    noise = [os.urandom(500).hex().encode() for _ in range(5)]
    for number, content in enumerate(noise):
        documents = ended()
        documents.chat = content
        cache.put(f"s{number}", ASKED, documents)
        os.utime(next(p for p in tmp_path.glob("*.call") if p.stat().st_mtime > 1e9), (number, number))
    assert cache.size <= 2_000
    assert cache.get("s4", ASKED) is not None


def test_accounts_and_apps_do_not_see_each_other(tmp_path):
    folders = {
        open_cache(tmp_path, Settings(account_id=account, app_id=app)).folder
        for account in ("a", "b")
        for app in ("x", "y")
    }
    assert len(folders) == 4
    with pytest.raises(InvalidArgumentError, match="cache= takes a folder"):
        open_cache(7, Settings(account_id="a", app_id="x"))


def test_several_processes_share_it(tmp_path):
    code = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from tests.store.test_session_cache import SessionCache, ASKED, ended\n"
        "from pathlib import Path\ncache = SessionCache(Path(sys.argv[1]))\n"
        "for n in range(60):\n"
        "    cache.put(f's{n % 5}', ASKED, ended())\n"
        "    found = cache.get(f's{n % 5}', ASKED)\n"
        "    assert found is None or found == ended()\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), *sys.path]) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert len(SessionCache(tmp_path)) == 5


def test_a_folder_that_cannot_be_written_costs_nothing_but_speed(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert not SessionCache(blocked / "cache").put("s1", ASKED, ended())


def test_sample_calls_survive_the_round_trip(recordings, tmp_path):
    cache = SessionCache(tmp_path)
    documents = read_call(recordings / "sfu-clean")
    if cache.put("s", ASKED, documents):
        again = cache.get("s", ASKED)
        assert again.reports == documents.reports
