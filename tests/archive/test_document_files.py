"""Documents packed into blocks come back byte for byte, whatever they are, also from files of format 1."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rtkit_explore as rtk
from rtkit_explore.archive import document_files
from rtkit_explore.archive.batches import DOCUMENTS, Batch
from rtkit_explore.archive.document_files import by_field, documents_file, each_document, from_fields, packed
from rtkit_explore.archive.storage import checksum
from rtkit_explore.store.documents import CallDocuments, Failure
from tests.archive.compared import assert_same

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)
CONTENT = st.binary() | JSON.map(lambda value: json.dumps(value, separators=(",", ":")).encode())
CONTENT |= st.lists(st.sampled_from([b'{"a":', b'":', b'"', b"\n", b"\\", b"1.5e3", b"null", b'"x\\"y"', b"}"])).map(
    b"".join
)


@given(content=CONTENT)
@settings(deadline=None)
def test_any_bytes_come_back(content):
    assert from_fields(by_field(content)) == content


@given(content=CONTENT, damage=st.data())
@settings(deadline=None)
def test_damage_is_said_or_does_not_matter_to_the_reader(content, damage):
    told = by_field(content)
    cut = damage.draw(st.integers(0, len(told)))
    for broken in (told[:cut], told[:cut] + damage.draw(st.binary(max_size=4)) + told[cut + 1 :]):
        try:
            from_fields(broken)
        except ValueError:
            continue


@given(
    calls=st.lists(st.tuples(CONTENT | st.none(), CONTENT | st.none(), st.lists(CONTENT, max_size=3)), max_size=6),
    block=st.integers(5, 200),
)
@settings(max_examples=30, deadline=None)
def test_documents_come_back_whatever_the_blocks_are(calls, block):
    given = []
    for number, (session, people, reports) in enumerate(calls):
        documents = CallDocuments(session=session, participants=people, session_id=f"s{number}")
        documents.reports.update({f"p{place}": report for place, report in enumerate(reports)})
        documents.failures.append(Failure("peer-report", "none\nyet", peer_id="p9", missing=True))
        given.append((f"s{number}", documents))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(document_files, "BLOCK_BYTES", block)
        file = documents_file(given)
    assert [packed(one) for _, one in each_document(file)] == [packed(one) for _, one in given]
    backwards = [session for session, _ in given][::-1]
    assert [session for session, _ in each_document(file, backwards)] == backwards
    for session, documents in given:
        assert [packed(one) for _, one in each_document(file, [session])] == [packed(documents)]


def test_calls_together_take_much_less_room_than_each_alone(made):
    calls = [(call.session_id, call.documents) for call in rtk.open_archive(made).calls()]
    alone = sum(len(pa.Codec("zstd", 14).compress(packed(documents)[1])) for _, documents in calls)
    assert len(documents_file(calls)) < 0.6 * alone


def in_format_1(content: bytes) -> bytes:
    """Pack documents as format 1 had them: a row group for each call, compressed alone."""
    schema = pa.schema(
        [("session_id", pa.string()), ("index", pa.string()), ("size", pa.int64()), ("content", pa.binary())]
    )
    buffer = io.BytesIO()
    with pq.ParquetWriter(buffer, schema, compression="none", write_page_checksum=True, use_dictionary=False) as writer:
        for session_id, documents in each_document(content):
            index, joined = packed(documents)
            row = {
                "session_id": [session_id],
                "index": [json.dumps(index)],
                "size": [len(joined)],
                "content": [pa.Codec("zstd", 14).compress(joined, asbytes=True)],
            }
            writer.write_table(pa.table(row, schema=schema))
    return buffer.getvalue()


def test_an_archive_of_format_1_opens_and_is_added_to(folder, made, app):
    for record in folder.glob("batches/*.json"):
        batch = Batch.from_json(record.read_bytes())
        file = batch.files[DOCUMENTS]
        old = in_format_1((folder / file.path).read_bytes())
        (folder / file.path).write_bytes(old)
        new = replace(file, size=len(old), sha256=checksum(old))
        record.write_bytes(replace(batch, files={**batch.files, DOCUMENTS: new}).to_json())
    assert_same(rtk.open_archive(folder), rtk.open_archive(made))
    assert_same(rtk.archive_calls(app, folder, verify=True, progress=False), rtk.open_archive(made))
