"""An archive in object storage: a server on this machine that speaks S3."""

from __future__ import annotations

import socket

import pytest

import rtkit_explore as rtk
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


def test_a_place_that_cannot_be_opened_says_so_without_secrets(app):
    with pytest.raises(rtk.errors.ArchiveError) as caught:
        rtk.open_archive(f"nonsense://user:{SECRET}@host/calls")
    assert SECRET not in str(caught.value)
