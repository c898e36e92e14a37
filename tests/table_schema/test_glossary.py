"""The glossary explains every term of the field that stands on a screen; this file looks for those that it does not."""

from __future__ import annotations

import ast
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import rtkit_explore as rtk
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.findings.rules import RULES
from rtkit_explore.table_schema import labels
from rtkit_explore.table_schema.findings import SEVERITIES, SIDES, VERDICTS
from rtkit_explore.table_schema.glossary_entries import TERMS, Term
from rtkit_explore.table_schema.glossary_pictures import PICTURES
from rtkit_explore.table_schema.glossary_terms import terms_in, without_terms

PACKAGE = Path(rtk.__file__).parent
NOTEBOOKS = sorted((PACKAGE.parent / "notebooks").glob("*.ipynb"))

HERE = Path(__file__).parent
PLAIN = frozenset((HERE / "plain_words.txt").read_text(encoding="utf-8").split())
"""Words on labels that every reader of English knows; a new one is added there, or, if it is of the field, explained."""
ABBREVIATIONS = frozenset((HERE / "plain_abbreviations.txt").read_text(encoding="utf-8").split())
"""Abbreviations of computers at large, not of calls; those of calls are explained."""


def screen_labels():
    """Collect what stands on axes, heads of tables, legends and lists, with where it stands."""
    schema = rtk.schema()
    found = [(f"title of {row.table}.{row.column}", row.title) for row in schema.itertuples()]
    found += [(f"unit of {row.table}.{row.column}", row.unit) for row in schema.dropna(subset=["unit"]).itertuples()]
    for rule in RULES:
        found += [(f"rule {rule.name}", labels.rule_words(rule.name)), (f"title of rule {rule.name}", rule.title)]
        found += [(f"unit of rule {rule.name}", rule.unit)]
    for name in ("MEDIA", "DEVICE_KINDS", "REPORT_STATES", "EVENTS"):
        found += [(f"{name} {key}", words) for key, words in getattr(labels, name).items()]
    found += [(f"side {side}", labels.side_words(side, "somebody")) for side in SIDES]
    found += [("a severity or verdict", word) for word in (*SEVERITIES, *VERDICTS)]
    lessons = rtk.lessons()
    found += [(f"lesson {row.lesson}", f"{row.title}; {row.slider}") for row in lessons.itertuples()]
    return found


def shown_strings(path):
    """Return the strings of a module that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    docs |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docs
        and re.search(r"[a-z]+ [a-z]+", node.value)
        and not node.value.startswith("<")
    ]


def screen_prose():
    """Collect sentences: of findings, answers, plots, widgets, reports, lessons, mystery calls, and of notebooks."""
    for part in ("findings", "complaints", "plot", "widgets", "report", "training"):
        for path in sorted((PACKAGE / part).rglob("*.py")):
            for text in shown_strings(path):
                yield str(path.relative_to(PACKAGE)), text
    script = (PACKAGE / "widgets/static/explorer.js").read_text(encoding="utf-8")
    for text in re.findall(r'"([A-Z][^"\n{}]* [^"\n{}]*)"', script):
        yield "explorer.js", text
    for path in NOTEBOOKS:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                yield path.name, re.sub(r"`[^`]*`|\]\([^)]*\)", " ", "".join(cell["source"]))


def unexplained(text):
    return [word for word in re.findall(r"[a-z]+(?:'[a-z]+)?", without_terms(text).casefold()) if word not in PLAIN]


def test_every_label_on_a_screen_is_plain_or_explained():
    missing = {}
    for place, text in screen_labels():
        for word in unexplained(str(text)):
            missing.setdefault(word, []).append(place)
    assert not missing, "\n".join(f"{word}: {', '.join(places[:3])}" for word, places in sorted(missing.items()))


def test_every_abbreviation_in_a_sentence_is_explained():
    missing = {}
    for place, text in screen_prose():
        rest = without_terms(text)
        for word in re.findall(r"(?<![\w{./%#-])[A-Z][A-Z0-9]{1,5}(?![\w}-])", rest):
            if word not in ABBREVIATIONS:
                missing.setdefault(word, set()).add(place)
    assert not missing, "\n".join(f"{word}: {', '.join(sorted(places))}" for word, places in sorted(missing.items()))


def test_a_term_that_nobody_explained_would_be_noticed():
    assert unexplained("glitch concealment of packets") == ["glitch"]
    assert unexplained("jitter buffer of the receiver, packets per second") == []


def test_every_member_of_the_w3c_statistics_leads_to_a_term():
    members = {one for cell in rtk.schema()["webrtc_stats"].dropna() for one in cell.split(" | ") if one}
    assert len(members) > 40
    plain = {"timestamp", "id", "url"}
    for member in members:
        if member.partition(".")[2] not in plain:
            assert isinstance(rtk.glossary(member), Term), member


def test_every_measure_of_quality_leads_to_a_term():
    for column in rtk.schema("quality").dropna(subset=["title"]).itertuples():
        if column.dtype in ("float64", "Float64") or column.worse:
            assert isinstance(rtk.glossary(column.column), Term), column.column


def test_the_glossary_explains_by_term_synonym_and_column():
    table = rtk.glossary()
    assert list(table["term"]) == list(TERMS) == sorted(TERMS, key=str.casefold)
    assert isinstance(rtk.glossary("jitter"), Term)
    assert rtk.glossary("jitter_ms").term == "jitter"
    assert rtk.glossary("RTT").term == "round trip"
    assert rtk.glossary("inbound-rtp.packetsLost").term == "packet loss"
    assert rtk.glossary("packets").term == "packet"
    assert rtk.glossary("E-model").term == rtk.glossary("e model").term == "E-model"
    assert "quality.jitter_ms" in str(rtk.glossary("Jitter"))
    with pytest.raises(InvalidArgumentError, match="jitter"):
        rtk.glossary("jiter")
    with pytest.raises(InvalidArgumentError, match="takes a term"):
        rtk.glossary("  ")


def test_every_column_of_the_glossary_exists_and_every_entry_is_short():
    schema = rtk.schema()
    known = set(schema["table"] + "." + schema["column"])
    members = {one for cell in schema["webrtc_stats"].dropna() for one in cell.split(" | ") if one}
    kinds = {member.partition(".")[0] for member in members} | {"codec", "transport"}
    for term in TERMS.values():
        assert set(term.columns) <= known, term.term
        assert {name.partition(".")[0] for name in term.webrtc_stats} <= kinds, term.term
        assert 1 <= term.says.count(". ") + 1 <= 3, term.term
        assert term.says.endswith("."), term.term


def test_no_word_means_two_terms():
    names = [name.casefold() for term in TERMS.values() for name in (term.term, *term.also)]
    assert sorted(names) == sorted(set(names))


def test_terms_are_found_in_a_text_the_longest_first():
    said = "Late media: the jitter buffer waits for lost packets, PLI per interval, RTT and rtt; not jittery or USB."
    assert [one.term for one in terms_in(said)] == [
        "late media", "jitter buffer", "packet loss", "PLI", "per interval", "round trip",
    ]  # fmt: skip
    assert terms_in("") == []
    assert terms_in("a calling card") == []


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_well_formed_stays_in_its_frame_and_says_what_it_shows(name):
    assert name in TERMS
    root = ET.fromstring(PICTURES[name])
    width, height = (float(root.get(side)) for side in ("width", "height"))
    assert root.find("{http://www.w3.org/2000/svg}title").text
    assert not [node for node in root.iter() if node.get("id")]
    for node in root.iter():
        if node.tag.endswith("text"):
            x, half = float(node.get("x")), len(node.text) * 2.9
            low = x - half if node.get("text-anchor") else x
            high = x + half if node.get("text-anchor") else x + 2 * half
            assert 0 <= low < high <= width, node.text
            assert 8 <= float(node.get("y")) <= height - 2, node.text
    assert PICTURES[name] in rtk.glossary(name)._repr_html_()


def test_what_is_shown_as_html_is_escaped():
    term = Term("a <b>", "x < y & z.", ("a.<c>",))
    assert "<b>:" not in term.html.replace("<b>a &lt;b&gt;</b>", "")
    assert "x &lt; y &amp; z." in term.html
    assert "a.&lt;c&gt;" in term.html
