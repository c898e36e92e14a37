"""Documents that are not clean JSON: what can be read is read, the rest is a problem, and nothing raises."""

from __future__ import annotations

import json

import pytest

from rtkit_explore import tables
from rtkit_explore.call import Call
from rtkit_explore.errors import NotADocumentError
from rtkit_explore.store.documents import CallDocuments
from tests import reference
from tests.tables.shapes import assert_shape

pytestmark = pytest.mark.filterwarnings("ignore::rtkit_explore.errors.PartialResultWarning")  # tested in tests/hostile

QUALITY = ("data", "participant", "peer_report", "quality")
NAME = ("data", "participant", "display_name")
PACKETS = (*QUALITY, "audio_consumer", 0, "packets_received")


def call_of(body: bytes) -> Call:
    call = Call(CallDocuments(reports={reference.PEER: body}))
    for name, table in call.tables.items():
        assert_shape(name, table)
    return call


def text_with(path: reference.Path, token: str) -> str:
    """Return the reference's example with a token in the place of a value."""
    return json.dumps(reference.with_value(reference.peer_report(), path, "@")).replace('"@"', token)


BROKEN = {
    "empty": b"",
    "blank": b" \n",
    "not JSON": b"<html>502 Bad Gateway</html>",
    "truncated": json.dumps(reference.peer_report()).encode()[:5000],
    "truncated at the end": json.dumps(reference.peer_report()).encode()[:-1],
    "two documents": b"{}{}",
    "null": b"null",
    "nested too deeply": b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "NUL bytes": b"\0" * 100,
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_a_report_that_cannot_be_decoded_is_one_problem_and_a_failed_report(body):
    call = call_of(body)
    assert call.problems[["kind", "path", "peer_id"]].to_numpy().tolist() == [["broken", "$", reference.PEER]]
    assert call.participants["report"].tolist() == ["failed"]
    for name in ("session", "participants"):
        other = Call(CallDocuments(**{name: body}))
        assert other.problems["kind"].tolist() == ["broken"]
        assert other.problems["source"].tolist() == [name]
        assert_shape("sessions", other.sessions)
    with pytest.raises(NotADocumentError):
        call.document(reference.PEER)


@pytest.mark.parametrize("body", [b"[]", b"[1, 2]", b"7", b'"text"', b"true"])
def test_json_that_is_no_object_is_one_problem(body):
    call = call_of(body)
    assert call.problems[["kind", "path"]].to_numpy().tolist() == [["wrong_type", "$"]]
    assert call.participants["report"].tolist() == ["failed"]
    assert call.document(reference.PEER) == {"document": json.loads(body)}


def test_one_broken_report_of_many_leaves_the_others_whole():
    good = json.dumps(reference.peer_report()).encode()
    reports = {f"peer {n}": good for n in range(39)} | {"broken": b"{"}
    call = Call(CallDocuments(reports=reports))
    assert call.participants["report"].value_counts().to_dict() == {
        "read": 39,
        "failed": 1,
        "missing": 0,
        "not_fetched": 0,
    }
    assert len(call.samples) == 39 * 8
    assert call.problems.loc[call.problems["kind"] == "broken", "peer_id"].tolist() == ["broken"]


@pytest.mark.parametrize("prefix", [b"\xef\xbb\xbf", b"\n\n  "])
def test_a_byte_order_mark_or_blank_before_the_document_does_no_harm(prefix):
    body = prefix + json.dumps(reference.peer_report()).encode()
    assert call_of(body).problems.empty
    assert len(tables.samples(body)) == len(tables.samples(body.decode())) == 8


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_other_encodings_of_unicode_are_read(encoding):
    document = reference.with_value(reference.peer_report(), NAME, "Zoë 🎧")
    call = call_of(json.dumps(document, ensure_ascii=False).encode(encoding))
    assert call.participants["display_name"].tolist() == ["Zoë 🎧"]
    assert len(call.samples) == 8


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "9" * 400, "9" * 5000, "1e300"])
@pytest.mark.parametrize(
    "path",
    [
        PACKETS,
        (*QUALITY, "video_producer", 0, "quality_limitation_durations", "cpu"),
        (*QUALITY, "video_producer", 0, "ssrc"),
        (*QUALITY, "audio_consumer_cumulative", "packet_loss", "avg"),
        ("data", "participant", "duration"),
        ("data", "participant", "peer_report", "metadata", "device_info", "cpus"),
        (
            "data",
            "participant",
            "peer_report",
            "metadata",
            "candidate_pairs",
            "consuming_transport",
            0,
            "last_packet_sent_timestamp",
        ),
    ],
    ids=lambda path: str(path[-1]),
)
def test_a_number_that_cannot_be_is_missing_and_nothing_else_is(path, token):
    call = call_of(text_with(path, token).encode())
    if token == "1e300" and path[-1] in ("avg", "duration"):
        assert call.problems.empty
    else:
        assert call.problems[["kind", "path"]].to_numpy().tolist() == [["bad_value", reference.json_path(path)]]
    plain = call_of(json.dumps(reference.peer_report()).encode())
    assert call.samples.notna().to_numpy().sum() == plain.samples.notna().to_numpy().sum() - (
        path[:4] == QUALITY and path[5] != "packet_loss"
    )
    assert len(call.cumulative) == len(plain.cumulative)


def test_a_dict_is_read_like_its_text_also_with_numbers_that_json_has_not():
    for value in (float("nan"), float("inf"), 10**400):
        document = reference.with_value(reference.peer_report(), PACKETS, value)
        assert tables.samples(document)["packets_received"].isna().sum() == 5
        assert_shape("samples", tables.samples(document))


def test_bytes_that_are_not_utf8_cost_only_themselves():
    body = json.dumps(reference.with_value(reference.peer_report(), NAME, "@@")).encode().replace(b"@@", b"Jos\xe9")
    call = call_of(body)
    assert call.participants["display_name"].tolist() == ["Jos\ufffd"]
    assert len(call.samples) == 8
    assert call.problems["kind"].unique().tolist() == ["bad_value"]
    assert call.document(reference.PEER)["data"]["participant"]["display_name"] == "Jos\ufffd"


HALVES = [
    NAME,
    ("data", "participant", "peer_report", "metadata", "events", 0, "name"),
    ("data", "participant", "peer_report", "metadata", "events", 0, "metadata"),
    (*QUALITY, "audio_consumer", 0, "consumer_id"),
]


@pytest.mark.parametrize("path", HALVES, ids=lambda path: str(path[-1]))
def test_half_a_surrogate_pair_costs_only_itself(path):
    """A text cut in the middle of an emoji, which no file could hold."""
    text = text_with(path, r'"\ud83d"')
    for given in (text.encode(), json.loads(text)):
        found = tables.problems(given)
        assert found["kind"].tolist() == ["bad_value"]
        assert len(tables.samples(given)) == 8
    for table in call_of(text.encode()).tables.values():
        table.to_csv().encode()  # every text can be written


def test_whole_surrogate_pairs_are_as_good_as_what_they_spell():
    call = call_of(text_with(NAME, r'"\ud83c\udfa7 NaN"').replace('"duration": 1', '"duration": NaN').encode())
    assert call.participants["display_name"].tolist() == ["\U0001f3a7 NaN"]
    assert call.problems["path"].tolist() == ["$.data.participant.duration"]


def test_of_a_key_that_stands_twice_the_last_counts():
    body = json.dumps(reference.peer_report()).replace('"display_name":', '"display_name": "first", "display_name":')
    assert call_of(body.encode()).participants["display_name"].tolist() == ["a name"]
    twice = json.dumps(reference.peer_report()).replace(
        '"audio_consumer":', '"audio_consumer": [{"ssrc": 1}, {"ssrc": 2}], "audio_consumer":'
    )
    assert call_of(twice.encode()).samples.query("media == 'audio' and direction == 'consumer'")["ssrc"].tolist() == [
        1234
    ]


def test_ten_thousand_events_are_ten_thousand_rows():
    document = reference.peer_report()
    metadata = document["data"]["participant"]["peer_report"]["metadata"]
    metadata["events"] = [metadata["events"][0] | {"name": f"event {n}"} for n in range(10_000)]
    assert call_of(json.dumps(document).encode()).events["name"].tolist() == [f"event {n}" for n in range(10_000)]


def test_the_same_thing_wrong_in_many_places_is_one_problem_with_a_count():
    document = reference.peer_report()
    sample = document["data"]["participant"]["peer_report"]["quality"]["audio_consumer"][0]
    samples = [sample | {"jitter": "0.1" if n % 2 else 0.1, "ssrc": n} for n in range(1000)]
    document["data"]["participant"]["peer_report"]["quality"]["audio_consumer"] = samples
    found = tables.problems(document)
    assert found[["kind", "path", "count"]].to_numpy().tolist() == [
        ["wrong_type", reference.json_path((*QUALITY, "audio_consumer", 1, "jitter")), 500]
    ]
    assert tables.samples(document)["jitter"].isna().sum() == 500


def test_what_is_no_sample_leaves_the_places_of_the_others_as_they_are():
    document = reference.peer_report()
    quality = document["data"]["participant"]["peer_report"]["quality"]
    sample = quality["video_producer"][0]
    quality["video_producer"] = [
        None,
        sample | {"ssrc": 1},
        7,
        sample | {"ssrc": 2, "quality_limitation_reason": "heat", "mid": "null"},
    ]
    found = tables.problems(document)
    where = reference.json_path((*QUALITY, "video_producer"))
    assert set(found["path"]) == {
        f"{where}[0]",
        f"{where}[2]",
        f"{where}[3].quality_limitation_reason",
        f"{where}[3].mid",
    }
    rows = tables.samples(document).query("media == 'video' and direction == 'producer'")
    assert rows["position"].tolist() == [1, 3]


@pytest.mark.parametrize("document", [7, None, 1.5, object(), [7], {1, 2}])
def test_what_is_no_document_at_all_is_refused(document):
    with pytest.raises(NotADocumentError):
        tables.samples(document)


def test_an_error_answer_is_a_problem_not_a_report():
    call = call_of(json.dumps({"success": False, "error": {"code": 404, "message": "no such peer"}}).encode())
    assert call.problems["kind"].tolist() == ["broken"] or "missing" in call.problems["kind"].tolist()
    assert call.samples.empty


# Shapes that drifted over time ----------------------------------------------------------------------------------------


def test_a_report_is_found_under_every_envelope():
    whole = reference.peer_report()
    person = whole["data"]["participant"]
    for document in (whole, {"data": person}, {"participant": person}, person, {"success": True, **person}):
        for given in (document, json.dumps(document), json.dumps(document).encode()):
            assert len(tables.samples(given)) == 8
            assert tables.problems(given).empty
            assert tables.events(given)["peer_id"].tolist() == [reference.PEER]


def test_a_session_is_found_under_every_envelope():
    whole = reference.session()
    for document in (whole, {"data": {"session": whole["data"]}}, whole["data"], reference.sessions()):
        assert tables.sessions(document)["session_id"].tolist() == [reference.SESSION]


def test_a_legacy_report_beside_the_report_is_a_problem_and_not_lost():
    document = reference.peer_report()
    document["data"]["participant"]["peer_stats"] = {"old": 1}
    assert tables.problems(document)["path"].tolist() == ["$.data.participant.peer_stats"]


def test_role_and_preset_name_are_one_column():
    person = reference.participants()["data"]["participants"][0]
    del person["preset_name"]
    for more, shown in (({"role": "a"}, "a"), ({"preset_name": "b"}, "b"), ({"role": "a", "preset_name": "b"}, "b")):
        answer = {"data": {"participants": [person | more]}}
        assert tables.participants(answer)["preset_name"].tolist() == [shown]
    call = Call(CallDocuments(participants=json.dumps(answer).encode()))
    assert call.problems["kind"].tolist() == ["conflict"]
