"""Tables as files: all of them, redacted unless asked otherwise, readable by other programs."""

from __future__ import annotations

import importlib.util
import json

import pandas as pd
import pytest

import rtkit_explore as rtk
from rtkit_explore.call import Call
from rtkit_explore.errors import InvalidArgumentError, MissingExtraError
from rtkit_explore.report import exports
from rtkit_explore.store.documents import CallDocuments
from rtkit_explore.store.saved_calls import read_call


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
    monkeypatch.setattr(exports.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError, match="pip install pyarrow"):
        rtk.export_tables(nasty(), tmp_path, format="parquet")
    assert list(tmp_path.iterdir()) == []


def test_another_format_is_refused(tmp_path):
    with pytest.raises(InvalidArgumentError, match="format takes 'csv' or 'parquet', not 'xlsx'"):
        rtk.export_tables(nasty(), tmp_path, format="xlsx")


@pytest.mark.parametrize("write", [rtk.write_report, rtk.export_tables])
def test_what_is_no_call_or_no_place_is_refused_in_a_sentence(write, recordings, tmp_path):
    call = read_call(recordings / "clean")
    call = call if isinstance(call, Call) else Call(call)
    with pytest.raises(InvalidArgumentError, match=r"takes a Call, not something of type DataFrame.*app\.call"):
        write(call.sessions, tmp_path / "x")
    with pytest.raises(InvalidArgumentError, match="the whole app"):
        write(rtk.replay(recordings), tmp_path / "x")
    with pytest.raises(InvalidArgumentError, match="exchange the two"):
        write(str(tmp_path / "x"), call)
    with pytest.raises(InvalidArgumentError, match="something of type int"):
        write(call, 3)
    assert not list(tmp_path.iterdir())
