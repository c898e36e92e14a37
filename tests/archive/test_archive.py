"""Archiving calls, and asking an archive: it says what the calls themselves say, or that it is damaged."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

import rtkit_explore as rtk
from rtkit_explore.archive import batches as layout
from rtkit_explore.archive import writer
from rtkit_explore.archive.batches import KEPT_TABLES, Batch
from rtkit_explore.archive.compacting import merge_small_batches
from rtkit_explore.archive.storage import Storage
from rtkit_explore.errors import ArchiveError, InvalidArgumentError, MissingExtraError, NotFoundError
from rtkit_explore.metrics.metric import metric
from rtkit_explore.table_schema.describe import TABLES
from tests.archive.compared import assert_same
from tests.archive.killing import fill
from tests.contract.server import ACCOUNT, APP, TOKEN, ApiServer


def test_every_call_comes_back_as_it_was(made, app):
    archive = rtk.open_archive(made)
    assert set(archive.session_ids) == set(app.sessions()["session_id"])
    for session in archive.session_ids:
        mine, theirs = archive.call(session), app.call(session)
        assert mine.documents.reports == theirs.documents.reports
        assert (mine.documents.session, mine.documents.participants) == (
            theirs.documents.session,
            theirs.documents.participants,
        )
        pd.testing.assert_frame_equal(mine.quality, theirs.quality)


@pytest.mark.parametrize("name", KEPT_TABLES)
def test_a_table_of_the_archive_is_that_of_its_calls(name, made, app):
    archive = rtk.open_archive(made)
    for session in archive.session_ids[:3]:
        mine = archive.table(name, where={"session_id": session} if "session_id" in TABLES[name].index else None)
        theirs = getattr(app.call(session), name)
        if len(theirs):
            theirs = theirs.assign(session_id=theirs["session_id"].fillna(session))
        pd.testing.assert_frame_equal(mine, theirs)


def test_findings_are_those_of_the_calls_and_are_kept(folder, app, monkeypatch):
    archive = rtk.open_archive(folder)
    found, verdicts, overview = archive.findings(), archive.verdicts(), archive.overview()
    for session in archive.session_ids:
        call = app.call(session)
        for mine, theirs in (
            (found, call.findings()),
            (verdicts, call.verdicts()),
            (overview, call.overview()),
        ):
            pd.testing.assert_frame_equal(mine[mine["session_id"] == session].reset_index(drop=True), theirs)

    def refuse(*_args):
        pytest.fail("judged again")

    monkeypatch.setattr("rtkit_explore.archive.judging.judge_batch", refuse)
    pd.testing.assert_frame_equal(rtk.open_archive(folder).findings(), found)


def test_a_kept_finding_that_is_damaged_is_worked_out_again(folder):
    found = rtk.open_archive(folder).findings()
    for path in folder.glob("kept/*/findings/*.parquet"):
        path.write_bytes(path.read_bytes()[:-40])
    pd.testing.assert_frame_equal(rtk.open_archive(folder).findings(), found)


def test_another_profile_is_another_answer(made):
    archive = rtk.open_archive(made)
    strict = archive.findings({"loss_in": (0.001, 0.01)})
    assert len(strict) > len(archive.findings())


def test_only_the_columns_and_rows_that_are_asked_for(made, app):
    archive = rtk.open_archive(made)
    whole = archive.table("quality")
    by_value = archive.table("quality", columns=["loss_pct", "media"], where={"media": "audio"})
    by_sql = archive.table("quality", columns=["loss_pct", "media"], where="media = 'audio'")
    expected = whole[whole["media"] == "audio"][["loss_pct", "media"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(by_value, expected)
    pd.testing.assert_frame_equal(by_sql, expected)


def test_a_range_of_days_touches_only_its_files(made):
    archive = rtk.open_archive(made)
    starts = archive.sessions["started_at"].dropna().sort_values()
    middle = starts.iloc[len(starts) // 2]
    later = archive.table("quality", columns=["session_id"], since=middle)
    sessions = archive.sessions
    wanted = set(sessions.loc[sessions["started_at"] >= middle, "session_id"])
    assert set(later["session_id"]) <= wanted
    assert len(later) == len(archive.table("quality", where={"session_id": wanted}))
    assert archive.files("quality", until="1999-01-01") == []


def test_sql_sees_every_table_and_says_what_it_does_not_take(made):
    archive = rtk.open_archive(made)
    counted = archive.sql("select count(*) n, min(start) AS first from quality")
    quality = archive.table("quality")
    assert counted["n"].tolist() == [len(quality)]
    assert counted["first"].dtype == "datetime64[us, UTC]"
    assert counted["first"][0] == quality["start"].min()
    assert archive.sql("select count(*) n from findings")["n"][0] == len(archive.findings())
    with pytest.raises(InvalidArgumentError, match=r"DuckDB does not take this.*Tables: sessions"):
        archive.sql("select nonsense from quality")
    with pytest.raises(InvalidArgumentError):
        archive.sql("copy (select 1) to '/tmp/leak.csv'")
    with pytest.raises(InvalidArgumentError):
        archive.sql("select * from read_text('/etc/hostname')")
    secret = pd.DataFrame({"a": [1]})  # a table of the caller's, which SQL must not reach by its name
    with pytest.raises(InvalidArgumentError):
        archive.sql("select * from secret")
    assert len(secret) == 1


def test_the_worst_calls_trends_and_the_usual(made, app):
    archive = rtk.open_archive(made)
    worst = archive.worst(3)
    assert len(worst) == 3
    assert worst["verdict"].iloc[0] == "bad"
    trend = archive.trend()
    calls = archive.verdicts()
    calls = calls[calls["peer_id"].isna()]
    assert trend["judged"].sum() == (calls["verdict"] != "unclassified").sum()
    assert (trend["low"] <= trend["share_bad"]).all()
    assert (trend["share_bad"] <= trend["high"]).all()
    assert set(archive.trend(by="browser")["of"]) <= {"participants"}
    with pytest.raises(InvalidArgumentError, match="by= is one of day, week"):
        archive.trend(by="weather")
    usual = rtk.usual_range([app.call(session) for session in archive.session_ids])
    pd.testing.assert_frame_equal(archive.usual_range(), usual)


def test_wilson_intervals_are_those_of_the_textbook():
    from rtkit_explore.archive.trends import wilson

    share, low, high = wilson(pd.array([5.0], dtype="float64").to_numpy(), pd.array([20.0]).to_numpy("float64"))
    assert share[0] == 0.25
    assert low[0] == pytest.approx(0.1119, abs=1e-4)
    assert high[0] == pytest.approx(0.4687, abs=1e-4)


def test_map_gives_a_frame_and_failures_as_problems(made):
    archive = rtk.open_archive(made)
    bad = archive.session_ids[1]

    def figure(call):
        if call.session_id == bad:
            msg = "no"
            raise ValueError(msg)
        return {"rows": len(call.quality), "people": len(call.participants)}

    values, problems = archive.map(figure, progress=False)
    assert values["session_id"].tolist() == [one for one in archive.session_ids if one != bad]
    assert values["rows"].sum() + len(archive.call(bad).quality) == len(archive.table("quality"))
    assert problems[["session_id", "kind", "message"]].values.tolist() == [[bad, "failed", "ValueError: no"]]


def test_a_metric_takes_an_archive(made, app):
    archive = rtk.open_archive(made)

    @metric(media="audio", direction="consumer", unit="%", worse="high")
    def lost(i):
        return i["loss_pct"]

    mine = lost(archive, by="call")
    theirs = pd.concat([lost(app.call(session), by="call") for session in archive.session_ids], ignore_index=True)
    key = ["session_id"]
    pd.testing.assert_frame_equal(
        mine.sort_values(key, ignore_index=True), theirs.sort_values(key, ignore_index=True), check_dtype=False
    )


def test_running_again_adds_nothing_and_fetches_nothing(folder, app, monkeypatch):
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    monkeypatch.setattr(type(app.awaitable), "call", lambda *_args, **_options: pytest.fail("fetched again"))
    rtk.archive_calls(app, folder, progress=False)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_what_an_interrupted_run_left_is_swept_away(folder, made, app):
    (folder / "tables" / "quality" / "day=2026-01-01").mkdir(parents=True)
    orphan = folder / "tables" / "quality" / "day=2026-01-01" / "half.parquet"
    orphan.write_bytes(b"PAR1 and no more")
    part = folder / "documents" / ".0123.part"
    part.write_bytes(b"half")
    record = next(folder.glob("batches/*.json"))
    record.unlink()
    rtk.archive_calls(app, folder, progress=False)
    assert not orphan.exists()
    assert not part.exists()
    assert_same(rtk.open_archive(folder), rtk.open_archive(made))


@pytest.mark.parametrize("seed", range(6))
def test_a_damaged_file_is_an_error_or_made_again_never_a_wrong_number(seed, folder, made, app):
    rng = random.Random(seed)
    undamaged = rtk.open_archive(made)
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".parquet", ".json") and path.is_file())
    files = [path for path in files if path.name != "manifest.json"]
    for path in rng.sample(files, 3):
        content = path.read_bytes()
        if rng.random() < 0.4:
            path.write_bytes(content[: rng.randrange(len(content))])
        else:
            place = rng.randrange(len(content))
            path.write_bytes(content[:place] + bytes([content[place] ^ (1 << rng.randrange(8))]) + content[place + 1 :])
    broken = rtk.open_archive(folder)
    for name in KEPT_TABLES:
        try:
            table = broken.table(name)
        except ArchiveError:
            continue
        assert len(table) == len(undamaged.table(name, where={"session_id": broken.session_ids}))
    rtk.archive_calls(app, folder, verify=True, progress=False)
    assert_same(rtk.open_archive(folder), undamaged)


def test_a_manifest_that_is_damaged_or_from_later_says_so(folder, app):
    manifest = folder / "manifest.json"
    content = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**content, "format": 99}))
    with pytest.raises(ArchiveError, match="update it"):
        rtk.open_archive(folder)
    manifest.write_text("{")
    with pytest.raises(ArchiveError, match=r"manifest\.json .* is damaged"):
        rtk.open_archive(folder)
    manifest.unlink()
    with pytest.raises(ArchiveError, match="there is no archive"):
        rtk.open_archive(folder)
    with pytest.raises(ArchiveError, match=r"lost its manifest\.json"):
        rtk.archive_calls(app, folder, progress=False)


def test_an_archive_from_before_a_column_existed_opens(folder, monkeypatch):
    """A column that is declared later is missing in older files, not an error."""
    import pyarrow.parquet as pq

    path = folder / rtk.open_archive(folder).files("quality")[0]
    table = pq.read_table(path)
    smaller = table.drop_columns(["loss_pct"])
    pq.write_table(smaller, path)
    record = next(file for file in folder.glob("batches/*.json") if path.name[:20] in file.name)
    batch = Batch.from_json(record.read_bytes())
    from rtkit_explore.archive.storage import checksum

    stored = batch.files["quality"]
    new = replace(stored, size=path.stat().st_size, sha256=checksum(path.read_bytes()))
    record.write_bytes(replace(batch, schema="older", files={**batch.files, "quality": new}).to_json())
    archive = rtk.open_archive(folder)
    ids = [session.session_id for session in batch.sessions]
    old = archive.table("quality", where={"session_id": ids})
    assert old["loss_pct"].isna().all()
    assert old["loss_pct"].dtype == "float64"
    assert old["media"].notna().all()


def test_a_failure_is_recorded_and_tried_again(tmp_path, monkeypatch):
    folder = tmp_path / "calls"
    with rtk.replay(rtk.sample_calls(), progress=False) as app:
        real = app.awaitable.call
        lost = str(app.sessions()["session_id"].iloc[0])

        async def failing(session_id, **options):
            if session_id == lost:
                msg = "There is none just now."
                raise NotFoundError(msg, status=404)
            return await real(session_id, **options)

        monkeypatch.setattr(app.awaitable, "call", failing)
        archive = rtk.archive_calls(app, folder, progress=False)
        assert lost not in archive.session_ids
        assert archive.failures[["session_id", "attempts", "archived"]].values.tolist() == [[lost, 1, False]]
        archive = rtk.archive_calls(app, folder, progress=False)
        assert archive.failures["attempts"].tolist() == [2]
        monkeypatch.setattr(app.awaitable, "call", real)
        archive = rtk.archive_calls(app, folder, progress=False)
        assert lost in archive.session_ids
        assert archive.failures.empty


def test_a_report_that_could_not_be_fetched_comes_later_without_doubling(tmp_path, monkeypatch):
    from rtkit_explore.store.documents import Failure

    folder = tmp_path / "calls"
    with rtk.replay(rtk.sample_calls(), progress=False) as app:
        real = app.awaitable.call
        session = str(app.sessions()["session_id"].iloc[0])

        async def failing(session_id, **options):
            call = await real(session_id, **options)
            if session_id == session:
                peer = next(iter(call.documents.reports))
                del call.documents.reports[peer]
                call.documents.failures.append(Failure("peer-report", "503 from the server", peer_id=peer))
            return call

        monkeypatch.setattr(app.awaitable, "call", failing)
        archive = rtk.archive_calls(app, folder, progress=False)
        assert archive.failures["archived"].tolist() == [True]
        monkeypatch.setattr(app.awaitable, "call", real)
        rtk.archive_calls(app, folder, progress=False)
        undisturbed = rtk.archive_calls(app, tmp_path / "other", progress=False)
    assert_same(rtk.open_archive(folder), undisturbed)


def test_redacted_on_the_way_in(tmp_path, app):
    folder = tmp_path / "calls"
    archive = rtk.archive_calls(app, folder, redacted=True, salt="a salt nobody guesses", progress=False)
    names = {name for session in archive.session_ids for name in app.call(session).names.values()}
    people = set(archive.table("participants")["display_name"].dropna())
    assert archive.redacted
    assert not names & people
    text = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"a salt nobody guesses" not in text
    for options in ({}, {"redacted": True}, {"redacted": True, "salt": "another"}):
        with pytest.raises(ArchiveError, match="one archive holds one kind"):
            rtk.archive_calls(app, folder, progress=False, **options)
    with pytest.raises(InvalidArgumentError, match="salt= belongs to redacted=True"):
        rtk.archive_calls(app, tmp_path / "x", salt="s", progress=False)


def test_two_processes_do_not_write_at_the_same_time(folder, app):
    hold = (
        "import sys; from rtkit_explore.archive.storage import Storage\n"
        "with Storage(sys.argv[1]).locked():\n    print('held', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", hold, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(ArchiveError, match="another process is writing"):
            rtk.archive_calls(app, folder, progress=False)
        process.kill()
        process.wait()
    rtk.archive_calls(app, folder, progress=False)  # the lock ends with its process


def test_another_app_is_refused(folder, server_app):
    with pytest.raises(ArchiveError, match="of another app"):
        rtk.archive_calls(server_app, folder, progress=False)


@pytest.fixture
def server_app():
    with rtk.connect(token="t" * 20, account_id="elsewhere", app_id="other", progress=False) as app:
        yield app


def test_a_missing_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError, match=r"rtkit-explore\[archive\]"):
        rtk.open_archive(tmp_path)


def test_what_cannot_mean_anything_says_what_can(made):
    archive = rtk.open_archive(made)
    with pytest.raises(InvalidArgumentError, match="there is no table 'nonsense'"):
        archive.table("nonsense")
    with pytest.raises(InvalidArgumentError, match="quality has no column 'loss'"):
        archive.table("quality", columns=["loss"])
    with pytest.raises(InvalidArgumentError, match="where= names 'loss'"):
        archive.table("quality", where={"loss": 1})
    with pytest.raises(InvalidArgumentError, match="since= is a day"):
        archive.table("quality", since="yesterday-ish")
    with pytest.raises(InvalidArgumentError, match="is not in the archive"):
        archive.call("nobody")


def test_dask_has_a_partition_a_day(made):
    pytest.importorskip("dask")
    archive = rtk.open_archive(made)
    lazy = archive.dask("quality", columns=["loss_pct", "media"])
    days = {batch.split("/day=")[1][:10] for batch in archive.files("quality")}
    assert lazy.npartitions == len(days)
    assert lazy["loss_pct"].mean().compute() == pytest.approx(archive.table("quality")["loss_pct"].mean())


def test_workers_and_this_process_write_the_same(tmp_path, app, made):
    archive = rtk.archive_calls(app, tmp_path / "calls", workers=2, progress=False)
    assert_same(archive, rtk.open_archive(made))


def test_the_record_of_a_batch_survives_the_round_trip(made):
    for path in made.glob("batches/*.json"):
        batch = Batch.from_json(path.read_bytes())
        assert Batch.from_json(batch.to_json()) == batch
        for cut in range(0, len(path.read_bytes()), 97):
            with pytest.raises((ValueError, ArchiveError)):
                Batch.from_json(path.read_bytes()[:cut])
    assert layout.schema_version() == layout.schema_version()


def test_a_record_of_a_later_format_is_known_as_such_and_a_flipped_bit_is_not(made):
    path = next(iter(made.glob("batches/*.json")))
    outer = json.loads(path.read_bytes())
    flipped = {**outer, "batch": {**outer["batch"], "format": 6}}
    with pytest.raises(ValueError, match="wrong checksum"):
        Batch.from_json(json.dumps(flipped).encode())
    later = {"sha256": layout._digest(flipped["batch"]), "batch": flipped["batch"]}
    with pytest.raises(ArchiveError, match="update it"):
        Batch.from_json(json.dumps(later).encode())


def test_a_record_of_format_1_is_read(made):
    batch = Batch.from_json(next(iter(made.glob("batches/*.json"))).read_bytes())
    old = asdict(batch)
    for file in old["files"].values():
        del file["left_out"]
    told = {"format": 1, **json.loads(json.dumps(old))}
    read = Batch.from_json(json.dumps({"sha256": layout._digest(told), "batch": told}).encode())
    plain = {name: replace(file, left_out={}) for name, file in batch.files.items()}
    assert read == replace(batch, files=plain)


def test_the_explorer_takes_an_archive_with_its_verdicts(made):
    archive = rtk.open_archive(made)
    explorer = rtk.explorer(archive, remember=False)
    try:
        assert explorer.call is not None
        assert set(explorer.model.verdicts) == set(archive.session_ids)
        assert explorer.call.session_id in archive.session_ids
    finally:
        explorer.close()


def test_findings_of_a_rule_of_ones_own_are_kept_until_its_code_changes(folder, monkeypatch):
    # As in a notebook: code of a module that may be edited has no fingerprint.
    cell = {"metric": metric, "rtk": rtk, "__name__": "__main__"}
    source = "one = metric(lambda i: {}, name='lost', media='audio', direction='consumer', unit='%', worse='high')"
    exec(source.format("i['loss_pct']"), cell)
    found = rtk.open_archive(folder).findings(rtk.rule(cell["one"], warn=1, bad=5))
    assert (found["rule"] == "lost").any()
    exec(source.format("i['loss_pct']"), cell)

    def refuse(*_args):
        pytest.fail("judged again")

    with monkeypatch.context() as patched:
        patched.setattr("rtkit_explore.archive.judging.judge_batch", refuse)
        pd.testing.assert_frame_equal(rtk.open_archive(folder).findings(rtk.rule(cell["one"], warn=1, bad=5)), found)
    exec(source.format("i['loss_pct'] * 0"), cell)
    again = rtk.open_archive(folder).findings(rtk.rule(cell["one"], warn=1, bad=5))
    assert not (again["rule"] == "lost").any()


def test_what_was_archived_is_not_kept_in_the_cache_as_well(tmp_path, recordings):
    with ApiServer() as server:
        fill(server, recordings, 2)
        with rtk.connect(
            token=TOKEN, account_id=ACCOUNT, app_id=APP, base_url=server.url, cache=tmp_path / "cache", progress=False
        ) as app:
            archive = rtk.archive_calls(app, tmp_path / "calls", progress=False)
            assert len(app.cache) == 0
            app.call(min(archive.session_ids))
            assert len(app.cache) == 1
            # What the cache has is taken from there.
            asked = len(server.requests)
            rtk.archive_calls(app, tmp_path / "others", until="2026-10-01T00:30", progress=False)
            assert len(server.requests) == asked + 1


def test_many_runs_a_day_do_not_leave_many_files(tmp_path, recordings):
    with ApiServer() as server:
        fill(server, recordings, 10)
        with rtk.connect(
            token=TOKEN, account_id=ACCOUNT, app_id=APP, base_url=server.url, cache=False, progress=False
        ) as app:
            for hour in range(10):
                archive = rtk.archive_calls(app, tmp_path / "calls", until=f"2026-10-01T{hour:02d}:30", progress=False)
                assert len(archive) == hour + 1
                if hour == 2:
                    archive.findings()
            once = rtk.archive_calls(app, tmp_path / "once", progress=False)
    assert len(archive.files("quality")) < 4
    assert_same(archive, once)
    on_disk = {str(path.relative_to(tmp_path / "calls")) for path in (tmp_path / "calls" / "tables").rglob("*.parquet")}
    assert {path for name in KEPT_TABLES for path in archive.files(name)} == on_disk
    assert archive.session_ids == sorted(once.session_ids)  # as they were archived


def test_what_was_judged_is_not_judged_again_after_a_merge(tmp_path, recordings, monkeypatch):
    with ApiServer() as server:
        fill(server, recordings, 4)
        with rtk.connect(
            token=TOKEN, account_id=ACCOUNT, app_id=APP, base_url=server.url, cache=False, progress=False
        ) as app:
            for hour in range(3):
                archive = rtk.archive_calls(app, tmp_path / "calls", until=f"2026-10-01T{hour:02d}:30", progress=False)
            with monkeypatch.context() as patched:
                patched.setattr("rtkit_explore.archive.writer.merge_small_batches", lambda _storage: 0)
                archive = rtk.archive_calls(app, tmp_path / "calls", progress=False)
            found = archive.findings()
            assert len(archive.files("quality")) == 4
            archive = rtk.archive_calls(app, tmp_path / "calls", progress=False)
    assert len(archive.files("quality")) == 1

    def refuse(*_args):
        pytest.fail("judged again")

    monkeypatch.setattr("rtkit_explore.archive.judging.judge_batch", refuse)
    pd.testing.assert_frame_equal(archive.findings(), found)


def test_a_merge_that_is_interrupted_loses_nothing(small, tmp_path, monkeypatch):
    """Whichever write or removal it ends at, every call is there once, and the next run sweeps up."""
    steps = 0

    def held(folder):
        archive = rtk.open_archive(folder)
        rows = {name: len(archive.table(name)) for name in KEPT_TABLES}
        reports = sorted(peer for call in archive.calls() for peer in call.documents.reports)
        return sorted(archive.session_ids), rows, reports, archive.table("quality")["bytes"].sum()

    def stopping_after(most, real):
        def step(*args):
            nonlocal steps
            steps += 1
            if most is not None and steps > most:
                raise KeyboardInterrupt
            return real(*args)

        return step

    def merge(folder, most=None):
        nonlocal steps
        steps = 0
        with monkeypatch.context() as patched:
            for name in ("write", "delete"):
                patched.setattr(Storage, name, stopping_after(most, getattr(Storage, name)))
            merge_small_batches(Storage(folder))

    merge(shutil.copytree(small, tmp_path / "whole"))
    whole = steps
    assert len(rtk.open_archive(tmp_path / "whole").files("quality")) == 1
    assert_same(rtk.open_archive(tmp_path / "whole"), rtk.open_archive(small))
    for most in sorted({0, whole - 1, *random.Random(5).sample(range(whole), 6)}):
        folder = shutil.copytree(small, tmp_path / f"after-{most}")
        with pytest.raises(KeyboardInterrupt):
            merge(folder, most)
        assert held(folder) == held(small)
        writer.tidy(Storage(folder), verify=True)
        merge_small_batches(Storage(folder))
        assert held(folder) == held(small)
        there = {str(path.relative_to(folder)) for path in (folder / "tables").rglob("*.parquet")}
        archive = rtk.open_archive(folder)
        assert {path for name in KEPT_TABLES for path in archive.files(name)} == there


def broken_report(server: ApiServer, hours_ago: float) -> str:
    """Serve a call that ended so long ago, one of whose reports is no JSON."""
    session = next(iter(server.sessions))
    ended = datetime.now(UTC) - timedelta(hours=hours_ago)
    server.sessions[session]["ended_at"] = ended.isoformat()
    server.sessions[session]["started_at"] = (ended - timedelta(minutes=5)).isoformat()
    peer = server.participants[session][0]["id"]
    server.reports[peer] = server.reports[peer][:-9]
    return peer


@pytest.mark.parametrize(("days", "tried_again"), [(3, True), (40, False)])
def test_what_the_api_has_broken_is_left_alone_for_longer_and_longer(
    days, tried_again, tmp_path, recordings, monkeypatch
):
    with ApiServer() as server:
        fill(server, recordings, 1)
        whole = dict(server.reports)
        peer = broken_report(server, 24 * days)
        with rtk.connect(
            token=TOKEN, account_id=ACCOUNT, app_id=APP, base_url=server.url, cache=False, progress=False
        ) as app:

            def run(**options):
                before = len(server.requests)
                archive = rtk.archive_calls(app, tmp_path / "calls", progress=False, **options)
                return archive, len(server.requests) - before

            archive, asked = run()
            # The same broken answer three times is what the server has; it is not asked for five times.
            assert sum(peer in one.path for one in server.requests) == 3
            assert len(archive) == 1
            assert len(archive.failures) == tried_again
            assert run()[1] == 1  # the list alone
            if not tried_again:
                assert run(retry=True)[1] == 1
                return
            wait = archive.failures["next_try"][0] - archive.failures["last_tried"][0]
            assert wait == timedelta(days=1)
            archive, asked = run(retry=True)
            assert asked > 1
            wait = archive.failures["next_try"][0] - archive.failures["last_tried"][0]
            assert wait == timedelta(days=2)
            server.reports = whole
            monkeypatch.setattr(writer, "datetime", in_days(3))
            archive, asked = run()
            assert archive.failures.empty
            assert set(archive.call(archive.session_ids[0]).documents.reports) == set(whole)
            assert run()[1] == 1


def test_a_report_that_is_late_is_asked_for_for_a_day(tmp_path, recordings, monkeypatch):
    with ApiServer() as server:
        fill(server, recordings, 1)
        peer = broken_report(server, 2)
        del server.reports[peer]
        with rtk.connect(
            token=TOKEN, account_id=ACCOUNT, app_id=APP, base_url=server.url, cache=False, progress=False
        ) as app:

            def asked() -> int:
                before = len(server.requests)
                rtk.archive_calls(app, tmp_path / "calls", progress=False)
                return len(server.requests) - before

            assert asked() > 1
            assert asked() == 1  # an hour later at the soonest
            monkeypatch.setattr(writer, "datetime", in_days(0.5))
            assert asked() > 1
            monkeypatch.setattr(writer, "datetime", in_days(2))
            assert asked() > 1  # a last time
            assert asked() == 1


def in_days(days: float) -> type[datetime]:
    """Make a clock that is ahead."""

    class Ahead(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(days=days)

    return Ahead
