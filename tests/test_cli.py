"""The command, as a person types it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import rtkit_explore as rtk
from rtkit_explore import cli, resources

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-m", "rtkit_explore.cli"]
SURROUNDINGS = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def run(*words, **more):
    return subprocess.run(
        [*COMMAND, *map(str, words)], capture_output=True, text=True, env=SURROUNDINGS, check=False, **more
    )


def test_without_a_command_it_says_what_there_is():
    done = run()
    assert done.returncode == 2
    assert all(command in done.stdout for command in ("demo", "serve", "report"))


def test_the_demo_copies_the_notebooks_and_leaves_changed_ones_alone(tmp_path):
    copied, kept = resources.copy_notebooks(tmp_path / "new" / "folder")
    assert {path.name for path in copied} == {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert not kept
    copied[0].write_text("mine")
    again, kept = resources.copy_notebooks(tmp_path / "new" / "folder")
    assert not again
    assert copied[0].read_text() == "mine"


def small_notebook(folder, *sources):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nbformat.write(notebook, folder / "small.ipynb")


def test_headless_runs_a_notebook_and_says_where_the_page_is(tmp_path):
    small_notebook(tmp_path, "import rtkit_explore as rtk\nrtk.__name__ + '!'")
    done = run("demo", tmp_path, "--headless", "--notebook", "small.ipynb")
    assert done.returncode == 0, done.stderr
    assert f"Written: {tmp_path / 'small.html'}" in done.stdout
    assert "rtkit_explore!" in (tmp_path / "small.html").read_text()
    assert "1/1" in done.stderr  # the bar
    assert not re.search(r"src=.https?:", (tmp_path / "small.html").read_text())  # it opens offline


def test_headless_says_so_when_a_cell_fails_and_still_writes_the_page(tmp_path):
    small_notebook(tmp_path, "1 / 0")
    done = run("demo", tmp_path, "--headless", "--notebook", "small.ipynb")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert (tmp_path / "small.html").is_file()


def test_an_unknown_notebook_is_answered_with_those_that_exist(tmp_path):
    done = run("demo", tmp_path, "--headless", "--notebook", "nothing.ipynb")
    assert done.returncode == 1
    assert "02-incident.ipynb" in done.stderr


def test_serve_speaks_the_api_on_this_machine():
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=SURROUNDINGS
    )
    try:
        line = process.stdout.readline()
        url, account, app_id, token = re.match(
            r"Serving (\S+) \(account (\S+), app (\S+), token (\S+)\)", line
        ).groups()
        with rtk.connect(base_url=url, account_id=account, app_id=app_id, token=token, progress=False) as app:
            assert len(app.sessions(limit=3)) == 3
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode in (0, 130)


def test_report_writes_one_file_without_names(tmp_path):
    done = run("report", rtk.sample_calls() / "sfu-uplink", tmp_path / "call.html")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "call.html").read_text(encoding="utf-8")
    assert "Alma" not in page
    done = run("report", rtk.sample_calls() / "sfu-uplink", tmp_path / "named.html", "--with-personal-data")
    assert "Alma" in (tmp_path / "named.html").read_text(encoding="utf-8")


def test_report_of_a_folder_of_many_calls_asks_for_one(tmp_path):
    done = run("report", rtk.sample_calls(), tmp_path / "call.html")
    assert done.returncode == 1
    assert "name the folder of one of them" in done.stderr


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(rtk.errors.MissingExtraError, match=r"rtkit-explore\[lab\]"):
        cli._need("lab", "jupyterlab")


def test_without_jupyter_the_demo_answers_the_complaint_and_writes_a_page(monkeypatch, tmp_path, capsys):
    def without(extra, *_modules):
        raise rtk.errors.MissingExtraError(f'pip install "rtkit-explore[{extra}]"')

    opened = []
    monkeypatch.setattr(cli, "_need", without)
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert cli.main(["demo", str(tmp_path / "demo"), "--headless"]) == 0
    said = capsys.readouterr().out
    assert "“Alma was choppy”. Yes." in said
    assert "rtkit-explore[lab]" in said
    assert "<html" in (tmp_path / "demo" / "incident.html").read_text(encoding="utf-8")
    assert opened == []
    assert cli.main(["demo", str(tmp_path / "other"), "--headless", "--notebook", "gallery.ipynb"]) == 1
    assert "rtkit-explore[lab]" in capsys.readouterr().err


def test_a_port_that_cannot_be_used_is_said_so():
    done = run("serve", "--port", "99999")
    assert done.returncode == 1
    assert done.stderr.startswith("rtkit-explore: Port 99999 cannot be used")


def test_the_page_is_served_on_this_machine_alone_and_elsewhere_with_a_token(tmp_path):
    from rtkit_explore.explorer_app import page_command

    def asks_for_a_token(host):
        return "--Voila.auto_token=True" in page_command(tmp_path / "p.ipynb", host=host, port=1, browser=False)

    assert [host for host in ("127.0.0.1", "localhost", "::1", "127.8.8.8") if asks_for_a_token(host)] == []
    elsewhere = ("0.0.0.0", "::", "192.168.1.5", "host.example", "")
    assert [host for host in elsewhere if not asks_for_a_token(host)] == []


def test_no_credential_stands_in_the_page_that_is_served(monkeypatch):
    from rtkit_explore.explorer_app import page_source

    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "s3cret-token")
    source = page_source(replay=None, demo=False, tz="UTC")
    assert "rtk.connect(" in source
    assert "s3cret" not in source


def test_the_page_refuses_what_it_cannot_open_before_it_starts(tmp_path):
    done = run("app", "--replay", tmp_path / "nothing", "--no-browser")
    assert done.returncode == 1
    assert "nothing" in done.stderr
    assert "Traceback" not in done.stderr
    done = run("app", "--demo", "--tz", "Moon/Crater")
    assert "no time zone" in done.stderr


def test_the_page_code_opens_saved_calls(tmp_path):
    from rtkit_explore.explorer_app import page_source

    made = {}
    source = page_source(replay=str(rtk.sample_calls()), demo=False, tz="Europe/Berlin")
    exec(source.replace("rtk.explorer(", "view = rtk.explorer("), made)
    assert made["view"].call is not None
    assert made["view"].model.tz == "Europe/Berlin"
    made["view"].close()
