"""Saved calls are served through the very same client, with every parameter that can mean something."""

from __future__ import annotations

import asyncio
import json
import shutil

import httpx
import pytest

import rtkit_explore as rtk
from rtkit_explore.api.client import ApiClient
from rtkit_explore.errors import BadAnswerError, BadRequestError, NotFoundError, SavedCallError
from rtkit_explore.settings import Settings
from rtkit_explore.store.replay import HOST, ReplayTransport


@pytest.fixture
def folder(recordings, tmp_path):
    """A copy of two sample calls, one with everything that a call can have."""
    for name in ("clean", "sfu-clean"):
        shutil.copytree(recordings / name, tmp_path / name)
    (tmp_path / "clean" / "chat.csv").write_bytes(b"id,payload\n1,hi\n")
    (tmp_path / "clean" / "transcript.vtt").write_bytes(b"WEBVTT\n")
    (tmp_path / "clean" / "transcript.srt").write_bytes(b"1\n")
    (tmp_path / "clean" / "summary.md").write_bytes("Zoë spoke.".encode())
    return tmp_path


@pytest.fixture
def ask(folder):
    client = ApiClient(Settings("local", "local"), innermost=ReplayTransport(folder))
    return lambda question: asyncio.run(question(client))


@pytest.fixture
def ids(folder):
    def of(name):
        session = json.loads((folder / name / "session.json").read_bytes())["data"]["id"]
        people = json.loads((folder / name / "participants.json").read_bytes())["data"]["participants"]
        return session, [row["id"] for row in people]

    return of


def change(path, **values):
    answer = json.loads(path.read_bytes())
    answer["data"].update(values)
    path.write_text(json.dumps(answer))


def listed(ask, **arguments) -> list[str]:
    return [row["meeting_display_name"] for row in ask(lambda client: client.sessions(**arguments)).rows]


def people(ask, session_id, **arguments) -> list[str]:
    return [row["display_name"] for row in ask(lambda client: client.participants(session_id, **arguments)).rows]


def test_documents_are_served_to_the_byte(ask, folder, ids):
    session_id, peers = ids("clean")
    assert ask(lambda client: client.session(session_id)) == (folder / "clean" / "session.json").read_bytes()
    listing = ask(lambda client: client.participants(session_id))
    assert listing.content == (folder / "clean" / "participants.json").read_bytes()
    for peer in peers:
        saved = (folder / "clean" / f"peer-report-{peer}.json").read_bytes()
        assert ask(lambda client, peer=peer: client.peer_report(peer)) == saved


def test_sessions_are_listed_newest_first_unless_asked_otherwise(ask):
    assert listed(ask) == ["recording sfu-clean", "recording clean"]
    assert listed(ask, sort_by="createdAt", sort_order="ASC") == ["recording clean", "recording sfu-clean"]
    by_minutes = listed(ask, sort_by="minutesConsumed")
    assert listed(ask, sort_by="minutesConsumed", sort_order="ASC") == by_minutes[::-1]


def test_sessions_are_chosen_by_every_parameter(ask, folder, ids):
    change(folder / "clean" / "session.json", status="LIVE", associated_id="meeting-7", max_concurrent_participants=12)
    assert listed(ask, status="LIVE") == ["recording clean"]
    assert listed(ask, status="ENDED") == ["recording sfu-clean"]
    assert listed(ask, associated_id="meeting-7") == ["recording clean"]
    assert listed(ask, search="SFU") == ["recording sfu-clean"]
    assert listed(ask, search="meeting-7") == ["recording clean"]
    assert listed(ask, search=ids("clean")[0]) == ["recording clean"]
    assert listed(ask, participants="3:3") == ["recording sfu-clean"]
    assert listed(ask, participants=(4, 99)) == ["recording clean"]
    assert listed(ask, search="nothing like it") == []


def test_sessions_are_chosen_by_time(ask, folder):
    change(folder / "clean" / "session.json", started_at="2026-11-01T10:00:00.000Z")
    change(folder / "sfu-clean" / "session.json", started_at="2026-11-01T12:00:00.000Z")
    assert listed(ask, start_time="2026-11-01T11:00") == ["recording sfu-clean"]
    assert listed(ask, end_time="2026-11-01T11:00") == ["recording clean"]
    assert listed(ask, start_time="2026-11-01T10:00", end_time="2026-11-01T12:00") == [
        "recording sfu-clean",
        "recording clean",
    ]


def test_sessions_come_in_pages(ask):
    assert listed(ask, per_page=1) == ["recording sfu-clean", "recording clean"]
    assert listed(ask, per_page=1, page_no=2) == ["recording clean"]
    assert listed(ask, limit=1) == ["recording sfu-clean"]


def test_participants_are_searched_sorted_and_paged(ask, ids):
    session_id, peers = ids("sfu-clean")
    everyone = people(ask, session_id)
    assert sorted(everyone) == ["Alma", "Boris", "Chen"]
    assert people(ask, session_id, search="BOR") == ["Boris"]
    assert people(ask, session_id, search="sfu-clean-chen") == ["Chen"]
    assert people(ask, session_id, search=peers[0]) == everyone[:1]
    assert people(ask, session_id, per_page=2) == everyone
    assert people(ask, session_id, per_page=2, page_no=2) == everyone[2:]


def test_participants_are_sorted_by_when_they_joined_and_how_long_they_stayed(ask, folder, ids):
    path = folder / "sfu-clean" / "participants.json"
    answer = json.loads(path.read_bytes())
    for hour, row in zip((12, 10, 11), answer["data"]["participants"], strict=True):
        row["joined_at"] = f"2026-11-01T{hour}:00:00.000Z"
        row["duration"] = 100 - hour
    path.write_text(json.dumps(answer))
    everyone = [row["display_name"] for row in answer["data"]["participants"]]
    first, second, third = everyone[1], everyone[2], everyone[0]
    session_id = ids("sfu-clean")[0]
    assert people(ask, session_id, sort_by="joinedAt", sort_order="ASC") == [first, second, third]
    assert people(ask, session_id, sort_by="joinedAt", sort_order="DESC") == [third, second, first]
    assert people(ask, session_id, sort_by="duration", sort_order="ASC") == [third, second, first]
    assert people(ask, session_id, sort_by="duration", sort_order="DESC") == [first, second, third]


def test_lifecycle_events_that_are_not_wanted_are_left_out(ask, folder, ids):
    session_id, (peer, *_) = ids("clean")
    listed_path, report_path = folder / "clean" / "participants.json", folder / "clean" / f"peer-report-{peer}.json"
    answer = json.loads(listed_path.read_bytes())
    answer["data"]["participants"][0]["peer_events"] = [{"id": "e"}]
    listed_path.write_text(json.dumps(answer))
    report = json.loads(report_path.read_bytes())
    report["data"]["participant"]["peer_events"] = [{"id": "e"}]
    report_path.write_text(json.dumps(report))

    def has(content: bytes) -> bool:
        return b"peer_events" in content

    for flag in (True, None):
        assert has(ask(lambda client, flag=flag: client.participants(session_id, include_peer_events=flag)).content)
        assert has(ask(lambda client, flag=flag: client.peer_report(peer, include_peer_events=flag)))
        assert has(ask(lambda client, flag=flag: client.participant(session_id, peer, include_peer_events=flag)))
    assert not has(ask(lambda client: client.participants(session_id, include_peer_events=False)).content)
    assert not has(ask(lambda client: client.peer_report(peer, include_peer_events=False)))
    assert not has(ask(lambda client: client.participant(session_id, peer, include_peer_events=False)))


def test_one_participant_is_served_from_the_list(ask, ids):
    session_id, peers = ids("clean")
    answer = json.loads(ask(lambda client: client.participant(session_id, peers[1])))
    assert answer["data"]["participant"]["id"] == peers[1]
    with pytest.raises(NotFoundError, match="no participant nobody in session"):
        ask(lambda client: client.participant(session_id, "nobody"))


def test_downloads_are_served(ask, ids):
    session_id, _ = ids("clean")
    assert ask(lambda client: client.chat(session_id)).content == b"id,payload\n1,hi\n"
    assert ask(lambda client: client.transcript(session_id, format="VTT")).content == b"WEBVTT\n"
    assert ask(lambda client: client.transcript(session_id, format="SRT")).content == b"1\n"
    assert ask(lambda client: client.summary(session_id)).content == "Zoë spoke.".encode()


def test_a_form_of_the_transcript_that_was_not_saved_is_absent_and_says_which_there_are(ask, ids):
    with pytest.raises(NotFoundError, match="saved as VTT and SRT, not as CSV"):
        ask(lambda client: client.transcript(ids("clean")[0]))


def test_downloads_that_were_not_saved_are_absent(ask, ids):
    session_id, _ = ids("sfu-clean")
    for question in (lambda c: c.chat(session_id), lambda c: c.transcript(session_id), lambda c: c.summary(session_id)):
        with pytest.raises(NotFoundError, match="is saved with session"):
            ask(question)


def test_a_new_summary_cannot_be_written(ask, ids):
    with pytest.raises(BadRequestError, match="this is a replay of saved documents"):
        ask(lambda client: client.generate_summary(ids("clean")[0]))


def test_what_was_not_saved_is_absent_and_says_where_it_was_looked_for(ask, folder):
    with pytest.raises(NotFoundError, match="session nowhere is not among the 2 saved"):
        ask(lambda client: client.session("nowhere"))
    with pytest.raises(NotFoundError, match="no report of peer nobody is saved"):
        ask(lambda client: client.peer_report("nobody"))


def test_a_call_that_is_saved_meanwhile_is_found(ask, folder, recordings):
    shutil.copytree(recordings / "loss", folder / "loss")
    session_id = json.loads((folder / "loss" / "session.json").read_bytes())["data"]["id"]
    assert b"recording loss" in ask(lambda client: client.session(session_id))
    assert len(listed(ask)) == 3


def test_one_session_folder_is_served_alone(folder):
    client = ApiClient(Settings("local", "local"), innermost=ReplayTransport(folder / "clean"))
    assert len(asyncio.run(client.sessions()).rows) == 1


def test_reports_alone_are_served_as_a_call_of_those_people(folder, recordings, tmp_path):
    alone = tmp_path / "alone"
    alone.mkdir()
    for path in (recordings / "clean").glob("peer-report-*.json"):
        shutil.copy(path, alone)
    client = ApiClient(Settings("local", "local"), innermost=ReplayTransport(alone))
    (session,) = asyncio.run(client.sessions()).rows
    assert set(session) == {"id"}
    rows = asyncio.run(client.participants(session["id"])).rows
    assert sorted(row["display_name"] for row in rows) == ["Alma", "Boris"]
    assert all("peer_report" not in row for row in rows)


def test_a_folder_without_calls_is_an_error(tmp_path):
    with pytest.raises(SavedCallError, match="holds no saved call"):
        ReplayTransport(tmp_path)


def test_an_odd_session_id_is_served_with_all_that_belongs_to_it(ask, folder):
    change(folder / "clean" / "session.json", id="a/b ?ä")
    assert ask(lambda client: client.chat("a/b ?ä")).content == b"id,payload\n1,hi\n"
    assert len(ask(lambda client: client.participants("a/b ?ä")).rows) == 2


def test_a_replay_gives_out_no_other_file(folder):
    transport = ReplayTransport(folder)

    async def fetch(url: str) -> int:
        return (await transport.handle_async_request(httpx.Request("GET", url))).status_code

    session_id = json.loads((folder / "clean" / "session.json").read_bytes())["data"]["id"]
    links = transport._api.links
    assert asyncio.run(fetch(links.sign(session_id, "chat.csv")[0])) == 200
    for name in ("truth.json", "..%2F..%2Fsecret", "../x", ""):
        assert asyncio.run(fetch(links.sign(session_id, name)[0])) in (403, 404)
        assert asyncio.run(fetch(f"https://{HOST}/downloads/{session_id}/{name}")) in (403, 404)
    assert asyncio.run(fetch(f"https://{HOST}/downloads/{session_id}/chat.csv?expires=99999999999&signature=0")) == 403


def test_a_file_that_breaks_is_an_error_of_that_document_alone(ask, folder, ids):
    session_id, _ = ids("clean")
    whole = {row["id"] for row in ask(lambda client: client.participants(session_id)).rows}
    (folder / "clean" / "participants.json").write_text("{broken")
    # The saved reports tell who was there.
    listed = ask(lambda client: client.participants(session_id))
    assert {row["id"] for row in listed.rows} == whole
    assert ask(lambda client: client.session(session_id))
    for report in (folder / "clean").glob("peer-report-*.json"):
        report.unlink()
    with pytest.raises(BadAnswerError, match="not JSON"):
        ask(lambda client: client.participants(session_id))


def test_where_the_saved_list_is_broken_the_reports_are_read_and_that_is_said(folder, ids):
    session_id, _ = ids("clean")
    (folder / "clean" / "participants.json").write_text("{broken")
    call = rtk.replay(folder, progress=False).call(session_id)
    assert call.participants["report"].astype(str).tolist() == ["read", "read"]
    assert (
        "clean/participants.json is damaged; the people are taken from their reports"
        in call.problems["message"].tolist()
    )


def test_a_report_in_a_file_of_another_name_is_read_and_said_to_be_another_peers(recordings, tmp_path):
    reports = sorted((recordings / "sfu-clean").glob("peer-report-*.json"))
    for number, path in enumerate(reports):
        shutil.copy(path, tmp_path / f"peer-report-{number}.json")
    app = rtk.replay(tmp_path, progress=False)
    call = app.call(app.sessions()["session_id"].iloc[0])
    assert call.participants["report"].tolist() == ["read"] * len(reports)
    assert len(call.samples) == len(rtk.load(reports).samples) > 0
    assert "conflict" in set(call.problems["kind"])
