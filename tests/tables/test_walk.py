"""Every leaf of a document lands in exactly one column, and an unknown key in ``problems``."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from functools import cache

import pandas as pd
import pytest

from rtkit_explore import tables
from rtkit_explore.call import Call
from rtkit_explore.store.documents import CallDocuments
from rtkit_explore.table_schema.describe import TABLES, describe
from tests import reference
from tests.tables import walks

ENVELOPE = {"success", "paging"}
PLACES = {
    (table, column): place.split(" | ")
    for table, column, place in describe()[["table", "column", "place"]].itertuples(index=False)
    if place
}
"""Columns that hold a leaf as it stands; the others are keys restated, places in the document, or worked out."""


@cache
def column_of(path: str, among: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    """Return the columns that claim a place in the document."""
    return frozenset(
        name
        for name, places in PLACES.items()
        if name[0] in among
        and any(path.startswith(place[:-1]) if place.endswith("*") else path == place for place in places)
    )


def read(document: object, among: tuple[str, ...] = walks.REPORT_TABLES) -> dict[str, pd.DataFrame]:
    return {name: getattr(tables, name)(document) for name in among}


def changed_columns(before: dict[str, pd.DataFrame], after: dict[str, pd.DataFrame]) -> set[tuple[str, str]]:
    """Return the columns that differ, of those that hold leaves."""
    assert {name: len(table) for name, table in before.items()} == {name: len(table) for name, table in after.items()}
    return {
        (name, column)
        for name in before
        for column in before[name].columns
        if (name, column) in PLACES and not before[name][column].equals(after[name][column])
    }


def test_the_reference_example_has_the_430_leaves_of_the_reference(domain):
    lines = (domain / "api-pages" / "peer-report-endpoint.txt").read_text().split("\n")
    published = json.loads("\n".join(lines[max(n for n, line in enumerate(lines) if line == "{") :]))
    rebuilt = reference.peer_report()
    assert {path for path, _ in reference.nodes(published)} == {path for path, _ in reference.nodes(rebuilt)}
    assert len(list(reference.leaves(rebuilt))) == 430


def test_changing_any_leaf_of_the_reference_example_changes_exactly_the_column_that_claims_it():
    document = reference.peer_report()
    walked = [(path, value) for path, value in reference.leaves(document) if path[0] not in ENVELOPE]
    assert len(walked) == 429
    changed = [
        reference.with_value(document, path, reference.another(path, value, n))
        for n, (path, value) in enumerate(walked)
    ]
    reports = {str(n): json.dumps(each).encode() for n, each in enumerate([document, *changed])}
    call = Call(CallDocuments(reports=reports))  # each with one leaf changed, the first with none
    people = {name: getattr(tables, name)([document, *changed]) for name in ("participants", "peer_events")}
    differing: dict[int, set[tuple[str, str]]] = {n: set() for n in range(len(walked))}
    for name in walks.REPORT_TABLES:
        table = people.get(name, getattr(call, name))
        each = len(table) // len(reports)
        assert each * len(reports) == len(table)
        for column in table.columns:
            if (name, column) in PLACES:
                codes = pd.factorize(table[column])[0].reshape(-1, each)
                for n in (codes != codes[0]).any(axis=1).nonzero()[0]:
                    differing[n - 1].add((name, column))
    for n, (path, _) in enumerate(walked):
        claimed = column_of(reference.place(path), walks.REPORT_TABLES)
        assert len(claimed) == 1, path
        # A producer's id is its stream's as well; that is a key restated, like session_id and peer_id.
        restated = set() if path[-1] == "consumer_id" else {("samples", "stream_id")}
        assert differing[n] - restated == claimed, path


def test_the_reference_example_has_no_problems():
    assert tables.problems(reference.peer_report()).empty


@pytest.mark.parametrize(
    ("name", "make"),
    [("sessions", reference.session), ("sessions", reference.sessions), ("participants", reference.participants)],
)
def test_changing_any_leaf_of_the_lists_changes_exactly_the_column_that_claims_it(name, make):
    document = make()
    among = ("sessions",) if name == "sessions" else ("participants", "peer_events")
    before = read(document, among)
    for number, (path, value) in enumerate(reference.leaves(document)):
        if ENVELOPE & set(path):
            continue
        after = read(reference.with_value(document, path, reference.another(path, value, number)), among)
        claimed = column_of(reference.place(path), among)
        assert len(claimed) == 1, path
        assert changed_columns(before, after) == claimed, path


def test_every_leaf_keeps_its_own_value_when_all_are_distinct():
    document, given = reference.distinct(reference.peer_report())
    found = Counter()
    for name, table in read(document).items():
        for column in table.columns:
            if (name, column) in PLACES and column != "stream_id":
                found.update(plain(value) for value in table[column].dropna())
    once = {
        path: value for path, value in given.items() if reference.kind_of(path, value) in ("text", "number", "whole")
    }
    repeated = {path: found[plain(value)] for path, value in once.items() if found[plain(value)] != 1}
    # A consumer's id is in stream_id alone.
    assert {path[-1] for path in repeated} == {"consumer_id"}
    assert set(read(document)["samples"]["stream_id"]) >= {given[path] for path in repeated}


# The real calls -------------------------------------------------------------------------------------------------------


def plain(value: object) -> object:
    """Spell a cell or a leaf so that both can be compared: times as microseconds, numbers as floats."""
    if isinstance(value, pd.Timestamp):
        return "time", round(value.timestamp() * 1e6)
    if isinstance(value, str):
        return value
    return ("flag", bool(value)) if str(type(value)).count("bool") else float(value)


def leaf(path: reference.Path, value: object) -> object:
    kind = reference.kind_of(path, value)
    if kind == "time":
        return plain(pd.Timestamp(datetime.fromisoformat(value)))
    if kind == "epoch":
        return "time", round(value * 1000)
    if kind == "json":
        return json.dumps(value, sort_keys=True)
    return plain(value)


def cells(table: pd.DataFrame, column: str, *, whole: bool) -> Counter:
    values = table[column].dropna()
    return (
        Counter(json.dumps(json.loads(value), sort_keys=True) for value in values)
        if whole
        else Counter(map(plain, values))
    )


def generic(path: reference.Path) -> str:
    return "".join("[]" if isinstance(key, int) else f".{key}" for key in path[1:]).removeprefix(".")


def compare(document: dict, among: tuple[str, ...]) -> int:
    """Check that the leaves of each place are, as a multiset, the cells of the column that claims it."""
    wanted: dict[tuple[str, str], Counter] = {}
    leaves = 0
    for path, value in reference.leaves(document):
        if ENVELOPE & set(path) or value is None:
            continue
        if reference.kind_of(path, value) == "epoch" and value == 0:
            continue  # clients write 0 for "no packet yet": missing
        claimed = column_of(generic(path), among)
        assert len(claimed) == 1, (path, claimed)
        wanted.setdefault(next(iter(claimed)), Counter())[leaf(path, value)] += 1
        leaves += 1
    built = read(document, among)
    kinds = {(name, column): TABLES[name][column].kind for name, column in wanted}
    for (name, column), values in wanted.items():
        table = built[name]
        if name == "device_changes" and column == "timestamp":  # one time for all devices of an update
            assert set(cells(table, column, whole=False)) == set(values)
            continue
        if (name, column) == ("samples", "stream_id"):
            table = table[table["direction"] == "consumer"]
        assert cells(table, column, whole=kinds[name, column] == "json") == values, (name, column)
    for name, column in PLACES.keys() - wanted.keys():
        if name in among and column not in ("stream_id", "session_id", "peer_id"):  # keys are restated
            assert built[name][column].isna().all(), (name, column)
    return leaves


def some_calls(request, name):
    """Return every other recorded call, or all where the whole is walked."""
    folders = sorted(folder for folder in request.getfixturevalue(name).iterdir() if (folder / "session.json").exists())
    return folders[:: 1 if walks.WHOLE else 2]


@pytest.mark.parametrize("source", ["recordings", "jitsi"])
def test_every_leaf_of_the_real_calls_is_in_the_column_that_claims_it_and_nowhere_else(request, source):
    leaves = 0
    for folder in some_calls(request, source):
        compare(json.loads((folder / "session.json").read_bytes()), ("sessions",))
        compare(json.loads((folder / "participants.json").read_bytes()), ("participants", "peer_events"))
        for file in sorted(folder.glob("peer-report-*.json")):
            document = json.loads(file.read_bytes())
            leaves += compare(document, walks.REPORT_TABLES)
            assert tables.problems(file.read_bytes()).empty
    assert leaves > 10_000


# Unknown keys ---------------------------------------------------------------------------------------------------------


def test_an_unknown_key_in_any_object_is_one_problem_and_stays_in_the_document():
    document = reference.peer_report()
    whole = {path for path, _ in reference.leaves(document) if reference.is_whole(path)}
    objects = [path for path, value in reference.nodes(document) if isinstance(value, dict) and path not in whole]
    assert len(objects) > 70
    for path in objects:
        changed = reference.with_value(document, path, reference.at(document, path) | {"brand_new": [1, {"deep": 2}]})
        found = tables.problems(json.dumps(changed))
        assert list(found["kind"]) == ["unknown_key"], path
        assert list(found["path"]) == [reference.json_path((*path, "brand_new"))]
        assert list(found["count"]) == [1]
        call = Call(CallDocuments(reports={reference.PEER: json.dumps(changed).encode()}))
        assert reference.at(call.document(reference.PEER), path)["brand_new"] == [1, {"deep": 2}]


@pytest.mark.parametrize(
    "key", ["brand_new", "with space", "dot.ted", 'quo"te', "back\\slash", "`tick`", "", "é", "a\nb", "x" * 400]
)
def test_an_unknown_key_in_every_sample_is_counted_once_with_how_often(key):
    document = reference.peer_report()
    quality = document["data"]["participant"]["peer_report"]["quality"]
    sample = quality["video_producer"][0]
    quality["video_producer"] = [
        sample | {"ssrc": number} | ({key: number} if number >= 2 else {}) for number in range(9)
    ]
    found = tables.problems(json.dumps(document))
    where = ("data", "participant", "peer_report", "quality", "video_producer", 2, key)
    assert list(found["path"]) == [reference.json_path(where)]
    assert list(found["count"]) == [7]
    assert list(
        tables.samples(json.dumps(document)).query("media == 'video' and direction == 'producer'")["ssrc"]
    ) == list(range(9))


def test_unknown_keys_of_two_kinds_are_two_problems_also_in_the_durations():
    document = reference.peer_report()
    sample = document["data"]["participant"]["peer_report"]["quality"]["video_producer"][0]
    sample["one"] = sample["two"] = None
    sample["quality_limitation_durations"]["thermal"] = 3
    found = tables.problems(document)
    assert sorted(path.partition("[0].")[2] for path in found["path"]) == [
        "one",
        "quality_limitation_durations.thermal",
        "two",
    ]


def test_more_unknown_keys_than_can_be_told_apart_quickly_are_all_found():
    document = reference.peer_report()
    sample = document["data"]["participant"]["peer_report"]["quality"]["audio_producer"][0]
    sample |= {f"new_{number}": number for number in range(100)}
    assert len(tables.problems(document)) == 100
    assert tables.samples(document).query("media == 'audio' and direction == 'producer'")["packets_sent"].tolist() == [
        7
    ]


def test_problems_come_in_the_order_of_the_document():
    document = reference.peer_report()
    document["data"]["participant"] |= {f"new_{number}": 0 for number in range(20)}
    assert [path.rpartition("_")[2] for path in tables.problems(document)["path"]] == [str(n) for n in range(20)]
