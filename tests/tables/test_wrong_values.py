"""Whatever stands in a document, every table keeps its shape, nothing raises, and ``problems`` says where."""

from __future__ import annotations

import json
from collections import defaultdict

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rtkit_explore import tables
from rtkit_explore.call import Call
from rtkit_explore.store.documents import CallDocuments
from rtkit_explore.table_schema.describe import describe
from tests import reference
from tests.tables import walks
from tests.tables.shapes import assert_shape

REPORT_TABLES = (*walks.REPORT_TABLES, "problems")
ELSEWHERE = {
    "transport",
    "position",
    "check",
    "change",
    "list",
    "metric",
    "statistic",
    "unit",
    "media",
    "direction",
    "count",
}
PLACED = {
    (table, column): place for table, column, place in describe()[["table", "column", "place"]].itertuples(index=False)
}
WRONG = {
    "null": None,
    "an empty text": "",
    "null in quotes": "null",
    "a text": "garbage",
    "a number": 12.5,
    "a list": [1],
    "an object": {"a": 1},
    "true": True,
}
ANYTHING = set(WRONG)
FINE = {
    "text": {"null", "an empty text", "a text"},
    "number": {"null", "a number"},
    "whole": {"null"},
    "epoch": {"null", "a number"},
    "time": {"null"},
    "flag": {"null", "true"},
    "choice": {"null"},
    "json": ANYTHING,
    "object": {"null"},
    "list": {"null"},
}
"""What may stand in the place of a value of each kind: absent, empty where it is free text, or of its kind."""


def kind(path: reference.Path, value: object) -> str:
    if not reference.is_whole(path) and isinstance(value, (dict, list)):
        return "object" if isinstance(value, dict) else "list"
    return reference.kind_of(path, value)


def expected_path(path: reference.Path, value: object, wrong: str) -> str | None:
    """Return the JSON path of the problem that a wrong value makes, None where it is none."""
    what = kind(path, value)
    if path[0] == "success":
        return None
    if wrong == "null" and isinstance(path[-1], int) and what == "object":
        return reference.json_path(path)  # a list of records has no place for null
    if wrong == "null" and path[-1] == "timestamp" and "quality" in path:
        return reference.json_path(path)  # a sample is of no use without its time
    if path == ("data", "participant", "id") and wrong in ("null", "an empty text", "a text"):
        return reference.json_path(path)  # none, or not the one that was asked for
    if wrong in FINE[what]:
        return None
    inside = {("list", "a list"): (*path, 0), ("object", "an object"): (*path, "a")}
    return reference.json_path(inside.get((what, wrong), path))


def named(number: int) -> str:
    return f"peer-{number:05}"


def call_of(documents: list[dict]) -> Call:
    """Make one call in which every participant's report is another document."""
    return Call(
        CallDocuments(reports={named(n): json.dumps(document).encode() for n, document in enumerate(documents)})
    )


def as_peer(number: int) -> dict:
    document = reference.peer_report()
    person = document["data"]["participant"]
    person["id"] = person["peer_events"][0]["peer_id"] = named(number)
    return document


def spoilt(values: dict[reference.Path, object], *, every: int) -> tuple[list[tuple[reference.Path, str]], list[dict]]:
    """Return wrong values at every path with the document that has each; the first document is as it should be."""
    kinds = {path: kind(path, value) for path, value in values.items()}
    cases = walks.sample(kinds, list(WRONG), 1 if walks.WHOLE else every)
    assert {path for path, _ in cases} == set(values)
    assert {(kinds[path], wrong) for path, wrong in cases} == {(kind, w) for kind in kinds.values() for w in WRONG}
    assert not walks.WHOLE or len(cases) == len(values) * len(WRONG)
    documents = [as_peer(0)]
    for number, (path, wrong) in enumerate(cases, start=1):
        documents.append(reference.with_value(as_peer(number), path, WRONG[wrong]))
    return cases, documents


def problem_paths(call: Call) -> dict[str, list[str]]:
    found = defaultdict(list)
    for peer, path in call.problems[["peer_id", "path"]].itertuples(index=False):
        found[peer].append(path)
    return found


@pytest.mark.parametrize(("part", "size"), [("quality", 292), ("metadata", 137)])
def test_every_leaf_of_the_reference_example_may_hold_anything(part, size):
    elsewhere = ("data", "participant", "peer_report", "metadata" if part == "quality" else "quality")
    leaves = {
        path: value
        for path, value in reference.leaves(reference.peer_report())
        if path[-1] != "success" and path[:4] != elsewhere and ("peer_report" in path or part == "metadata")
    }
    cases, documents = spoilt(leaves, every=5)
    documents = [reference.without(document, elsewhere) for document in documents]  # for the sake of time
    call = call_of(documents)
    found = problem_paths(call)
    names = [name for name in REPORT_TABLES if name not in ("participants", "problems")]
    built = {name: getattr(call, name) for name in names}
    for name, table in built.items():
        assert_shape(name, table)
        assert len(table) % len(documents) == 0  # a wrong value costs no row
        each = len(table) // len(documents)
        if not each:
            continue
        for column in table.columns:
            if column in ("peer_id", "session_id", "stream_id") or not PLACED[name, column]:
                continue
            codes = (
                table[column].astype(object).where(table[column].notna(), None).map(repr).to_numpy().reshape(-1, each)
            )
            for number in (codes != codes[0]).any(axis=1).nonzero()[0]:
                path, wrong = cases[number - 1]
                place = reference.place(path)
                claimed = PLACED[name, column].split(" | ")
                assert any(place.startswith(c[:-1]) if c.endswith("*") else place == c for c in claimed), (
                    path,
                    wrong,
                    column,
                )
    for number, (path, wrong) in enumerate(cases, start=1):
        expected = expected_path(path, leaves[path], wrong)
        assert set(found[named(number)]) == ({expected} if expected else set()), (path, wrong)
    assert len(leaves) == size


def test_every_object_and_list_of_the_reference_example_may_be_anything():
    document = reference.peer_report()
    leaves = {path for path, _ in reference.leaves(document)}
    containers = {
        path: value
        for path, value in reference.nodes(document)
        if path not in leaves and not any(path[: len(leaf)] == leaf for leaf in leaves) and path
    }
    cases, documents = spoilt(containers, every=2)
    call = call_of(documents)
    for name in REPORT_TABLES:
        assert_shape(name, getattr(call, name))
    for name, table in call_of(documents[::20]).tables.items():
        assert_shape(name, table)
    found = problem_paths(call)
    at_the_top = {("data",), ("data", "participant")}
    for number, (path, wrong) in enumerate(cases, start=1):
        expected = expected_path(path, containers[path], wrong)
        paths = set(found[named(number)]) - (
            {"$", "$.data.participant.id", "$.data.id"} if path in at_the_top else set()
        )
        if path[-1] == "peer_report":
            paths -= {"$"}  # and that there is no report, which is another matter
        paths = {found for found in paths if not (wrong == "an object" and found.endswith("[0].timestamp"))}
        assert paths == ({expected} if expected else set()), (path, wrong)


def test_every_key_of_the_reference_example_may_be_absent():
    document = reference.peer_report()
    whole = [path for path, _ in reference.leaves(document) if reference.is_whole(path)]
    paths = [
        path
        for path, _ in reference.nodes(document)
        if path and not any(path[: len(kept)] == kept and path != kept for kept in whole)
    ]
    keys = {path: "[]" if isinstance(path[-1], int) else path[-1] for path in paths}
    paths = [path for path, _ in walks.sample(keys, ["absent"], 1 if walks.WHOLE else 3)]
    call = call_of([reference.without(as_peer(number), path) for number, path in enumerate(paths)])
    for name in REPORT_TABLES:
        assert_shape(name, getattr(call, name))
    found = problem_paths(call)
    for number, path in enumerate(paths):
        needed = path == ("data", "participant", "id") or (path[-1] == "timestamp" and "quality" in path)
        missing = {"$.data.participant.id", "$.data.id", "$.id", "$"} if path[-1] in ("data", "participant") else {"$"}
        paths_found = set(found[named(number)]) - (
            missing if path[-1] in ("data", "participant", "peer_report") else set()
        )
        assert paths_found == ({reference.json_path(path)} if needed else set()), path


@pytest.mark.parametrize("part", ["metadata", "quality"])
def test_a_report_that_lacks_any_one_section_has_every_table_in_its_shape(part):
    document = reference.peer_report()
    inside = ("data", "participant", "peer_report", part)
    for key in reference.at(document, inside):
        changed = reference.without(document, (*inside, key))
        for name in REPORT_TABLES:
            assert_shape(name, getattr(tables, name)(changed))
        assert tables.problems(changed).empty


EMPTY = [
    {},
    {"success": True},
    {"success": True, "data": None},
    {"success": True, "data": {}},
    {"success": True, "data": {"participant": None}},
    {"success": True, "data": {"participant": {}}},
    {"success": True, "data": {"participant": {"peer_report": None}}},
    {"success": True, "data": {"participant": {"peer_report": {}}}},
    {"success": True, "data": {"participant": {"peer_report": {"metadata": None, "quality": None}}}},
    {"success": True, "data": {"participant": {"peer_report": {"metadata": {}, "quality": {}}}}},
]


@pytest.mark.filterwarnings("ignore:a participant without an id")
@pytest.mark.parametrize("document", EMPTY, ids=json.dumps)
def test_an_empty_report_gives_every_table_in_its_shape(document):
    for name in REPORT_TABLES:
        assert_shape(name, getattr(tables, name)(document))
        assert_shape(name, getattr(tables, name)([]))
    call = Call(CallDocuments(reports={reference.PEER: json.dumps(document).encode()}))
    for name, table in call.tables.items():
        assert_shape(name, table)
    assert call.samples.empty
    assert list(call.participants["peer_id"]) == [reference.PEER]
    state = (
        "read"
        if isinstance(document.get("data"), dict)
        and (document["data"].get("participant") or {}).get("peer_report") is not None
        else "missing"
    )
    assert list(call.participants["report"]) == [state]


def test_a_call_without_any_document_has_every_table_in_its_shape():
    call = Call(CallDocuments())
    for name, table in call.tables.items():
        assert_shape(name, table)
        assert table.empty


@pytest.mark.parametrize(
    ("name", "make"),
    [("sessions", reference.session), ("sessions", reference.sessions), ("participants", reference.participants)],
)
def test_every_value_of_the_lists_may_be_anything(name, make):
    document = make()
    key = "session" if name == "sessions" else "participants"
    inner = {path for path, _ in reference.leaves(document) if reference.is_whole(path)}
    for path, value in list(reference.nodes(document)):
        if not path or {"success", "paging"} & set(path) or any(path[: len(p)] == p and path != p for p in inner):
            continue
        for wrong, replacement in WRONG.items():
            changed = reference.with_value(document, path, replacement)
            call = Call(CallDocuments(**{key: json.dumps(changed).encode()}))
            for table in (name, "peer_events"):
                assert_shape(table, getattr(call, table))
            if path in (("data",), ("data", name), ("data", name, 0)):
                continue  # nothing is left to point at
            expected = expected_path(path, value, wrong)
            if path[-1] == "id" and len(path) <= 4 and wrong in ("null", "an empty text"):
                expected = reference.json_path(path)
            assert set(call.problems["path"]) == ({expected} if expected else set()), (path, wrong)


# The real calls -------------------------------------------------------------------------------------------------------

ANY_VALUE = st.sampled_from([*WRONG.values(), -1, 0, 1e308, 2**70, "2022-12-13 07:08:39.051621Z", [], {}, [None], [[]]])


def real_reports(request, source):
    folder = request.getfixturevalue(source)
    return [json.loads(file.read_bytes()) for file in sorted(folder.glob("*/peer-report-*.json"))]


@pytest.mark.parametrize("source", ["recordings", "jitsi"])
def test_any_values_of_real_reports_may_be_anything(request, source):
    reports = real_reports(request, source)
    paths = [[path for path, _ in reference.nodes(document) if path] for document in reports]
    change = st.tuples(st.floats(0, 1, exclude_max=True), st.booleans(), ANY_VALUE)

    @settings(
        max_examples=20,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, len(reports) - 1), st.lists(change, min_size=1, max_size=9))
    def spoil(which, changes):
        document = reports[which]
        for share, replace, value in changes:
            path = paths[which][int(share * len(paths[which]))]
            try:
                document = reference.with_value(document, path, value) if replace else reference.without(document, path)
            except (KeyError, TypeError, IndexError, ValueError):
                continue  # an earlier change took it away
        call = Call(CallDocuments(reports={reference.PEER: json.dumps(document).encode()}))
        for name, table in call.tables.items():
            assert_shape(name, table)

    spoil()
