"""A mock that a third party makes of the published contract (Stoplight Prism) is read by the client."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time

import httpx
import pytest

import rtkit_explore as rtk
from tests.conftest import ROOT
from tests.contract.server import TOKEN
from tests.tables.shapes import assert_shape

SESSION = "11111111-1111-4111-8111-111111111111"
PEER = "22222222-2222-4222-8222-222222222222"
PRISM = shutil.which("prism") or shutil.which("prism", path=str(ROOT / "node_modules" / ".bin"))
pytestmark = pytest.mark.skipif(
    PRISM is None or shutil.which("node") is None, reason="prism (npm: @stoplight/prism-cli) is not installed"
)


def always_successful(node):
    if isinstance(node.get("success"), dict):
        node["success"] = {"type": "boolean", "enum": [True]}
    return node


@pytest.fixture(scope="module", params=["as the contract's types", "made up at random"])
def mock(request, domain, tmp_path_factory):
    """The mock's address; the second one draws every value at random, by its type, from a seed."""
    contract = tmp_path_factory.mktemp("contract") / "openapi.json"
    text = (domain / "realtimekit-openapi.json").read_text(encoding="utf-8")
    # Drawn at random, every other answer would say that it failed.
    contract.write_text(json.dumps(json.loads(text, object_hook=always_successful)), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    dynamic = [] if request.param.startswith("as") else ["--dynamic", "--seed", "7"]
    command = [str(PRISM), "mock", "--host", "127.0.0.1", "--port", str(port), *dynamic]
    with subprocess.Popen([*command, str(contract)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            for _ in range(300):
                try:
                    httpx.get(url, trust_env=False)
                    break
                except httpx.TransportError:
                    assert process.poll() is None, "the mock ended at once"
                    time.sleep(0.2)
            else:
                pytest.fail("the mock did not start within a minute")
            yield url
        finally:
            process.terminate()


@pytest.fixture
def app(mock):
    with rtk.connect(
        token=TOKEN, account_id="account", app_id="app", base_url=mock, progress=False, cache=False
    ) as app:
        yield app


@pytest.mark.filterwarnings("ignore::rtkit_explore.errors.PartialResultWarning")  # counts drawn at random do not add up
def test_the_nine_calls_are_answered_and_read(app):
    assert_shape("sessions", app.sessions(limit=1))
    assert_shape("sessions", app.session(SESSION))
    assert_shape("participants", app.participants(SESSION, limit=1))
    assert_shape("participants", app.participant(SESSION, PEER))
    assert len(app.generate_summary(SESSION)) == 1
    report = app.peer_report(PEER)
    for name, table in report.tables.items():
        assert_shape(name, table)
    assert len(report.samples)
    # What the mock gives as the address of a download is a text of no meaning, which nothing is fetched from.
    for download in (app.chat, app.transcript, app.summary):
        with pytest.raises(
            rtk.RtkitError, match=r"no address to download it from|cannot be reached|is not a web address"
        ):
            download(SESSION)


def test_a_call_of_the_mock_is_judged_and_says_what_is_wrong_with_it(app):
    call = app.call(SESSION)
    assert_shape("findings", call.findings())
    assert str(call.story())
    assert_shape("overview", call.overview())
    assert len(call.problems)  # its times are no times, and its ids do not agree
