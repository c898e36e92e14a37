"""A Call: one session's documents as tables, and what could not be read."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rtkit_explore as rtk
from rtkit_explore.call import Call
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.store.documents import CallDocuments, Failure
from rtkit_explore.table_schema.describe import TABLES
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


@pytest.mark.parametrize(
    ("who", "said"), [("Alma", r"Several.*Alma \(1\) \(a\), Alma \(2\) \(d\)"), ("Zoe", r"Nobody.*Boris \(b\)")]
)
def test_who_cannot_be_told_is_refused_with_who_there_is(call, who, said):
    with pytest.raises(InvalidArgumentError, match=said):
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
        "rtkit_explore.tables.parsed_documents.read_samples", lambda *_, **__: pytest.fail("the samples were read")
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


# Narrowing ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lossy() -> Call:
    return rtk.simulate("lossy_uplink", participants=["Alma", "Boris", "Chen"], minutes=4, seed=2).call


OWNED = [
    "participants", "peer_events", "clients", "device_changes", "connection_checks", "sdp", "candidate_pairs", "events",
    "samples", "cumulative", "quality", "streams", "counter_readings", "overview",
]  # fmt: skip


@pytest.mark.parametrize("table", OWNED)
def test_every_table_of_a_narrowed_call_is_of_its_participants(lossy, table):
    narrowed = lossy.only(participants="Boris")
    made = narrowed.overview() if table == "overview" else getattr(narrowed, table)
    whole = lossy.overview() if table == "overview" else getattr(lossy, table)
    assert set(made["peer_id"]) == ({lossy.peer("Boris")} if len(whole) else set())
    assert made.dtypes.equals(whole.dtypes)


@pytest.mark.parametrize("table", [name for name in TABLES if "peer_id" in TABLES[name].index])
def test_a_name_stands_beside_every_peer_id(lossy, table):
    made = getattr(lossy, table)() if table in ("findings", "verdicts", "overview") else getattr(lossy, table)
    known = made[made["peer_id"].notna()]
    assert known["display_name"].tolist() == [lossy.names[peer] for peer in known["peer_id"]]


@pytest.mark.parametrize("table", ["samples", "quality", "streams"])
def test_a_name_stands_beside_every_remote_peer_id(lossy, table):
    made = getattr(lossy, table)
    received = made[made["direction"] == "consumer"]
    assert len(received)
    assert received["remote_name"].tolist() == [lossy.names[peer] for peer in received["remote_peer_id"]]
    assert made.loc[made["direction"] == "producer", "remote_name"].isna().all()


def test_tables_without_a_call_take_the_names_that_their_documents_hold(lossy):
    peer = lossy.peer("Alma")
    assert set(rtk.tables.clients(lossy.documents.reports[peer])["display_name"]) == {"Alma"}


def test_a_window_keeps_what_happened_in_it(lossy):
    middle = lossy.quality["end"].min() + pd.Timedelta(minutes=2)
    narrowed = lossy.only(window=(middle, None))
    assert 0 < len(narrowed.quality) < len(lossy.quality)
    assert narrowed.quality["end"].min() >= middle
    assert (narrowed.samples["timestamp"] >= middle).all()
    assert (narrowed.streams["last"] >= middle).all()
    assert len(narrowed.samples) <= len(narrowed.quality)
    text = lossy.only(
        window=(middle.tz_convert("Europe/Berlin").strftime("%Y-%m-%d %H:%M:%S.%f"), None), tz="Europe/Berlin"
    )
    pd.testing.assert_frame_equal(text.quality, narrowed.quality)


def test_rows_of_a_narrowed_call_keep_the_labels_that_findings_refer_to(lossy):
    narrowed = lossy.only(participants="Boris", media="audio")
    for number, row in narrowed.quality.iloc[:: max(1, len(narrowed.quality) // 20)].iterrows():
        assert row["end"] == lossy.quality.loc[number, "end"]


def test_findings_follow_and_keep_whose_side_it_was(lossy):
    whole, alma = lossy.findings(), lossy.peer("Alma")
    narrowed = lossy.only(participants="Alma").findings()
    expected = whole[(whole["peer_id"] == alma) | (whole["side_peer_id"] == alma)].reset_index(drop=True)
    assert len(narrowed)
    pd.testing.assert_frame_equal(narrowed, expected)
    assert set(lossy.only(media="video").findings()["media"].dropna()) <= {"video"}
    verdicts = lossy.only(participants="Alma").verdicts()
    assert verdicts["display_name"].dropna().tolist() == ["Alma"]
    assert "Alma" in lossy.only(participants="Alma").story()


def test_a_window_with_nothing_in_it_is_not_called_good(lossy):
    before = lossy.quality["end"].min() - pd.Timedelta(hours=1)
    nothing = lossy.only(window=(before, before + pd.Timedelta(minutes=1)))
    assert nothing.quality.empty
    assert set(nothing.verdicts()["verdict"]) <= {"unclassified"}
    assert len(nothing.findings().query("severity != 'note'")) == 0
    one = lossy.only(participants="Boris", media="screenshare_audio")
    assert set(one.verdicts()["verdict"]) == {"unclassified"}


def test_narrowing_twice_is_narrowing_by_both(lossy):
    both = lossy.only(participants=["Alma", "Boris"]).only(media="audio").only(participants="Alma")
    pd.testing.assert_frame_equal(both.quality, lossy.only(participants="Alma", media="audio").quality)
    assert "narrowed" in repr(both)


def test_a_narrowed_call_stays_narrowed_when_redacted_or_read_otherwise(lossy):
    narrowed = lossy.only(participants="Boris", media="audio")
    for other in (narrowed.redact(), narrowed.with_counters("increments")):
        assert other.quality.shape == narrowed.quality.shape
        assert set(other.quality["peer_id"]) == {lossy.peer("Boris")}
    assert "Boris" not in set(narrowed.redact().quality["display_name"])


def test_what_others_received_of_somebody(lossy):
    received = lossy.received_from("Alma")
    assert set(received["remote_peer_id"]) == {lossy.peer("Alma")}
    assert set(received["display_name"]) == {"Boris", "Chen"}
    assert set(lossy.only(participants="Chen").received_from("Alma")["display_name"]) == {"Chen"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"participants": "Zoe"}, "Nobody in this call"),
        ({"participants": 3}, "participants= takes"),
        ({"participants": []}, "participants= takes"),
        ({"media": "sound"}, "'screenshare_audio'"),
        ({"media": []}, "media= takes"),
        ({"window": ("a", "b", "c")}, "two times"),
        ({"window": ("teatime", None)}, "no time that can be read"),
        ({"window": ("2026-11-20 10:00", "2026-11-20 09:00")}, "before it begins"),
        ({"window": ("2026-11-20 10:00", None), "tz": "Mars/North"}, "Mars/North"),
    ],
)
def test_what_cannot_narrow_is_refused_with_what_can(lossy, options, said):
    with pytest.raises(InvalidArgumentError, match=said):
        lossy.only(**options)


def test_hundreds_of_guests_are_named_in_linear_time():
    people = [person(f"p{n}", "Guest") for n in range(4000)]
    assert len(set(Call(CallDocuments(participants=people_of(*people))).names.values())) == 4000


def test_findings_of_a_person_a_time_and_a_severity(lossy):
    every = lossy.findings()
    worst = lossy.findings(severity="bad")
    assert set(worst["severity"].astype(str)) == {"bad"}
    assert 0 < len(worst) < len(every)
    who = str(every["peer_id"].dropna().iloc[0])
    mine = lossy.findings(participant=who)
    assert (mine["peer_id"].eq(who) | mine["side_peer_id"].eq(who)).all()
    begin = every["start"].min()
    assert len(lossy.findings(window=(None, begin - pd.Timedelta(seconds=30)), severity="warn")) == 0
    clock = begin.tz_convert("Europe/Berlin").strftime("%H:%M:%S")
    assert len(lossy.findings(window=(clock, None), tz="Europe/Berlin", severity="warn"))
    assert set(lossy.verdicts(participant=who)["peer_id"].dropna()) == {who}
    assert lossy.overview(participant=who)["peer_id"].tolist() == [who]
    assert "Verdict" in lossy.story(participant=who)
    with pytest.raises(InvalidArgumentError, match="severity="):
        lossy.findings(severity="awful")


def test_two_people_under_one_id_are_a_problem_and_the_first_is_shown():
    call = Call(CallDocuments(participants=people_of(person("a", "Alma"), person("b", "Boris"), person("a", "Anna"))))
    assert call.participants["display_name"].tolist() == ["Alma", "Boris"]
    assert call.problems[["kind", "peer_id"]].to_numpy().tolist() == [["conflict", "a"]]
