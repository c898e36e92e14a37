"""What files leave out comes back bit for bit, in tables, conditions and SQL; and files that leave nothing out beside."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rtkit_explore as rtk
from rtkit_explore.archive.batch_files import batch_arrow, write_files
from rtkit_explore.archive.batches import Batch
from rtkit_explore.archive.parquet_files import TableFile, _written, arrow_schema, read_table, table_files
from rtkit_explore.archive.storage import Storage
from rtkit_explore.archive.stored_columns import GUEST, HOST, formulas
from rtkit_explore.table_schema.describe import TABLES
from rtkit_explore.tables.frames import join_frames

NUMBERS = (None, 0.0, -0.0, 1.0, 0.1, 0.028, 1e-9, 1e16, 1e300, float("inf"), float("-inf"), 2.0**53 + 2, 1 / 3)
VALUES = {
    pa.float64(): lambda rng: rng.choice([*NUMBERS, rng.uniform(-1e6, 1e6), rng.randrange(10**6) / 1000]),
    pa.int64(): lambda rng: rng.choice([None, 0, rng.randrange(-(2**63), 2**63)]),
    pa.bool_(): lambda rng: rng.choice([None, False, True]),
    pa.string(): lambda rng: rng.choice([None, "", "producer", "consumer", "x"]),
    pa.timestamp("us", "UTC"): lambda rng: rng.choice([None, rng.randrange(2**50)]),
}


def table_of(name: str, rng: random.Random, rows: int) -> pa.Table:
    columns = {}
    for field in arrow_schema(name):
        draw = VALUES[field.type]
        # Often one value throughout, and small ones that formulas hold for.
        drawn = [draw(rng)] * rows if rng.random() < 0.5 else [draw(rng) for _ in range(rows)]
        columns[field.name] = pa.array(drawn, field.type)
    return pa.table(columns, schema=arrow_schema(name))


def bits(table: pa.Table) -> list[tuple[str, object]]:
    """Tell every value, so that 0.0 and -0.0 are apart."""
    return [(name, repr(table[name].to_pylist())) for name in table.column_names]


@given(rng=st.integers(0, 2**32).map(random.Random), rows=st.integers(1, 4), apart=st.booleans())
@settings(max_examples=40, deadline=None)
def test_whatever_the_tables_say_comes_back_bit_for_bit(rng, rows, apart):
    tables = {HOST: table_of(HOST, rng, rows), GUEST: table_of(GUEST, rng, rows + apart)}
    files = table_files(tables)
    for name, given_table in tables.items():
        made = files[name]
        content = files[made.within].content if made.within else made.content
        assert bits(read_table(name, content, made.left_out)) == bits(given_table)
        some = given_table.column_names[::7]
        assert bits(read_table(name, content, made.left_out, some)) == bits(given_table.select(some))


def test_samples_lie_in_the_files_of_quality_and_arithmetic_is_left_out(made):
    archive = rtk.open_archive(made)
    assert archive.files("samples") == archive.files("quality")
    assert not list(made.glob("tables/samples/**/*.parquet"))
    for path in made.glob("batches/*.json"):
        batch = Batch.from_json(path.read_bytes())
        left_out = batch.files["quality"].left_out
        assert {"bitrate_kbps", "packets_per_s", "jitter_ms", "rtt_ms", "buffer_ms"} <= set(left_out)
        assert {f"sample_{name}" for name in ("timestamp", "bytes_sent", "packets_lost")} <= set(left_out)


@pytest.mark.parametrize("name", [HOST, GUEST])
def test_tables_and_sql_give_what_the_calls_give_to_the_last_bit(name, made, app):
    archive = rtk.open_archive(made)
    calls = join_frames(TABLES[name], [getattr(app.call(session), name) for session in archive.session_ids])
    pd.testing.assert_frame_equal(archive.table(name), calls, check_exact=True)
    asked = archive.sql(f"select * exclude (day) from {name}")
    assert list(asked.columns) == list(calls.columns)
    for column in calls.columns:
        if calls[column].dtype == "float64":
            np.testing.assert_array_equal(asked[column].to_numpy("float64"), calls[column].to_numpy())


def test_conditions_on_what_is_left_out(made):
    archive = rtk.open_archive(made)
    whole = archive.table("quality")
    expected = whole[whole["bitrate_kbps"] > 1000].reset_index(drop=True)
    assert len(expected)
    pd.testing.assert_frame_equal(archive.table("quality", where="bitrate_kbps > 1000"), expected)
    value = float(expected["bitrate_kbps"].iloc[0])
    one = archive.table("quality", columns=["rtt_ms", "bitrate_kbps"], where={"bitrate_kbps": value})
    assert (one["bitrate_kbps"] == value).all()
    assert len(one) == (whole["bitrate_kbps"] == value).sum()
    day = whole["end"].max().strftime("%Y-%m-%d")
    asked = archive.sql("select count(*) n, max(rtt) longest from samples where rtt > 0", since=day)
    samples = archive.table("samples", since=day, where="rtt > 0")
    assert asked["n"][0] == len(samples) > 0
    assert asked["longest"][0] == samples["rtt"].max()


def leave_nothing_out(folder, record) -> None:
    """Write the tables of a batch as before anything was left out."""
    storage, batch = Storage(folder), Batch.from_json(record.read_bytes())
    tables = dict(batch_arrow(storage, batch, [HOST, GUEST]))
    plain = {name: TableFile(_written(table), table.num_rows) for name, table in tables.items()}
    files = {**batch.files, **write_files(storage, batch.day, batch.name, plain)}
    record.write_bytes(replace(batch, files=files).to_json())


def test_files_that_leave_nothing_out_stand_beside_those_that_do(folder, made):
    records = sorted(folder.glob("batches/*.json"))
    assert len(records) > 1
    leave_nothing_out(folder, records[len(records) // 2])
    archive, other = rtk.open_archive(folder), rtk.open_archive(made)
    assert set(archive.files("samples")) - set(archive.files("quality"))
    for name in (HOST, GUEST):
        pd.testing.assert_frame_equal(archive.table(name), other.table(name), check_exact=True)
        query = f"select session_id, count(*) n, sum(packets_lost) lost from {name} group by 1 order by 1"
        pd.testing.assert_frame_equal(archive.sql(query), other.sql(query))
    pd.testing.assert_frame_equal(archive.findings(), other.findings())


def test_every_formula_names_a_declared_column():
    names = {f"sample_{column.name}" for column in TABLES[GUEST].columns} | set(TABLES[HOST].index)
    assert set(formulas()) <= names
