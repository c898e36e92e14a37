"""No packet comes from nowhere and none vanishes: over any stream, to the packet."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from rtkit_explore.simulator import SCENARIOS, CallPlan, Incident, Person, run, simulate_documents
from rtkit_explore.simulator.plan import Cap, Effect, Impair, NeverConnect, Reroute, Share, Stall, Switch

NAMES = ("Alma", "Boris", "Chen", "Dana")
SECONDS = 150.0


def impairments() -> st.SearchStrategy[Effect]:
    return st.builds(
        lambda who, link, start, length, loss, burst, kbps, down: Impair(
            who, link, start, start + length, loss=loss, burst_ms=burst, kbps=kbps, down=down
        ),
        st.sampled_from(NAMES),
        st.sampled_from(["up", "down"]),
        st.floats(0, 140),
        st.floats(0.1, 70),
        st.sampled_from([0.0, 0.004, 0.05, 0.3, 0.9]),
        st.sampled_from([0.0, 60.0, 400.0]),
        st.sampled_from([None, 60.0, 300.0, 2500.0]),
        st.booleans(),
    )


def others() -> st.SearchStrategy[Effect]:
    def make(who: str, kind: str, start: float, length: float, size: float) -> Effect:
        if kind == "stall":
            return Stall(who, start, start + length, size)
        if kind == "reroute":
            return Reroute(who, start, start + length, size / 10)
        return Cap(who, size) if kind == "cap" else NeverConnect(who)

    kinds = st.sampled_from(["stall", "reroute", "cap", "never"])
    return st.builds(make, st.sampled_from(NAMES), kinds, st.floats(0, 140), st.floats(0.1, 40), st.floats(100, 600))


def switches() -> st.SearchStrategy[Effect]:
    return st.builds(
        lambda who, what, start, length: Switch(who, what, start, start + length),
        st.sampled_from(NAMES),
        st.sampled_from(["audio", "video", "hidden"]),
        st.floats(0, 140),
        st.floats(0.1, 70),
    )


def shares() -> st.SearchStrategy[Effect]:
    return st.builds(lambda who, static: Share(who, 20, 90, static), st.sampled_from(NAMES), st.booleans())


def totals(call):
    """Counters of the documents, added up by producer and by consumer."""
    sent, received, lost = {}, {}, {}
    for body in call.reports.values():
        for name, rows in json.loads(body)["data"]["participant"]["peer_report"]["quality"].items():
            if name.endswith("_producer"):
                for row in rows:
                    key = row["producer_id"]
                    sent[key] = sent.get(key, 0) + row["packets_sent"]
            elif name.endswith("_consumer"):
                for row in rows:
                    key = row["consumer_id"]
                    received[key] = received.get(key, 0) + row["packets_received"]
                    lost[key] = lost.get(key, 0) + row["packets_lost"]
                    assert row["packets_received"] >= 0
                    assert row["packets_lost"] >= 0
    return sent, received, lost


def check(call) -> None:
    sent, received, lost = totals(call)
    for row in call.ledger:
        assert row.sent + row.resent == (
            row.received + row.lost + row.repaired + row.withheld + row.unaccounted + row.unsubscribed + row.unsampled
        ), row
        parts = (row.resent, row.received, row.lost, row.repaired, row.withheld, row.unaccounted, row.unsubscribed)
        assert min(parts) >= 0, row
        if row.kind.endswith("audio"):
            # nothing repairs audio and a server forwards all of it: what is sent is received, lost or unaccounted for
            assert row.resent == row.repaired == row.withheld == 0
        assert sent.get(row.producer_id, 0) == row.sent, row
        assert received.get(row.consumer_id, 0) == row.received, row
        assert lost.get(row.consumer_id, 0) == row.lost, row


@settings(max_examples=30, deadline=None)
@given(
    effects=st.lists(st.one_of(impairments(), switches(), shares(), others()), max_size=6),
    people=st.integers(2, 4),
    seed=st.integers(0, 10_000),
    simulcast=st.booleans(),
    live=st.booleans(),
)
def test_what_one_sent_the_others_received_or_lost_whatever_is_done_to_the_call(effects, people, seed, simulcast, live):
    incident = Incident("anything", None, "unknown", 0.0, SECONDS, (), "none", tuple(effects))
    everyone = tuple(Person(name, leaves=90.0 if k == 1 else None) for k, name in enumerate(NAMES[:people]))
    check(run(CallPlan(everyone, SECONDS, (incident,), seed=seed, simulcast=simulcast, live=live)))


@settings(max_examples=10, deadline=None)
@given(effects=st.lists(st.one_of(impairments(), others()), max_size=4), seed=st.integers(0, 10_000))
def test_a_direct_call_conserves_packets_too(effects, seed):
    incident = Incident("anything", None, "unknown", 0.0, SECONDS, (), "none", tuple(effects))
    everyone = tuple(Person(name) for name in NAMES[:2])
    plan = CallPlan(everyone, SECONDS, (incident,), seed=seed, direct=True, shape="recorded_direct")
    call = run(plan)
    check(call)
    assert all(row.withheld == row.repaired == row.resent == 0 for row in call.ledger)


@settings(max_examples=20, deadline=None)
@given(
    names=st.lists(
        st.sampled_from(sorted(set(SCENARIOS) - {"no_report", "broken_report"})), min_size=1, max_size=3, unique=True
    ),
    seed=st.integers(0, 10_000),
)
def test_scenarios_conserve_packets_alone_and_together(names, seed):
    check(simulate_documents(names, participants=4, minutes=3, seed=seed))
