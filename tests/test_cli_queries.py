"""The commands that answer questions, as a person and as a script use them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import rtkit_explore as rtk
from rtkit_explore import cli
from rtkit_explore.cli_queries import printable, show

ROOT = Path(__file__).resolve().parents[1]
CALLS = str(rtk.sample_calls())


@pytest.fixture
def say(capsys):
    def said(*words):
        code = cli.main([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, out, err

    return said


def test_sessions_for_people_and_for_machines(say):
    with rtk.replay(CALLS, progress=False) as app:
        sessions = app.sessions()
    code, out, _ = say("sessions", "--replay", CALLS)
    assert code == 0
    assert all(session in out for session in sessions["session_id"])
    assert f"{len(sessions)} row(s)" in out
    code, out, _ = say("sessions", "--replay", CALLS, "--json")
    assert {row["session_id"] for row in json.loads(out)} == set(sessions["session_id"])
    code, out, _ = say("sessions", "--replay", CALLS, "--csv", "--limit", 2)
    table = pd.read_csv(io.StringIO(out))
    assert list(table.columns) == list(sessions.columns)
    assert len(table) == 2


def test_a_call_is_told_or_printed(say, tmp_path):
    with rtk.replay(CALLS, progress=False) as app:
        session = app.sessions()["session_id"].iloc[0]
        call = app.call(session)
    code, out, _ = say("call", session, "--replay", CALLS, "--save", tmp_path / "saved")
    assert code == 0
    assert call.story().splitlines()[0] in out
    assert rtk.replay(tmp_path / "saved").sessions()["session_id"].tolist() == [session]
    code, out, _ = say("call", session, "--replay", CALLS, "--table", "quality", "--csv")
    assert len(pd.read_csv(io.StringIO(out))) == len(call.quality)
    code, out, _ = say("call", session, "--replay", CALLS, "--json")
    assert len(json.loads(out)) == len(call.findings())
    code, _, err = say("call", session, "--replay", CALLS, "--table", "nonsense")
    assert code == 1
    assert "There is no table 'nonsense'; there are sessions" in err
    code, _, err = say("call", "00000000-0000-4000-8000-000000000000", "--replay", CALLS)
    assert code == 1
    assert err.startswith("rtkit-explore: ")


def test_a_complaint_is_answered(say):
    code, out, _ = say("explain", "Alma", "froze", "--replay", CALLS)
    assert code == 0
    assert "froze" in out
    code, _, err = say("explain", "Nobody at all", "froze", "--replay", CALLS)
    assert code == 1
    assert "rtkit-explore: " in err


def test_archive_and_sql(say, tmp_path):
    pytest.importorskip("duckdb", reason="the extra 'archive' is not installed")
    place = tmp_path / "archive"
    code, out, _ = say("archive", place, "--replay", CALLS, "--workers", 0)
    assert code == 0
    assert "calls" in out
    code, out, _ = say("sql", place, "select count(*) as n from sessions", "--json")
    sessions = rtk.open_archive(place).sessions
    assert json.loads(out) == [{"n": len(sessions)}]
    code, out, _ = say("sessions", "--archive", place, "--json")
    assert {row["session_id"] for row in json.loads(out)} == set(sessions["session_id"])
    code, out, _ = say("call", sessions["session_id"].iloc[0], "--archive", place)
    assert code == 0
    code, _, err = say("sql", place, "select wrong from nothing")
    assert code == 1
    assert "DuckDB does not take this" in err


def test_a_report_is_written_of_a_session_by_its_id(say, tmp_path):
    with rtk.replay(CALLS, progress=False) as app:
        session = app.sessions()["session_id"].iloc[0]
    code, out, _ = say("report", session, tmp_path / "call.html", "--replay", CALLS)
    assert code == 0
    assert out == f"Written: {tmp_path / 'call.html'}\n"
    assert "<html" in (tmp_path / "call.html").read_text()
    code, _, err = say("report", "nonsense", tmp_path / "other.html", "--replay", CALLS)
    assert code == 1
    assert err.startswith("rtkit-explore: ")


def test_without_credentials_it_says_what_is_missing(say, monkeypatch):
    for name in ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID", "RTKIT_APP_ID"):
        monkeypatch.delenv(name, raising=False)
    code, _, err = say("sessions")
    assert code == 1
    assert "CLOUDFLARE_API_TOKEN" in err


@pytest.mark.parametrize("command", ["sessions", "call", "explain", "report", "archive", "sql", "serve", "demo", "app"])
def test_help_teaches_with_examples(command, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main([command, "--help"])
    assert left.value.code == 0
    out = capsys.readouterr().out
    assert f"rtkit-explore {command}" in out.split("examples:")[1]


def test_wrong_words_are_code_2(capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["sessions", "--nonsense"])
    assert left.value.code == 2
    capsys.readouterr()


def test_names_cannot_steer_a_terminal(capsys):
    show(pd.DataFrame({"name": ["\x1b[31mred", "a\rb"]}), None)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\r" not in out
    assert printable("Zoë\n") == "Zoë\n"


def test_who_reads_along_may_leave(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "rtkit_explore.cli", "sessions", "--replay", CALLS, "--csv"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        process.stdout.close()
        err = process.stderr.read()
        assert process.wait(60) == 0
    assert b"Traceback" not in err
