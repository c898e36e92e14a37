"""What decoders drop or change silently is a problem: duplicate keys, open quotes, other encodings, wrong pages."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtkit_explore import tables
from rtkit_explore.call import Call
from rtkit_explore.store.documents import CallDocuments
from rtkit_explore.tables.download_rows import chat_rows, transcript_rows
from rtkit_explore.tables.problem_rows import Problems
from tests import reference
from tests.timing import assert_linear

CHAT = "id,displayName,payload,createdAt\r\n"


def read_chat(document):
    problems = Problems()
    rows = chat_rows(document, problems)
    return rows, [(problem.kind, problem.path, problem.message) for problem in problems.rows()]


def doubled(text: str, key: str, at: int = 0) -> str:
    """Write a key twice at its place in a JSON text."""
    begin = text.index(f'"{key}"', at)
    return f'{text[:begin]}"{key}":"the first",{text[begin:]}'


@pytest.mark.parametrize("spaced", [True, False])
@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("display_name", "$.data.participant.display_name"),
        ("browser", "$.data.participant.peer_report.metadata.browser_metadata.browser"),
        ("quality", "$.data.participant.peer_report.quality"),
        ("audio_consumer", "$.data.participant.peer_report.quality.audio_consumer"),
        ("concealment_events", "$.data.participant.peer_report.quality.audio_consumer[0].concealment_events"),
        ("cpu", "$.data.participant.peer_report.quality.video_producer[0].quality_limitation_durations.cpu"),
    ],
)
def test_a_key_that_stands_twice_is_a_problem_at_its_place(key, path, spaced):
    separators = (", ", ": ") if spaced else (",", ":")
    text = json.dumps(reference.peer_report(), separators=separators)
    found = tables.problems(doubled(text, key).encode())
    assert found["path"].tolist() == [path]
    assert found["message"].tolist() == ["a key that stands twice in one object"]


@given(
    st.dictionaries(
        st.sampled_from(["mid", "ssrc", "timestamp", "producer_id", "jitter", "rtt", "packets_sent", "mos_quality"]),
        st.none() | st.text('a:"\\u003a,') | st.floats(0, 9),
    )
)
def test_what_stands_once_is_never_called_doubled(sample):
    document = reference.peer_report()
    document["data"]["participant"]["peer_report"]["quality"]["audio_producer"] = [sample, {}]
    found = tables.problems(json.dumps(document).encode())
    assert not (found["message"] == "a key that stands twice in one object").any()


def test_unknown_keys_of_any_value_are_not_called_doubled():
    document = reference.peer_report()
    sample = document["data"]["participant"]["peer_report"]["quality"]["audio_producer"][0]
    sample |= {"codec": "a:b", "nested": {"a": {"b": [1, {"c": ":"}]}}}
    assert set(tables.problems(json.dumps(document).encode())["kind"]) == {"unknown_key"}


def test_a_quote_that_is_never_closed_costs_no_message():
    rows, problems = read_chat(
        f'{CHAT}m1,Alma,hello,\r\nm2,Boris,"so what,\r\nm3,Chen,"fine, thanks",\r\nm4,Dana,x,\r\n'
    )
    # The quote of m2 closes at the next one, so the row that breaks is m3's: it cannot be told whose it was.
    assert problems
    rows, problems = read_chat(f'{CHAT}m1,Alma,"a, b",\r\nm2,Boris,"so what,\r\nm3,Chen,fine,\r\nm4,Dana,x,\r\n')
    assert [row["message_id"] for row in rows] == ["m1", "m2", "m3", "m4"]
    assert [row["payload"] for row in rows] == ["a, b", '"so what', "fine", "x"]
    assert problems == [("bad_value", "line 3", "a quote that is never closed")]


@given(st.lists(st.text('a",\r\n', max_size=6), max_size=6))
def test_whatever_the_quotes_a_chat_is_read(cells):
    rows, _ = read_chat(CHAT + ",".join(cells))
    assert isinstance(rows, list)


def test_a_column_that_stands_twice_is_a_problem():
    rows, problems = read_chat("id,payload,payload\r\nm1,first,second\r\n")
    assert rows[0]["payload"] == "second"
    assert problems == [("bad_value", "header.payload", "a column that stands twice")]


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("latin-1", "Latin-1 where UTF-8 belongs"),
        ("cp1252", "Latin-1 where UTF-8 belongs"),
        ("utf-16", "UTF-16 where UTF-8 belongs"),
        ("utf-16-le", "UTF-16-LE where UTF-8 belongs"),
        ("utf-16-be", "UTF-16-BE where UTF-8 belongs"),
    ],
)
def test_another_encoding_is_read_and_a_problem(encoding, said):
    rows, problems = read_chat(f"{CHAT}m1,Jürgen Müßig,grüß Gott,\r\n".encode(encoding))
    assert (rows[0]["display_name"], rows[0]["payload"]) == ("Jürgen Müßig", "grüß Gott")
    assert problems == [("bad_value", "$", said)]


def test_utf8_with_a_mark_or_a_broken_character_stays_utf8():
    assert read_chat(f"{CHAT}m1,Jürgen,hi,\r\n".encode("utf-8-sig"))[1] == []
    rows, problems = read_chat(f"{CHAT}m1,Jürgen Müßig,hi,\r\n".encode() + b"m2,\xff,hi,\r\n")
    assert [row["display_name"] for row in rows] == ["Jürgen Müßig", "\ufffd"]
    assert problems == [("bad_value", "$", "bytes that are not UTF-8")]


@pytest.mark.parametrize("page", ["<!DOCTYPE html><html><body>Sign in, please</body></html>", "\n<html>\n", "<?xml?>"])
def test_a_page_instead_of_a_download_is_a_problem_and_no_row(page):
    rows, problems = read_chat(page.encode())
    assert rows == []
    form = "a page in XML" if "xml" in page else "an HTML page"
    assert problems == [("broken", "$", f"{form} where a chat belongs")]
    for form in ("CSV", "SRT", "VTT"):
        found = Problems()
        assert transcript_rows(page, form, found) == []
        assert [problem.kind for problem in found.rows()] == ["broken"]


def test_an_error_answer_instead_of_a_chat_is_a_problem_and_no_row():
    rows, problems = read_chat(b'{"success": false, "error": {"message": "expired, sorry"}}')
    assert rows == []
    assert problems == [("broken", "$", "a JSON object where a chat belongs")]


SHAPES = {
    "cues": lambda n: "1\n00:00:01.000 --> 00:00:02.000\nAlma: hello\n\n" * (n // 50),
    "lines of one cue": lambda n: "1\n00:00:01.000 --> 00:00:02.000\n" + "word\n" * (n // 5),
    "digits": lambda n: f"1\n{'1' * n} --> 00:00:01.000\nx\n",
    "colons": lambda n: f"1\n{'1:' * (n // 2)} --> 00:00:01.000\nx\n",
    "spaces": lambda n: f"1\n00:00:00.000{' ' * n}-->\nx\n",
    "voices": lambda n: f"1\n00:00:01.000 --> 00:00:02.000\n<v A>{'</v' * (n // 3)}",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_captions_of_any_shape_take_linear_time(shape):
    assert_linear(lambda text: transcript_rows(text, "SRT", Problems()), SHAPES[shape], 10_000)


def test_thousands_of_people_of_one_name_are_told_apart_in_linear_time():
    def people(count: int) -> bytes:
        listed = [{"id": f"peer-{number}", "display_name": "Guest"} for number in range(count)]
        return json.dumps({"data": {"participants": listed}}).encode()

    def names(listing: bytes) -> None:
        assert len(set(Call(CallDocuments(participants=listing)).names.values())) == listing.count(b"peer-")

    assert_linear(names, people, 400, factors=(10,))
