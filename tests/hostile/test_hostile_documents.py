"""Each document of the corpus, served over real HTTP, costs itself only, is told of, and stays so once saved."""

from __future__ import annotations

import json
import time
import warnings
from pathlib import Path

import pytest

import rtkit_explore as rtk
from rtkit_explore.call import Call
from rtkit_explore.store.documents import CallDocuments
from tests.contract.server import ACCOUNT, APP, TOKEN, ApiServer
from tests.hostile import corpus
from tests.hostile.corpus import ALMA, BORIS, CASES, ID
from tests.tables.shapes import assert_shape

pytestmark = pytest.mark.filterwarnings("ignore::rtkit_explore.errors.PartialResultWarning")
LONGEST_S = 15.0
"""Processor time that one case may take: a hundred times what it takes, and far less than anything quadratic would."""
TABLE_OF = {"chat": "chat", "transcript": "transcript"}


@pytest.fixture(scope="module")
def running():
    with ApiServer() as server:
        server.compress = False
        yield server


@pytest.fixture
def server(running):
    running.canned = {}
    running.files = {}
    running.open_folder(corpus.FOLDER)
    return running


def serve(server, case):
    """Put a case in the place of the document that belongs there."""
    patterns = {"session": f"/sessions/{ID}$", "participants": "/participants$", "report": f"/peer-report/{ALMA}$"}
    if case.place in patterns:
        server.canned[patterns[case.place]] = case.body
    else:
        server.files[ID, case.place] = case.body


def app_of(server):
    return rtk.connect(
        token=TOKEN, account_id=ACCOUNT, app_id=APP, base_url=server.url, cache=False, progress=False, retries=0,
        budget_requests=None,
    )  # fmt: skip


def read_all(call, *, judged=True):
    for name, table in call.tables.items():
        assert_shape(name, table)
        for column in table.select_dtypes("string"):
            "".join(table[column].dropna()).encode()  # every text can be written
    assert str(call.story())
    if not judged:
        return
    assert_shape("findings", call.findings())
    assert_shape("verdicts", call.verdicts())
    assert_shape("overview", call.overview())


def told(call, source):
    """List the problems about a document; an odd row of the list of participants may cost that one's report."""
    problems = call.problems
    if source == "participants":
        return problems[(problems["kind"] != "missing") | ~problems["peer_id"].isin([ALMA, BORIS])]
    return problems[problems["source"].astype("object").fillna("").str.startswith(source)]


def fetched(server, case):
    form = case.place.partition(".")[2]
    with app_of(server) as app:
        return app.call(ID, chat=case.place == "chat", transcript=form or False, summary=case.place == "summary")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_document_costs_itself_only_and_is_told_of(server, case, tmp_path):
    serve(server, case)
    began = time.process_time()
    if case.place == "session" and case.name.startswith("refused"):
        with pytest.raises(rtk.errors.ApiError):
            fetched(server, case)
        return
    call = fetched(server, case)
    read_all(call, judged=case.place in ("participants", "report"))
    states = call.participants.set_index("peer_id")["report"].astype(str)
    # The others are as they would be.
    if case.place != "participants":
        assert states[BORIS] == "read"
        assert case.place == "report" or states[ALMA] == "read"
        assert (call.samples["peer_id"] == BORIS).sum() > 50
    if case.lost:
        assert len(told(call, case.source)), f"{case} is lost in silence"
    else:
        assert told(call, case.source).query("kind in ('fetch', 'broken')").empty

    # Redacted it has as many rows: what can be read at all is rewritten as it was read.
    redacted = call.redact()
    for name in ("participants", "samples", "chat", "transcript"):
        assert len(getattr(redacted, name)) == len(getattr(call, name)), f"redaction loses rows of {name}"

    # Saved and opened again it is the same call.
    with rtk.replay(call.save(tmp_path / "saved"), progress=False) as saved:
        again = saved.call(str(saved.sessions()["session_id"].iloc[0]))
    assert again.participants["report"].astype(str).tolist() == call.participants["report"].astype(str).tolist()
    assert len(again.samples) == len(call.samples)
    assert bool(len(told(again, case.source))) == bool(len(told(call, case.source)))
    assert time.process_time() - began < LONGEST_S


ALONE = {
    "session": lambda app: app.session(ID),
    "participants": lambda app: (app.participants(ID), app.peer_events(ID)),
    "report": lambda app: app.peer_report(ALMA).problems,
    "chat": lambda app: app.chat(ID),
    "summary": lambda app: app.summary(ID),
} | {
    f"transcript.{form}": lambda app, form=form: app.transcript(ID, format=form) for form in ("CSV", "JSON", "SRT", "VTT")
}  # fmt: skip


@pytest.mark.parametrize("case", [case for case in CASES if case.lost], ids=str)
def test_one_table_alone_says_what_it_lacks(server, case):
    serve(server, case)
    with warnings.catch_warnings(record=True) as heard, app_of(server) as app:
        warnings.simplefilter("always")
        try:
            shown = ALONE[case.place](app)
        except rtk.RtkitError:
            return
    if case.place == "report":
        # A call of one, which has its own problems; of which session it should be, nobody has said.
        assert len(shown) or case.name == "of another session"
        return
    # A key that nobody knows costs no table anything, and an odd id only its report: rows of the problems of a call.
    costs_nothing = ("unknown key", "nobody knows", "an id ", "a row without anything")
    told = [one for one in heard if issubclass(one.category, rtk.errors.PartialResultWarning)]
    assert told or any(words in case.name for words in costs_nothing), f"{case} is lost in silence"


REPORTS = [case for case in CASES if case.place == "report"]


@pytest.mark.parametrize("case", REPORTS, ids=str)
def test_a_report_is_loaded_from_a_file_beside_another_or_refused(case, tmp_path):
    (tmp_path / "one.json").write_bytes(case.body)
    (tmp_path / "other.json").write_bytes((corpus.FOLDER / f"peer-report-{BORIS}.json").read_bytes())
    try:
        call = rtk.load(tmp_path)
    except rtk.errors.NotADocumentError:
        assert "of another" in case.name  # of another call: these cannot be loaded as one
        return
    assert (call.samples["peer_id"] == BORIS).sum() > 50
    # Without a list of participants, a report of somebody else is just that.
    assert not case.lost or len(call.problems) or case.name == "of another participant"


@pytest.fixture(scope="module")
def everybody():
    """A call in which everybody's report is another one of the corpus, with names to match."""
    reports = {}
    for number, case in enumerate(REPORTS):
        peer = f"{number:08d}-0000-4000-8000-000000000000"
        reports[peer] = case.body.replace(ALMA.encode(), peer.encode())
    names = [
        "=1+1",
        "<script>alert(1)</script>",
        "",
        "Zo\u00eb \U0001f3a7",
        "a\r\n=cmd|' /C calc'!A0",
        "\u202eamlA",
        "Alma",
    ]
    people = [{"id": peer, "display_name": names[n % len(names)]} for n, peer in enumerate(reports)]
    session = json.dumps({"data": corpus.SESSION | {"started_at": "0001-01-01T00:00:00Z"}})
    listing = json.dumps({"data": {"participants": people}})
    return Call(CallDocuments(session.encode(), listing.encode(), reports, session_id=ID))


def test_a_call_in_which_every_report_is_odd_is_judged(everybody):
    read_all(everybody)
    states = everybody.participants["report"].astype(str)
    assert (states == "read").sum() > 50
    assert (states == "failed").sum() >= len(corpus.ANSWERS) // 2  # others read as a report without samples
    with_problems = set(everybody.problems["peer_id"].dropna())
    lost = {peer for peer, case in zip(everybody.documents.reports, REPORTS, strict=True) if case.lost}
    assert lost <= with_problems
    for name in list(everybody.names.values())[:3]:
        assert str(everybody.explain(name, "choppy"))


@pytest.mark.parametrize("draw", ["timeline", "quality", "candidate_pairs", "device_changes", "heatmap"])
def test_a_call_in_which_every_report_is_odd_is_drawn_over_its_own_time(everybody, draw):
    import matplotlib.pyplot as plt

    try:
        given = {"metrics": ["loss_pct", "bitrate_kbps"]} if draw == "quality" else {}
        axes = getattr(rtk.plot, draw)(everybody, **given)
        figure = plt.gcf()
        figure.canvas.draw()
        assert axes is not None
        # Two samples are ten years off; what no clock can have shown stretches no axis.
        for one in figure.axes:
            left, right = one.get_xlim()
            assert right - left < 366 * 100
    finally:
        plt.close("all")


def test_a_call_in_which_every_report_is_odd_is_reported_exported_and_redacted(everybody, tmp_path):
    page = Path(rtk.write_report(everybody, tmp_path / "call.html", redacted=False)).read_text("utf-8")
    assert "<script>alert(1)</script>" not in page
    rtk.export_tables(everybody, tmp_path / "tables", redacted=False)
    for name, table in rtk.read_tables(tmp_path / "tables").items():
        if name in everybody.tables:
            assert len(table) == len(everybody.tables[name]), name
    redacted = everybody.redact()
    read_all(redacted)
    assert len(redacted.samples) == len(everybody.samples)
