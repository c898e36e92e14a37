"""Findings held against the truth: what counts as right, as undecided, and as accusing an innocent."""

from __future__ import annotations

import pandas as pd
import pytest

import rtkit_explore as rtk
from tests.benchmarks.two_causes import cases_of, confidence, judge, matrix, pairs_of

START = pd.Timestamp("2026-11-20T10:00:00Z")


class Call:
    """A call of which only people and findings are known."""

    def __init__(self, *findings):
        self.participants = pd.DataFrame({"peer_id": ["a", "b", "c"], "display_name": ["Alma", "Boris", "Chen"]})
        columns = ["rule", "severity", "peer_id", "side", "side_peer_id", "confidence", "start", "end"]
        self.table = pd.DataFrame(
            [
                [*values, START + pd.Timedelta(begin, "s"), START + pd.Timedelta(end, "s")]
                for *values, begin, end in findings
            ],
            columns=columns,
        )

    def findings(self, profile):
        return self.table


def truth(side="sender_uplink", sides=(), severity="bad", who="Alma"):
    return pd.DataFrame(
        [
            {
                "what": "lossy_uplink", "who": who, "peer_id": "a", "side": side, "sides": (side, *sides),
                "start": START + pd.Timedelta("60s"), "end": START + pd.Timedelta("120s"),
                "rules": ("loss_in", "loss_out"), "also": (), "severity": severity,
            }
        ]
    )  # fmt: skip


def outcome(finding, **what):
    return rtk.check_findings(Call(finding), truth(**what)).causes["outcome"].iloc[0]


@pytest.mark.parametrize(
    ("side", "who", "said"),
    [
        ("sender_uplink", "a", "right"),
        ("receiver_downlink", "a", "wrong side"),
        ("sender_uplink", "b", "wrong person"),
        ("between", None, "wrong side"),
    ],
)
def test_a_cause_is_found_with_its_person_and_side(side, who, said):
    assert outcome(("loss_in", "bad", "b", side, who, "high", 62, 118)) == said


def test_between_is_an_answer_only_where_the_data_cannot_tell():
    finding = ("loss_in", "bad", "b", "between", None, "low", 62, 118)
    assert outcome(finding, sides=("between", "unknown")) == "undecided"
    assert outcome(finding) == "wrong side"


def test_one_direction_of_a_connection_is_half_of_the_truth():
    assert outcome(("loss_in", "bad", "a", "receiver_downlink", "a", "high", 62, 118), side="connection") == "partly"


def test_a_finding_of_another_rule_or_time_does_not_name_the_cause():
    assert outcome(("jitter", "bad", "b", "sender_uplink", "a", "high", 62, 118)) == "missed"
    assert outcome(("loss_in", "bad", "b", "sender_uplink", "a", "high", 5, 50)) == "missed"


@pytest.mark.parametrize(
    ("who", "begin", "end", "right", "innocent"),
    [
        ("a", 62, 118, True, False),
        ("a", 30, 118, False, False),  # begins half a minute before its cause
        ("a", 10, 40, False, True),  # nothing was wrong then
        ("b", 62, 118, False, True),
        ("a", 150, 170, True, False),  # encoders and buffers recover slowly
    ],
)
def test_an_attribution_is_right_for_a_person_and_a_time(who, begin, end, right, innocent):
    made = rtk.check_findings(Call(("loss_in", "bad", "b", "sender_uplink", who, "high", begin, end)), truth())
    row = made.attributions.iloc[0]
    assert (row["right"], row["innocent"]) == (right, innocent)


def test_somebody_who_is_muted_is_innocent_and_a_note_accuses_nobody():
    loud = ("nothing_sent", "bad", "a", "sender_uplink", "a", "medium", 62, 118)
    assert rtk.check_findings(Call(loud), truth(severity="none")).attributions["innocent"].all()
    quiet = ("gap", "note", "a", "sender_uplink", "a", "medium", 62, 118)
    made = rtk.check_findings(Call(quiet), truth(severity="none"))
    assert made.attributions.empty
    assert made.causes["outcome"].tolist() == ["quiet"]


def test_a_fact_of_the_whole_call_begins_before_the_trouble_it_is_part_of():
    cause = truth(side="connection")
    cause.at[0, "rules"] = ("relayed", "round_trip")
    made = rtk.check_findings(Call(("relayed", "warn", "a", "connection", "a", "medium", 0, 300)), cause)
    assert made.attributions[["right", "innocent"]].to_numpy().tolist() == [[True, False]]


def test_a_note_said_too_loudly_is_not_an_accusation_of_an_innocent():
    cause = truth(side="connection", severity="note")
    cause.at[0, "rules"] = ("relayed",)
    loud = Call(("relayed", "warn", "a", "connection", "a", "medium", 62, 100))
    assert not rtk.check_findings(loud, cause).attributions["innocent"].any()
    other = Call(("loss_out", "warn", "a", "sender_uplink", "a", "medium", 62, 100))
    assert rtk.check_findings(other, cause).attributions["innocent"].all()


def test_every_pair_is_simulated_in_both_orders_where_it_makes_sense():
    cases = {(case.scenario, case.people) for case in cases_of(pairs_of(None), (2, 3), 1)}
    assert {("lossy_uplink+muted", 2), ("muted+lossy_uplink", 2), ("never_connected+outage", 3)} <= cases
    for hidden in ("muted+server_trouble", "no_report+broken_report", "never_connected+outage"):
        assert (hidden, 2) not in cases
    one, two = (case.seed for case in cases_of([("muted", "outage"), ("muted", "rejoin")], (3,), 1)[::2])
    assert one != two
    assert {str(case).split()[0] for case in cases_of(pairs_of("muted"), (3,), 1)} >= {"muted+outage", "outage+muted"}
    with pytest.raises(SystemExit, match="no scenario flood"):
        pairs_of("flood+muted")


def test_a_sample_of_two_causes_is_found_and_nobody_innocent_accused():
    results = [judge(case) for case in cases_of(pairs_of("lossy_uplink+cpu_bound,server_trouble+muted"), (3, 5), 1)]
    assert all(result.found for result in results), [result.wrong for result in results]
    assert not any(result.accused for result in results)
    assert matrix(results).loc["lossy_uplink", "cpu_bound"] == 100
    assert confidence(results).set_index("confidence").loc["high", "right %"] >= 98
