"""An archive in object storage: a server on this machine that speaks S3."""

from __future__ import annotations

import socket
import time
from datetime import timedelta

import pytest

import rtkit_explore as rtk
from rtkit_explore.archive import storage
from rtkit_explore.archive.compacting import merge_small_batches
from rtkit_explore.archive.storage import CLAIMS, Storage
from tests.archive.compared import assert_same

pytest.importorskip("moto", reason="the extra 'test' is not installed")
SECRET = "wJalrXUtnFEMI-not-a-real-key"


@pytest.fixture(scope="module")
def bucket():
    import boto3
    from moto.server import ThreadedMotoServer

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AWS_ACCESS_KEY_ID", "testing")
        patched.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patched.setenv("AWS_EC2_METADATA_DISABLED", "true")
        client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1")
        client.create_bucket(Bucket="calls")
        yield f"s3://calls/kept?region=us-east-1&scheme=http&endpoint_override=127.0.0.1:{port}", client
        client.close()
    server.stop()


def test_an_archive_in_s3_is_that_on_disk(bucket, made, app):
    url, client = bucket
    archive = rtk.archive_calls(app, url, progress=False)
    assert_same(archive, rtk.open_archive(made))
    again = rtk.open_archive(url)
    assert again.sql("select count(*) n from quality")["n"][0] == len(archive.table("quality"))
    assert repr(again).startswith("<Archive s3://calls/kept: ")
    assert "endpoint_override" not in repr(again)

    # What an interrupted run left stays for a day, since another process may be at work; it is not read.
    client.put_object(Bucket="calls", Key="kept/tables/quality/day=2026-01-01/half.parquet", Body=b"PAR1")
    # Cut short: an error, then mended.
    key = f"kept/{again.files('quality')[0]}"
    body = client.get_object(Bucket="calls", Key=key)["Body"].read()
    client.put_object(Bucket="calls", Key=key, Body=body[:-100])
    with pytest.raises(rtk.errors.ArchiveError, match="verify=True"):
        rtk.open_archive(url).table("quality")
    assert_same(rtk.archive_calls(app, url, progress=False), rtk.open_archive(made))


def test_two_processes_do_not_write_at_the_same_time(bucket, app, monkeypatch):
    url = bucket[0].replace("/kept?", "/claimed?")
    one, other = Storage(url), Storage(url)
    with one.locked():
        with pytest.raises(
            rtk.errors.ArchiveError, match=r"another process is writing into .*calls/claimed.*2 minutes"
        ):
            rtk.archive_calls(app, url, progress=False)
        # A look at it is nobody's business.
        assert one.read("manifest.json") is None
    assert not one.files(CLAIMS)

    # A process that was killed leaves its claim, which dies; one that stood still for so long finds that out.
    monkeypatch.setattr(storage, "CLAIM_LIVES", timedelta(0))
    monkeypatch.setattr(Storage, "_renew", lambda *_args: None)
    held = one.locked()
    held.__enter__()
    with other.locked():
        with pytest.raises(rtk.errors.ArchiveError, match="another process may have begun to write"):
            one.still_ours()
        other.still_ours()
    held.__exit__(None, None, None)
    assert not one.files(CLAIMS)


class Ticks:
    """In place of waiting: so often, and what happens meanwhile."""

    def __init__(self, count, meanwhile=lambda: None):
        self.left, self.meanwhile = count, meanwhile

    def wait(self, _seconds):
        self.left -= 1
        self.meanwhile()
        return self.left < 0


def test_a_claim_is_renewed_unless_another_process_has_taken_it_away(bucket, monkeypatch):
    one = Storage(bucket[0].replace("/kept?", "/renewed?"))
    written: list[str] = []
    with one.locked():
        (claim,) = [found.path for found in one.files(CLAIMS)]
        with monkeypatch.context() as patched:
            patched.setattr(Storage, "write", lambda _self, path, _content: written.append(path))
            one._renew(claim, Ticks(2))
        assert written == [claim, claim]
        one.still_ours()
        one.delete(claim)
        one._renew(claim, Ticks(2))
        assert not one.files(CLAIMS)
        with pytest.raises(rtk.errors.ArchiveError, match="Nothing is lost"):
            one.still_ours()


def test_a_process_that_stood_still_no_longer_trusts_its_claim(bucket, monkeypatch):
    one = Storage(bucket[0].replace("/kept?", "/still?"))
    real, ahead = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: real() + ahead[0])
    with one.locked():
        (claim,) = [found.path for found in one.files(CLAIMS)]
        one.still_ours()
        one._renew(claim, Ticks(1, lambda: ahead.__setitem__(0, 7200.0)))
        with pytest.raises(rtk.errors.ArchiveError, match="stood still"):
            one.still_ours()


def test_what_one_writer_merged_stays_when_another_looks_on(bucket, small, monkeypatch):
    """The writer that lost its claim deletes nothing: neither small batches nor the merged one."""
    url, client = bucket[0].replace("/kept?", "/merged?"), bucket[1]
    for path in small.rglob("*"):
        if path.is_file() and path.name != "archive.lock":
            client.upload_file(str(path), "calls", f"merged/{path.relative_to(small)}")
    late = Storage(url)
    held = late.locked()
    held.__enter__()
    for found in late.files(CLAIMS):
        late.delete(found.path)  # as a process does that took over
    with pytest.raises(rtk.errors.ArchiveError, match="Nothing is lost"):
        merge_small_batches(late)
    held.__exit__(None, None, None)
    rows = len(rtk.open_archive(small).table("quality"))
    assert len(rtk.open_archive(url).table("quality")) == rows
    with late.locked():
        assert merge_small_batches(late) == 1
    assert len(rtk.open_archive(url).table("quality")) == rows


def test_a_place_that_cannot_be_opened_says_so_without_secrets(app):
    with pytest.raises(rtk.errors.ArchiveError) as caught:
        rtk.open_archive(f"nonsense://user:{SECRET}@host/calls")
    assert SECRET not in str(caught.value)
