"""The vendor's SDK, told to refuse what is not of its types, reads what the simulated app serves."""

from __future__ import annotations

from collections import Counter

import pytest

from rtkit_explore.simulator.app import SimulatedApp
from rtkit_explore.simulator.server import SimulatedServer

cloudflare = pytest.importorskip("cloudflare", reason="the extra 'bench' is not installed")
DOWNLOADS = ("chat", "transcripts", "summary")


@pytest.fixture(scope="module")
def server():
    served = SimulatedServer(SimulatedApp(0)).start()
    yield served
    served.stop()


@pytest.fixture(scope="module")
def sdk(server):
    with cloudflare.Cloudflare(
        api_token=server.app.token, base_url=server.url, max_retries=0, _strict_response_validation=True
    ) as client:
        yield client.realtime_kit.sessions


@pytest.fixture(scope="module")
def ids(server):
    return {"account_id": server.app.account_id, "app_id": server.app.app_id}


def listed(sdk, ids, **filters):
    app, account = ids["app_id"], ids["account_id"]
    return sdk.get_sessions(app, account_id=account, per_page=6, **filters).data.sessions


def test_the_sdk_reads_every_answer_about_a_session(sdk, ids):
    read = Counter()
    sessions = listed(sdk, ids)
    assert len(sessions) == 6
    for session in sessions:
        assert sdk.get_session_details(session.id, **ids).data.id == session.id
        people = sdk.get_session_participants(session.id, include_peer_events=True, **ids).data.participants
        for person in people[:2]:
            named = {"session_id": session.id, "include_peer_events": True}
            assert sdk.get_session_participant_details(person.id, **named, **ids).data.participant.id == person.id
            try:
                report = sdk.get_participant_data_from_peer_id(person.id, **ids).data.participant
            except cloudflare.NotFoundError:
                continue
            assert report.id == person.id
            read["peer report"] += 1
            read["samples"] += len(report.peer_report.quality.audio_producer or ())
    assert read["peer report"] > 3
    assert read["samples"] > 100


@pytest.mark.parametrize("download", DOWNLOADS)
def test_the_sdk_reads_where_a_download_is(sdk, ids, download):
    for page in range(1, 17):
        for session in listed(sdk, ids, page_no=page, status="ENDED"):
            try:
                answer = getattr(sdk, f"get_session_{download}")(session.id, **ids).data
            except cloudflare.NotFoundError:
                continue
            said = {key: value for key, value in answer.to_dict().items() if key.lower().endswith("url")}
            assert said
            assert all(url.startswith("http://127.0.0.1") for url in said.values())
            return
    pytest.fail(f"no session has a {download}")


def test_the_sdk_does_refuse_what_is_not_of_its_types(ids):
    httpx = pytest.importorskip("httpx")

    def answer(_request):
        return httpx.Response(200, json={"success": True, "data": {"id": {"not": "a text"}}})

    with (
        httpx.Client(transport=httpx.MockTransport(answer)) as http,
        cloudflare.Cloudflare(api_token="x", http_client=http, _strict_response_validation=True) as client,
        pytest.raises(cloudflare.APIResponseValidationError),
    ):
        client.realtime_kit.sessions.get_session_details("1", **ids)
