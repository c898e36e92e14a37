"""
Documents and answers that are not as they should be, each small, by the place where they stand.

Every case is one document of a call of two. ``lost`` says that something in it cannot be shown: then ``problems`` has to
have a row about that document. Where nothing is lost (another encoding, an odd but harmless form), no row is asked for.
"""

from __future__ import annotations

import copy
import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rtkit_explore as rtk

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(rtk.__file__).parent / "sample_calls" / "loss"
SESSION: dict[str, Any] = json.loads((FOLDER / "session.json").read_bytes())["data"]
PEOPLE: list[dict[str, Any]] = json.loads((FOLDER / "participants.json").read_bytes())["data"]["participants"]
ID = str(SESSION["id"])
ALMA, BORIS = (str(row["id"]) for row in PEOPLE)
REPORT: dict[str, Any] = json.loads((FOLDER / f"peer-report-{ALMA}.json").read_bytes())


@dataclass(frozen=True)
class Case:
    """A document in its place: "session", "participants", "report", "chat", "transcript.SRT", "summary" and so on."""

    place: str
    name: str
    body: bytes
    lost: bool = True

    def __str__(self) -> str:
        return f"{self.place}: {self.name}"

    @property
    def source(self) -> str:
        """What ``problems`` calls the document."""
        return "peer-report" if self.place == "report" else self.place.partition(".")[0]


CASES: list[Case] = []


def add(place: str, *, lost: bool = True, **bodies: Any) -> None:
    """Add cases of one place; what is neither bytes nor text is written as JSON."""
    for name, body in bodies.items():
        content = (
            body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        )
        CASES.append(Case(place, name.replace("_", " "), content, lost))


def data(value: Any) -> dict[str, Any]:
    return {"success": True, "data": value}


def text_of(value: Any, **raw: str) -> str:
    """Write JSON in which some values are replaced by text that JSON itself could not be made of."""
    text = json.dumps(value)
    for name, written in raw.items():
        text = text.replace(f'"@{name}"', written)
    return text


# Whole answers --------------------------------------------------------------------------------------------------------

ANSWERS: dict[str, Any] = {
    "empty": b"",
    "blank": b" \r\n\t",
    "a page": "<!-- busy --><html><body>503 Service Unavailable</body></html>",
    "XML": "<?xml version='1.0'?><Error><Code>SlowDown</Code></Error>",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "compressed, and nobody says so": gzip.compress(json.dumps(data({"id": ID})).encode(), mtime=0),
    "no data": {"success": True},
    "data is null": data(None),
    "data is a text": data("soon"),
    "data is a number": data(5),
    "a list": [data({})],
    "two documents": json.dumps(data({"id": ID})) * 2,
    "a comment before it": "/* cached */" + json.dumps(data({"id": ID})),
    "nested a hundred thousand deep": '{"success": true, "data": ' + "[" * 100_000,
    "refused with status 200": {"success": False, "errors": [{"code": 10000, "message": "Authentication error"}]},
    "refused without a reason": {"success": False},
    "refused with a reason that is none": {"success": False, "error": [[]]},
    "an error code of 5,000 digits": b'{"success": false, "error": {"code": ' + b"9" * 5000 + b"}}",
    "NUL bytes": b"\0" * 3000,
    "cut in the middle": json.dumps(data(SESSION)).encode()[:200],
}
for place in ("session", "participants", "report"):
    for name, body in ANSWERS.items():
        add(place, **{name: body})

# Sessions -------------------------------------------------------------------------------------------------------------

TIMES: dict[str, Any] = {
    "Go's zero time": "0001-01-01T00:00:00Z",
    "the end of the calendar": "9999-12-31T23:59:59.999Z",
    "before the calendar by its offset": "0001-01-01T00:00:00+14:00",
    "behind the calendar by its offset": "9999-12-31T23:59:59-14:00",
    "a negative year": "-0044-03-15T12:00:00Z",
    "a year of five digits": "+12026-01-01T00:00:00Z",
    "a leap second": "2026-06-30T23:59:60Z",
    "hour 25": "2026-06-30T25:00:00Z",
    "day 31 of June": "2026-06-31T00:00:00Z",
    "a number beyond all bounds": 1e300,
    "a list": ["2026-06-30T10:00:00Z"],
    "half a character": "\ud800",
    "a hundred thousand digits": "2" * 100_000,
    "words": "yesterday evening",
    "Arabic digits": "".join(chr(0x660 + int(c)) if c.isdigit() else c for c in "2026-06-30T10:00:00Z"),
}
for name, value in TIMES.items():
    add("session", **{f"started at {name}": data(SESSION | {"started_at": value, "created_at": value})})
    add("session", **{f"ended at {name}": data(SESSION | {"ended_at": value})})
    odd = PEOPLE[0] | {"joined_at": value, "left_at": value}
    add("participants", **{f"there from and to {name}": data({"participants": [odd, PEOPLE[1]]})})

add(
    "session",
    nothing_in_it=data({}),
    nothing_in_an_inner_session=data({"session": {}}),
    an_id_that_is_a_number=data(SESSION | {"id": 5}),
    an_id_that_is_a_list=data(SESSION | {"id": [ID]}),
    minutes_of_400_digits=text_of(data(SESSION | {"minutes_consumed": "@n"}), n="9" * 400),
    minutes_of_5000_digits=text_of(data(SESSION | {"minutes_consumed": "@n"}), n="9" * 5000),
    minutes_in_superscript=data(SESSION | {"minutes_consumed": "\u00b2"}),
    minutes_that_are_not_a_number=text_of(data(SESSION | {"minutes_consumed": "@n"}), n="NaN"),
    counts_that_are_true=data(SESSION | {"live_participants": True, "max_concurrent_participants": True}),
    a_title_that_is_a_list=data(SESSION | {"meeting_display_name": ["Weekly"]}),
    a_title_with_half_a_character=data(SESSION | {"meeting_display_name": "Weekly \ud83d"}),
    a_key_twice=json.dumps(data(SESSION)).replace('"status":', '"status": "LIVE", "status":'),
    a_key_twice_with_a_blank_before_the_colon=json.dumps(data(SESSION))
    .replace('"status":', '"status" :"LIVE","status":')
    .encode(),
    a_key_twice_beside_what_JSON_has_not=text_of(data(SESSION | {"minutes_consumed": "@n"}), n="NaN").replace(
        '"status":', '"status": "LIVE", "status":'
    ),
    twenty_thousand_unknown_keys=data(SESSION | {f"key {n}": n for n in range(20_000)}),
    an_unknown_key_of_a_million_letters=data(SESSION | {"k" * 1_000_000: 1}),
    status_in_a_list=data(SESSION | {"status": ["LIVE", "ENDED"]}),
)
add(
    "session",
    lost=False,
    a_byte_order_mark=b"\xef\xbb\xbf" + json.dumps(data(SESSION)).encode(),
    UTF_16=json.dumps(data(SESSION)).encode("utf-16"),
    success_in_a_text=json.dumps(data(SESSION) | {"success": "true"}),
    errors_beside_success=data(SESSION) | {"errors": [{"code": 1, "message": "deprecated"}], "messages": [None]},
    a_title_of_formulas_and_controls=data(SESSION | {"meeting_display_name": "=1+1\r\n\x1b[2J\u202e<script>{{7*7}}"}),
    a_title_of_half_a_million_letters=data(SESSION | {"meeting_display_name": "e\u0301" * 250_000}),
)

# Participants ---------------------------------------------------------------------------------------------------------


def listed(*rows: Any, **more: Any) -> dict[str, Any]:
    return data({"participants": [*rows, *PEOPLE]} | more)


add(
    "participants",
    a_list_of_lists=data({"participants": [PEOPLE]}),
    an_object_by_id=data({"participants": {row["id"]: row for row in PEOPLE}}),
    null_for_the_list=data({"participants": None}),
    a_text_for_the_list=data({"participants": "Alma, Boris"}),
    another_word_for_the_list=data({"people": PEOPLE}),
    null_among_the_rows=listed(None),
    numbers_and_texts_among_the_rows=listed(1, "Chen", [], 1.5, True),
    a_row_without_anything=listed({}),
    an_id_that_is_null=listed({"id": None, "display_name": "Chen"}),
    an_id_that_is_a_number=listed({"id": 7, "display_name": "Chen"}),
    an_id_that_is_a_list=listed({"id": ["x"], "display_name": "Chen"}),
    an_id_of_blanks=listed({"id": "   ", "display_name": "Chen"}),
    an_id_of_one_dot=listed({"id": ".", "display_name": "Chen"}),
    an_id_of_a_path=listed({"id": "../../sessions", "display_name": "Chen"}),
    an_id_of_a_query=listed({"id": "x?filters=events#top", "display_name": "Chen"}),
    an_id_that_is_encoded=listed({"id": "%2e%2e%2f", "display_name": "Chen"}),
    an_id_that_a_route_is_called=listed({"id": "peer-report", "display_name": "Chen"}),
    an_id_with_a_line_break=listed({"id": "a\r\nHost: elsewhere", "display_name": "Chen"}),
    an_id_of_half_a_character=listed({"id": "\udc00", "display_name": "Chen"}),
    an_id_of_a_hundred_thousand_letters=listed({"id": "x" * 100_000, "display_name": "Chen"}),
    one_id_for_two=listed(PEOPLE[0] | {"display_name": "Chen"}),
    a_name_that_is_an_object=listed({"id": "c", "display_name": {"first": "Chen"}}),
    a_duration_beyond_all_bounds=text_of(listed({"id": "c", "duration": "@n"}), n="1e400"),
    a_duration_in_superscript=listed({"id": "c", "duration": "\u00b2"}),
    events_that_are_a_text=listed({"id": "c", "peer_events": "joined"}),
    events_in_nine_hundred_lists=text_of(listed({"id": "c", "peer_events": "@n"}), n="[" * 900 + "]" * 900),
    events_of_events=listed({"id": "c", "peer_events": [[{"event_name": "PEER_JOINING"}]]}),
    a_thousand_rows_without_id=data({"participants": [{"display_name": f"Guest {n}"} for n in range(1000)]}),
    fewer_than_counted=listed(paging={"total_count": 9, "start_offset": 1, "end_offset": 2}),
    a_count_of_a_quadrillion=listed(paging={"total_count": 10**15, "start_offset": 1, "end_offset": 2}),
)
add(
    "participants",
    lost=False,
    a_count_in_superscript=listed(paging={"total_count": "\u00b2", "start_offset": "\u00b9", "end_offset": -5}),
    paging_that_is_a_list=listed(paging=[1, 2]),
    a_count_that_is_an_object=listed(paging={"total_count": {"of": 2}}),
    nobody=data({"participants": []}),
)

# Reports --------------------------------------------------------------------------------------------------------------


def report(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """Change a copy of the report of a participant."""
    made = copy.deepcopy(REPORT)
    change(made["data"]["participant"])
    return made


def quality(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    return report(lambda person: change(person["peer_report"]["quality"]))


def metadata(**values: Any) -> dict[str, Any]:
    return report(lambda person: person["peer_report"]["metadata"].update(values))


def in_samples(number: int | None = None, **values: Any) -> dict[str, Any]:
    """Change values in a sample of every list, or in all of them."""

    def change(lists: dict[str, Any]) -> None:
        for rows in lists.values():
            if isinstance(rows, list):
                for row in rows if number is None else rows[number : number + 1]:
                    row.update(values)

    return quality(change)


for name, value in TIMES.items():
    add("report", **{f"one sample at {name}": in_samples(1, timestamp=value)})
    add("report", **{f"all samples at {name}": in_samples(timestamp=value)})
    add("report", **{f"an event at {name}": metadata(events=[{"name": "audio_on", "timestamp": value}])})
    device = {"added": [{"device_id": "d", "kind": "audioinput", "label": "Mic"}], "removed": [], "timestamp": value}
    add("report", **{f"a device at {name}": metadata(audio_devices_updates=[device])})
for name, value in {"null": None, "a list": [], "a text": "none", "a number": 5, "true": True}.items():
    said = value is not None
    without, unmeasured, unnamed = copy.deepcopy(REPORT), copy.deepcopy(REPORT), copy.deepcopy(REPORT)
    without["data"]["participant"]["peer_report"] = value
    unmeasured["data"]["participant"]["peer_report"]["quality"] = value
    unnamed["data"]["participant"]["peer_report"]["metadata"] = value
    spoilt = {f"the report is {name}": without, f"quality is {name}": unmeasured, f"metadata is {name}": unnamed}
    add("report", lost=said, **spoilt)
add(
    "report",
    of_another_participant=report(lambda one: one.update(id="somebody else")),
    of_another_session=report(lambda one: one.update(session_id="another session")),
    data_twice=json.dumps(REPORT).replace('"data":', '"data": {"participant": {"id": "lost"}}, "data":'),
    participant_twice=json.dumps(REPORT).replace('"participant":', '"participant": {"id": "lost"}, "participant":'),
    the_report_twice=json.dumps(REPORT).replace('"peer_report":', '"peer_report": {"quality": {}}, "peer_report":'),
    quality_twice=json.dumps(REPORT).replace('"quality":', '"quality": {"audio_producer": []}, "quality":'),
    a_list_of_samples_twice=json.dumps(REPORT).replace('"audio_producer":', '"audio_producer": [], "audio_producer":'),
    samples_by_number=quality(
        lambda q: q.update(audio_producer={str(n): s for n, s in enumerate(q["audio_producer"])})
    ),
    samples_in_a_list_of_lists=quality(lambda q: q.update(audio_producer=[q["audio_producer"]])),
    samples_of_null=quality(lambda q: q.update(audio_producer=[None] * 1000)),
    counters_beyond_all_bounds=in_samples(packets_received=10**400, packets_sent=10**400),
    counters_in_texts=in_samples(packets_received="350", bytes_sent="٣٥٠"),
    an_ssrc_of_twenty_digits=in_samples(ssrc=10**20),
    an_ssrc_with_a_fraction=in_samples(ssrc=1.5),
    an_ssrc_in_a_text=in_samples(ssrc="1234"),
    stream_ids_that_are_numbers=in_samples(producer_id=5, consumer_id=5),
    stream_ids_of_half_a_character=in_samples(producer_id="\ud800", consumer_id="\ud800"),
    events_that_are_an_object=metadata(events={"0": {"name": "audio_on"}}),
    an_event_of_a_million_letters_that_is_a_list=metadata(events=["x" * 1_000_000]),
    pairs_that_are_a_text=metadata(candidate_pairs="relay"),
    pairs_by_number=metadata(candidate_pairs={"producing_transport": {"0": {"nominated": True}}}),
    a_pair_seen_in_the_year_30000=metadata(
        candidate_pairs={"producing_transport": [{"nominated": True, "last_packet_sent_timestamp": 9e14}]}
    ),
    devices_that_are_texts=metadata(audio_devices_updates=["Headset"]),
    devices_in_nine_hundred_lists=text_of(metadata(audio_devices_updates="@n"), n="[" * 900 + "]" * 900),
    pairs_in_four_hundred_objects=text_of(metadata(candidate_pairs="@n"), n='{"a":' * 400 + "1" + "}" * 400),
    a_device_of_one_odd_byte=json.dumps(metadata(audio_devices_updates=[{"added": ["@n"]}]))
    .encode()
    .replace(b"@n", b"\xff"),
    three_thousand_unknown_keys=metadata(**{f"key {n}": n for n in range(3000)}),
)
add(
    "report",
    lost=False,
    no_samples=quality(lambda q: q.clear()),
    samples_the_wrong_way_round=quality(
        lambda q: q.update({name: rows[::-1] for name, rows in q.items() if isinstance(rows, list)})
    ),
    all_samples_at_one_time=in_samples(timestamp="2026-11-01T09:00:00Z"),
    one_sample_ten_years_later=in_samples(1, timestamp="2036-11-01T09:00:00Z"),
    one_sample_at_the_epoch=in_samples(1, timestamp="1970-01-01T00:00:00Z"),
    huge_counters=in_samples(packets_received=1e300, packets_lost=1e300, bytes_received=1e300),
    falling_counters=in_samples(1, packets_received=-(2**40), packets_lost=-(2**40), bytes_sent=-(2**40)),
    gauges_below_nothing=in_samples(jitter=-1, rtt=-1, frames_per_second=-30, frame_width=-640),
    scores_of_a_thousand=in_samples(mos_quality=1000),
    a_stream_of_oneself=in_samples(peer_id=ALMA),
    streams_of_strangers=in_samples(peer_id="nobody who was there"),
    another_ssrc_in_each_sample=quality(
        lambda q: [row.update(ssrc=n) for rows in q.values() if isinstance(rows, list) for n, row in enumerate(rows)]
    ),
    ten_thousand_events_at_once=metadata(events=[{"name": "tab_change", "timestamp": "2026-11-01T09:00:00Z"}] * 10_000),
    an_address_that_is_none=metadata(ip_information={"ip": "=cmd|' /C calc'!A0", "city": "\u202e"}),
)

# Downloads ------------------------------------------------------------------------------------------------------------

HEADER = "id,participantId,sessionId,meetingId,displayName,pinned,isEdited,payloadType,payload,createdAt\n"
ROW = "m1,p1,s1,mm,Alma,true,false,TEXT_MESSAGE,hello,2026-11-01T09:00:00.000Z\n"
UTTERANCE = {"startTime": 1500, "endTime": 3000, "sentence": "Hi", "peerData": {"id": "p1", "displayName": "Alma"}}
CUE = "1\n00:00:01,000 --> 00:00:02,000\nAlma: hi\n"
SPOKEN = '"1500","p1","u1","c1","Alma","Hello"\n'
NOT_DOWNLOADS: dict[str, Any] = {
    "a page": "<!DOCTYPE html><html><body>expired</body></html>",
    "a page behind a comment": "\n<!-- edge -->\n<HTML><body>expired</body></HTML>",
    "the storage's error": "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
    "compressed": gzip.compress(HEADER.encode(), mtime=0),
    "a ZIP file": b"PK\x03\x04" + bytes(200),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "NUL bytes": b"\0" * 3000,
}
for place in ("chat", "transcript.CSV", "transcript.JSON", "transcript.SRT", "transcript.VTT", "summary"):
    for name, body in NOT_DOWNLOADS.items():
        add(place, **{name: body})
    if place not in ("transcript.SRT", "transcript.VTT"):
        add(place, **{"the API's error": {"success": False, "errors": [{"code": 1, "message": "gone"}]}})
add(
    "chat",
    semicolons=(HEADER + ROW).replace(",", ";"),
    no_header=ROW,
    a_list_in_JSON='[{"id": "m1", "payload": "hi"}]',
    a_sentence="Internal Server Error",
    Latin_1=(HEADER + ROW.replace("hello", "caf\xe9")).encode("latin-1"),
    Shift_JIS=(HEADER + ROW.replace("hello", "こんにちは")).encode("shift_jis"),
    UTF_16_without_mark=(HEADER + ROW).encode("utf-16-le"),
    half_a_character=(HEADER + ROW).encode() + b"m2,p1,s1,mm,\xed\xa0\x80,true,false,TEXT_MESSAGE,x,\n",
    more_cells_than_columns=HEADER + ",".join(["x"] * 1000) + "\n",
    fewer_cells_than_columns=HEADER + "m1,p1\n",
    a_quote_that_never_ends=HEADER + 'm0,p1,s1,mm,"Alma,true,false,TEXT_MESSAGE,hello,2026-11-01T09:00:00Z\n' + ROW,
    a_column_twice=HEADER.replace("displayName", "payload") + ROW,
    pinned_maybe=HEADER + ROW.replace("true", "maybe"),
    sent_in_the_year_1=HEADER + ROW.replace("2026-11-01T09:00:00.000Z", "0001-01-01T00:00:00Z"),
    a_column_nobody_knows=HEADER.replace("\n", ",mood\n") + ROW.replace("\n", ",fine\n"),
)
add("chat", lost=False, nothing=b"", only_a_header=HEADER, a_mark_twice="\ufeff\ufeff" + HEADER + ROW,
    carriage_returns=(HEADER + ROW).replace("\n", "\r"), a_formula=HEADER + ROW.replace("hello", "\"=1+1\r=cmd|' /C calc'!A0\""),
    a_message_of_a_million_letters=HEADER + ROW.replace("hello", "x" * 1_000_000))  # fmt: skip
add(
    "transcript.CSV",
    too_few_cells='"1500","p1"\n' + SPOKEN,
    a_time_of_400_digits=SPOKEN.replace("1500", "9" * 400),
    a_time_in_superscript=SPOKEN.replace("1500", "\u00b2"),
    Latin_1=SPOKEN.replace("Hello", "Gr\xfc\xdfe").encode("latin-1"),
    a_quote_that_never_ends='"1500","p1","u1","c1","Alma","Hello\n' + SPOKEN,
)
add(
    "transcript.JSON",
    nothing=b"",
    an_object=UTTERANCE,
    a_list_of_lists=[[UTTERANCE]],
    texts=["hello"],
    lines_of_JSON=f"{json.dumps(UTTERANCE)}\n{json.dumps(UTTERANCE)}",
    a_sentence_that_is_a_list=[UTTERANCE | {"sentence": ["a", "b"]}],
    a_speaker_that_is_a_text=[UTTERANCE | {"peerData": "Alma"}],
    a_time_that_is_true=[UTTERANCE | {"startTime": True}],
    a_key_twice='[{"startTime": 1, "sentence": "lost", "sentence": "x"}]',
    a_key_twice_with_a_blank='[{"startTime":1,"sentence" :"lost","sentence":"x"}]',
    a_key_nobody_knows=[UTTERANCE | {"mood": "fine"}],
)
add(
    "transcript.SRT",
    a_paragraph_without_times=CUE + "\nBoris: lost\n",
    no_end="1\n00:00:01,000 -->\nAlma: hi\n",
    another_arrow="1\n00:00:01,000 → 00:00:02,000\nAlma: hi\n",
    UTF_16=CUE.encode("utf-16"),
)
add(
    "transcript.SRT",
    lost=False,
    the_end_before_the_beginning="1\n00:00:09,000 --> 00:00:02,000\nAlma: hi\n",
    no_blank_between_cues=CUE + "2\n00:00:03,000 --> 00:00:04,000\nBoris: ho\n",
    an_arrow_in_the_text=CUE.replace("hi", "a --> b"),
    no_number=CUE[2:],
)
add("summary", nothing=b"", blank=b" \n", Latin_1="R\xe9sum\xe9".encode("latin-1"), UTF_16="Summary".encode("utf-16"))
add(
    "summary",
    lost=False,
    a_million_letters="x" * 1_000_000,
    markdown_with_controls="# \x1b[2J<script>alert(1)</script>",
)
