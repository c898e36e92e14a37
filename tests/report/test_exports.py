"""Tables as files: all of them, redacted unless asked otherwise, readable by other programs."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import re

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rtkit_explore as rtk
from rtkit_explore.api.scrubbing import without_secrets
from rtkit_explore.call import Call
from rtkit_explore.errors import InvalidArgumentError, MissingExtraError
from rtkit_explore.report import exports
from rtkit_explore.store.documents import CallDocuments
from rtkit_explore.store.saved_calls import read_call
from rtkit_explore.table_schema.describe import TABLES
from rtkit_explore.tables.frames import from_rows


def nasty():
    people = [
        {"id": "p1", "display_name": "=HYPERLINK(0)", "custom_participant_id": "see https://a.example/?token=5ecret"}
    ]
    chat = "id,payload\n1,https://store.example/f?X-Amz-Signature=5ecret\n"
    return Call(CallDocuments(participants=json.dumps({"data": {"participants": people}}).encode(), chat=chat.encode()))


def test_every_table_is_a_file_and_the_schema_explains_them(recordings, tmp_path):
    call = Call(read_call(recordings / "sfu-uplink"))
    files = rtk.export_tables(call, tmp_path / "out")
    assert set(files) == {*call.tables, "findings", "verdicts", "overview", "schema"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"{name}.csv" for name in files}
    quality = pd.read_csv(files["quality"], parse_dates=["end"])
    assert len(quality) == len(call.quality)
    assert quality["loss_pct"].sum() == pytest.approx(call.quality["loss_pct"].sum())
    assert (quality["end"].dt.tz_convert("UTC").array == call.quality["end"].array).all()
    columns = pd.read_csv(files["schema"]).query("table == 'quality'")["column"].tolist()
    assert columns == list(quality.columns)


def test_files_are_redacted_unless_asked_otherwise(recordings, tmp_path):
    call = Call(read_call(recordings / "sfu-uplink"))
    shared = "".join(path.read_text() for path in rtk.export_tables(call, tmp_path / "shared").values())
    assert "Alma" not in shared
    assert "Person 1" in shared
    own = "".join(path.read_text() for path in rtk.export_tables(call, tmp_path / "own", redacted=False).values())
    assert "Alma" in own


def test_links_tokens_and_formulas_leave_no_file(tmp_path):
    files = rtk.export_tables(nasty(), tmp_path, redacted=False)
    text = "".join(path.read_text() for path in files.values())
    assert "5ecret" not in text
    assert "https://store.example/…" in files["chat"].read_text()
    assert pd.read_csv(files["participants"])["display_name"].tolist() == ["'=HYPERLINK(0)"]


def test_parquet_keeps_the_dtypes_or_names_what_to_install(recordings, tmp_path):
    call = Call(read_call(recordings / "clean"))
    if importlib.util.find_spec("pyarrow") is None:
        with pytest.raises(MissingExtraError, match="pip install pyarrow"):
            rtk.export_tables(call, tmp_path, format="parquet")
        return
    files = rtk.export_tables(call, tmp_path, format="parquet")
    again = pd.read_parquet(files["samples"])
    assert again["timestamp"].dtype == call.samples["timestamp"].dtype
    assert len(again) == len(call.samples)


def test_without_pyarrow_the_message_names_it(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError, match="pip install pyarrow"):
        rtk.export_tables(nasty(), tmp_path, format="parquet")
    assert list(tmp_path.iterdir()) == []


def test_another_format_is_refused(tmp_path):
    with pytest.raises(InvalidArgumentError, match="format takes 'csv' or 'parquet', not 'xlsx'"):
        rtk.export_tables(nasty(), tmp_path, format="xlsx")


@pytest.mark.parametrize("write", [rtk.write_report, rtk.export_tables])
def test_what_is_no_call_or_no_place_is_refused_in_a_sentence(write, recordings, tmp_path):
    call = Call(read_call(recordings / "clean"))
    with pytest.raises(InvalidArgumentError, match=r"takes a Call, not something of type DataFrame.*app\.call"):
        write(call.sessions, tmp_path / "x")
    with pytest.raises(InvalidArgumentError, match="the whole app"):
        write(rtk.replay(recordings), tmp_path / "x")
    with pytest.raises(InvalidArgumentError, match="exchange the two"):
        write(str(tmp_path / "x"), call)
    with pytest.raises(InvalidArgumentError, match="something of type int"):
        write(call, 3)
    assert not list(tmp_path.iterdir())


# Spreadsheets and the way back ----------------------------------------------------------------------------------------


def named(*names):
    people = [
        {"id": f"p{n}", "display_name": name, "joined_at": "2026-11-01T09:00:00Z"} for n, name in enumerate(names)
    ]
    return Call(CallDocuments(participants=json.dumps({"data": {"participants": people}}).encode()))


FORMULAS = [
    "=1+1",
    "\r=1+1",
    "Alma\r=1+1",
    "Alma\r\n=cmd|' /C calc'!A0",
    "\n=1+1",
    "\t@SUM(1)",
    " \N{NO-BREAK SPACE}=1",
    "\uff1d1",
    "\uff0b1",
    "|calc",
    "\ufeff=1",
    "-2",
    "'=1",
    "''+1",
]


@pytest.mark.parametrize("name", FORMULAS)
def test_no_cell_begins_as_a_formula_and_no_name_makes_a_row(name, tmp_path):
    files = rtk.export_tables(named("Boris", name, "Chen"), tmp_path, redacted=False)
    rows = list(csv.reader(io.StringIO(files["participants"].read_bytes().decode(), newline="")))
    assert len(rows) == 4
    assert {len(row) for row in rows} == {len(rows[0])}
    for path in files.values():
        for row in csv.reader(io.StringIO(path.read_bytes().decode(), newline="")):
            assert not [
                cell
                for cell in row
                if cell.lstrip()[:1] in set("=@|\uff1d\uff0b\uff0d\uff20\uff5c") or cell[:1] in set("\t\r\n")
            ]


def same(first, second):
    assert list(first) == list(second)
    for name, table in first.items():
        pd.testing.assert_frame_equal(table, second[name], obj=name)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_files_read_again_are_the_same_tables(recordings, tmp_path, form):
    call = Call(read_call(recordings / "sfu-downlink"))
    rtk.export_tables(call, tmp_path, redacted=False, format=form)
    tables = {**call.tables, "findings": call.findings(), "verdicts": call.verdicts(), "overview": call.overview()}
    again = rtk.read_tables(tmp_path)
    assert again.pop("schema")["personal"].dtype == bool
    same({name: tables[name] for name in again}, again)
    assert set(again) == set(tables)


ANY_TEXT = (
    st.text() | st.sampled_from(FORMULAS) | st.builds("".join, st.lists(st.sampled_from("\"',\r\n=NA"), max_size=6))
)


@settings(max_examples=200, deadline=None)
@given(names=st.lists(ANY_TEXT | st.none(), min_size=1, max_size=4))
def test_any_text_comes_back_as_it_was_and_pandas_sees_as_many_rows(names, tmp_path_factory):
    table = from_rows(
        TABLES["participants"], [{"peer_id": f"p{n}", "display_name": one} for n, one in enumerate(names)]
    )
    path = tmp_path_factory.mktemp("out") / "participants.csv"
    path.write_bytes(exports._csv(exports._with_clean_texts(table, secrets=True, formulas=True)))
    again = rtk.read_tables(path.parent)["participants"]["display_name"]
    before = [name if name is None else re.sub("[\0\ud800-\udfff]", "\ufffd", without_secrets(name)) for name in names]
    assert [None if one is pd.NA else one for one in again] == before
    plain = pd.read_csv(path, keep_default_na=False, na_values=[""])
    assert len(plain) == len(names)


def test_texts_that_differ_after_a_nul_are_each_cleaned():
    table = from_rows(TABLES["participants"], [{"display_name": name} for name in ("", "\0", "\0=1", "a\0b", "a")])
    cleaned = exports._with_clean_texts(table, secrets=True, formulas=True)["display_name"]
    assert not cleaned.str.contains("\0", regex=False).any()


def test_an_empty_label_is_not_a_missing_one(recordings, tmp_path):
    call = Call(read_call(recordings / "sfu-downlink"))
    rtk.export_tables(call, tmp_path)
    labels = rtk.read_tables(tmp_path)["device_changes"]["label"]
    assert labels.isna().tolist() == call.device_changes["label"].isna().tolist()
    assert (labels == "").tolist() == (call.device_changes["label"] == "").tolist()


@pytest.mark.parametrize(
    "text",
    ['{"token": "5ecret5ecret"}', "Authorization: Token 5ecret5ecret", "Cookie: a=1; session=5ecret5ecret"],
)
def test_a_token_in_any_dress_is_in_no_file(text, tmp_path):
    text_files = rtk.export_tables(named(text), tmp_path, redacted=False).values()
    assert not [path for path in text_files if "5ecret" in path.read_text()]


def test_several_calls_share_pseudonyms_only_with_a_salt(tmp_path):
    def call(name):
        people = [{"id": f"{name}-1", "display_name": name, "user_id": name, "joined_at": "2026-11-01T09:00:00Z"}]
        return Call(CallDocuments(participants=json.dumps({"data": {"participants": people}}).encode()))

    calls = [call("Alma"), call("Boris"), call("Alma")]
    with pytest.warns(UserWarning, match="'Person 1' of one call is not 'Person 1' of the next"):
        rtk.export_tables(calls, tmp_path / "numbered")
    numbered = rtk.read_tables(tmp_path / "numbered")
    assert numbered["participants"]["display_name"].tolist() == ["Person 1"] * 3
    said = numbered["schema"].query("table == 'participants' and column == 'display_name'")["meaning"].item()
    assert "may be somebody else (salt=" in said
    rtk.export_tables(calls, tmp_path / "salted", salt="pepper")
    salted = rtk.read_tables(tmp_path / "salted")
    first, second, third = salted["participants"]["display_name"]
    assert first == third != second
    assert "the same in every call" in salted["schema"].query("column == 'user_id'")["meaning"].iloc[0]


def test_wrong_arguments_of_exports_say_what_to_do(tmp_path):
    with pytest.raises(InvalidArgumentError, match="leave one of the two out"):
        rtk.export_tables(nasty(), tmp_path, redacted=False, salt="pepper")
    with pytest.raises(InvalidArgumentError, match="the list is empty"):
        rtk.export_tables([], tmp_path)
    with pytest.raises(InvalidArgumentError, match="holds no tables"):
        rtk.read_tables(tmp_path)
    (tmp_path / "quality.csv").write_bytes(b'session_id,"un\xffclosed\n')
    with pytest.raises(InvalidArgumentError, match=r"quality\.csv is no table that rtk\.export_tables wrote"):
        rtk.read_tables(tmp_path)
