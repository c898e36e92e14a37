"""Findings held against the truth: what counts as right, as undecided, and as accusing an innocent."""

from __future__ import annotations

import pandas as pd
import pytest

import rtkit_explore as rtk
from tests.benchmarks import two_causes
from tests.benchmarks.two_causes import Case, cases_of, confidence, coverage, judge, judge_all, matrix, pairs_of

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


@pytest.mark.parametrize(("ahead", "innocent"), [(-200.0, False), (0.0, True)])
def test_a_finding_by_a_wrong_clock_is_read_on_the_calls_clock(ahead, innocent):
    call = Call(("loss_in", "bad", "b", "sender_uplink", "a", "low", 62 - 200, 118 - 200))
    clock = pd.DataFrame([["clock_offset", "note", "b", "unknown", "b", "medium", START, START, ahead]])
    call.table = pd.concat([call.table, clock.set_axis([*call.table.columns, "value"], axis=1)])
    assert bool(rtk.check_findings(call, truth()).attributions["innocent"].iloc[0]) is innocent


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


@pytest.mark.parametrize(
    ("scenario", "seed"),
    [
        ("lossy_uplink+lossy_downlink", 213601),  # an uplink, then a downlink, in the same direction
        ("lossy_downlink+outage", 952000),
        ("narrow_uplink+lossy_downlink", 755201),
        ("late_downlink+turn_tcp", 404400),  # late in one direction alone: not the relay over TCP
        ("late_downlink+microphone_refused", 518800),
        ("long_path+narrow_downlink", 329700),
        ("delay_and_jitter+rejoin", 245900),  # three stays of two people
        ("path_switch+no_report", 788700),
        ("lossy_uplink+skewed_clock", 51300),
        ("narrow_uplink+skewed_clock", 255900),  # increments that agree by chance, minutes away
        ("skewed_clock+no_report", 995000),
        ("outage+skewed_clock", 823101),
    ],
)
def test_two_people_with_two_causes_are_told_apart_or_left_open(scenario, seed):
    result = judge(Case(scenario, 2, seed))
    assert result.found, result.wrong
    assert not result.accused, result.wrong


@pytest.mark.parametrize(
    ("scenario", "seed"),
    [
        ("turn_stalls+late_downlink", 461900),  # a jitter buffer that comes down is no new cause
        ("outage+turn_stalls", 927500),
        ("never_connected+server_trouble", 492600),  # the two who are left lose the same, at once
        ("server_trouble+no_report", 399800),
        ("long_path+server_trouble", 182100),  # one person's long way, while everybody loses packets
    ],
)
def test_three_people_with_two_causes_are_told_apart_or_left_open(scenario, seed):
    result = judge(Case(scenario, 3, seed))
    assert result.found, result.wrong
    assert not result.accused, result.wrong


def test_a_run_of_the_benchmark_is_taken_up_where_it_stopped(tmp_path, monkeypatch):
    cases, out = cases_of([("muted", "hidden_tab")], (2, 3), 1), tmp_path / "results.jsonl"
    first = judge_all(cases[:3], out=str(out))
    with out.open("a") as file:
        file.write('{"code": "cut o')
    monkeypatch.setattr(two_causes, "judge", lambda case: pytest.fail(f"{case} was judged before"))
    assert judge_all(cases[:3], out=str(out)) == first
    assert coverage(cases, first).startswith("2 people: 2 of 2 calls; 3 people: 1 of 2 calls")
    monkeypatch.setattr(two_causes, "code_of_package", lambda: "other code")
    with pytest.raises(pytest.fail.Exception):
        judge_all(cases[:3], out=str(out))


def test_a_run_of_the_benchmark_stops_in_time_and_says_how_far_it_came(monkeypatch):
    monkeypatch.setattr(two_causes, "CHUNK", 1)
    cases = cases_of([("muted", "hidden_tab")], (2,), 2)
    done = judge_all(cases, minutes=1e-9)
    assert len(done) < len(cases)


def test_a_sample_of_two_causes_is_found_and_nobody_innocent_accused():
    results = [judge(case) for case in cases_of(pairs_of("lossy_uplink+cpu_bound,server_trouble+muted"), (3, 5), 1)]
    assert all(result.found for result in results), [result.wrong for result in results]
    assert not any(result.accused for result in results)
    assert matrix(results).loc["lossy_uplink", "cpu_bound"] == 100
    assert confidence(results).set_index("confidence").loc["high", "right %"] >= 98
