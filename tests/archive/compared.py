"""Two archives held against each other, row for row, however their batches were cut."""

from __future__ import annotations

import pandas as pd

from rtkit_explore.archive.batches import KEPT_TABLES


def rows_of(archive, name: str) -> pd.DataFrame:
    table = archive.table(name)
    plain = table.astype(object).where(table.notna(), None)
    order = plain.map(repr).agg("|".join, axis=1).argsort(kind="stable") if len(plain) else []
    return plain.iloc[order].reset_index(drop=True)


def assert_same(one, two) -> None:
    assert sorted(one.session_ids) == sorted(two.session_ids)
    assert len(set(one.session_ids)) == len(one.session_ids)
    for name in KEPT_TABLES:
        pd.testing.assert_frame_equal(rows_of(one, name), rows_of(two, name), obj=name)
    for session in one.session_ids:
        first, second = one.call(session).documents, two.call(session).documents
        assert (first.session, first.participants, first.reports) == (
            second.session,
            second.participants,
            second.reports,
        )
