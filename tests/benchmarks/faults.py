"""
All faults of ``rtkit-explore serve``, alone and together, at 1, 10 and 50 % of the requests: nothing is lost in silence.

A session of forty people is fetched over real HTTP with its chat, transcript and summary. Each document then has to be
byte for byte what the server holds, or a row of ``problems`` that says why it is not there. Pauses between attempts are
shortened a hundredfold, which changes nothing else.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest import mock

import rtkit_explore as rtk
from rtkit_explore.api import transport
from rtkit_explore.simulator.app import SimulatedApp
from rtkit_explore.simulator.faults import KINDS, Faults
from rtkit_explore.simulator.plan import CallPlan, Person
from rtkit_explore.simulator.schedule import NOW, ScheduledSession
from rtkit_explore.simulator.server import SimulatedServer

if TYPE_CHECKING:
    from rtkit_explore.call import Call

SESSION = "40404040-4040-4040-8040-404040404040"
SHARES = {1: 100, 10: 10, 50: 2}
"""Percent of the requests that meet a fault, and every how many-th one that is."""
TOGETHER = "together"
OTHERS = ("session", "participants", "chat", "transcript", "summary")


@dataclass
class Outcome:
    """What became of the documents of some rounds."""

    rounds: int = 0
    requests: int = 0
    faults: int = 0
    whole: int = 0
    said: int = 0
    refused: int = 0
    seconds: float = 0.0
    silent: list[str] = field(default_factory=list)


def app_of(participants: int) -> SimulatedApp:
    """Make an app of one session with so many people."""
    app = SimulatedApp(0, days=0)
    people = tuple(Person(f"Person {number:02d}") for number in range(participants))
    ids = {"session": SESSION, "organization": SESSION, "meeting": SESSION}
    plan = CallPlan(people=people, seconds=60.0, started=NOW.timestamp() - 7200.0, title="Everybody", ids=ids)
    app._booked = {SESSION: ScheduledSession(plan, "meeting", summarised=True)}
    app._peers = None
    return app


def expected_of(app: SimulatedApp) -> dict[str, bytes]:
    """Return what every document is at the server, by source or peer id."""
    with SimulatedServer(app) as server, connected(server) as client:
        call = client.call(SESSION, chat=True, transcript="CSV", summary=True)
    assert len(call.documents.reports) == len(app.outline(SESSION).peers)
    assert not call.documents.failures, call.documents.failures
    return documents_of(call)


def connected(server: SimulatedServer, **options: Any) -> rtk.App:
    app = server.app
    return rtk.connect(
        token=app.token, account_id=app.account_id, app_id=app.app_id, base_url=server.url, cache=False,
        budget_requests=None, progress=False, **options,
    )  # fmt: skip


def documents_of(call: Call) -> dict[str, bytes]:
    documents = call.documents
    found = {name: getattr(documents, name) for name in OTHERS} | dict(documents.reports)
    return {
        name: content.encode() if isinstance(content, str) else content for name, content in found.items() if content
    }


def one_round(app: SimulatedApp, faults: Faults, expected: dict[str, bytes], outcome: Outcome) -> None:
    """Fetch the call once, and account for every document of it."""
    app.faults = faults
    outcome.rounds += 1
    try:
        with SimulatedServer(app) as server, connected(server) as client:
            call = client.call(SESSION, chat=True, transcript="CSV", summary=True)
    except rtk.RtkitError:
        # The session or the list of its participants could not be had at all, which the caller is told by the error.
        outcome.refused += 1
        return
    finally:
        outcome.requests += sum(faults._seen.values()) and max(faults._seen.values())
        outcome.faults += faults.made
    problems = call.problems
    told = set(problems["source"].dropna()) | set(problems["peer_id"].dropna())
    states = dict(zip(call.participants["peer_id"], call.participants["report"].astype(str), strict=True))
    got = documents_of(call)
    for name, content in expected.items():
        if name in got:
            if same(got[name], content):
                outcome.whole += 1
            elif name in told:
                outcome.said += 1  # a text cannot be seen to be cut before it is read
            else:
                outcome.silent.append(f"{name} is not what the server holds")
        elif name in told and states.get(name, "failed") == "failed":
            outcome.said += 1
        elif name not in OTHERS and name not in states and "participants" in told:
            outcome.said += 1  # nobody could know of this participant, and that is said
        else:
            outcome.silent.append(f"{name} is gone and no problem says so")


def same(one: bytes, other: bytes) -> bool:
    """Compare two documents; a list that was read twice to be sure is joined anew."""
    if one == other:
        return True
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return False


def measure(
    participants: int, shares: dict[int, int], kinds: tuple[str, ...], *, rounds: int
) -> dict[tuple[str, int], Outcome]:
    """Fetch the call with each kind of fault at each share, and with all of them together."""
    app = app_of(participants)
    expected = expected_of(app)
    found = {}
    with mock.patch.object(transport, "FIRST_PAUSE", transport.FIRST_PAUSE / 100):
        for kind in (*kinds, TOGETHER):
            for share, every in shares.items():
                outcome = found[kind, share] = Outcome()
                chosen = kinds if kind == TOGETHER else (kind,)
                began = time.perf_counter()
                for _ in range(rounds):
                    made = Faults(retry_after=0.01, slow_seconds=0.05, **dict.fromkeys(chosen, every))
                    one_round(app, made, expected, outcome)
                outcome.seconds = time.perf_counter() - began
    return found


def main(*, small: bool = False, people: str = "40") -> None:
    found = measure(5 if small else int(people), {50: 2} if small else SHARES, KINDS, rounds=1 if small else 3)
    print(
        f"{'fault':13} {'share':>5} {'rounds':>6} {'faults':>6} {'whole':>6} {'told':>5} {'refused':>7} {'silent':>6} s"
    )
    for (kind, share), one in found.items():
        print(
            f"{kind:13} {share:>3} % {one.rounds:>6} {one.faults:>6} {one.whole:>6} {one.said:>5} {one.refused:>7}"
            f" {len(one.silent):>6} {one.seconds:.1f}"
        )
    lost = [what for one in found.values() for what in one.silent]
    print(f"{len(lost)} documents lost in silence", *lost[:10], sep="\n  ")
    if lost:
        raise SystemExit(1)
