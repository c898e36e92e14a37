"""What users and files of theirs may hold: each is understood, or an error of this package that says what to do."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rtkit_explore as rtk
from rtkit_explore.cli import main
from tests.conftest import ROOT
from tests.hostile import corpus


@pytest.fixture(scope="module")
def call():
    with rtk.replay(corpus.FOLDER, progress=False) as app:
        return app.call(corpus.ID)


@pytest.fixture(scope="module")
def app():
    with rtk.replay(corpus.FOLDER, progress=False) as app:
        yield app


@contextlib.contextmanager
def only_errors_of_ours():
    """Let work succeed or raise an error of this package, with a sentence in it; any other error fails the test."""
    try:
        yield
    except rtk.RtkitError as error:
        said = str(error)
        if len(said) < 10:
            pytest.fail(f"{said!r} helps nobody")


# Paths ----------------------------------------------------------------------------------------------------------------

NO_PATHS = [
    None,
    1,
    1.5,
    b"x",
    [],
    {},
    object(),
    float("nan"),
    pd.NaT,
    pd.DataFrame(),
    np.array([1]),
    "a\0b",
    "x" * 5000,
    "\ud800",
]
TAKE_PATHS = {
    "load": lambda call, path: rtk.load(path),
    "replay": lambda call, path: rtk.replay(path),
    "save": lambda call, path: call.save(path),
    "export_tables": rtk.export_tables,
    "write_report": rtk.write_report,
    "read_tables": lambda call, path: rtk.read_tables(path),
    "read_profile": lambda call, path: rtk.read_profile(path),
    "open_archive": lambda call, path: rtk.open_archive(path),
    "mystery": lambda call, path: rtk.mystery(case=path if path is not None else 5),
    "score_card": lambda call, path: rtk.score_card(path if path is not None else 5),
}


@pytest.mark.parametrize("name", TAKE_PATHS)
def test_what_is_no_path_is_refused_before_anything_else(call, name, tmp_path, monkeypatch):
    if name == "open_archive":
        pytest.importorskip("pyarrow", reason="the extra 'archive' is not installed")
    monkeypatch.chdir(tmp_path)
    for path in NO_PATHS:
        if name == "load" and isinstance(path, list):
            continue  # a list of no paths, which has an error of its own
        with pytest.raises(rtk.RtkitError):
            TAKE_PATHS[name](call, path)
    assert not list(tmp_path.iterdir())


def test_a_path_that_bytes_alone_can_name_is_a_path(call, tmp_path):
    odd = tmp_path / "caf\udce9"  # as Python shows a file name that is not UTF-8
    assert len(rtk.load(call.save(odd)).participants) == 2


# Words, times, zones ----------------------------------------------------------------------------------------------------

WORDS = [
    "", " ", "???", "x" * 100_000, "\ud800", "a\0b", "(((", "[", "*", "%s {0} {x}", "\u202efroze", "\U0001f600" * 500, "\n\n",
    "Alma " * 3000 + "froze", None, 1, b"x", [], {}, object(), float("nan"), pd.NaT, True,
]  # fmt: skip
TAKE_WORDS = {
    "symptom": lambda app, call, said: str(call.explain("Alma", said)),
    "person": lambda app, call, said: str(call.explain(said, "froze")),
    "about": lambda app, call, said: str(call.explain("Alma", "froze", about=said)),
    "person of an app": lambda app, call, said: str(app.explain(said, "froze", on="2026-11-20")),
    "peer": lambda app, call, said: call.peer(said),
    "find": lambda app, call, said: app.find(said),
    "search": lambda app, call, said: app.sessions(search=said),
    "session": lambda app, call, said: app.session(said),
    "call": lambda app, call, said: app.call(said),
    "rooms": lambda app, call, said: app.rooms(said),
    "time zone": lambda app, call, said: call.story(tz=said),
    "profile": lambda app, call, said: call.findings(said),
    "media": lambda app, call, said: call.only(media=said),
    "participants": lambda app, call, said: call.only(participants=said),
    "salt": lambda app, call, said: call.redact(salt=said),
    "counters": lambda app, call, said: call.with_counters(said),
    "metrics": lambda app, call, said: rtk.plot.quality(call, metrics=[said]),
    "glossary": lambda app, call, said: rtk.glossary(said),
    "chat": lambda app, call, said: rtk.tables.chat(said),
    "transcript": lambda app, call, said: rtk.tables.transcript(said),
    "samples": lambda app, call, said: rtk.tables.samples(said),
    "usual range": lambda app, call, said: rtk.usual_range(said),
    "range of participants": lambda app, call, said: app.sessions(participants=said),
    "seed": lambda app, call, said: rtk.mystery(1, seed=said) if said not in (None, 1, True) else None,
    "scenario": lambda app, call, said: rtk.simulate(said) if said != "" else None,
    "mos": lambda app, call, said: rtk.measures.r_factor(said),
}


@pytest.mark.filterwarnings("ignore::rtkit_explore.errors.PartialResultWarning")  # words are no documents
@pytest.mark.parametrize("name", TAKE_WORDS)
def test_words_of_any_kind_are_understood_or_refused(app, call, name):
    import matplotlib.pyplot as plt

    for said in WORDS:
        with only_errors_of_ours():
            TAKE_WORDS[name](app, call, said)
    plt.close("all")


TIMES = [
    "0001-01-01", "9999-12-31", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", "0000-00-00", "10000-01-01", "\u00b2", "15:00\u00b2", "99:99", "24:00", "+9999h", "+99999h",
    "31.12.9999", "1.1.0001", "1 jan 0001", "31 dec 9999 23:59", "night 31 dec 9999", "0001-01-01 night", "13pm", "1e400",
    "2026-11-20T15:00:00+99:99", "2026-W47-5", "15:00 " * 20, "nat", "nan", "", date.min, date.max,
    datetime.min,  # noqa: DTZ901
    datetime.max,  # noqa: DTZ901
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))), datetime.min.replace(tzinfo=UTC),
    pd.Timestamp.max, pd.Timestamp.min, pd.Timestamp.max.tz_localize("UTC"), pd.NaT, 5, [], object(),
]  # fmt: skip


@pytest.mark.parametrize("tz", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_times_at_the_edge_of_the_calendar_are_understood_or_refused(app, call, tz):
    for said in TIMES:
        for asked in (
            lambda said: app.explain("Alma", "froze", on=said, tz=tz),
            lambda said: call.explain("Alma", "froze", window=said, tz=tz),
            lambda said: call.only(window=said, tz=tz).findings(),
            lambda said: call.only(window=(said, None), tz=tz).quality,
            lambda said: call.only(window=(None, said), tz=tz).quality,
            lambda said: app.find("Alma", start_time=said),
            lambda said: app.sessions(start_time=said),
            lambda said: app.sessions(end_time=said),
        ):
            with only_errors_of_ours():
                asked(said)


# Profiles -------------------------------------------------------------------------------------------------------------

LIMIT = 'name = "m"\n[[limit]]\nrule = "loss_in"\n'
PROFILES: dict[str, Any] = {
    "nothing": "",
    "no TOML": "name =",
    "UTF-16": 'name = "m"'.encode("utf-16"),
    "Latin-1": 'name = "M\xfcller"'.encode("latin-1"),
    "lists in lists": "name = 'm'\nx = " + "[" * 5000 + "]" * 5000,
    "tables in tables": "name = 'm'\nx = " + "{a=" * 3000 + "1" + "}" * 3000,
    "5,000 digits": "name = 'm'\nfewest_packets = " + "9" * 5000,
    "400 digits": LIMIT + "warn = " + "9" * 400,
    "not a number": LIMIT + "warn = nan",
    "endless": LIMIT + "warn = inf\nbad = inf",
    "the wrong way round": LIMIT + "warn = 10\nbad = 2",
    "a text": LIMIT + 'warn = "3"',
    "true": LIMIT + "warn = true",
    "a date": LIMIT + "warn = 2026-01-01",
    "a span below nothing": LIMIT + "warn = 1\nover = -5",
    "a percentile of 1,000": LIMIT + 'warn = 1\nover = "stream"\nhow = "p1000"',
    "media of lists": LIMIT + 'media = [["audio"]]\nwarn = 1',
    "media of tables": LIMIT + "media = [{a = 1}]\nwarn = 1",
    "no rule": 'name = "m"\n[[limit]]\nwarn = 1',
    "a rule of rules": 'name = "m"\n[[limit]]\nrule = ["loss_in"]\nwarn = 1',
    "limits that are a text": 'name = "m"\nlimit = "x"',
    "based on itself": 'name = "m"\nbase = "profile.toml"',
    "a name of controls": 'name = "\\u0000\\n<script>"',
    "a key twice": 'name = "a"\nname = "b"',
}


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_of_any_kind_judges_or_is_refused(call, name, tmp_path):
    body = PROFILES[name]
    file = tmp_path / "profile.toml"
    file.write_bytes(body if isinstance(body, bytes) else body.encode())
    with only_errors_of_ours():
        profile = rtk.read_profile(file)
        call.findings(profile)
        assert rtk.read_profile(profile.save(tmp_path / "again.toml")).limits == profile.limits


MAPPINGS = [
    {1: 2}, {None: 1}, {("loss_in", "audio"): 5}, {"base": 5}, {"base": None}, {"rules": 5}, {"rules": [1]}, {"rules": None},
    {"loss_in": "x"}, {"loss_in": (1, 2, 3, 4, 5)}, {"loss_in": {"warn": [1]}}, {"loss_in": 10**400}, {"loss_in": float("nan")},
    {"loss_in": True}, {"loss_in": object()}, {"loss_in": {"warn": 5, "media": 3}},
]  # fmt: skip


@pytest.mark.parametrize("mapping", MAPPINGS, ids=range(len(MAPPINGS)))
def test_thresholds_of_any_kind_are_refused_with_a_reason(call, mapping):
    with pytest.raises(rtk.errors.InvalidArgumentError):
        call.findings(mapping)


# Labels ---------------------------------------------------------------------------------------------------------------

RATED = "session_id,rating\n" + "".join(f"s{n},{1 + n % 5}\n" for n in range(40))
LABELS: dict[str, Any] = {
    "nothing": "",
    "only a header": "session_id,rating\n",
    "no key": "a,b\n1,2\n",
    "UTF-16": RATED.encode("utf-16"),
    "Latin-1": "session_id,rating,m\xfcll\ns1,1,2\n".encode("latin-1"),
    "a page": "<html><body>503</body></html>",
    "a column twice": RATED.replace("rating", "rating,rating").replace(",1\n", ",1,1\n"),
    "a key twice": RATED.replace("session_id,", "session_id,session_id,"),
    "a quote that never ends": RATED + '"s1,3\n',
    "more cells than columns": RATED + "s1,2,3,4\n",
    "endless ratings": RATED.replace(",1\n", ",inf\n").replace(",2\n", ",-inf\n"),
    "ratings of 400 digits": RATED.replace(",1\n", f",{'9' * 400}\n"),
    "ratings that are dates": RATED.replace(",1\n", ",2026-01-01\n"),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "half a character": RATED.encode() + b"s\xed\xa0\x80,1\n",
    "NUL bytes": RATED.replace("s1,", "s\0,"),
}
VALUES = pd.DataFrame({"session_id": [f"s{n}" for n in range(40)], "x": np.arange(40.0), "score": 1.0})


@pytest.mark.parametrize("name", LABELS)
def test_labels_of_any_kind_are_held_against_values_or_refused(name, tmp_path):
    body = LABELS[name]
    file = tmp_path / "labels.csv"
    file.write_bytes(body if isinstance(body, bytes) else body.encode())
    for more in ({}, {"bad": 2}, {"bad": "<= 2"}, {"bad": {"bad"}}, {"bad": "garbage"}, {"bad": []}, {"label": "none"}):
        with only_errors_of_ours():
            rtk.evaluate(VALUES, file, metric="x", worse="high", draws=100, **more)


@pytest.mark.parametrize(
    "more",
    [{"draws": "x"}, {"draws": None}, {"draws": 100.5}, {"seed": "x"}, {"seed": -1}, {"seed": None}, {"worse": "sideways"},
     {"label": 3}, {"cluster": None}, {"bad": object()}, {"bad": "<= " + "9" * 5000}, {"bad": lambda column: [True]}],
    ids=range(12),
)  # fmt: skip
def test_an_evaluation_of_impossible_arguments_is_refused(more, tmp_path):
    (tmp_path / "labels.csv").write_text(RATED)
    with pytest.raises(rtk.errors.InvalidArgumentError):
        rtk.evaluate(VALUES, tmp_path / "labels.csv", **{"metric": "x", "worse": "high", "draws": 100, "bad": 2} | more)


# Cases of the training --------------------------------------------------------------------------------------------------

ANSWER = "answer: {who: Alma, side: sender_uplink, about: loss, start: '+1min', end: '+2min'}\n"
CASE = "complaint: x\nfolder: loss\n"
SIMULATED = "complaint: x\nscenario: lossy_uplink\n"
LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(12)
)
TRAINING: dict[str, Any] = {
    "nothing": "",
    "a list": "- 1",
    "no YAML": "a: [",
    "a tab": "\ta: 1",
    "UTF-16": (CASE + ANSWER).encode("utf-16"),
    "code": "complaint: !!python/object/apply:os.system ['echo run']\n",
    "a billion laughs": LAUGHS + CASE + ANSWER + "explanation: *m\n",
    "hints that hold themselves": CASE + ANSWER + "hints: &h [*h]\n",
    "a day that there is not": CASE + ANSWER + "x: 2026-02-30\n",
    "a level of 5,000 digits": CASE + ANSWER + "level: " + "9" * 5000 + "\n",
    "a level in words": CASE + ANSWER + "level: hard\n",
    "a number of hints": CASE + ANSWER + "hints: 5\n",
    "a folder elsewhere": "complaint: x\nfolder: ../../../../etc\n" + ANSWER,
    "a folder with a NUL": 'complaint: x\nfolder: "a\\0b"\n' + ANSWER,
    "lists in lists": "complaint: " + "[" * 600 + "]" * 600 + "\n",
    "keys that are lists": CASE + ANSWER + "? [a, b]\n: c\n",
    "a scenario of scenarios": "complaint: x\nscenario: [[a]]\n" + ANSWER,
    "participants in a word": SIMULATED + "participants: many\n" + ANSWER,
    "a hundred million participants": SIMULATED + "participants: 100000000\n" + ANSWER,
    "participants that are numbers": SIMULATED + "participants: [1, 2]\n" + ANSWER,
    "minutes that are no number": SIMULATED + "minutes: .nan\n" + ANSWER,
    "endless minutes": SIMULATED + "minutes: 1e308\n" + ANSWER,
    "a seed in words": SIMULATED + "seed: lucky\n" + ANSWER,
    "a level that is a list": SIMULATED + "amount: [5]\n" + ANSWER,
    "an answer about nobody": CASE + ANSWER.replace("Alma", "Zebedee"),
    "an answer before the calendar": CASE + ANSWER.replace("'+1min'", "0001-01-01T00:00:00+14:00"),
    "half an answer": CASE + "answer: {who: Alma}\n",
}


@pytest.mark.parametrize("name", TRAINING)
def test_a_case_of_any_kind_is_opened_or_refused(name, tmp_path):
    pytest.importorskip("yaml", reason="the extra 'lab' is not installed")
    shutil.copytree(corpus.FOLDER, tmp_path / "loss")
    body = TRAINING[name]
    file = tmp_path / "case.yaml"
    file.write_bytes(body if isinstance(body, bytes) else body.encode())
    with only_errors_of_ours():
        case = rtk.mystery(case=file, scores=tmp_path / "scores.jsonl")
        for one in (case.hint(), str(case), case._repr_html_()):
            assert len(str(one)) < 100_000


@pytest.mark.parametrize(
    "line",
    [b"\xff\xfe", b"[1]", b"9" * 5000, b"[" * 100_000, b'{"level": [1], "case": {}, "grade": "right", "hints": "x"}'],
)
def test_a_line_of_the_score_card_that_is_none_costs_itself_only(line, tmp_path):
    good = {"level": 1, "case": "7", "grade": "right", "hints": 2}
    (tmp_path / "scores.jsonl").write_bytes(line + b"\n" + json.dumps(good).encode() + b"\n")
    assert rtk.score_card(tmp_path / "scores.jsonl")["solved"].tolist() == [1]


# The command ------------------------------------------------------------------------------------------------------------

ODD = ["garbage", "0001-01-01", "9999-12-31", "\u00b2", "", "\udcff", "x" * 10_000, "-1", "a\nb"]
SOURCE = ("--replay", str(corpus.FOLDER))
COMMANDS = {
    "since": lambda said: ("sessions", *SOURCE, f"--since={said}"),
    "until": lambda said: ("sessions", *SOURCE, f"--until={said}"),
    "limit": lambda said: ("sessions", *SOURCE, f"--limit={said}"),
    "search": lambda said: ("sessions", *SOURCE, f"--search={said}"),
    "session": lambda said: ("call", *SOURCE, "--", said),
    "table": lambda said: ("call", corpus.ID, *SOURCE, f"--table={said}"),
    "profile": lambda said: ("call", corpus.ID, *SOURCE, f"--profile={said}"),
    "folder": lambda said: ("call", corpus.ID, f"--replay={said}"),
    "person": lambda said: ("explain", *SOURCE, "--", said, "choppy"),
    "symptom": lambda said: ("explain", *SOURCE, "--", "Alma", said),
    "on": lambda said: ("explain", "Alma", "choppy", *SOURCE, f"--on={said}"),
    "at": lambda said: ("explain", "Alma", "choppy", *SOURCE, f"--at={said}", f"--to={said}"),
    "tz": lambda said: ("explain", "Alma", "choppy", *SOURCE, f"--tz={said}"),
    "port": lambda said: ("serve", "--port", said) if not said.isdigit() else ("serve", "--port", "99999"),
    "report": lambda said: ("report", "--", said or "none"),
    "place": lambda said: ("sql", "--", said or "none", "select 1"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_answers_odd_words_with_a_sentence(name, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for said in ODD:
        try:
            code = main(COMMANDS[name](said))
        except SystemExit as end:
            code = int(end.code or 0)
        told = capsys.readouterr()
        assert code in (0, 1, 2)
        assert code == 0 or len(told.err) > 20
        assert "Traceback" not in told.err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_the_command_writes_names_in_whatever_the_terminal_can_show(encoding, tmp_path):
    shutil.copytree(corpus.FOLDER, tmp_path / "call")
    listing = (tmp_path / "call" / "participants.json").read_text().replace('"Alma"', '"Zo\\u00eb \\ud83c\\udfa7"')
    (tmp_path / "call" / "participants.json").write_text(listing)
    command = [
        sys.executable,
        "-m",
        "rtkit_explore.cli",
        "call",
        corpus.ID,
        "--replay",
        str(tmp_path / "call"),
        "--table",
    ]
    done = subprocess.run(
        [*command, "participants"],
        capture_output=True,
        check=True,
        cwd=ROOT,
        env={"PYTHONIOENCODING": encoding, "PATH": ""},
    )
    assert done.stdout.decode(encoding)
    assert b"Zo" in done.stdout


def test_a_query_that_is_no_text_is_refused(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe"), encoding="utf-8"))
    assert main(["sql", "nowhere", "-"]) == 1
    assert "not text in UTF-8" in capsys.readouterr().err


FORMULAS = ["=1+1", "@SUM(A1)", "+1", "-1+cmd", "\t=1", "a\r=cmd|' /C calc'!A0", "\uff1d1", "|calc"]


def test_csv_of_the_command_runs_no_formula_and_keeps_every_row(tmp_path, capsys):
    shutil.copytree(corpus.FOLDER, tmp_path / "call")
    listing = json.loads((tmp_path / "call" / "participants.json").read_text())
    people = listing["data"]["participants"]
    people += [{"id": f"peer-{n}", "display_name": name} for n, name in enumerate(FORMULAS)]
    (tmp_path / "call" / "participants.json").write_text(json.dumps(listing))
    assert main(["call", corpus.ID, "--replay", str(tmp_path / "call"), "--table", "participants", "--csv"]) == 0
    out = capsys.readouterr().out
    read = pd.read_csv(io.StringIO(out, newline=""), dtype="str")
    assert len(read) == len(people)
    shown = read["display_name"].tolist()[2:]
    assert shown == [name if name.startswith("a") else f"'{name}" for name in FORMULAS]
    # A bare carriage return ends a row for a spreadsheet unless it stands in quotes.
    assert all(part.count('"') % 2 for part in out.split("\r")[:1])
