"""Chat, transcripts in their four forms, and the small responses that name downloads."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtkit_explore import tables
from rtkit_explore.call import Call
from rtkit_explore.errors import NotADocumentError
from rtkit_explore.store.documents import CallDocuments
from tests.tables.shapes import assert_shape

pytestmark = pytest.mark.filterwarnings("ignore::rtkit_explore.errors.PartialResultWarning")  # tested in tests/hostile

CHAT = [
    "id",
    "participantId",
    "sessionId",
    "meetingId",
    "displayName",
    "pinned",
    "isEdited",
    "payloadType",
    "payload",
    "createdAt",
]
MESSAGE = [
    "m1",
    "p1",
    "s1",
    "meeting",
    "Alma",
    "true",
    "false",
    "TEXT_MESSAGE",
    'said "a, b"\nand more',
    "2026-11-01T09:00:00.000Z",
]
TRANSCRIPT = [["1500", "p1", "u1", "c1", "Alma", "Hello, you"], ["61000", "p2", "u2", "", "Boris", 'He said "no"']]


def written(*rows: list[str], quoting: int = csv.QUOTE_MINIMAL) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=quoting).writerows(rows)
    return text.getvalue().encode()


def test_every_cell_of_a_chat_lands_in_its_column():
    row = tables.chat(written(CHAT, MESSAGE)).iloc[0]
    assert row.drop("created_at").tolist() == [
        "s1",
        "m1",
        "p1",
        "meeting",
        "Alma",
        True,
        False,
        "TEXT_MESSAGE",
        'said "a, b"\nand more',
    ]
    assert row["created_at"] == pd.Timestamp("2026-11-01T09:00:00Z")
    for column in range(len(CHAT)):
        other = [
            *MESSAGE[:column],
            {5: "false", 6: "true", 9: "2026-11-02T09:00:00Z"}.get(column, "other"),
            *MESSAGE[column + 1 :],
        ]
        changed = tables.chat(written(CHAT, other)).iloc[0]
        assert (changed != row).sum() == 1


def test_columns_of_a_chat_may_come_in_any_order_or_not_at_all():
    found = tables.chat(written(CHAT[::-1], MESSAGE[::-1]))
    assert found["message_id"].tolist() == ["m1"]
    assert tables.chat(written(["payload"], ["hi"]), session_id="s")[["session_id", "payload"]].to_numpy().tolist() == [
        ["s", "hi"]
    ]


@pytest.mark.parametrize("body", [b"", b"\n\n", b"\xef\xbb\xbf", b"id,payload\n", b"\0\0", b'"', b"\xff\xfe\xff"])
def test_a_chat_without_messages_is_an_empty_table(body):
    found = tables.chat(body)
    assert_shape("chat", found)
    assert found.empty


def test_a_message_as_large_as_can_be_is_read():
    assert len(tables.chat(written(["id", "payload"], ["1", "x" * 300_000]))["payload"][0]) == 300_000


def test_every_cell_of_a_transcript_lands_in_its_column():
    found = tables.transcript(written(*TRANSCRIPT, quoting=csv.QUOTE_ALL), session_id="s")
    assert_shape("transcript", found)
    columns = ["session_id", "start_s", "peer_id", "user_id", "display_name", "text"]
    assert found[columns].to_numpy().tolist() == [
        ["s", 1.5, "p1", "u1", "Alma", "Hello, you"],
        ["s", 61.0, "p2", "u2", "Boris", 'He said "no"'],
    ]
    assert found["custom_participant_id"].isna().tolist() == [False, True]


def test_older_transcripts_begin_with_a_date_and_may_have_a_header():
    rows = [
        ["timestamp", "peer_id", "user_id", "cpi", "name", "text"],
        ["2023-05-01T10:00:00.000Z", "p", "u", "c", "Alma", "Hi"],
    ]
    for body in (written(*rows), written(rows[1])):
        found = tables.transcript(body)
        assert found["start"].tolist() == [pd.Timestamp("2023-05-01T10:00:00Z")]
        assert found["text"].tolist() == ["Hi"]


def test_a_first_utterance_without_a_time_is_no_header():
    assert tables.transcript(written(["", "p", "u", "c", "Alma", "Hi"], *TRANSCRIPT))["text"].tolist()[0] == "Hi"


UTTERANCE: dict[str, Any] = {
    "startTime": 1500,
    "endTime": 3000,
    "sentence": "Hello",
    "peerData": {
        "id": "p1",
        "userId": "u1",
        "displayName": "Alma",
        "cpi": "c1",
        "joinedAt": "2026-11-01T09:00:00.000Z",
        "leftAt": "2026-11-01T09:30:00.000Z",
    },
}


def test_every_leaf_of_a_json_transcript_lands_in_exactly_one_column():
    row = tables.transcript(json.dumps([UTTERANCE]), format="JSON").iloc[0]
    assert row[
        ["start_s", "end_s", "text", "peer_id", "user_id", "custom_participant_id", "display_name"]
    ].tolist() == [
        1.5,
        3.0,
        "Hello",
        "p1",
        "u1",
        "c1",
        "Alma",
    ]
    for key in UTTERANCE["peerData"]:
        other = UTTERANCE["peerData"] | {key: "2026-12-01T09:00:00Z" if key.endswith("At") else "other"}
        changed = tables.transcript(json.dumps([UTTERANCE | {"peerData": other}]), format="JSON").iloc[0]
        assert (row.notna() & (row != changed)).sum() == 1


def test_times_of_a_json_transcript_may_be_dates_or_epochs():
    dated = [UTTERANCE | {"startTime": "2026-11-01T09:00:00Z", "endTime": 1_793_523_601_000}]
    found = tables.transcript(json.dumps(dated), format="JSON")
    assert found["start"].tolist() == [pd.Timestamp("2026-11-01T09:00:00Z")]
    assert found["end"].tolist() == [pd.Timestamp("2026-11-01T09:00:01Z")]


@pytest.mark.parametrize("value", ["9" * 400, "1e400", "NaN", "-1e300", "true", "[]", '"soon"', '"nan"', '"1e999"'])
def test_a_time_of_an_utterance_that_cannot_be_is_missing(value):
    body = json.dumps([UTTERANCE | {"startTime": "@"}]).replace('"@"', value).encode()
    call = Call(CallDocuments(transcript=body, transcript_format="JSON"))
    assert call.transcript["text"].tolist() == ["Hello"]
    assert call.transcript["start_s"].isna().all()
    assert call.problems["path"].tolist() == ["$[0].startTime"]


SRT = "1\n00:00:01,500 --> 00:00:03,000\nAlma: Hello\nyou: there\n\n2\n01:00:00,000 --> 01:00:01,250\nno speaker\n"
VTT = "WEBVTT - a title\n\nNOTE a remark\n\n00:01.500 --> 00:03.000 align:start\nAlma: Hello\n\n<c>\n01:00:00.000 --> 01:00:01.250\n<v Boris>Hi</v>\n"


@pytest.mark.parametrize(
    ("form", "body", "said"), [("SRT", SRT, ["Hello\nyou: there", "no speaker"]), ("VTT", VTT, ["Hello", "Hi"])]
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_cues_are_utterances_with_start_end_speaker_and_text(form, body, said, newline):
    found = tables.transcript(body.replace("\n", newline).encode(), format=form)
    assert_shape("transcript", found)
    assert found["start_s"].tolist() == [1.5, 3600]
    assert found["end_s"].tolist() == [3, 3601.25]
    assert found["display_name"][0] == "Alma"
    assert found["text"].tolist() == said


@pytest.mark.parametrize("form", ["CSV", "JSON", "SRT", "VTT"])
@given(st.one_of(st.binary(max_size=200), st.text(alphabet="0123456789:,.->\n\"' aWEBVTT[]{}", max_size=200)))
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_whatever_a_transcript_or_chat_holds_nothing_raises(form, body):
    assert_shape("transcript", tables.transcript(body, format=form))
    assert_shape("chat", tables.chat(body))


def test_another_form_of_transcript_is_refused():
    with pytest.raises(NotADocumentError, match="CSV, JSON, SRT or VTT"):
        tables.transcript(b"", format="DOC")


# Small responses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("chat", {"chat_download_url": "https://secret", "chat_download_url_expiry": "2026-11-01T09:00:00Z"}),
        (
            "transcript",
            {
                "sessionId": "s",
                "transcript_download_url": "https://secret",
                "transcript_download_url_expiry": "2026-11-01T09:00:00Z",
            },
        ),
        (
            "summary",
            {
                "sessionId": "s",
                "summaryDownloadUrl": "https://secret",
                "summaryDownloadUrlExpiry": "2026-11-01T09:00:00Z",
            },
        ),
        (
            "summary",
            {
                "session_id": "s",
                "summary_download_url": "https://secret",
                "summary_download_url_expiry": "2026-11-01T09:00:00Z",
            },
        ),
    ],
)
def test_answers_that_name_a_download_keep_all_but_the_secret(kind, data):
    found = tables.downloads({"success": True, "data": data}, kind=kind, session_id="s", format="SRT")
    assert_shape("downloads", found)
    assert found.iloc[0].tolist() == ["s", kind, "SRT", pd.Timestamp("2026-11-01T09:00:00Z")]
    assert "secret" not in found.to_csv()


@pytest.mark.parametrize("data", [None, [], {}, {"sessionId": 7, "summaryDownloadUrlExpiry": True}, "text"])
def test_answers_that_name_nothing_are_a_row_without_values(data):
    found = tables.downloads({"data": data}, kind="summary")
    assert_shape("downloads", found)
    assert found[["session_id", "expires_at"]].isna().all(axis=None)
    jobs = tables.summary_jobs({"data": data})
    assert_shape("summary_jobs", jobs)


def test_a_summary_that_was_asked_for_is_a_row():
    for key in ("session_id", "sessionId"):
        assert tables.summary_jobs({"data": {key: "s", "status": "queued"}}).to_numpy().tolist() == [["s", "queued"]]
