"""The report: one file, nothing loaded, nothing unescaped, nothing personal unless asked for."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import hashlib
import itertools
import json
import re
from html.parser import HTMLParser

import jinja2
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rtkit_explore as rtk
from rtkit_explore.call import Call
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.local_time import time_zone
from rtkit_explore.report import figures, plots
from rtkit_explore.report import page as report_page
from rtkit_explore.report.contents import ReportContext, records, report_of
from rtkit_explore.report.shown import shown
from rtkit_explore.report.view import Cell, Heading, Plot, Table
from rtkit_explore.store.documents import CallDocuments
from rtkit_explore.store.saved_calls import read_call
from tests.redaction.planting import planted
from tests.redaction.test_redaction import NEEDLES, SECRETS

VOID = {"img", "meta", "br", "col"}


def page_hash(script):
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


class Reader(HTMLParser):
    """Reads a page: elements with their attributes, texts, and whether every element is closed."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.text, self.open, self.style, self.scripts = [], [], [], "", []
        self.feed(page)
        self.close()

    def handle_starttag(self, name, attributes):
        self.elements.append((name, dict(attributes)))
        if name not in VOID:
            self.open.append(name)
        if name == "script":
            self.scripts.append((dict(attributes).get("type"), ""))

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            self.style += data
        elif self.open and self.open[-1] == "script":
            kind, before = self.scripts.pop()
            self.scripts.append((kind, before + data))
        else:
            self.text.append(data)

    def named(self, name):
        return [attributes for found, attributes in self.elements if found == name]

    @property
    def words(self):
        return re.sub(r"\s+", " ", " ".join(self.text))


@pytest.fixture(scope="module")
def uplink(recordings, tmp_path_factory):
    call = Call(read_call(recordings / "sfu-uplink"))
    path = rtk.write_report(call, tmp_path_factory.mktemp("report") / "call.html", tz="Europe/Berlin")
    return path.read_text(encoding="utf-8")


def test_the_page_is_whole_and_needs_nothing_else(uplink):
    assert uplink.startswith("<!doctype html>")
    page = Reader(uplink)
    assert page.open == []
    assert not {name for name, _ in page.elements} & {
        "link",
        "iframe",
        "object",
        "embed",
        "form",
        "base",
        "video",
    }
    assert all(
        attributes["src"].startswith(("data:image/svg+xml;charset=utf-8,", "data:image/png;base64,"))
        for attributes in page.named("img")
    )
    assert all(attributes["href"].startswith("#") for attributes in page.named("a"))
    assert not [key for _, attributes in page.elements for key in attributes if key.startswith("on") or key == "style"]
    assert "url(" not in page.style
    assert "@import" not in page.style
    policy = next(m["content"] for m in page.named("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    run = [text for kind, text in page.scripts if kind is None]
    assert re.findall(r"'(sha256-[^']+)'", policy) == [page_hash(script) for script in run]
    assert len(run) == 2
    assert not [
        script
        for script in run
        if re.search(r"\beval\b|\bfetch\b|XMLHttp|innerHTML|import\(|https?://(?!github)", script)
    ]


def test_the_story_comes_first_and_blames_the_right_line(uplink):
    words = Reader(uplink).words
    assert words.index("What happened") < words.index("Verdict on each participant") < words.index("All findings")
    lead = words[words.index("What happened ", words.index("As text")) : words.index("Verdict on each participant")]
    assert "Person 1's uplink lost" in lead
    assert "Person 1's uplink" in lead


def test_every_plot_is_drawn_and_described_and_every_table_has_a_caption(uplink):
    page = Reader(uplink)
    assert "undrawn" not in uplink
    assert len(page.named("img")) >= 8
    assert all(len(attributes["alt"]) > 30 for attributes in page.named("img"))
    assert len(page.named("caption")) == len(page.named("table")) >= 7
    assert all(attributes.get("scope") in ("col", "row") for attributes in page.named("th"))
    assert page.named("html") == [{"lang": "en"}]
    levels = [int(name[1]) for name, _ in page.elements if re.fullmatch(r"h[1-6]", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {attributes["href"][1:] for attributes in page.named("a")} <= set(ids)


def test_it_says_what_is_not_measured_and_how_it_was_judged(uplink):
    words = Reader(uplink).words
    assert "no audio level" in words
    assert "profile default" in words
    assert f"rtkit_explore {rtk.__version__}" in words
    assert re.search(r"packets_lost increments evidence 3", words)


def test_times_stand_in_the_zone_that_was_asked_for(uplink):
    assert "2026-11-21 00:39:54 to 2026-11-21 00:42:17 (Europe/Berlin)" in Reader(uplink).words
    assert not re.search(r"\d:\d\d UTC", Reader(uplink).words), "sentences and the story as well"
    assert "times in Europe/Berlin" in Reader(uplink).words


def test_names_of_people_are_in_it_only_on_request(uplink, recordings, tmp_path, monkeypatch):
    assert not re.search(r"Alma|Boris|Chen|sfu-uplink|Canvas capture", uplink)
    monkeypatch.setattr(figures, "FigureCanvasAgg", lambda figure: figure)  # the plots are not what this is about
    plain = rtk.write_report(
        Call(read_call(recordings / "sfu-uplink")), tmp_path / "call.html", redacted=False
    ).read_text()
    assert re.search(r"Alma.*Canvas capture", plain, re.DOTALL)
    assert "Not redacted" in Reader(plain).words


@pytest.mark.parametrize("kind", ["a name", "markup", "a presigned address"])
def test_a_secret_in_every_text_is_in_no_report(kind, tmp_path):
    page = rtk.write_report(Call(planted(SECRETS[kind])), tmp_path / "call.html").read_text()
    assert [needle for needle in NEEDLES if needle in page] == []
    assert "undrawn" not in page


def test_an_unredacted_report_escapes_everything_and_has_no_link_or_token(tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "FigureCanvasAgg", lambda figure: figure)
    nasty = '"><img src=x onerror=alert(1)><script>zyqarth()</script>&\u202e'
    link = "https://user:pw@store.example/file?X-Amz-Signature=5ecret"
    people = [
        {"id": "p1", "display_name": nasty, "joined_at": "2026-11-01T09:00:00Z", "preset_name": f"see {link}"},
        {"id": "p2", "display_name": "Bearer abcdefgh12345678", "joined_at": "2026-11-01T09:00:00Z"},
    ]
    documents = CallDocuments(
        session=json.dumps({"data": {"id": "s", "meeting_display_name": nasty}}).encode(),
        participants=json.dumps({"data": {"participants": people}}).encode(),
        chat=f"id,payload\n1,{link}\n".encode(),
    )
    page = rtk.write_report(
        Call(documents), tmp_path / "call.html", redacted=False, title=f"{nasty} {link}"
    ).read_text()
    read = Reader(page)
    assert len(read.named("script")) == 2
    assert all("onerror" not in attributes for attributes in read.named("img"))
    assert "<script>zyqarth()</script>" in read.words
    assert "https://store.example/…" in read.words
    for hidden in ("5ecret", "user:pw", "abcdefgh12345678", "\u202e"):
        assert hidden not in page


def but_terms(read):
    """Return the elements without those of the glossary: a text may happen to hold one of its words."""
    return [name for name, _ in read.elements if name not in ("a", "dt", "dd")]


@settings(max_examples=100, deadline=None)
@given(text=st.text())
def test_any_text_becomes_markup_that_reads_as_that_text(empty_view, text):
    said = shown(text)
    data = {"label": text, "deep": [{text: text}], "x": (1.0, None)}
    plot = Plot(text, text, picture="data:image/png;base64,AAAA", width=1, height=1, interactive=data)
    table = Table(
        text, [Heading(text, text, text)], [[Cell(text, kind)] for kind in ("", "name", "wide")], 7, text, text
    )
    made = report_page.render(
        dataclasses.replace(empty_view, title=text, timeline=plot, people=table, unmeasured=[text])
    )
    read = Reader(made)
    assert read.open == []
    plain = dataclasses.replace(empty_view, timeline=PLOT, people=TABLE, unmeasured=["u"])
    assert len(but_terms(read)) == len(but_terms(Reader(report_page.render(plain))))
    assert " ".join(said.split()) in read.words
    inside = json.loads(next(body for kind, body in read.scripts if kind == "application/json"))
    assert inside["label"] == said
    assert inside["x"] == [1.0, None]
    made.encode("utf-8")


PLOT = Plot("c", "a", picture="data:image/png;base64,AAAA", width=1, height=1, interactive={"x": ()})
TABLE = Table("c", [Heading("h", "u", "a")], [[Cell("x", kind)] for kind in ("", "name", "wide")], 7, "r", "e")


@pytest.fixture(scope="module")
def empty_view():
    context = ReportContext(Call(CallDocuments()), "default", dt.UTC)
    return report_of(context, title="t", redacted=False)


def test_a_part_that_the_view_lacks_is_an_error_and_not_an_empty_place():
    with pytest.raises(jinja2.UndefinedError):
        report_page.environment().from_string("{{ report.nonsense }}").render(report=object())


def test_data_in_a_script_element_cannot_end_it():
    made = report_page.data({"label": "</script><!--&", "token": "Bearer abcdefgh1234"})
    assert not set("<>&") & set(made)
    assert json.loads(made) == {"label": "</script><!--&", "token": "Bearer [token]"}


def test_plots_over_time_come_as_data_with_the_values_that_were_measured(recordings):
    call = Call(read_call(recordings / "sfu-uplink"))
    context = ReportContext(call, "default", time_zone("Europe/Berlin"))
    peer = call.peer("Alma")
    data = plots.quality(context, peer).interactive
    loss = data["panels"][0]
    assert [panel["label"] for panel in data["panels"]] == [
        "packet loss (%)",
        "round trip (ms)",
        "bitrate (kbit/s)",
        "frame rate (frames/s)",
    ]
    sent = next(n for n, series in enumerate(loss["series"]) if series["label"] == "Alma sends audio")
    rows = call.quality.query("peer_id == @peer and media == 'audio' and direction == 'producer'")
    drawn = [value for value in loss["y"][sent] if value is not None]
    assert max(drawn) == pytest.approx(rows["loss_pct"].max(), rel=1e-3)
    # The zone's own clock, counted as if it were UTC.
    first = dt.datetime.fromtimestamp(min(loss["x"]), dt.UTC).replace(tzinfo=None)
    assert first == rows["start"].min().tz_convert("Europe/Berlin").tz_localize(None).round("100ms")
    for begin, end, value in zip(rows["start"], rows["end"], rows["loss_pct"], strict=True):
        if value == value:
            at = ((begin + (end - begin) / 2) - pd.Timestamp(0, tz="UTC")).total_seconds() + 3600
            place = max(n for n, x in enumerate(loss["x"]) if x <= at)
            assert loss["y"][sent][place] == pytest.approx(value, rel=1e-3)


def test_a_finding_brings_its_threshold_and_window(recordings):
    call = Call(read_call(recordings / "sfu-uplink"))
    row = records(call.findings())[0]
    data = plots.finding(ReportContext(call, "default", dt.UTC), row).interactive
    assert data["panels"][0]["threshold"] == pytest.approx(row["threshold"])
    assert data["window"][0] == pytest.approx(row["start"].timestamp(), abs=0.1)
    assert data["window"][1] == pytest.approx(row["end"].timestamp(), abs=0.1)
    assert {event["name"] for event in data["events"]} >= {"microphone on", "camera on"}


def test_a_call_of_which_nothing_is_known_still_has_a_report(tmp_path):
    page = rtk.write_report(Call(CallDocuments()), tmp_path / "deep" / "call.html").read_text()
    read = Reader(page)
    assert "Nothing of warn or worse was found." in read.words
    assert "No participants are known." in read.words
    assert "undrawn" not in page


def test_people_without_a_report_are_named_as_unknown(tmp_path):
    people = [{"id": f"aaaaaaaa-0000-4000-8000-00000000000{n}", "display_name": "x"} for n in range(2)]
    call = Call(CallDocuments(participants=json.dumps({"data": {"participants": people}}).encode()))
    words = Reader(rtk.write_report(call, tmp_path / "call.html").read_text()).words
    assert (
        "unknown rather than fine: Person 1 (1), Person 1 (2)" in words
        or "unknown rather than fine: Person 1, Person 2" in words
    )


def test_a_plot_that_fails_is_said_to_and_the_rest_stays(tmp_path, monkeypatch):
    def fail(*_args, **_options):
        msg = "no"
        raise ZeroDivisionError(msg)

    monkeypatch.setattr("rtkit_explore.plot.timeline", fail)
    page = rtk.write_report(Call(CallDocuments()), tmp_path / "call.html").read_text()
    assert "could not be drawn (ZeroDivisionError)" in page
    assert "What is not measured" in page


def test_many_people_make_no_wall_of_plots(tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "FigureCanvasAgg", lambda figure: figure)
    people = [{"id": f"p{n}", "display_name": f"N{n}", "joined_at": "2026-11-01T09:00:00Z"} for n in range(210)]
    call = Call(CallDocuments(participants=json.dumps({"data": {"participants": people}}).encode()))
    page = rtk.write_report(call, tmp_path / "call.html", redacted=False).read_text()
    assert "10 more rows: call.participants" in page


def test_only_a_report_is_replaced(tmp_path):
    call = Call(CallDocuments())
    other = tmp_path / "call.json"
    other.write_text('{"data": 1}')
    with pytest.raises(InvalidArgumentError, match="no HTML file, so it is not replaced"):
        rtk.write_report(call, other)
    assert other.read_text() == '{"data": 1}'
    with pytest.raises(InvalidArgumentError, match="is a folder"):
        rtk.write_report(call, tmp_path)
    done = tmp_path / "call.html"
    done.write_text("<!DOCTYPE html>old")
    with pytest.raises(InvalidArgumentError, match="exists already"):
        rtk.write_report(call, done, overwrite=False)
    assert rtk.write_report(call, done) == done
    assert "old" not in done.read_text()[:200]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["call.html", "call.json"]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidArgumentError, match="cannot be written"):
        rtk.write_report(Call(CallDocuments()), tmp_path / "file" / "call.html")


def test_nothing_is_drawn_for_a_place_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(Call, "redact", lambda *_, **__: pytest.fail("the place comes first"))
    for write, name in ((rtk.write_report, "call.html"), (rtk.export_tables, "tables")):
        with pytest.raises(InvalidArgumentError, match="cannot be written"):
            write(Call(CallDocuments()), tmp_path / "file" / name)


def test_asking_whether_a_place_can_be_written_leaves_nothing_there(tmp_path):
    with pytest.raises(InvalidArgumentError):
        rtk.write_report(Call(CallDocuments()), tmp_path / "new" / "call.html", tz="Mars/Base")
    assert not list(tmp_path.iterdir())


def test_a_wrong_zone_or_profile_leaves_no_file(tmp_path):
    for wrong in ({"tz": "Mars/Base"}, {"profile": "nobody's"}):
        with pytest.raises(InvalidArgumentError):
            rtk.write_report(Call(CallDocuments()), tmp_path / "call.html", **wrong)
    assert list(tmp_path.iterdir()) == []


def test_words_of_the_field_link_to_what_they_mean(uplink):
    links = re.findall(r'<a class="term" href="#(word-[^"]+)" title="([^"]*)">([^<]+)</a>', uplink)
    assert len(links) > 10
    entries = dict(re.findall(r'<dt id="(word-[^"]+)" tabindex="-1">([^<]+)</dt>', uplink))
    assert {place for place, *_ in links} == set(entries), "each is explained, and no other"
    assert entries["word-packet-loss"] == "packet loss"
    headings = re.findall(r"<h3>.*?</h3>", uplink)
    assert any('class="term"' in heading for heading in headings)


def test_a_text_is_escaped_and_scrubbed_around_its_terms():
    from rtkit_explore.report.shown import shown
    from rtkit_explore.report.words import Words

    words = Words(shown)
    marked = str(words.mark("<b>jitter</b> at https://store/x?X-Amz-Signature=abc and jitter"))
    assert marked.startswith("&lt;b&gt;<a ")
    assert marked.count("<a ") == 1
    assert "Signature" not in marked
    assert [term.term for term in words.used] == ["jitter"]
