"""The nine calls over real HTTP: what the server receives, and what comes back."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pandas as pd
import pytest

from rtkit_explore.errors import BadAnswerError, DownloadExpiredError, InvalidArgumentError, NotFoundError
from tests.contract.server import ACCOUNT, APP, SIGNATURE, TOKEN, Fault

PREFIX = f"/client/v4/accounts/{ACCOUNT}/realtime/kit/{APP}"


@pytest.fixture
def clean(saved, recordings) -> dict[str, str]:
    """The ids of one sample call that the server has."""
    folder = recordings / "clean"
    session = json.loads((folder / "session.json").read_bytes())["data"]
    people = json.loads((folder / "participants.json").read_bytes())["data"]["participants"]
    saved.files = {
        (session["id"], "chat"): b"id,payload\n1,hello\n",
        (session["id"], "summary"): "They said hëllo.".encode(),
        **{(session["id"], f"transcript.{form}"): form.encode() for form in ("CSV", "JSON", "SRT", "VTT")},
    }
    return {"session": session["id"], "peer": people[0]["id"], "meeting": session["associated_id"]}


def only(server):
    assert len(server.requests) == 1
    return server.requests[0]


def test_sessions_sends_every_parameter_under_its_own_name(saved, ask):
    ask(
        lambda client: client.sessions(
            page_no=3,
            per_page=17,
            sort_by="minutesConsumed",
            sort_order="DESC",
            start_time="2026-11-01",
            end_time="2026-11-02T12:30:00+02:00",
            participants=(1, 10),
            status="ENDED",
            search="stand up & go",
            associated_id="m-1",
        )
    )
    request = only(saved)
    assert (request.method, request.path) == ("GET", f"{PREFIX}/sessions")
    assert request.query == {
        "page_no": "3",
        "per_page": "17",
        "sort_by": "minutesConsumed",
        "sort_order": "DESC",
        "start_time": "2026-11-01T00:00:00.000Z",
        "end_time": "2026-11-02T10:30:00.000Z",
        "participants": "1:10",
        "status": "ENDED",
        "search": "stand up & go",
        "associated_id": "m-1",
    }


def test_sessions_sends_nothing_that_was_not_asked_for_but_a_page_size(saved, ask):
    ask(lambda client: client.sessions())
    assert only(saved).query == {"per_page": "100"}


def test_session_sends_its_parameter(saved, ask, clean):
    content = ask(lambda client: client.session(clean["session"], include_breakout_rooms=True))
    request = only(saved)
    assert request.path == f"{PREFIX}/sessions/{clean['session']}"
    assert request.query == {"include_breakout_rooms": "true"}
    assert json.loads(content)["data"]["id"] == clean["session"]


def test_participants_sends_every_parameter_under_its_own_name(saved, ask, clean):
    ask(
        lambda client: client.participants(
            clean["session"],
            search="al ma",
            page_no=0,
            per_page=5,
            sort_by="joinedAt",
            sort_order="ASC",
            include_peer_events=False,
            view="consolidated",
        )
    )
    request = only(saved)
    assert request.path == f"{PREFIX}/sessions/{clean['session']}/participants"
    assert request.query == {
        "search": "al ma",
        "page_no": "0",
        "per_page": "5",
        "sort_by": "joinedAt",
        "sort_order": "ASC",
        "include_peer_events": "false",
        "view": "consolidated",
    }


def test_participant_sends_its_parameter(saved, ask, clean):
    content = ask(lambda client: client.participant(clean["session"], clean["peer"], include_peer_events=True))
    request = only(saved)
    assert request.path == f"{PREFIX}/sessions/{clean['session']}/participants/{clean['peer']}"
    assert request.query == {"include_peer_events": "true"}
    assert json.loads(content)["data"]["participant"]["id"] == clean["peer"]


@pytest.mark.parametrize(
    "part", ["device_info", "ip_information", "precall_network_information", "events", "quality_stats"]
)
def test_peer_report_sends_its_parameters(saved, ask, clean, part):
    content = ask(lambda client: client.peer_report(clean["peer"], filters=part, include_peer_events=True))
    request = only(saved)
    assert request.path == f"{PREFIX}/sessions/peer-report/{clean['peer']}"
    assert request.query == {"filters": part, "include_peer_events": "true"}
    assert content == saved.reports[clean["peer"]]


def test_chat_is_downloaded_from_where_the_answer_points(saved, ask, clean):
    got = ask(lambda client: client.chat(clean["session"]))
    assert got.content == b"id,payload\n1,hello\n"
    assert [request.path for request in saved.requests] == [
        f"{PREFIX}/sessions/{clean['session']}/chat",
        f"/downloads/{clean['session']}/chat.csv",
    ]
    assert datetime.fromisoformat(got.link.expires_at) > datetime.now(UTC)


@pytest.mark.parametrize("form", ["CSV", "JSON", "SRT", "VTT"])
def test_transcript_asks_for_its_format(saved, ask, clean, form):
    got = ask(lambda client: client.transcript(clean["session"], format=form))
    assert saved.requests[0].query == {"format": form}
    assert got.content == form.encode()


def test_summary_reads_the_camel_case_answer(saved, ask, clean):
    assert ask(lambda client: client.summary(clean["session"])).content.decode() == "They said hëllo."


def test_chat_and_transcript_answers_are_read_in_camel_case_too(saved, ask, clean):
    saved.api.camel_case = True
    assert ask(lambda client: client.chat(clean["session"])).content == b"id,payload\n1,hello\n"
    assert ask(lambda client: client.transcript(clean["session"])).content == b"CSV"


def test_generate_summary_is_a_post(saved, ask, clean):
    content = ask(lambda client: client.generate_summary(clean["session"]))
    request = only(saved)
    assert (request.method, request.path) == ("POST", f"{PREFIX}/sessions/{clean['session']}/summary")
    assert json.loads(content)["data"] == {"session_id": clean["session"], "status": "PENDING"}


def test_the_token_goes_to_the_api_and_not_to_downloads_even_on_the_same_host(saved, ask, clean):
    ask(lambda client: client.chat(clean["session"]))
    ours, download = saved.requests
    assert ours.headers["authorization"] == f"Bearer {TOKEN}"
    assert "authorization" not in download.headers


def test_a_download_that_moved_is_followed_without_the_token(saved, ask, clean):
    saved.redirect_downloads = True
    assert ask(lambda client: client.chat(clean["session"])).content == b"id,payload\n1,hello\n"
    assert [request.path for request in saved.requests][1:] == [
        f"/downloads/{clean['session']}/chat.csv",
        f"/moved/downloads/{clean['session']}/chat.csv",
    ]
    assert all("authorization" not in request.headers for request in saved.requests[1:])


def test_an_expired_download_is_asked_for_anew_once(saved, ask, clean):
    saved.expired_links = 1
    assert ask(lambda client: client.summary(clean["session"])).content == "They said hëllo.".encode()
    assert len(saved.seen("/summary$")) == 2


def test_a_download_that_stays_expired_says_so_without_its_address(saved, ask, clean):
    saved.expired_links = 9
    with pytest.raises(DownloadExpiredError, match="no longer valid") as caught:
        ask(lambda client: client.chat(clean["session"]))
    assert len(saved.seen("^/downloads/")) == 2
    assert SIGNATURE not in str(caught.value)
    assert "/downloads" not in str(caught.value)


def test_an_answer_without_an_address_is_an_error(saved, ask, clean):
    saved.canned["/chat$"] = b'{"success": true, "data": {"chat_download_url": null}}'
    with pytest.raises(BadAnswerError, match="names no address"):
        ask(lambda client: client.chat(clean["session"]))


@pytest.mark.parametrize("form", ["file:///etc/passwd", "ftp://host/x", "relative/path"])
def test_an_address_that_is_not_on_the_web_is_not_opened(saved, ask, clean, form):
    saved.canned["/chat$"] = json.dumps({"success": True, "data": {"chat_download_url": form}}).encode()
    with pytest.raises(BadAnswerError, match="names no address"):
        ask(lambda client: client.chat(clean["session"]))


def test_session_is_read_from_data_session_too(saved, ask, clean):
    saved.session_shape = "session"
    content = ask(lambda client: client.session(clean["session"]))
    assert json.loads(content)["data"]["session"]["id"] == clean["session"]


@pytest.mark.parametrize("nothing", ["", "  ", "\n", None, 7, ".", ".."])
def test_an_id_that_is_none_is_refused_before_anything_is_sent(server, ask, nothing):
    for question in (
        lambda client: client.session(nothing),
        lambda client: client.participants(nothing),
        lambda client: client.participant(nothing, "p"),
        lambda client: client.participant("s", nothing),
        lambda client: client.peer_report(nothing),
        lambda client: client.chat(nothing),
        lambda client: client.transcript(nothing),
        lambda client: client.summary(nothing),
        lambda client: client.generate_summary(nothing),
    ):
        with pytest.raises(InvalidArgumentError, match="_id is"):
            ask(question)
    assert server.requests == []


@pytest.mark.parametrize("odd", ["a/b", "../sessions", "a?x=1", "a#b", "ä b", "100%", "a%2Fb"])
def test_an_odd_id_stays_one_piece_of_the_path(server, ask, odd):
    server.reports[odd] = b'{"success": true, "data": {"participant": {}}}'
    assert ask(lambda client: client.peer_report(odd)) == server.reports[odd]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("2026-11-01", "2026-11-01T00:00:00.000Z"),
        (" 2026-11-01T10:00Z ", "2026-11-01T10:00:00.000Z"),
        ("2026-11-01T10:00:00+01:00", "2026-11-01T09:00:00.000Z"),
        ("2026-11-01 10:00:00.25", "2026-11-01T10:00:00.250Z"),
        (date(2026, 11, 1), "2026-11-01T00:00:00.000Z"),
        (datetime(2026, 11, 1, 10, 0, 0, 1), "2026-11-01T10:00:00.000001Z"),  # noqa: DTZ001 - without a zone on purpose
        (datetime(2026, 11, 1, 10, tzinfo=timezone(timedelta(hours=-5))), "2026-11-01T15:00:00.000Z"),
        (datetime(2026, 11, 1, 10, tzinfo=UTC), "2026-11-01T10:00:00.000Z"),
        (pd.Timestamp("2026-11-01 10:00", tz="Europe/Berlin"), "2026-11-01T09:00:00.000Z"),
        (pd.Timestamp("2026-11-01 10:00:00.123456789"), "2026-11-01T10:00:00.123456Z"),
    ],
)
def test_times_of_every_kind_are_sent_as_utc(server, ask, given, sent):
    ask(lambda client: client.sessions(start_time=given))
    ask(lambda client: client.sessions(end_time=given))
    assert [request.query for request in server.requests] == [
        {"per_page": "100", "start_time": sent},
        {"per_page": "100", "end_time": sent},
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start_time": "yesterday"}, "start_time is 'yesterday'"),
        ({"end_time": pd.NaT}, "end_time is NaT"),
        ({"start_time": 1_700_000_000}, "start_time is 1700000000"),
        ({"start_time": "2026-11-02", "end_time": "2026-11-01"}, "lies before start_time"),
        ({"status": "ended"}, "it can be 'LIVE', 'ENDED'"),
        ({"sort_by": "joinedAt"}, "it can be 'minutesConsumed', 'createdAt'"),
        ({"sort_order": "up"}, "it can be 'ASC', 'DESC'"),
        ({"participants": "5"}, "it is a range such as '1:10'"),
        ({"participants": (9, 1)}, "it is a range such as '1:10'"),
        ({"page_no": -1}, "page_no is -1"),
        ({"per_page": 0}, "per_page is 0"),
        ({"per_page": 2.5}, "per_page is 2.5"),
        ({"limit": 0}, "limit is 0"),
        ({"limit": "all"}, "limit is 'all'"),
        ({"search": " "}, "search is ' '"),
        ({"associated_id": ""}, "associated_id is ''"),
    ],
)
def test_an_argument_that_means_nothing_is_refused_before_anything_is_sent(server, ask, arguments, message):
    with pytest.raises(InvalidArgumentError) as caught:
        ask(lambda client: client.sessions(**arguments))
    assert message in str(caught.value)
    assert server.requests == []


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (lambda client: client.participants("s", view="both"), "it can be 'raw', 'consolidated'"),
        (lambda client: client.participants("s", sort_by="createdAt"), "it can be 'joinedAt', 'duration'"),
        (lambda client: client.participants("s", include_peer_events="yes"), "it can be True or False"),
        (lambda client: client.session("s", include_breakout_rooms=1), "it can be True or False"),
        (lambda client: client.peer_report("p", filters="all"), "it can be 'device_info'"),
        (lambda client: client.transcript("s", format="csv"), "it can be 'CSV', 'JSON', 'SRT', 'VTT'"),
    ],
)
def test_a_closed_choice_lists_what_it_can_be(server, ask, question, message):
    with pytest.raises(InvalidArgumentError, match=message):
        ask(question)
    assert server.requests == []


def test_flags_of_numpy_are_flags(server, ask):
    import numpy as np

    server.make_participants("s", 1)
    ask(lambda client: client.participants("s", include_peer_events=np.True_))
    assert server.requests[0].query["include_peer_events"] == "true"


def test_compressed_answers_are_opened(saved, ask, clean):
    content = ask(lambda client: client.peer_report(clean["peer"]))
    assert saved.requests[0].headers["accept-encoding"] == "gzip, deflate"
    assert content == saved.reports[clean["peer"]]


def test_an_absent_download_names_what_is_absent(saved, ask, clean):
    saved.files.clear()
    with pytest.raises(NotFoundError, match=f"no chat of session {clean['session']}"):
        ask(lambda client: client.chat(clean["session"]))


def test_a_download_that_fails_for_a_moment_is_repeated(saved, ask, clean, waits):
    saved.faults.append(Fault("status", path="^/downloads/", times=2, status=503))
    assert ask(lambda client: client.chat(clean["session"])).content == b"id,payload\n1,hello\n"
    assert len(waits.slept) == 2
