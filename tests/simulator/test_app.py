"""The simulated app serves all nine calls as the API does."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections import Counter
from urllib.parse import parse_qsl, urlsplit

import pytest

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.simulator import Faults, SimulatedApp

TOKEN = {"authorization": "Bearer demo-token"}
BASE = "/client/v4/accounts/demo-account/realtime/kit/demo-app/sessions"


@pytest.fixture(scope="module")
def app():
    return SimulatedApp(1)


def ask(app, rest="", *, method="GET", expect=200, headers=TOKEN, **query):
    answer = app.answer(method, BASE + rest, {k: str(v) for k, v in query.items()}, headers)
    assert answer.status == expect, answer.body
    return json.loads(answer.body)


def everything(app, **query):
    rows, page = [], 1
    while True:
        document = ask(app, page_no=page, per_page=40, **query)
        rows += document["data"]["sessions"]
        if document["paging"]["end_offset"] >= document["paging"]["total_count"] or not document["data"]["sessions"]:
            return rows
        page += 1


def download(app, url, headers=None):
    parts = urlsplit(url)
    return app.answer("GET", parts.path, dict(parse_qsl(parts.query)), headers or {})


def test_a_month_has_a_believable_mix(app):
    sessions = everything(app)
    assert 120 < len(sessions) < 260
    assert len({s["id"] for s in sessions}) == len(sessions)
    assert {s["status"] for s in sessions} == {"LIVE", "ENDED"}
    assert sum(s["status"] == "LIVE" for s in sessions) == 2
    span = [dt.datetime.fromisoformat(s["created_at"]) for s in sessions]
    assert max(span) <= app.now
    assert 28 <= (max(span) - min(span)).days <= 30
    assert all(("ended_at" in s) == (s["status"] == "ENDED") for s in sessions)
    kinds = {b.kind for b in app.all_booked()}
    assert kinds == {"meeting", "webinar", "breakout"}
    happened = {i.what for b in app.all_booked() for i in b.plan.incidents}
    assert len(happened) >= 15


def test_the_same_seed_is_the_same_app_and_another_seed_another():
    one, two, other = SimulatedApp(4, days=3), SimulatedApp(4, days=3), SimulatedApp(5, days=3)
    assert one.session_ids == two.session_ids
    assert set(one.session_ids).isdisjoint(other.session_ids)
    peer = next(iter(one.outline(one.main_incident).peers.values()))[0]
    # whatever else was asked before
    ask(two, f"/{two.session_ids[0]}/participants")
    two.call(two.session_ids[1])
    assert ask(one, f"/peer-report/{peer}") == ask(two, f"/peer-report/{peer}")


def test_the_main_incident_is_almas_of_yesterday_afternoon(app):
    found = []
    for session in everything(app, start_time="2026-11-19T12:00:00Z", end_time="2026-11-20T00:00:00Z"):
        people = ask(app, f"/{session['id']}/participants", search="alma")["data"]["participants"]
        found += [session["id"] for _ in people]
    assert app.main_incident in found
    truth = app.truth(app.main_incident)
    assert truth[0]["what"] == "lossy_uplink"
    assert truth[0]["who"].startswith("Alma")
    assert truth[0]["side"] == "sender_uplink"
    text = download(app, ask(app, f"/{app.main_incident}/chat")["data"]["chat_download_url"]).body.decode()
    assert "Alma, you are breaking up" in text


def test_sessions_are_filtered_by_every_parameter(app):
    rows = everything(app)
    assert {s["status"] for s in everything(app, status="LIVE")} == {"LIVE"}
    small = everything(app, participants="1:2")
    assert small
    assert all(s["max_concurrent_participants"] <= 2 for s in small)
    meeting = rows[0]["associated_id"]
    assert all(s["associated_id"] == meeting for s in everything(app, associated_id=meeting))
    assert all("retro" in s["meeting_display_name"].lower() for s in everything(app, search="RETRO"))
    assert [s["id"] for s in everything(app, search=rows[3]["id"])] == [rows[3]["id"]]
    begin, end = "2026-11-10T00:00:00Z", "2026-11-12T00:00:00Z"
    window = everything(app, start_time=begin, end_time=end)
    assert window
    assert all(begin <= s["created_at"] < end for s in window)
    assert len(everything(app, start_time=begin)) + len(everything(app, end_time=begin)) == len(rows)


@pytest.mark.parametrize(("by", "key"), [("createdAt", "created_at"), ("minutesConsumed", "minutes_consumed")])
@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_sessions_are_sorted_as_asked(app, by, key, order):
    values = [s[key] for s in everything(app, sort_by=by, sort_order=order)]
    assert values == sorted(values, reverse=order == "DESC")


def test_sessions_have_their_paging_at_the_top_and_participants_within_data(app):
    sessions = ask(app, per_page=3)
    assert sessions["paging"] == {"total_count": len(app.session_ids), "start_offset": 1, "end_offset": 3}
    people = ask(app, f"/{app.main_incident}/participants", per_page=2, page_no=2)
    assert people["data"]["paging"] == {"total_count": 5, "start_offset": 3, "end_offset": 4}
    beyond = ask(app, page_no=99)
    assert beyond["data"]["sessions"] == []


@pytest.mark.parametrize("first", [0, 1])
def test_pages_may_be_counted_from_0_or_1_and_be_smaller_than_asked_for(first):
    app = SimulatedApp(2, days=6, first_page=first, largest_page=7)
    rows, page = [], first
    while document := ask(app, page_no=page, per_page=1000)["data"]["sessions"]:
        assert len(document) <= 7
        rows += [s["id"] for s in document]
        page += 1
    assert sorted(rows) == sorted(app.session_ids)


def test_breakout_rooms_come_when_they_are_asked_for(app):
    parent = next(b for b in app.all_booked() if b.rooms)
    assert "breakout_rooms" not in ask(app, f"/{parent.session_id}")["data"]
    rooms = ask(app, f"/{parent.session_id}", include_breakout_rooms="true")["data"]["breakout_rooms"]
    assert [room["id"] for room in rooms] == parent.rooms
    assert all(ask(app, f"/{room['id']}")["data"]["id"] == room["id"] for room in rooms)


def test_participants_can_be_searched_sorted_and_consolidated(app):
    twice = next(b for b in app.all_booked() if any(i.what == "network_switch" for i in b.plan.incidents))
    rest = f"/{twice.session_id}/participants"
    raw = ask(app, rest)["data"]["participants"]
    users = {p["user_id"] for p in raw}
    assert len(raw) == len(users) + 1
    merged = ask(app, rest, view="consolidated")["data"]["participants"]
    assert {p["user_id"] for p in merged} == users
    assert sum(p["duration"] for p in merged) == pytest.approx(sum(p["duration"] for p in raw), abs=0.001)
    durations = [p["duration"] for p in ask(app, rest, sort_by="duration", sort_order="DESC")["data"]["participants"]]
    assert durations == sorted(durations, reverse=True)
    name = raw[0]["display_name"]
    for sought in (name.lower(), raw[0]["user_id"], raw[0]["custom_participant_id"], raw[0]["id"]):
        assert raw[0]["id"] in [p["id"] for p in ask(app, rest, search=sought)["data"]["participants"]]


def test_peer_events_come_when_they_are_asked_for(app):
    session_id = app.main_incident
    plain = ask(app, f"/{session_id}/participants")["data"]["participants"]
    assert all("peer_events" not in p for p in plain)
    told = ask(app, f"/{session_id}/participants", include_peer_events="true")["data"]["participants"]
    assert [e["event_name"] for e in told[0]["peer_events"]] == ["PEER_CREATED", "PEER_JOINING", "PEER_LEAVING"]
    one = ask(app, f"/{session_id}/participants/{plain[0]['id']}", include_peer_events="true")["data"]["participant"]
    assert one == told[0]
    report = ask(app, f"/peer-report/{plain[0]['id']}", include_peer_events="true")["data"]["participant"]
    assert [e["event_name"] for e in report["peer_events"]] == ["PEER_CREATED", "PEER_JOINING", "PEER_LEAVING"]


def test_a_report_can_be_asked_for_in_part(app):
    peer = ask(app, f"/{app.main_incident}/participants")["data"]["participants"][0]["id"]
    whole = ask(app, f"/peer-report/{peer}")["data"]["participant"]["peer_report"]
    assert set(whole) == {"metadata", "quality"}
    events = ask(app, f"/peer-report/{peer}", filters="events")["data"]["participant"]["peer_report"]
    assert events == {"metadata": {"events": whole["metadata"]["events"]}}
    quality = ask(app, f"/peer-report/{peer}", filters="quality_stats")["data"]["participant"]["peer_report"]
    assert quality["quality"] == whole["quality"]


def test_who_is_still_there_has_no_report_yet(app):
    live = ask(app, status="LIVE", sort_by="createdAt", sort_order="ASC")["data"]["sessions"][0]
    people = ask(app, f"/{live['id']}/participants")["data"]["participants"]
    there = [p for p in people if "left_at" not in p]
    gone = [p for p in people if "left_at" in p]
    assert len(there) == live["live_participants"]
    ask(app, f"/peer-report/{there[0]['id']}", expect=404)
    ask(app, f"/peer-report/{gone[0]['id']}")


def test_mobile_clients_of_the_month_have_no_report(app):
    silent = next(b for b in app.all_booked() if any(i.what == "no_report" for i in b.plan.incidents))
    truth = next(t for t in app.truth(silent.session_id) if t["what"] == "no_report")
    assert ask(app, f"/peer-report/{truth['peer_id']}", expect=404)["error"]["message"] == "Peer report not found"


def test_webinars_have_viewers_who_only_receive(app):
    webinar = next(b for b in app.all_booked() if b.kind == "webinar")
    people = ask(app, f"/{webinar.session_id}/participants")["data"]["participants"]
    viewer = next(p for p in people if p["preset_name"] == "webinar_viewer")
    quality = ask(app, f"/peer-report/{viewer['id']}")["data"]["participant"]["peer_report"]["quality"]
    assert quality["audio_producer"] == quality["video_producer"] == []
    assert len({row["peer_id"] for row in quality["audio_consumer"]}) == 2


def test_the_transcript_says_the_same_in_every_format(app):
    texts = {}
    for form in ("CSV", "JSON", "SRT", "VTT"):
        data = ask(app, f"/{app.main_incident}/transcript", format=form)["data"]
        assert data["sessionId"] == app.main_incident
        texts[form] = download(app, data["transcript_download_url"]).body.decode()
    rows = list(csv.reader(io.StringIO(texts["CSV"])))
    listed = json.loads(texts["JSON"])
    assert [row[5] for row in rows] == [one["sentence"] for one in listed]
    assert [int(row[0]) for row in rows] == [one["startTime"] for one in listed]
    assert texts["VTT"].startswith("WEBVTT\n")
    for one in listed:
        line = f"{one['peerData']['displayName']}: {one['sentence']}"
        assert line in texts["SRT"]
        assert line in texts["VTT"]
    assert texts["CSV"].splitlines()[0].startswith('"')
    assert ask(app, f"/{app.main_incident}/transcript")["data"]["transcript_download_url"].split("?")[0].endswith("csv")


def test_chat_is_a_table_with_a_header(app):
    url = ask(app, f"/{app.main_incident}/chat")["data"]["chat_download_url"]
    rows = list(csv.DictReader(io.StringIO(download(app, url).body.decode())))
    assert {"id", "participantId", "sessionId", "meetingId", "displayName", "payload", "createdAt"} <= set(rows[0])
    assert {row["sessionId"] for row in rows} == {app.main_incident}
    assert [row["createdAt"] for row in rows] == sorted(row["createdAt"] for row in rows)


def test_a_summary_is_there_or_can_be_made():
    app = SimulatedApp(1)
    fresh = [b for b in app.all_booked() if b.talked and app.has_texts(b.session_id)]
    with_one = next(b for b in fresh if b.summarised)
    data = ask(app, f"/{with_one.session_id}/summary")["data"]
    assert set(data) == {"sessionId", "summaryDownloadUrl", "summaryDownloadUrlExpiry"}
    assert download(app, data["summaryDownloadUrl"]).body.decode().startswith("# ")
    without = next(b for b in fresh if not b.summarised)
    ask(app, f"/{without.session_id}/summary", expect=404)
    posted = ask(app, f"/{without.session_id}/summary", method="POST")
    assert posted["data"] == {"session_id": without.session_id, "status": "QUEUED"}
    ask(app, f"/{without.session_id}/summary")


def test_texts_are_kept_for_a_week(app):
    old = next(b for b in app.all_booked() if b.talked)
    for rest in ("chat", "transcript", "summary"):
        ask(app, f"/{old.session_id}/{rest}", expect=404)


def test_downloads_need_no_token_tolerate_none_and_expire():
    app = SimulatedApp(1, days=2)
    url = ask(app, f"/{app.main_incident}/chat")["data"]["chat_download_url"]
    assert download(app, url).status == 200
    assert download(app, url, TOKEN).status == 400
    assert download(app, url.replace("signature=", "signature=0")).status == 403
    app.now += dt.timedelta(minutes=61)
    assert download(app, url).status == 403
    app.faults = Faults(expired_downloads=True)
    assert download(app, ask(app, f"/{app.main_incident}/chat")["data"]["chat_download_url"]).status == 403


def test_wrong_tokens_are_refused_in_the_form_with_a_list_of_errors(app):
    nobody = ask(app, expect=401, headers={})
    assert nobody["success"] is False
    assert nobody["errors"][0]["code"] == 10001
    wrong = ask(app, expect=403, headers={"authorization": "Bearer else"})
    assert wrong["errors"][0]["message"] == "Authentication error"


def test_what_is_not_there_is_refused_in_the_form_with_one_error(app):
    for rest in ("/nothing", "/nothing/chat", "/peer-report/nobody", f"/{app.main_incident}/participants/nobody"):
        refused = ask(app, rest, expect=404)
        assert refused["success"] is False
        assert refused["error"]["code"] == 404
    elsewhere = app.answer("GET", BASE.replace("demo-account", "other"), {}, TOKEN)
    assert elsewhere.status == 404
    assert json.loads(elsewhere.body)["errors"]
    ask(app, expect=405, method="DELETE")
    assert app.answer("GET", "/else", {}, TOKEN).status == 404


@pytest.mark.parametrize(
    ("rest", "query"),
    [
        ("", {"sort_by": "colour"}),
        ("", {"sort_order": "UP"}),
        ("", {"status": "OVER"}),
        ("", {"start_time": "yesterday"}),
        ("", {"participants": "many"}),
        ("", {"page_no": "one"}),
        ("", {"per_page": "0"}),
        ("/{main}/participants", {"view": "sideways"}),
        ("/{main}/participants", {"sort_by": "name"}),
        ("/{main}/participants", {"per_page": "-1"}),
        ("/{main}/transcript", {"format": "PDF"}),
        ("/peer-report/{peer}", {"filters": "all"}),
    ],
)
def test_a_query_that_means_nothing_is_a_bad_request(app, rest, query):
    peer = next(iter(app.outline(app.main_incident).peers.values()))[0]
    refused = ask(app, rest.format(main=app.main_incident, peer=peer), expect=400, **query)
    assert refused["errors"][0]["message"]


def test_faults_come_as_often_as_they_were_ordered():
    faults = Faults(rate_limit=3, at_most=2)
    assert [faults.next() for _ in range(10)] == ["", "", "rate_limit", "", "", "rate_limit", "", "", "", ""]
    assert faults.made == 2
    with pytest.raises(InvalidArgumentError, match="there is no fault flood"):
        Faults.of({"flood": 1})


def test_breakout_rooms_have_incidents_and_people_rejoin():
    rooms = [booked for booked in SimulatedApp(0).all_booked() if booked.kind == "breakout"]
    troubled = [room for room in rooms if any(i.severity in ("warn", "bad") for i in room.plan.incidents)]
    assert 0.2 < len(troubled) / len(rooms) < 0.9
    app = SimulatedApp(0)
    again = 0
    for session_id in app.session_ids:
        listed = app.participant_documents(session_id)
        users = Counter(row["user_id"] for row in listed)
        again += any(count > 1 for count in users.values())
        for user in (user for user, count in users.items() if count > 1):
            ids = {row["id"] for row in listed if row["user_id"] == user}
            assert len(ids) == users[user]
    assert again >= 5


@pytest.mark.parametrize("seed", [0, 3])
def test_people_complain_of_what_happened_and_now_and_then_of_nothing(seed):
    app = SimulatedApp(seed)
    said = app.complaints()
    caused = [row for row in said if row["cause"]]
    causeless = [row for row in said if not row["cause"]]
    assert len(caused) > 30
    assert len(causeless) >= 3
    for row in said:
        booked = app.booked(row["session_id"])
        names = {person.name for person in booked.plan.people}
        assert {row["who"], row["about"] or row["who"]} <= names
        assert booked.plan.started < row["at"].timestamp() < booked.ended
        loud = [i.what for i in booked.plan.incidents if i.severity in ("warn", "bad")]
        assert (row["cause"] in loud) if row["cause"] else not loud
        assert row["who"] != row["about"]
    assert any(app.booked(row["session_id"]).kind == "breakout" for row in caused)


def test_a_complaint_is_typed_into_the_chat_of_its_call():
    app = SimulatedApp(0)
    row = next(row for row in app.complaints() if row["session_id"] == app.main_incident)
    assert (row["about"], row["cause"], row["side"]) == ("Alma Okafor", "lossy_uplink", "sender_uplink")
    assert row["says"].encode() in app.call(row["session_id"]).chat


def test_the_outline_of_a_session_says_what_its_simulation_says():
    app = SimulatedApp(0)
    whole = {one.session_id: one for one in app.all_booked() if len(one.plan.people) < 5}
    stalled = next(key for key, one in whole.items() if any(type(it).__name__ == "Stall" for it in one.plan.effects))
    rejoined = next(key for key, one in whole.items() if any(type(it).__name__ == "Rejoin" for it in one.plan.effects))
    for session_id in (stalled, rejoined, *(key for key, one in whole.items() if one.plan.live)):
        outline, simulated = app.outline(session_id), app.call(session_id)
        assert (outline.session, outline.participants) == (simulated.session, simulated.participants)
        assert (outline.truth, outline.peers) == (simulated.truth, simulated.peers)
