"""A Call: one session's documents as tables, and what could not be read."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtkit_explore.call import Call
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.store.documents import CallDocuments, Failure
from tests import reference


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()


def people_of(*people: dict) -> bytes:
    return encoded({"data": {"participants": list(people)}})


def person(peer: str, name: str | None = None, **more: object) -> dict:
    return {"id": peer, "display_name": name} | more


def report_of(peer: str, **more: object) -> bytes:
    document = reference.peer_report()
    document["data"]["participant"] |= {"id": peer} | more
    return encoded(document)


@pytest.fixture
def call() -> Call:
    people = [
        person("a", "Alma", user_id="u1"),
        person("b", "Boris", user_id="u2"),
        person("c", "Chen"),
        person("d", "Alma"),
    ]
    documents = CallDocuments(
        session=encoded(reference.session()),
        participants=people_of(*people),
        reports={"a": report_of("a", display_name="Alma"), "e": report_of("e", display_name="Eve")},
        failures=[
            Failure("peer-report", "no report", "b", missing=True),
            Failure("peer-report", "timed out", "c"),
            Failure("chat", "expired"),
            Failure("paging", "the total is 5, 4 came"),
        ],
    )
    return Call(documents)


def test_participants_tell_whether_each_report_was_read(call):
    states = dict(zip(call.participants["peer_id"], call.participants["report"].astype(str), strict=True))
    assert states == {"a": "read", "b": "missing", "c": "failed", "d": "not_fetched", "e": "read"}


def test_what_failed_is_a_problem_of_its_kind(call):
    found = (
        call.problems[["kind", "source", "peer_id"]]
        .astype(object)
        .where(call.problems[["kind", "source", "peer_id"]].notna(), None)
    )
    assert found.to_numpy().tolist()[:4] == [
        ["missing", "peer-report", "b"],
        ["fetch", "peer-report", "c"],
        ["fetch", "chat", None],
        ["paging", "paging", None],
    ]


def test_a_report_that_contradicts_the_list_is_a_conflict_and_the_list_is_shown():
    call = Call(
        CallDocuments(participants=people_of(person("a", "Alma")), reports={"a": report_of("a", display_name="Anna")})
    )
    assert call.participants["display_name"].tolist() == ["Alma"]
    conflicts = call.problems.query("kind == 'conflict'")
    assert conflicts["path"].tolist() == ["$.data.participant.display_name"]


def test_a_report_fills_what_the_list_leaves_open():
    call = Call(
        CallDocuments(participants=people_of(person("a", "Alma")), reports={"a": report_of("a", display_name="Alma")})
    )
    row = call.participants.iloc[0]
    assert (row["preset_name"], row["user_id"]) == ("host", "a user")
    assert call.problems.empty


def test_people_without_an_id_are_each_a_row():
    call = Call(CallDocuments(participants=people_of({"display_name": "one"}, {"display_name": "two"})))
    assert call.participants["display_name"].tolist() == ["one", "two"]
    assert call.problems["count"].tolist() == [2]


def test_someone_listed_twice_is_one_row():
    call = Call(CallDocuments(participants=people_of(person("a", "Alma"), person("a", "Alma"))))
    assert call.participants["peer_id"].tolist() == ["a"]


def test_a_report_under_another_id_is_a_conflict_and_keeps_the_id_it_was_asked_for():
    call = Call(CallDocuments(reports={"asked": report_of("other")}))
    assert call.problems[["kind", "path"]].to_numpy().tolist() == [["conflict", "$.data.participant.id"]]
    assert set(call.samples["peer_id"]) == {"asked"}
    assert call.participants["peer_id"].tolist() == ["asked"]


def test_lifecycle_events_in_list_and_report_are_there_once():
    document = reference.participants()
    peer = document["data"]["participants"][0]["id"]
    call = Call(CallDocuments(participants=encoded(document), reports={peer: report_of(peer)}))
    assert len(call.peer_events) == 1


# Names ----------------------------------------------------------------------------------------------------------------


def test_people_of_the_same_name_are_told_apart(call):
    assert call.names == {"a": "Alma (1)", "b": "Boris", "c": "Chen", "d": "Alma (2)", "e": "Eve"}


@given(st.lists(st.sampled_from(["Alma", "Alma (1)", "Alma (2)", "", None, "participant 1"]), max_size=8))
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_names_are_always_distinct_and_find_their_peer(names):
    call = Call(CallDocuments(participants=people_of(*(person(f"{n}", name) for n, name in enumerate(names)))))
    assert len(set(call.names.values())) == len(names)
    assert all(call.peer(name) == peer for peer, name in call.names.items())


@pytest.mark.parametrize(("who", "peer"), [("a", "a"), ("boris", "b"), ("U2", "b"), ("Alma (2)", "d"), ("Eve", "e")])
def test_a_participant_is_found_by_name_peer_id_or_user_id(call, who, peer):
    assert call.peer(who) == peer


@pytest.mark.parametrize(("who", "said"), [("Alma", "Several"), ("Zoe", "Nobody")])
def test_who_cannot_be_told_is_refused_with_who_there_is(call, who, said):
    with pytest.raises(InvalidArgumentError, match=rf"{said}.*Boris \(b\)"):
        call.peer(who)


def test_names_of_every_script_go_through_every_table():
    names = ["Zoë", "李雷", "עברית", "😀👩‍👩‍👧", "a\u202eb", "Ω" * 500, "<b>", "x\0y"]
    people = [person(f"p{n}", name) for n, name in enumerate(names)]
    call = Call(
        CallDocuments(
            participants=people_of(*people),
            reports={f"p{n}": report_of(f"p{n}", display_name=name) for n, name in enumerate(names)},
        )
    )
    assert call.participants["display_name"].tolist() == names
    assert set(call.quality["display_name"]) == set(names)
    assert set(call.streams["display_name"]) == set(names)
    assert call.problems.empty
    assert "<b></td>" not in call._repr_html_()


# What it is -----------------------------------------------------------------------------------------------------------


def test_a_call_is_called_by_its_meeting(call):
    assert call.title == "a title"
    assert call.session_id == reference.SESSION
    assert Call(CallDocuments()).title == "call"
    assert Call(CallDocuments(session_id="known")).session_id == "known"
    assert "Alma" not in repr(call)


def test_one_table_does_not_pay_for_another(call, monkeypatch):
    monkeypatch.setattr(
        "rtkit_explore.call_reading.read_samples", lambda *_, **__: pytest.fail("the samples were read")
    )
    assert len(call.candidate_pairs) == 4
    assert len(call.events) == 2


def test_document_gives_the_whole_report_by_name_or_id(call):
    assert call.document("Eve") == call.document("e") == json.loads(call.documents.reports["e"])
    with pytest.raises(InvalidArgumentError, match="no report"):
        call.document("Boris")


def test_tables_of_several_calls_concatenate_with_their_dtypes(call):
    for name, table in call.tables.items():
        joined = pd.concat([table, table], ignore_index=True)
        assert joined.dtypes.equals(table.dtypes), name


def test_a_call_reads_chat_and_transcript_and_says_what_was_wrong_with_them():
    documents = CallDocuments(
        session=encoded(reference.session()),
        chat=b"id,participantId,displayName,pinned,payload,colour\n1,p,Alma,maybe,hello,red\n",
        transcript=b'"soon","p","u","c","Alma","Hello"\n"1000","p","u","c","Alma","again"\n',
    )
    call = Call(documents)
    assert call.chat["payload"].tolist() == ["hello"]
    assert call.transcript["text"].tolist() == ["Hello", "again"]
    assert set(call.transcript["session_id"]) == set(call.chat["session_id"]) == {reference.SESSION}
    assert sorted(call.problems["source"]) == ["chat", "chat", "transcript"]


@pytest.mark.parametrize(
    ("who", "peer"),
    [
        ("Alma", "a"),
        ("okafor", "a"),
        ("Oka", "a"),
        ("Ann", "b"),  # a whole word comes before the beginning of another
        ("Anna", "c"),
        ("dr. a", "d"),
        ("nnab", "d"),  # nobody's name, but a user id
    ],
)
def test_a_part_of_a_name_that_fits_one_participant_is_enough(who, peer):
    people = [
        person("a", "Alma Okafor"),
        person("b", "Ann Lee"),
        person("c", "Anna Berg"),
        person("d", "Dr. Abe", user_id="nnab"),
    ]
    assert Call(CallDocuments(participants=people_of(*people))).peer(who) == peer


def test_a_part_that_fits_several_or_nobody_is_refused_and_so_is_no_text():
    call = Call(CallDocuments(participants=people_of(person("a", "Alma Okafor"), person("b", "Alma Berg"))))
    with pytest.raises(InvalidArgumentError, match=r"Several.*Alma Okafor.*Alma Berg"):
        call.peer("Alma")
    for who in ("lma", "", " "):
        with pytest.raises(InvalidArgumentError, match="Nobody"):
            call.peer(who)
    with pytest.raises(InvalidArgumentError, match=r"named by a text.*not by a int"):
        call.peer(3)
