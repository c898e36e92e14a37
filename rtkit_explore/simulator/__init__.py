"""
A simulated RealtimeKit app: calls with known causes, and the app around them.

Here are :func:`simulate_documents` (one call and the truth about it), :data:`SCENARIOS` (what can happen),
:class:`SimulatedApp` (a month of sessions behind the nine calls of the API), :class:`SimulatedTransport` (that app
as an httpx transport) and :func:`serve` (the same over HTTP, with faults to switch on).
"""

from __future__ import annotations

from rtkit_explore.simulator.calls import scenario_named, simulate_documents
from rtkit_explore.simulator.engine import LedgerRow, SimulatedCall, run
from rtkit_explore.simulator.plan import CallPlan, Incident, Person
from rtkit_explore.simulator.scenarios import SCENARIOS, Scenario

__all__ = [
    "SCENARIOS",
    "CallPlan",
    "Incident",
    "LedgerRow",
    "Person",
    "Scenario",
    "SimulatedCall",
    "run",
    "scenario_named",
    "simulate_documents",
]
