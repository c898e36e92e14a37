"""Reports of large calls are kept compressed, and nobody notices but the memory."""

from __future__ import annotations

import copy
import pickle
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rtkit_explore as rtk
from rtkit_explore.call import Call
from rtkit_explore.store import report_bytes
from rtkit_explore.store.documents import CallDocuments
from rtkit_explore.store.report_bytes import ReportBytes, bytes_of
from rtkit_explore.store.saved_calls import read_call


@pytest.fixture
def all_compressed(monkeypatch):
    monkeypatch.setattr(report_bytes, "PLAIN", 0)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.none() | st.binary(max_size=60))), st.integers(0, 100))
def test_it_is_a_dict_that_knows_its_size(steps, plain):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report_bytes, "PLAIN", plain)
        made, expected = ReportBytes(), {}
        for peer, content in steps:
            if content is None:
                assert made.pop(peer, None) == expected.pop(peer, None)
            else:
                made[peer] = expected[peer] = content
        assert list(made.items()) == list(expected.items())
        assert made == expected
        assert made.size == bytes_of(expected) == bytes_of(made)
        assert made | {"e": b"e"} == expected | {"e": b"e"}
        assert pickle.loads(pickle.dumps(made)) == expected
        assert copy.copy(made) == expected


@pytest.mark.usefixtures("all_compressed")
def test_tables_and_files_are_those_of_the_bytes_that_came(recordings, tmp_path):
    plain = read_call(recordings / "sfu-uplink")
    compressed = ReportBytes(plain.reports)
    documents = CallDocuments(**{**vars(plain), "reports": compressed})
    assert sum(sys.getsizeof(content) for _, content in compressed._kept.values()) < 0.3 * compressed.size
    one, other = Call(documents), Call(plain)
    assert one.findings().equals(other.findings())
    assert one.redact().documents.reports == other.redact().documents.reports
    saved = one.save(tmp_path / "call")
    assert read_call(saved).reports == read_call(recordings / "sfu-uplink").reports
    assert rtk.replay(saved, progress=False).call(one.session_id).documents.reports == plain.reports


def test_nothing_of_a_report_is_in_its_repr():
    assert "Alma" not in repr(CallDocuments(reports=ReportBytes({"p": b"Alma"})))
    assert "Alma" not in repr(ReportBytes({"p": b"Alma"}))
