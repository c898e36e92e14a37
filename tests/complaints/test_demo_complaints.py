"""The complaints of the demo's month, each with its truth: answered rightly, and nobody innocent named."""

from __future__ import annotations

from functools import cache

import pandas as pd

import rtkit_explore as rtk

EVERY = 4
"""The test asks every fourth complaint of the month; all 108 take about a minute."""
NO_FAULT = ("muted", "hidden_tab", "static_screen_share", "server_cap")


@cache
def month():
    return rtk.demo(progress=False), rtk.demo_complaints()


def answered(row):
    app, _ = month()
    call = app.call(row.session_id)
    window = (row.at - pd.Timedelta(minutes=4), row.at + pd.Timedelta(minutes=2))
    return call, call.explain(row.who, row.says, about=row.about if isinstance(row.about, str) else None, window=window)


def test_complaints_of_the_month_are_answered_and_name_nobody_innocent():
    _, said = month()
    right = asked = 0
    for row in list(said.itertuples())[::EVERY]:
        call, answer = answered(row)
        accused = {call.names[peer].split(" (")[0] for peer in answer.findings["side_peer_id"].dropna()}
        assert accused <= {row.culprit}, f"{row.who}: {row.says}\n{answer.text}"
        if not isinstance(row.cause, str) or row.cause in NO_FAULT:
            assert answer.status != "yes", f"{row.who}: {row.says}\n{answer.text}"
            continue
        asked += 1
        right += answer.status == "yes"
    assert right / asked >= 0.9
