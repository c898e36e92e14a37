"""Saved calls that something else has been at: what is there and cannot be read is told of, and the rest is there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest

import rtkit_explore as rtk
from tests.conftest import ROOT
from tests.hostile import corpus
from tests.hostile.corpus import ALMA, BORIS, ID

pytestmark = pytest.mark.filterwarnings("ignore::rtkit_explore.errors.PartialResultWarning")
ALMAS = f"peer-report-{ALMA}.json"


def folder_instead(path):
    path.unlink(missing_ok=True)
    path.mkdir()


def link_to_nothing(path):
    path.unlink(missing_ok=True)
    path.symlink_to("/nowhere/at/all")


def link_to_itself(path):
    path.unlink(missing_ok=True)
    path.symlink_to(path.name)


def pipe(path):
    path.unlink(missing_ok=True)
    os.mkfifo(path)


NO_FILES = [folder_instead, link_to_nothing, link_to_itself, pipe]
DOWNLOADS = ("chat.csv", "transcript.json", "transcript.srt", "summary.md")


@pytest.fixture
def saved(tmp_path):
    target = tmp_path / "call"
    shutil.copytree(corpus.FOLDER, target)
    return target


def replayed(folder):
    with rtk.replay(folder, progress=False) as app:
        sessions = app.sessions()
        assert len(sessions) == 1
        call = app.call(str(sessions["session_id"].iloc[0]))
    call.findings()
    assert str(call.story())
    return call


@pytest.mark.parametrize("spoil", NO_FILES, ids=lambda spoil: spoil.__name__)
@pytest.mark.parametrize("name", ["session.json", "participants.json", ALMAS, *DOWNLOADS])
def test_what_is_no_file_is_told_of_and_costs_itself_only(saved, name, spoil):
    spoil(saved / name)
    call = replayed(saved)
    source = name.partition(".")[0]
    source = "peer-report" if source.startswith("peer") else source
    assert source in set(call.problems["source"].dropna()), f"{name} is lost in silence"
    if name == ALMAS:
        states = call.participants.set_index("peer_id")["report"].astype(str)
        assert states.to_dict() == {ALMA: "failed", BORIS: "read"}
    else:
        assert call.participants["report"].astype(str).tolist() == ["read", "read"]
    loaded = rtk.load(saved) if name != ALMAS else None
    assert loaded is None or len(loaded.participants) == 2


@pytest.mark.parametrize(
    "name",
    ["peer-report-.json", "peer-report-%.json", "peer-report-%ZZ%FF.json", "peer-report-a\nb.json", "peer-report-%61.json",
     f"peer-report-{ALMA.replace('-', '%2D')}.json"],
)  # fmt: skip
def test_a_report_that_belongs_to_nobody_in_the_list_is_named(saved, name):
    (saved / name).write_bytes((saved / ALMAS).read_bytes())
    call = replayed(saved)
    assert call.participants["report"].astype(str).tolist() == ["read", "read"]
    said = call.problems.query("source == 'participants'")["message"].tolist()
    assert len(said) == 1
    assert said[0].startswith("1 saved report(s) belong to nobody in the list of participants")


FAILURES = [
    b"", b"{}", b"null", b"[1]", b'["x"]', b'[{"source": 1}]', b"[" * 100_000, b"\xff\xfe", b"[[]]", b"9" * 5000,
    b'[{"source": "peer-report", "message": "m", "peer_id": ["a"]}]',
    b'[{"source": "peer-report", "message": "m", "peer_id": {"a": 1}}]',
    b'[{"source": "something else", "message": "m"}]',
    b'[{"source": "chat", "message": "\\ud800"}, {"source": "chat", "message": "m"}]',
    b'{"a": {"source": "chat", "message": "m"}}',
]  # fmt: skip


@pytest.mark.parametrize("content", FAILURES, ids=range(len(FAILURES)))
def test_a_list_of_failures_of_any_kind_harms_nothing(saved, content):
    (saved / "failures.json").write_bytes(content)
    call = replayed(saved)
    assert call.participants["report"].astype(str).tolist() == ["read", "read"]
    if content not in (b"", b"{}"):  # which say that nothing failed
        assert len(call.problems), "what could not be fetched is unknown, and nothing says so"


ODD_IDS = ["../../etc/passwd", "..", "a\0b", "a/b?c#d%2F", "\ud800", "x" * 70_000, "peer-report", " ", "\n", "~" * 250]


@pytest.mark.parametrize("identity", ODD_IDS, ids=range(len(ODD_IDS)))
def test_a_saved_session_of_any_id_is_opened_or_refused(saved, identity, tmp_path):
    session = json.loads((saved / "session.json").read_bytes())
    session["data"]["id"] = identity
    (saved / "session.json").write_text(json.dumps(session))
    before = sorted(tmp_path.rglob("*"))
    try:
        call = replayed(saved)
    except rtk.errors.InvalidArgumentError:
        assert identity.startswith(("..", "\ud800", "x"))
    else:
        call.save(tmp_path / "again")
        shutil.rmtree(tmp_path / "again")
    assert sorted(tmp_path.rglob("*")) == before  # nothing was written anywhere else


@pytest.mark.parametrize("spoil", NO_FILES[:3], ids=lambda spoil: spoil.__name__)
@pytest.mark.parametrize("name", ["session.json", ".commit", "failures.json", ALMAS])
def test_saving_over_what_is_no_file_works_or_says_why_not(saved, name, spoil):
    with rtk.replay(corpus.FOLDER, progress=False) as app:
        call = app.call(ID)
    spoil(saved / name)
    try:
        call.save(saved)
    except rtk.errors.SavedCallError:
        assert spoil is folder_instead or name == ".commit"
    else:
        assert replayed(saved).participants["report"].astype(str).tolist() == ["read", "read"]
    assert not list(saved.parent.glob(".*"))  # no leftovers beside it


def test_an_archive_of_odd_saves_keeps_each_of_them(tmp_path):
    """Every document of the corpus in a call of its own, saved and archived."""
    pytest.importorskip("pyarrow", reason="the extra 'archive' is not installed")
    cases = [case for case in corpus.CASES if case.place in ("session", "participants", "report")][::6]
    for number, case in enumerate(cases):
        own = f"{number:08d}-0000-4000-8000-000000000000"
        target = tmp_path / "saved" / own
        target.mkdir(parents=True)
        names = {"session": "session.json", "participants": "participants.json", "report": ALMAS}
        for name in (*names.values(), f"peer-report-{BORIS}.json"):
            body = case.body if name == names[case.place] else (corpus.FOLDER / name).read_bytes()
            (target / name).write_bytes(body.replace(ID.encode(), own.encode()))
    with rtk.replay(tmp_path / "saved", progress=False) as app:
        archive = rtk.archive_calls(app, tmp_path / "archive", workers=0, progress=False)
    kept, failed = set(archive.table("sessions")["session_id"]), set(archive.failures["session_id"])
    # A session whose own document says nothing is not known to have ended, and is left for later.
    assert len(kept | failed) >= len(cases) - 5
    assert len(archive.table("problems"))


@pytest.mark.parametrize("spoil", NO_FILES, ids=lambda spoil: spoil.__name__)
@pytest.mark.parametrize("session", [True, False])
def test_people_of_reports_alone_include_those_whose_report_is_no_file(saved, spoil, session):
    (saved / "participants.json").unlink()
    if not session:
        (saved / "session.json").unlink()
    spoil(saved / ALMAS)
    states = replayed(saved).participants.set_index("peer_id")["report"].astype(str)
    assert states.to_dict() == {ALMA: "failed", BORIS: "read"}


@pytest.mark.parametrize("name", ["profile", "labels", "case", "table"])
def test_what_waits_for_ever_is_not_read(name, tmp_path):
    waiting = tmp_path / ("chat.csv" if name == "table" else name)
    os.mkfifo(waiting)
    read = {
        "profile": lambda: rtk.read_profile(waiting),
        "labels": lambda: rtk.evaluate(
            pd.DataFrame({"session_id": ["s"], "x": [1.0]}), waiting, metric="x", worse="high"
        ),
        "case": lambda: rtk.mystery(case=waiting),
        "table": lambda: rtk.read_tables(tmp_path),
    }
    if name == "case":
        pytest.importorskip("yaml", reason="the extra 'lab' is not installed")
    with pytest.raises(rtk.errors.InvalidArgumentError):
        read[name]()


def test_a_save_follows_no_link_to_other_files(saved, tmp_path):
    others = tmp_path / "others"
    shutil.copytree(saved, others)
    (others / "notes.txt").write_text("mine")
    (others / ALMAS).write_bytes(b"{}")
    (saved / ".commit").symlink_to(others)
    call = replayed(saved)
    assert call.participants["report"].astype(str).tolist() == ["read", "read"]
    call.save(saved)
    assert (others / "notes.txt").read_text() == "mine"
    assert not (saved / "notes.txt").exists()
    assert len(list(others.iterdir())) == 1 + len(list(saved.iterdir()))


CLOSED = """
import sys, warnings
from pathlib import Path
import rtkit_explore as rtk

closed, open_one, saved = (Path(one) for one in sys.argv[1:])
with rtk.replay(saved, progress=False) as app:
    call = app.call(str(app.sessions()["session_id"].iloc[0]))
(open_one / "b").chmod(0o000)
closed.chmod(0o000)
for place in (closed, closed / "x"):
    for attempt in (
        lambda: rtk.load(place), lambda: rtk.replay(place), lambda: call.save(place), lambda: rtk.export_tables(call, place),
        lambda: rtk.write_report(call, place / "y.html"), lambda: rtk.read_tables(place), lambda: rtk.read_profile(place),
    ):
        try:
            attempt()
        except rtk.RtkitError as error:
            assert len(str(error)) > 20
        else:
            raise SystemExit("a closed folder was read")
with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    with rtk.replay(open_one, progress=False) as app:
        assert len(app.sessions()) == 1
    call.save(open_one / "c")
    call.save(open_one)
assert any("folder b" in str(one.message) for one in heard), "a closed folder is left out in silence"
"""


@pytest.mark.skipif(
    sys.platform != "linux", reason="root reads every folder unless it gives that up, which is Linux's way"
)
def test_folders_that_may_not_be_looked_into_are_refused_or_named(saved, tmp_path):
    closed, several = tmp_path / "closed", tmp_path / "several"
    shutil.copytree(saved, closed)
    shutil.copytree(saved, several / "a")
    shutil.copytree(saved, several / "b")
    without = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("root reads every folder")
    command = [sys.executable, "-W", "ignore", "-c", CLOSED, str(closed), str(several), str(saved)]
    try:
        done = subprocess.run(
            [*(without if os.geteuid() == 0 else []), *command], capture_output=True, text=True, check=False, cwd=ROOT
        )
    finally:
        closed.chmod(0o755)
        (several / "b").chmod(0o755)
    assert done.returncode == 0, done.stderr[-2000:]
