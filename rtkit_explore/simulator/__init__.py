"""
A simulated RealtimeKit app: calls with known causes, and the app around them.

Here are :func:`simulate_documents` (one call and the truth about it), :data:`SCENARIOS` (what can happen),
:class:`SimulatedApp` (a month of sessions behind the nine calls of the API), :class:`SimulatedTransport` (that app
as an httpx transport) and :func:`serve` (the same over HTTP, with faults to switch on).
:func:`compare_recordings` and :func:`paired_samples` hold simulated calls against recorded ones.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rtkit_explore.simulator.app import SimulatedApp
from rtkit_explore.simulator.engine import LedgerRow, SimulatedCall, run
from rtkit_explore.simulator.faults import Faults
from rtkit_explore.simulator.plan import CallPlan, Incident, Person
from rtkit_explore.simulator.scenarios import SCENARIOS, Scenario
from rtkit_explore.simulator.simulate import scenario_named, simulate_documents

if TYPE_CHECKING:
    from rtkit_explore.simulator.compare import compare_recordings, paired_samples
    from rtkit_explore.simulator.server import SimulatedServer, serve
    from rtkit_explore.simulator.transport import SimulatedTransport

_LATER = {
    "SimulatedServer": "server",
    "serve": "server",
    "SimulatedTransport": "transport",
    "compare_recordings": "compare",
    "paired_samples": "compare",
}

__all__ = [
    "SCENARIOS",
    "CallPlan",
    "Faults",
    "Incident",
    "LedgerRow",
    "Person",
    "Scenario",
    "SimulatedApp",
    "SimulatedCall",
    "SimulatedServer",
    "SimulatedTransport",
    "compare_recordings",
    "paired_samples",
    "run",
    "scenario_named",
    "serve",
    "simulate_documents",
]


def __getattr__(name: str) -> Any:
    """Import what needs httpx, a socket or pandas when it is first used."""
    if name in _LATER:
        return getattr(import_module(f"rtkit_explore.simulator.{_LATER[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
