"""Peer reports from files: paths, patterns, folders, lists; of one call."""

from __future__ import annotations

import json

import pytest

from rtkit_explore.errors import NotADocumentError, SavedCallError
from rtkit_explore.store.load_files import load_documents


def report(peer: str | None, session: str | None = "s1") -> str:
    person = {"id": peer, "session_id": session, "peer_report": {}}
    return json.dumps({"success": True, "data": {"participant": {k: v for k, v in person.items() if v is not None}}})


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.json").write_text(report("p1"))
    (tmp_path / "b.json").write_text(report("p2"))
    return tmp_path


def test_one_file_is_a_call_of_one(folder):
    read = load_documents([folder / "a.json"])
    assert read.reports == {"p1": (folder / "a.json").read_bytes()}
    assert read.session_id == "s1"
    assert read.names == {"p1": "a.json"}


@pytest.mark.parametrize("how", ["paths", "pattern", "folder", "list", "same one twice"])
def test_several_files_are_one_call_however_they_are_named(folder, how):
    a, b = folder / "a.json", folder / "b.json"
    sources = {
        "paths": [a, str(b)],
        "pattern": [str(folder / "*.json")],
        "folder": [folder],
        "list": [[a, b]],
        "same one twice": [a, b, a],
    }
    assert set(load_documents(sources[how]).reports) == {"p1", "p2"}


def test_sample_calls_are_read_from_their_folders(recordings):
    assert len(load_documents([recordings / "sfu-clean"]).reports) == 3


def test_a_report_that_does_not_say_whose_it_is_is_called_after_its_file(tmp_path):
    (tmp_path / "peer-report-p9.json").write_text(report(None, None))
    assert set(load_documents([tmp_path / "peer-report-p9.json"]).reports) == {"p9"}


def test_a_participant_without_its_envelope_is_understood(tmp_path):
    (tmp_path / "x.json").write_text(json.dumps({"id": "p1", "peer_report": {}}))
    assert set(load_documents([tmp_path / "x.json"]).reports) == {"p1"}


def test_session_and_participants_among_the_files_are_used(recordings):
    read = load_documents([str(recordings / "clean" / "*.json")])
    assert read.session == (recordings / "clean" / "session.json").read_bytes()
    assert read.participants == (recordings / "clean" / "participants.json").read_bytes()
    assert len(read.reports) == 2


def test_a_file_that_is_no_document_is_a_failure_beside_the_others(folder):
    (folder / "c.json").write_text("{broken")
    read = load_documents([folder])
    assert set(read.reports) == {"p1", "p2"}
    assert [failure.message for failure in read.failures] == ["c.json is no document of the API (not JSON)"]


@pytest.mark.parametrize("content", ["{broken", "[]", "{}", '{"data": []}', '{"data": {"sessions": []}}'])
def test_no_report_at_all_is_an_error(tmp_path, content):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(NotADocumentError, match="no peer report among 1 file"):
        load_documents([tmp_path / "x.json"])


def test_reports_of_different_sessions_are_not_one_call(folder):
    (folder / "c.json").write_text(report("p3", "s2"))
    with pytest.raises(NotADocumentError, match="belong to 2 sessions"):
        load_documents([folder])


def test_two_reports_of_one_peer_are_refused(folder):
    (folder / "c.json").write_text(report("p2"))
    with pytest.raises(NotADocumentError, match=r"c.json and b.json are both reports of peer p2"):
        load_documents([folder])


def test_what_is_not_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(SavedCallError, match=r"absent.json does not exist"):
        load_documents([tmp_path / "absent.json"])
    with pytest.raises(SavedCallError, match="matches no file"):
        load_documents([tmp_path / "*.json"])
    with pytest.raises(SavedCallError, match="holds no JSON file"):
        load_documents([tmp_path])
    with pytest.raises(SavedCallError, match="no file was named"):
        load_documents([])
