"""Saved calls: whole documents in, the same bytes out, and never half a file."""

from __future__ import annotations

import json
import os

import pytest

from rtkit_explore.errors import SavedCallError
from rtkit_explore.store import saved_calls as layout
from rtkit_explore.store.documents import CallDocuments
from rtkit_explore.store.saved_calls import call_folders, read_call, save_call


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


def test_a_folder_that_holds_another_session_is_not_written_to(tmp_path):
    folder = save_call(documents(), tmp_path / "call")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    other = CallDocuments(session=b'{"data":{"id":"s2"}}', chat=b"other")
    with pytest.raises(SavedCallError, match="holds session s1, and this is session s2"):
        save_call(other, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


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
