"""What redaction hides, what it keeps, and that it never lets anything through."""

from __future__ import annotations

import itertools
import json

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtkit_explore.call import Call
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.store.documents import CallDocuments, Failure
from rtkit_explore.store.saved_calls import call_folders, read_call
from rtkit_explore.table_schema.describe import TABLES
from tests import reference
from tests.redaction.planting import given_away, planted
from tests.timing import assert_linear

PEERS = [f"aaaaaaaa-0000-4000-8000-00000000000{number}" for number in range(6)]
SESSION = "cccccccc-0000-4000-8000-000000000000"


def person(number, name, **more):
    return {"id": PEERS[number], "display_name": name, "joined_at": f"2026-11-01T09:0{number}:00.000Z"} | more


def call_of(people, *, reports=None, **documents):
    listed = json.dumps({"success": True, "data": {"participants": people}}).encode()
    session = json.dumps({"success": True, "data": {"id": SESSION, "meeting_display_name": "Salary of Alma"}}).encode()
    bodies = {
        peer: json.dumps({"success": True, "data": {"participant": {"id": peer} | body}}).encode()
        for peer, body in (reports or {}).items()
    }
    return Call(CallDocuments(session=session, participants=listed, reports=bodies, **documents))


def with_metadata(**metadata):
    return {"peer_report": {"metadata": metadata, "quality": {}}}


def names_of(call):
    return call.participants["display_name"].tolist()


# Nothing gets through -------------------------------------------------------------------------------------------------

SECRETS = {
    "a name": lambda n: f"Zyqarth Blom{n}",
    "a name in small letters": lambda n: f"zyqarth{n}",
    "a name in other letters": lambda n: f"Žofie Ångström {n} 王秀英",
    "an address of mail": lambda n: f"zyqarth{n}@example.org",
    "an address": lambda n: f"10.11.{n % 200}.77",
    "an address of version 6": lambda n: f"fe80::{n:x}:beef:1",
    "a telephone number": lambda n: f"+49 170 {1234000 + n}",
    "a presigned address": lambda n: f"https://store.example/zyqarth/{n}?X-Amz-Signature=5ecret",
    "a token": lambda n: f"v1.0-zyqarth_{n}AbCdEf0123456789",
    "markup": lambda n: f"<script>zyqarth({n})</script>",
    "a sentence with known words": lambda n: f"audio from zyqarth {n}",
}
NEEDLES = (
    "zyqarth",
    "Zyqarth",
    "Žofie",
    "Ångström",
    "王秀英",
    "\\u738b",
    "10.11.",
    "beef",
    "+49",
    "170 ",
    "5ecret",
    "store.example",
)


@pytest.mark.parametrize(("kind", "form"), list(zip(SECRETS, itertools.cycle(["CSV", "JSON", "SRT", "VTT"]))))
def test_a_secret_in_place_of_every_text_survives_nowhere(kind, form, tmp_path):
    redacted = Call(planted(SECRETS[kind], form=form)).redact()
    found = given_away(redacted, tmp_path / "saved")
    assert [needle for needle in NEEDLES if needle in found] == []


ALPHABET = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    word=st.text(ALPHABET, min_size=6, max_size=30).filter(lambda word: len(set(word)) > 4),
    form=st.sampled_from(["CSV", "JSON", "SRT", "VTT"]),
)
def test_whatever_stands_in_the_texts_survives_nowhere(word, form, tmp_path_factory):
    secret = f"{word}qzx"  # so that it is not a technical word
    redacted = Call(planted(lambda n: f"{secret}{n}", form=form)).redact()
    found = given_away(redacted, tmp_path_factory.mktemp("call") / "saved")
    assert secret not in found
    assert json.dumps(secret)[1:-1] not in found


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_secret_in_any_one_text_of_a_report_survives_nowhere(data):
    document = reference.peer_report()
    places = [path for path, value in reference.nodes(document) if isinstance(value, str)]
    place = data.draw(st.sampled_from(places))
    secret = data.draw(st.sampled_from(sorted(SECRETS)))
    reference.put(document, place, SECRETS[secret](5))
    call = Call(CallDocuments(reports={reference.PEER: json.dumps(document).encode()})).redact()
    found = "\n".join(
        [*(body.decode() for body in call.documents.reports.values()), *(t.to_csv() for t in call.tables.values())]
    )
    assert [needle for needle in NEEDLES if needle in found] == []


NAMED_BY = {"display_name": "peer_id", "remote_name": "remote_peer_id"}


def test_every_personal_column_of_every_table_changes():
    secret = SECRETS["a name"]
    before = Call(planted(secret))
    after = before.redact()
    for name, table in before.tables.items():
        for column in (column.name for column in TABLES[name].columns if column.personal):
            old, new = table[column], after.tables[name][column]
            if table.get(NAMED_BY.get(column, ""), old).isin(before.names).sum() == 0 and column in NAMED_BY:
                continue  # rows of participants that the documents do not name
            assert old.notna().any(), f"{name}.{column} is not filled by the test"
            assert not set(old.dropna()) & set(new.dropna()), f"{name}.{column}"


def test_keys_with_names_in_them_are_replaced_and_technical_ones_stay():
    call = call_of([person(0, "Alma", alma_nilsson="x", max_bitrate=3)]).redact()
    keys = set(json.loads(call.documents.participants)["data"]["participants"][0])
    assert {"id", "display_name", "joined_at", "max_bitrate"} < keys
    assert "alma_nilsson" not in keys


def test_of_a_key_that_stands_twice_no_value_gets_through():
    sample = '{"timestamp": "2026-11-01T09:00:00.000Z", "mid": "Zyqarth", "mid": "0", "ssrc": 1, "producer_id": "p"}'
    body = (
        f'{{"data": {{"participant": {{"id": "{PEERS[0]}", "display_name": "Zyqarth", "display_name": "Alma", "peer_report":'
        f' {{"metadata": {{}}, "quality": {{"audio_producer": [{sample}]}}}}}}}}}}'
    )
    redacted = Call(CallDocuments(reports={PEERS[0]: body.encode()})).redact()
    assert b"Zyqarth" not in redacted.documents.reports[PEERS[0]]
    assert len(redacted.samples) == 1


SAMPLE = {"timestamp": "2026-11-01T09:00:00.000Z", "ssrc": 1, "producer_id": PEERS[1], "packets_sent": 7}


@pytest.mark.parametrize(
    "twice",
    [
        '"mid": "Zyqarth", "mid": "0"',
        '"packets_sent": 491701234567, "packets_sent": 7',
        '"odd": "Zyqarth", "odd": 1',
        '"quality_limitation_durations": {"cpu": 491701234567, "cpu": 1}',
        '"quality_limitation_durations": "Zyqarth", "quality_limitation_durations": {"cpu": 1}',
        '"mi\\u0064": "Zyqarth", "mid": "0"',
    ],
)
@pytest.mark.parametrize("series", ["audio_producer", "video_producer", "screenshare_video_producer"])
def test_of_a_sample_with_a_key_that_stands_twice_only_the_last_value_is_read(series, twice):
    sample = json.dumps(SAMPLE)[:-1] + f", {twice}}}"
    body = (
        f'{{"data": {{"participant": {{"id": "{PEERS[0]}", "peer_report": {{"metadata": {{}}, "quality":'
        f' {{"{series}": [{sample}, {json.dumps(SAMPLE)}]}}}}}}}}}}'
    )
    redacted = Call(CallDocuments(reports={PEERS[0]: body.encode()})).redact()
    made = redacted.documents.reports[PEERS[0]]
    assert b"Zyqarth" not in made
    assert b"491701234567" not in made
    assert len(redacted.samples) == 2


def test_whatever_the_form_of_a_list_its_samples_are_the_same_but_for_personal_texts():
    """The fast path for the usual form and the path value by value give the same samples."""
    usual = [SAMPLE | {"mid": "0", "jitter": 0.5, "rtt": None}, SAMPLE | {"mid": "Zyqarth"}]
    odd = [*usual, SAMPLE | {"brand_new_counter": "x"}]

    def samples(items):
        report = {"peer_report": {"metadata": {}, "quality": {"audio_producer": items}}}
        body = call_of([], reports={PEERS[0]: report}).redact().documents.reports[PEERS[0]]
        return json.loads(body)["data"]["participant"]["peer_report"]["quality"]["audio_producer"]

    quick, slow = samples(usual), samples(odd)
    assert quick == slow[:2]
    assert quick[0] == usual[0]
    assert [sample["mid"] for sample in quick] == ["0", "mid #1"]


# Names that are words, numbers of unknown meaning ---------------------------------------------------------------------


def metadata_of(people, metadata, *, name="info", **options):
    report = with_metadata(events=[{"name": name, "metadata": metadata}])
    redacted = call_of(people, reports={PEERS[0]: report}).redact(**options)
    return redacted.events["name"].iloc[0], json.loads(redacted.events["metadata"].iloc[0])


DEV, KIT = person(0, "Dev Amr", user_id="host7"), person(1, "Kit Black")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("kicked Dev Amr (Kit Black)", "kicked Person 1 (Person 2)"),
        ("KIT BLACK muted", "Person 2 muted"),
        ("kicked kit", "kicked Person 2"),
        ("user_kit_black_left", "user_Person 2_left"),
        ("kickedKitBlack", "kickedPerson 2"),
        ("removed host7 now", "removed user 1 now"),
        ("kicked Kit Zyqarth", "redacted"),
        ("connection failed", "connection failed"),
    ],
)
def test_names_made_of_ordinary_words_go_wherever_they_stand(text, left):
    assert metadata_of([DEV, KIT], {"reason": text})[1] == {"reason": left}


def test_a_word_of_several_names_points_at_nobody():
    people = [DEV, KIT, person(2, "Kit White")]
    assert metadata_of(people, {"reason": "kicked Kit"})[1] == {"reason": "kicked participant"}


def test_names_of_events_keep_their_words_unless_they_are_sentences_or_whole_names():
    people = [person(0, "Audio On"), person(1, "Kit Black")]
    assert metadata_of(people, {}, name="audio_on")[0] == "audio_on"
    assert metadata_of(people, {}, name="kicked Kit")[0] == "kicked Person 2"
    assert metadata_of(people, {}, name="kit_black_kicked")[0] == "Person 2_kicked"
    assert metadata_of(people, {}, name="black_screen")[0] == "black_screen"


def test_keys_made_of_names_go_too():
    assert list(metadata_of([DEV, KIT], {"kit_black": True, "KitBlack": True, "muted": True})[1]) == [
        "key #1",
        "key #2",
        "muted",
    ]


def test_names_in_texts_stay_where_names_are_kept():
    assert metadata_of([DEV, KIT], {"reason": "kicked Kit Black"}, keep="names")[1] == {"reason": "kicked Kit Black"}


@pytest.mark.parametrize("salt", [None, "pepper"])
def test_texts_with_names_redacted_twice_are_redacted_once(salt):
    report = with_metadata(events=[{"name": "kicked Kit", "metadata": {"a": "kicked Dev Amr (Kit Black)", "rtt": 5}}])
    once = call_of([DEV, KIT], reports={PEERS[0]: report}).redact(salt=salt)
    assert once.redact(salt=salt).documents == once.documents


NUMBERS = {"phone": 4917012345, "latitude": 52.0907, "longitude": 5.1214, "host": 3232235777, "list": [4917012345]}


def test_numbers_of_unknown_keys_go_unless_they_are_kept():
    people = [person(0, "Alma", extra=NUMBERS, shoe_size=43)]
    redacted = call_of(people).redact().documents.participants
    assert not [number for number in (b"4917012345", b"52.09", b"5.12", b"3232235777", b"43") if number in redacted]
    kept = call_of(people).redact(keep="numbers").documents.participants
    assert b"4917012345" in kept
    assert b":43}" in kept


def test_of_metadata_of_events_measurements_stay_and_identities_go():
    metadata = {"rtt": 41.5, "timestamp": 1762000000000, "attempts": 3, "value": 4917012345, "user_id": 77, **NUMBERS}
    left = metadata_of([DEV], metadata | {"phone_number": "491701", "ok": True})[1]
    assert (left["rtt"], left["timestamp"], left["attempts"], left["ok"]) == (41.5, 1762000000000, 3, True)
    assert left["value"] is left["user_id"] is left["phone"] is left["host"] is None
    assert left["list"] == [None]
    assert left["phone_number"] == "redacted"
    assert "52.09" not in json.dumps(left)
    assert metadata_of([DEV], metadata, keep="numbers")[1]["value"] == 4917012345


def test_numbers_that_tables_read_all_stay():
    document = reference.peer_report()
    call = Call(CallDocuments(reports={reference.PEER: json.dumps(document).encode()}))
    redacted = call.redact()
    for name, table in call.tables.items():
        numbers = table.select_dtypes("number").columns
        pd.testing.assert_frame_equal(redacted.tables[name][numbers], table[numbers], obj=name)
    assert len(call.cumulative)


# Long and many ----------------------------------------------------------------------------------------------------------


def named(count, name):
    peers = [f"aaaaaaaa-0000-4000-8000-{number:012d}" for number in range(count)]
    people = [
        {"id": peer, "display_name": name(n), "user_id": f"u{n}", "preset_name": "kicked " * 3}
        for n, peer in enumerate(peers)
    ]
    chat = "id,participantId,displayName,payload\n" + "".join(f"{n},,{name(n)},x\n" for n in range(count))
    return call_of(people, chat=chat.encode())


@pytest.mark.parametrize("name", [lambda _: "Guest", lambda n: f"Guest {n}", lambda n: f"Kit {n % 7}"])
def test_time_grows_no_faster_than_the_number_of_people(name):
    assert_linear(Call.redact, lambda count: named(count, name), 40)


@pytest.mark.parametrize("text", ["a", "Kit Black ", "2026-11-01 ", "audio ", "1.", "token=", "0:0.0 ", ":"])
def test_time_grows_no_faster_than_a_text(text):
    def call(size):
        long = (text * (size // len(text)))[:size]
        spaces = "2026-11-01" + " " * size + "x"
        report = with_metadata(
            events=[{"name": long, "metadata": {"a": long, long: spaces, "b": {"timestamp": spaces}}}]
        )
        people = [person(0, long, left_at=spaces, preset_name=long), person(1, "Kit Black")]
        return call_of(people, reports={PEERS[0]: report}, transcript=f"{long}\n\n{spaces}".encode())

    assert_linear(Call.redact, call, 2_000)


@pytest.mark.parametrize("broken", [b"{", b"", b"[1, 2]", b'"Zyqarth"', b"\xff\xfe\x00", b"[" * 100_000])
def test_a_document_that_cannot_be_read_is_left_out_and_said_so(broken):
    documents = CallDocuments(
        session=broken, participants=broken, reports={PEERS[0]: broken, PEERS[1]: b'{"data": {}}'}
    )
    redacted = Call(documents).redact()
    assert redacted.documents.session is None
    assert redacted.documents.participants is None
    assert list(redacted.documents.reports) == [PEERS[1]]
    said = redacted.problems.query("kind == 'fetch'")
    assert said["source"].tolist() == ["session", "participants", "peer-report"]
    assert said["message"].str.contains("could not be read").all()


def test_a_document_nested_too_deep_to_walk_is_left_out():
    deep = '{"a":' * 900 + '"Zyqarth"' + "}" * 900
    body = f'{{"data": {{"participant": {{"id": "x", "odd": {deep}}}}}}}'
    redacted = Call(CallDocuments(reports={PEERS[0]: body.encode()})).redact()
    assert b"Zyqarth" not in b"".join(redacted.documents.reports.values())


def test_messages_of_failures_are_replaced_and_their_kind_stays():
    failures = [
        Failure("peer-report", "alma.json: no such file", peer_id=PEERS[0]),
        Failure("chat", "404 for Alma", missing=True),
    ]
    redacted = call_of([person(0, "Alma")], failures=failures).redact()
    assert "alma" not in redacted.problems.to_csv().casefold()
    assert redacted.problems["kind"].tolist() == ["fetch", "missing"]
    assert redacted.problems["message"].iloc[1] == "the API has none"
    assert redacted.participants["report"].tolist() == ["failed"]


# Stable stand-ins ------------------------------------------------------------------------------------


def test_people_are_numbered_in_the_order_of_joining():
    people = [person(2, "Chen"), person(0, "Alma"), person(1, "Boris")]
    assert names_of(call_of(people).redact()) == ["Person 3", "Person 1", "Person 2"]


def test_who_joins_again_is_the_same_person_and_namesakes_are_not():
    people = [
        person(0, "Alma", user_id="u1"),
        person(1, "Alma", user_id="u2"),
        person(2, "Alma on her phone", user_id="u1"),
    ]
    redacted = call_of(people).redact()
    assert names_of(redacted) == ["Person 1", "Person 2", "Person 1"]
    assert redacted.participants["user_id"].tolist() == ["user 1", "user 2", "user 1"]


def test_guests_with_one_custom_id_stay_apart():
    people = [
        person(0, "Alma", user_id="u1", custom_participant_id="guest"),
        person(1, "Bo", user_id="u2", custom_participant_id="guest"),
    ]
    assert names_of(call_of(people).redact()) == ["Person 1", "Person 2"]


def test_chat_and_transcript_call_people_what_the_list_calls_them():
    people = [person(0, "Alma", user_id="u1"), person(1, "Boris", user_id="u2", custom_participant_id="crm-7")]
    chat = (
        "id,participantId,sessionId,meetingId,displayName,pinned,isEdited,payloadType,payload,createdAt\n"
        f"1,{PEERS[1]},s,m,Boris,false,true,TEXT_MESSAGE,Hello Alma,2026-11-01T09:05:00.000Z\n"
        '2,,s,m,Alma,false,false,TEXT_MESSAGE,"two\nlines",2026-11-01T09:06:00.000Z\n'
    )
    transcript = f'"1000","{PEERS[1]}","u2","crm-7","Boris","Alma, are you there?"\n"2000","","","","Alma","Yes"\n'
    call = call_of(people, chat=chat.encode(), transcript=transcript.encode())
    redacted = call.redact()
    assert redacted.chat["display_name"].tolist() == ["Person 2", "Person 1"]
    assert redacted.chat["payload"].tolist() == ["redacted (10 characters)", "redacted (9 characters)"]
    assert redacted.chat["is_edited"].tolist() == [True, False]
    assert redacted.chat["created_at"].equals(call.chat["created_at"])
    assert redacted.transcript["display_name"].tolist() == ["Person 2", "Person 1"]
    assert redacted.transcript["text"].tolist() == ["redacted (20 characters)", "redacted (3 characters)"]
    assert redacted.transcript["start_s"].tolist() == [1.0, 2.0]
    assert redacted.transcript[["user_id", "custom_participant_id"]].iloc[0].tolist() == ["user 2", "custom 2"]


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("JSON", '[{"startTime": 1000, "endTime": 2500, "sentence": "Hi", "peerData": {"displayName": "Boris"}}]'),
        ("SRT", "1\n00:00:01,000 --> 00:00:02,500\nBoris: Hi\n"),
        ("VTT", "WEBVTT\n\n1\n00:01.000 --> 00:02.500\n<v Boris>Hi</v>\n"),
    ],
)
def test_a_transcript_keeps_its_form_and_its_times(form, content):
    people = [person(0, "Alma"), person(1, "Boris")]
    redacted = call_of(people, transcript=content.encode(), transcript_format=form).redact()
    assert redacted.transcript[["display_name", "text", "start_s", "end_s"]].values.tolist() == [
        ["Person 2", "redacted (2 characters)", 1.0, 2.5]
    ]
    assert len(redacted.problems) == 0


def test_devices_are_numbered_by_kind_and_events_name_the_same():
    added = [
        {"device_id": "d1", "kind": "audioinput", "label": "Alma's AirPods"},
        {"device_id": "d2", "kind": "audioinput", "label": "Built-in"},
        {"device_id": "d3", "kind": "videoinput", "label": "FaceTime"},
        {"device_id": "d1", "kind": "audiooutput", "label": "Alma's AirPods"},
        {"device_id": "default", "kind": "audiooutput", "label": ""},
    ]
    report = with_metadata(
        events=[{"name": "selected_audio_input_update", "metadata": {"label": "Built-in", "by": "Alma", "id": "d2"}}],
        audio_devices_updates=[{"added": added, "removed": [], "timestamp": "2026-11-01T09:00:00.000Z"}],
    )
    redacted = call_of([person(0, "Alma")], reports={PEERS[0]: report}).redact()
    assert redacted.device_changes["label"].tolist() == ["Microphone 1", "Microphone 2", "Camera 1", "Speaker 1", ""]
    assert redacted.device_changes["device_id"].tolist() == [
        "device #1",
        "device #2",
        "device #3",
        "device #1",
        "default",
    ]
    assert redacted.events["name"].tolist() == ["selected_audio_input_update"]
    assert json.loads(redacted.events["metadata"].iloc[0]) == {
        "label": "Microphone 2",
        "by": "Person 1",
        "id": "device #2",
    }


def test_addresses_become_ones_for_documentation_and_equal_ones_stay_equal():
    def pair(local, remote, url=None):
        return {"local_candidate_address": local, "remote_candidate_address": remote, "local_candidate_url": url}

    report = with_metadata(
        candidate_pairs={
            "consuming_transport": [
                pair("10.77.0.0", "203.0.0.0", "turns:alma.example:443?transport=tcp&username=Alma"),
                pair("fe80::.0.0", "10.77.0.0", "turn:turn.cloudflare.com:3478"),
                pair("x.x.x.x", "3f1c.local", "stun:10.1.2.3"),
            ]
        },
        ip_information={"ipv4": "198.51.7.7", "city": "Utrecht", "org": "Alma BV", "asn": {"route": "198.51.0.0/16"}},
    )
    redacted = call_of([person(0, "Alma")], reports={PEERS[0]: report}).redact()
    pairs = redacted.candidate_pairs
    assert pairs["local_candidate_address"].tolist() == ["192.0.2.1", "2001:db8::1", "192.0.2.3"]
    assert pairs["remote_candidate_address"].tolist() == ["192.0.2.2", "192.0.2.1", "host-1.local"]
    assert pairs["local_candidate_url"].tolist() == [
        "turns:server-1.invalid:443?transport=tcp",
        "turn:turn.cloudflare.com:3478",
        "stun:server-2.invalid",
    ]
    client = redacted.clients.iloc[0]
    assert client[["ipv4", "city", "org", "asn_route"]].tolist() == ["192.0.2.4", "city #1", "org #1", "asn_route #1"]


# What stays -----------------------------------------------------------------------------------------------------------


def recorded(recordings):
    return [Call(read_call(folder)) for folder in call_folders(recordings)]


def test_recorded_calls_keep_all_but_what_is_personal(recordings):
    candidates = {"local_candidate_id", "remote_candidate_id"}
    for call in recorded(recordings):
        redacted = call.redact()
        for name, table in call.tables.items():
            personal = {column.name for column in TABLES[name].columns if column.personal}
            plain = [column for column in table if column not in personal | candidates]
            pd.testing.assert_frame_equal(redacted.tables[name][plain], table[plain], obj=f"{call.title} {name}")
        assert names_of(redacted) == [f"Person {number + 1}" for number in range(len(call.participants))]
        assert redacted.title == "Meeting"
        assert list(redacted.documents.reports) == list(call.documents.reports)


def test_findings_are_the_same_but_for_the_names(recordings):
    call = Call(read_call(recordings / "sfu-downlink"))
    found, redacted = call.findings(), call.redact().findings()
    told = ["rule", "severity", "peer_id", "stream_id", "start", "end", "value", "side", "side_peer_id", "confidence"]
    pd.testing.assert_frame_equal(redacted[told], found[told])
    assert "Chen" in call.story()
    assert "Chen" not in call.redact().story()


def test_calls_of_other_browsers_keep_their_samples_and_problems(jitsi):
    for call in recorded(jitsi):
        redacted = call.redact()
        for name in ("samples", "cumulative"):
            before, after = (getattr(one, name).drop(columns=[*NAMED_BY], errors="ignore") for one in (call, redacted))
            pd.testing.assert_frame_equal(after, before)
        assert redacted.problems["kind"].tolist() == call.problems["kind"].tolist()
        assert redacted.clients[["browser", "browser_version", "os"]].equals(
            call.clients[["browser", "browser_version", "os"]]
        )


def test_odd_numbers_stay_what_they_are():
    samples = '[{"timestamp": "2026-11-01T09:00:00Z", "ssrc": 123456789012345678901, "rtt": NaN, "bytes_sent": 1e3, "packets_sent": 7}]'
    body = '{"data": {"participant": {"id": "%s", "duration": 1e400, "peer_report": {"metadata": {}, "quality": {"audio_producer": %s}}}}}'
    call = Call(CallDocuments(reports={PEERS[0]: (body % (PEERS[0], samples)).encode()}))
    redacted = call.redact()
    pd.testing.assert_frame_equal(redacted.samples.drop(columns=[*NAMED_BY]), call.samples.drop(columns=[*NAMED_BY]))
    assert repr(json.loads(redacted.documents.reports[PEERS[0]])) == repr(json.loads(call.documents.reports[PEERS[0]]))


def test_a_number_in_place_of_an_id_goes_too():
    redacted = call_of([person(0, "Alma", custom_participant_id=49170123456, user_id=None)]).redact()
    assert b"49170123456" not in redacted.documents.participants


@pytest.mark.parametrize("text", ["2022-12-13 07:08:39.051621Z", '2022-12-13T07:08:39.051Z"', "2022-12-13", "", "null"])
def test_times_stay_with_the_stray_characters_that_they_have(text):
    redacted = call_of([person(0, "Alma", left_at=text)]).redact()
    assert json.loads(redacted.documents.participants)["data"]["participants"][0]["left_at"] == text


@pytest.mark.parametrize("version", ["99.0.4844.51", "117.0.0.0", "17.0", "156", "10_15_7", "NT 10.0", "2.0.2-beta.1"])
def test_versions_stay(version):
    report = with_metadata(browser_metadata={"browser": "Mobile Safari", "browser_version": version})
    redacted = call_of([], reports={PEERS[0]: report}).redact()
    assert redacted.clients[["browser", "browser_version"]].iloc[0].tolist() == ["Mobile Safari", version]


# How it behaves -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("salt", [None, "pepper"])
def test_redacting_twice_is_redacting_once(recordings, salt):
    for call in [
        *recorded(recordings),
        Call(planted(SECRETS["a name"])),
        Call(planted(SECRETS["an address"], form="VTT")),
    ]:
        once = call.redact(salt=salt)
        assert once.redact(salt=salt).documents == once.documents


def test_with_a_salt_a_person_is_called_the_same_in_every_call():
    first = call_of([person(0, "Alma", user_id="u1"), person(1, "Boris", user_id="u2")]).redact(salt="pepper")
    second = call_of([person(0, "Boris M.", user_id="u2")]).redact(salt="pepper")
    assert names_of(first)[1] == names_of(second)[0]
    assert names_of(first)[0] != names_of(first)[1]
    assert names_of(first) != names_of(call_of([person(0, "Alma", user_id="u1")]).redact(salt="salt"))


def test_what_is_kept_on_request_loses_addresses_and_links_all_the_same():
    report = with_metadata(ip_information={"city": "Utrecht", "org": "https://alma.example/?token=5ecret at 10.1.2.3"})
    call = call_of([person(0, "Alma")], reports={PEERS[0]: report})
    kept = call.redact(keep=("names", "title", "location"))
    assert names_of(kept) == ["Alma"]
    assert kept.title == "Salary of Alma"
    assert kept.clients["city"].tolist() == ["Utrecht"]
    assert kept.clients["org"].tolist() == ["https://alma.example/… at 192.0.2.1"]


def test_what_cannot_be_kept_is_refused():
    with pytest.raises(
        InvalidArgumentError, match="keep takes names, title, device_labels, location, user_agent, numbers, not 'sdp'"
    ):
        call_of([]).redact(keep="sdp")


def test_counters_are_read_as_before_and_the_call_stays_as_it_was(recordings):
    call = Call(read_call(call_folders(recordings)[0]), counters="totals")
    before = dict(call.documents.reports)
    redacted = call.redact()
    pd.testing.assert_frame_equal(redacted.quality.drop(columns=[*NAMED_BY]), call.quality.drop(columns=[*NAMED_BY]))
    assert call.documents.reports == before
    assert call.title != "Meeting"


def test_a_saved_redacted_call_opens_again(recordings, tmp_path):
    redacted = Call(read_call(call_folders(recordings)[0])).redact()
    again = Call(read_call(redacted.save(tmp_path / "shared")))
    pd.testing.assert_frame_equal(again.participants, redacted.participants)
    assert len(again.problems) == 0
