"""``rtk.schema()`` lists every table and column, and importing the package loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

import rtkit_explore as rtk
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.table_schema.describe import TABLES
from rtkit_explore.table_schema.webrtc_stats import WEBRTC_STATS

KEYED = {"findings", "verdicts"}


def test_the_schema_has_a_row_a_column_with_a_meaning():
    schema = rtk.schema()
    assert schema.columns.tolist() == [
        "table",
        "column",
        "dtype",
        "unit",
        "meaning",
        "place",
        "personal",
        "title",
        "worse",
        "webrtc_stats",
    ]
    assert schema["meaning"].str.endswith(".").all()
    assert not schema.duplicated(["table", "column"]).any()
    assert list(dict.fromkeys(schema["table"])) == list(TABLES)
    assert set(schema["dtype"]) == {"string", "category", "float64", "Int64", "boolean", "datetime64[us, UTC]"}


def test_every_table_of_the_architecture_is_there():
    wanted = {"sessions", "participants", "peer_events", "clients", "device_changes", "connection_checks", "sdp"}
    wanted |= {
        "candidate_pairs",
        "events",
        "samples",
        "cumulative",
        "quality",
        "streams",
        "chat",
        "transcript",
        "problems",
    }
    assert wanted <= set(rtk.schema()["table"])


def test_every_number_has_a_unit():
    numbers = rtk.schema().query("dtype == 'float64'")
    assert (numbers["unit"] != "").all()


@pytest.mark.parametrize("ending", ["_ms", "_s", "_kbps", "_pct"])
def test_a_unit_in_a_name_is_the_unit(ending):
    units = {"_ms": "ms", "_s": "s", "_kbps": "kbit/s", "_pct": "%"}
    named = rtk.schema().query("dtype == 'float64'").loc[lambda rows: rows["column"].str.endswith(ending)]
    named = named[~named["column"].str.endswith("_per_s")]
    assert len(named)
    assert set(named["unit"]) == {units[ending]}


def test_tables_begin_with_their_keys():
    schema = rtk.schema()
    for name, part in schema.groupby("table"):
        assert part["column"].iloc[0] == "session_id", name


@pytest.mark.parametrize("table", ["candidate_pairs", "samples", "clients"])
def test_no_leaf_is_claimed_by_two_columns(table):
    rows = rtk.schema().query("table == @table and place != ''")
    places = [place for cell in rows["place"] for place in cell.split(" | ")]
    assert len(places) == len(set(places))


def test_what_identifies_people_devices_and_places_is_marked_personal():
    personal = set(map(tuple, rtk.schema().query("personal")[["table", "column"]].to_numpy()))
    assert {
        ("participants", "display_name"),
        ("clients", "ipv4"),
        ("device_changes", "label"),
        ("candidate_pairs", "local_candidate_address"),
        ("candidate_pairs", "local_candidate_related_address"),
        ("sdp", "sdp"),
        ("chat", "payload"),
        ("transcript", "text"),
        ("events", "metadata"),
    } <= personal


@pytest.mark.parametrize(
    ("what", "rows"),
    [
        ("quality", {("quality", "loss_pct"), ("quality", "session_id")}),
        ("loss_pct", {("quality", "loss_pct"), ("streams", "loss_pct")}),
        (" Packet Loss ", {("quality", "loss_pct"), ("streams", "loss_pct")}),
        ("packetsLost", {("samples", "packets_lost"), ("quality", "packets_lost"), ("quality", "loss_pct")}),
        ("inbound-rtp.packetsLost", {("samples", "packets_lost"), ("quality", "loss_pct")}),
        ("candidate-pair.currentRoundTripTime", {("candidate_pairs", "rtt_ms")}),
    ],
)
def test_the_schema_can_be_asked_for_a_name(what, rows):
    found = set(map(tuple, rtk.schema(what)[["table", "column"]].to_numpy()))
    assert rows <= found
    assert len(found) < len(rtk.schema()) / 4


@pytest.mark.parametrize("wrong", ["los_pct", "qualty", "", 7])
def test_a_name_that_nothing_has_is_refused_with_what_comes_close(wrong):
    with pytest.raises(InvalidArgumentError, match=r"loss_pct|'quality'|Tables: sessions|not a int"):
        rtk.schema(wrong)


def test_webrtc_stats_names_columns_that_there_are_and_every_field_of_a_sample():
    schema = rtk.schema()
    for table, columns in WEBRTC_STATS.items():
        there = set(schema.query("table == @table")["column"])
        assert set(columns) <= there, table
    ours = {"session_id", "peer_id", "display_name", "media", "direction", "stream_id", "remote_peer_id", "remote_name"}
    ours |= {"producer_id", "position", "mos_quality"}
    samples = schema.query("table == 'samples'")
    assert set(samples.loc[samples["webrtc_stats"] == "", "column"]) == ours


HEAVY = (
    "pandas",
    "numpy",
    "matplotlib",
    "httpx",
    "ipywidgets",
    "IPython",
    "msgspec",
    "nest_asyncio",
    "nest_asyncio2",
    "tqdm",
)


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_by("import rtkit_explore") == set()


def test_the_public_face_can_be_listed_without_loading_anything():
    assert loaded_by("import rtkit_explore as rtk; assert 'Call' in dir(rtk); rtk.RtkitError; rtk.__version__") == set()


def test_tables_need_neither_network_nor_plots_nor_widgets():
    assert loaded_by("import rtkit_explore as rtk; rtk.tables.samples({})") == {"pandas", "numpy", "msgspec"}


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        rtk.nonsense  # noqa: B018
