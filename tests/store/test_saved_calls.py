"""Saved calls: whole documents in, the same bytes out, and never half a file."""

from __future__ import annotations

import json
import os
import shutil
import tracemalloc
from pathlib import Path

import pytest

import rtkit_explore as rtk
from rtkit_explore.errors import PartialResultWarning, SavedCallError
from rtkit_explore.store import report_bytes
from rtkit_explore.store import saved_calls as layout
from rtkit_explore.store.documents import CallDocuments, Failure
from rtkit_explore.store.report_bytes import ReportBytes
from rtkit_explore.store.saved_calls import call_folders, read_call, save_call
from tests.benchmarks.killed_saves import killed_saves


def documents(**more) -> CallDocuments:
    return CallDocuments(
        session=b'{"success":true, "data":{"id":"s1", "unknown":[1.50]}}',
        participants=b'{"success":true,"data":{"participants":[{"id":"p1"}]}}',
        reports={"p1": b'{"data":{"participant":{"id":"p1","session_id":"s1"}}}', "p2": b"broken {"},
        **more,
    )


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def same(one: CallDocuments, other: CallDocuments) -> bool:
    kept = ("session", "participants", "reports", "chat", "transcript", "transcript_format", "summary")
    return all(getattr(one, name) == getattr(other, name) for name in kept)


def test_every_sample_call_is_read_and_written_back_to_the_byte(recordings, tmp_path):
    for folder in call_folders(recordings):
        read = read_call(folder)
        saved = save_call(read, tmp_path / folder.name)
        assert same(read_call(saved), read)
        for path in saved.iterdir():
            assert path.read_bytes() == (folder / path.name).read_bytes()
        assert set(names(folder)) - set(names(saved)) == {"truth.json"}


@pytest.mark.parametrize("form", ["CSV", "JSON", "SRT", "VTT"])
def test_chat_transcript_and_summary_are_kept(tmp_path, form):
    given = documents(chat=b"id\r\n", transcript=b"\xef\xbb\xbf1", transcript_format=form, summary="# Zoë\n")
    assert same(read_call(save_call(given, tmp_path / "call")), given)
    assert f"transcript.{form.lower()}" in names(tmp_path / "call")


def test_the_layout_is_the_documented_one(tmp_path):
    save_call(documents(chat=b"x", summary="y"), tmp_path / "deep" / "er" / "call")
    assert names(tmp_path / "deep" / "er" / "call") == [
        "chat.csv",
        "participants.json",
        "peer-report-p1.json",
        "peer-report-p2.json",
        "session.json",
        "summary.md",
    ]


def test_documents_know_their_session_and_the_names_of_their_files(tmp_path):
    read = read_call(save_call(documents(), tmp_path / "call"))
    assert read.session_id == "s1"
    assert read.names == {
        "session": "session.json",
        "participants": "participants.json",
        "p1": "peer-report-p1.json",
        "p2": "peer-report-p2.json",
    }


def test_saving_again_replaces_documents_and_leaves_other_files_alone(tmp_path):
    folder = save_call(documents(chat=b"old"), tmp_path / "call")
    (folder / "notes.txt").write_text("mine")
    newer = documents(chat=b"new")
    newer.reports = {"p3": b"{}"}
    save_call(newer, folder)
    assert (folder / "notes.txt").read_text() == "mine"
    assert (folder / "chat.csv").read_bytes() == b"new"
    assert set(read_call(folder).reports) == {"p1", "p2", "p3"}


def test_a_second_call_is_put_beside_the_first_and_both_are_opened(tmp_path):
    other = CallDocuments(session=b'{"data":{"id":"s/2"}}', chat=b"other")
    first = save_call(documents(), tmp_path / "calls")
    second = save_call(other, tmp_path / "calls")
    third = save_call(CallDocuments(session=b'{"data":{"id":".."}}'), tmp_path / "calls")
    assert (first, second.parent, third.parent) == (tmp_path / "calls",) * 3
    assert call_folders(tmp_path / "calls") == [first, *sorted([second, third])]
    assert (read_call(first).session_id, read_call(second).session_id) == ("s1", "s/2")
    assert save_call(other, tmp_path / "calls") == second
    assert save_call(documents(), tmp_path / "calls") == first
    assert len(call_folders(tmp_path / "calls")) == 3
    with rtk.replay(tmp_path / "calls") as app:
        assert set(app.sessions()["session_id"]) == {"s1", "s/2", ".."}


def test_a_call_goes_beside_the_calls_of_a_folder_that_is_none_itself(tmp_path):
    save_call(documents(), tmp_path / "calls" / "monday")
    saved = save_call(CallDocuments(session=b'{"data":{"id":"s2"}}'), tmp_path / "calls")
    assert saved == tmp_path / "calls" / "s2"
    assert save_call(CallDocuments(chat=b"whose?"), tmp_path / "calls").parent == tmp_path / "calls"


def test_a_new_folder_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    written = []

    def fails_at_the_second(path, content):
        written.append(path)
        if len(written) == 2:
            raise OSError(28, "No space left on device")
        path.write_bytes(content)

    monkeypatch.setattr(layout, "_write", fails_at_the_second)
    with pytest.raises(SavedCallError, match="No space left on device"):
        save_call(documents(), tmp_path / "call")
    assert names(tmp_path) == []


def test_a_file_that_cannot_be_written_keeps_what_it_held(tmp_path, monkeypatch):
    folder = save_call(documents(), tmp_path / "call")
    before = names(folder)

    def fails(path, content):
        path.write_bytes(content[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(layout, "_write", fails)
    changed = documents()
    changed.session = b'{"data":{"id":"s1","new":true}}'
    with pytest.raises(SavedCallError, match="choose another folder"):
        save_call(changed, folder)
    assert (folder / "session.json").read_bytes() == documents().session
    assert names(folder) == before


def test_an_interrupt_leaves_no_half_folder(tmp_path, monkeypatch):
    def interrupted(path, content):
        path.write_bytes(content)
        raise KeyboardInterrupt

    monkeypatch.setattr(layout, "_write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_call(documents(), tmp_path / "call")
    assert names(tmp_path) == []


@pytest.mark.parametrize("peer_id", ["a/b", "..", "a\\b:c*?", "ä ö", "%41", "a.json", "x" * 60])
def test_any_peer_id_makes_a_file_in_the_folder_and_comes_back(tmp_path, peer_id):
    given = CallDocuments(session=b'{"data":{"id":"s"}}', reports={peer_id: b"{}"})
    folder = save_call(given, tmp_path / "call")
    assert len(names(folder)) == 2
    assert read_call(folder).reports == {peer_id: b"{}"}


def test_the_reports_of_a_large_call_are_never_all_at_hand_while_it_is_saved(tmp_path, monkeypatch):
    monkeypatch.setattr(report_bytes, "PLAIN", 0)
    large = {f"p{number}": b'{"data": "%s"}' % (b"%d" % number * 1_000_000) for number in range(20)}
    held = CallDocuments(session_id="s1", reports=ReportBytes(large))
    tracemalloc.start()
    try:
        save_call(held, tmp_path / "call")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000  # of 30 MB
    assert dict(read_call(tmp_path / "call").reports) == large


def test_nothing_to_save_is_an_error(tmp_path):
    with pytest.raises(SavedCallError, match="nothing to save"):
        save_call(CallDocuments(), tmp_path / "call")
    assert names(tmp_path) == []


def test_a_file_in_the_way_is_an_error(tmp_path):
    (tmp_path / "call").write_text("x")
    with pytest.raises(SavedCallError, match="is a file"):
        save_call(documents(), tmp_path / "call")


def test_a_folder_of_calls_or_one_of_them_is_understood(tmp_path):
    save_call(documents(), tmp_path / "b")
    save_call(CallDocuments(reports={"p": b"{}"}), tmp_path / "a")
    (tmp_path / "empty").mkdir()
    (tmp_path / ".a.1234").mkdir()
    (tmp_path / ".a.1234" / "session.json").write_text("{}")
    assert [folder.name for folder in call_folders(tmp_path)] == ["a", "b"]
    assert [folder.name for folder in call_folders(str(tmp_path / "b"))] == ["b"]


def test_what_is_no_folder_of_calls_is_an_error_that_says_what_is(tmp_path):
    with pytest.raises(SavedCallError, match="does not exist"):
        call_folders(tmp_path / "absent")
    with pytest.raises(SavedCallError, match="holds no saved call"):
        call_folders(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(SavedCallError, match="is a file"):
        call_folders(tmp_path / "file")


def test_one_call_is_not_read_from_a_folder_of_several(recordings):
    with pytest.raises(SavedCallError, match="name one"):
        read_call(recordings)


def test_a_file_that_cannot_be_opened_is_a_failure_and_the_rest_is_read(tmp_path):
    folder = save_call(documents(), tmp_path / "call")
    (folder / "peer-report-p1.json").unlink()
    (folder / "peer-report-p1.json").mkdir()
    (folder / "chat.csv").mkdir()
    read = read_call(folder)
    assert set(read.reports) == {"p2"}
    assert {(failure.source, failure.peer_id, failure.missing) for failure in read.failures} == {
        ("peer-report", "p1", False),
        ("chat", None, False),
    }
    assert all("cannot be read" in failure.message for failure in read.failures)


def test_the_session_is_known_from_a_report_or_else_from_the_folder(tmp_path):
    only_report = CallDocuments(reports={"p1": b'{"data":{"participant":{"session_id":"s9"}}}'})
    assert layout.session_id_of(save_call(only_report, tmp_path / "one")) == "s9"
    nothing = CallDocuments(reports={"p1": b"[]"})
    assert layout.session_id_of(save_call(nothing, tmp_path / "two")) == "two"
    nested = CallDocuments(session=json.dumps({"data": {"session": {"id": "s3"}}}).encode())
    assert layout.session_id_of(save_call(nested, tmp_path / "three")) == "s3"


@pytest.mark.skipif(os.name != "posix", reason="permissions of files are a matter of POSIX")
def test_saved_files_have_the_permissions_that_the_user_chose(tmp_path):
    before = os.umask(0o027)
    try:
        folder = save_call(documents(), tmp_path / "call")
    finally:
        os.umask(before)
    assert (folder / "session.json").stat().st_mode & 0o777 == 0o640


# Killed saves --------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """Stands for SIGKILL: nothing is cleaned up after it."""


@pytest.fixture
def kill(monkeypatch):
    """Make a save die at its n-th step: ``kill(3)``; returns how many steps there were."""
    steps = [0]
    rmdir = Path.rmdir

    def at(last):
        steps[0] = 0

        def stepping(name, owner):
            real = getattr(owner, name)

            def step(*args, **options):
                steps[0] += 1
                if steps[0] > last:
                    raise Killed
                return real(*args, **options)

            monkeypatch.setattr(owner, name, step)

        for name, owner in (("_write", layout), ("mkdir", Path), ("rename", Path), ("replace", Path), ("unlink", Path)):
            stepping(name, owner)
        monkeypatch.setattr(Path, "rmdir", lambda self: rmdir(self) if steps[0] <= last else None)
        monkeypatch.setattr(shutil, "rmtree", lambda *args, **options: None)

    yield at
    monkeypatch.undo()


OLD = {"chat": b"id\nold\n", "summary": "old", "transcript": b"old", "transcript_format": "JSON"}


def newer() -> CallDocuments:
    made = documents(chat=b"id\nnew\n", summary="new", transcript=b"new", transcript_format="CSV")
    made.session = b'{"data":{"id":"s1","new":1}}'
    made.participants = b'{"data":{"participants":[{"id":"p1","new":1}]}}'
    made.reports = {
        "p1": b'{"data":{"participant":{"id":"p1","new":1}}}',
        "p2": b'{"data":{"participant":{"id":"p2"}}}',
    }
    return made


def state(folder):
    read = read_call(folder)
    return read.session, read.participants, tuple(read.reports.items()), read.chat, read.transcript, read.summary


@pytest.mark.parametrize("redacted", [False, True])
@pytest.mark.parametrize("before", ["nothing", "an empty folder", "an older save"])
def test_a_save_that_is_killed_at_any_step_is_the_old_call_or_the_new_one_and_the_next_save_tidies_up(
    tmp_path, kill, monkeypatch, before, redacted
):
    new = newer()
    new.redacted = redacted
    expected = state(save_call(new, tmp_path / "expected"))
    seen = set()
    for step in range(1, 60):
        folder = tmp_path / f"{step}" / "call"
        folder.parent.mkdir()
        if before == "an older save":
            save_call(documents(**OLD), folder)
        elif before == "an empty folder":
            folder.mkdir()
        old = state(folder) if before == "an older save" else None
        kill(step)
        died = False
        try:
            save_call(new, folder)
        except Killed:
            died = True
        monkeypatch.undo()
        monkeypatch.setattr(layout, "_runs", lambda pid: False)
        if old is None and not (folder.is_dir() and layout.holds_call(folder)):
            seen.add("nothing")
        else:
            found = state(folder)
            assert found in (old, expected)
            seen.add("old" if found == old else "new")
        save_call(new, folder)
        assert state(folder) == expected
        left = [path.name for path in folder.parent.rglob("*") if path.name.startswith(".") or "saving" in str(path)]
        assert left == []
        if redacted:
            assert not any(b"old" in path.read_bytes() for path in folder.parent.rglob("*") if path.is_file())
        if not died:
            break
    else:
        pytest.fail("the save never got to its end")
    assert seen == {"an older save": {"old", "new"}}.get(before, {"nothing", "new"})


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a matter of POSIX")
def test_a_save_that_is_really_killed_leaves_a_whole_call_or_none(tmp_path):
    outcomes = killed_saves(tmp_path, kills=4, seed=1)
    assert set(outcomes) <= {"old", "new"}


def test_a_full_disk_leaves_the_older_save_as_it_was(tmp_path, monkeypatch):
    folder = save_call(documents(**OLD), tmp_path / "call")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    written = []

    def full(path, content):
        written.append(path)
        if len(written) > 3:
            raise OSError(28, "No space left on device")
        path.write_bytes(content)

    monkeypatch.setattr(layout, "_write", full)
    with pytest.raises(SavedCallError, match="No space left"):
        save_call(newer(), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_redacted_save_leaves_no_other_document_of_the_session(tmp_path):
    folder = save_call(documents(**OLD), tmp_path / "call")
    (folder / "notes.txt").write_text("mine")
    redacted = CallDocuments(session=b'{"data":{"id":"s1"}}', reports={"p1": b"{}"}, redacted=True)
    save_call(redacted, folder)
    assert names(folder) == ["notes.txt", "peer-report-p1.json", "session.json"]


def test_saves_of_others_that_are_still_running_are_left_alone(tmp_path):
    running = tmp_path / layout._hidden("call")
    running.mkdir()
    save_call(documents(), tmp_path / "other")
    assert running.is_dir()


# What could not be fetched --------------------------------------------------------------------------------------------

FAILED = [
    Failure("peer-report", "no answer about the peer report of p3: it timed out", "p3"),
    Failure("peer-report", "no peer report of p4 (404)", "p4", missing=True),
    Failure("chat", "the chat is gone", missing=True),
    Failure("transcript", "the transcript broke off"),
]


def test_a_replay_says_of_what_failed_the_same_as_the_call_that_was_saved(tmp_path):
    given = documents(failures=list(FAILED))
    given.participants = json.dumps({"data": {"participants": [{"id": f"p{n}"} for n in range(1, 5)]}}).encode()
    call = rtk.Call(given)
    folder = call.save(tmp_path / "call")
    assert read_call(folder).failures == FAILED
    for again in (rtk.replay(folder).call("s1"), rtk.Call(read_call(folder))):
        assert again.participants["report"].tolist() == call.participants["report"].tolist()
        columns = ["kind", "message", "peer_id"]
        told = call.problems[columns][call.problems["kind"].isin(["fetch", "missing"])]
        retold = again.problems[columns][again.problems["kind"].isin(["fetch", "missing"])]
        assert set(map(tuple, told.astype("object").fillna("").to_numpy())) <= set(
            map(tuple, retold.astype("object").fillna("").to_numpy())
        )


def test_what_failed_once_and_was_fetched_later_is_no_failure_any_more(tmp_path):
    folder = save_call(documents(failures=list(FAILED)), tmp_path / "call")
    later = documents()
    later.reports["p3"] = b"{}"
    save_call(later, folder)
    assert read_call(folder).failures == []
    assert "failures.json" not in names(folder)


def test_a_note_of_failures_that_is_damaged_is_itself_a_failure(tmp_path):
    folder = save_call(documents(failures=list(FAILED)), tmp_path / "call")
    for content in ("{", "[1]", '{"a": 1}', "null"):
        (folder / "failures.json").write_text(content)
        assert "failures.json is damaged" in read_call(folder).failures[0].message


def test_ids_that_are_too_long_or_odd_for_a_file_name_are_saved_all_the_same(tmp_path):
    ids = ["x" * 5000, "x" * 4999 + "y", "\ud800", "..", "a\0b", "CON", "a~b", "é" * 100]
    reports = {peer: json.dumps({"data": {"participant": {"id": peer}}}).encode() for peer in ids}
    folder = save_call(CallDocuments(reports=reports, session_id="s"), tmp_path / "call")
    assert read_call(folder).reports == reports


def test_a_session_that_is_saved_twice_is_told(tmp_path):
    save_call(documents(), tmp_path / "a")
    save_call(documents(), tmp_path / "b")
    with pytest.warns(PartialResultWarning, match="saved twice, in a and b"):
        assert len(rtk.replay(tmp_path).sessions()) == 1
