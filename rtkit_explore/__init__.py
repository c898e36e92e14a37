"""
RealtimeKit calls as tidy tables, pickers, plots and findings.

Getting started::

    import rtkit_explore as rtk

    app = rtk.connect()                  # CLOUDFLARE_API_TOKEN, CLOUDFLARE_ACCOUNT_ID, RTKIT_APP_ID
    app = rtk.replay(rtk.sample_calls()) # or recorded calls that come with the package: no network, no credentials

    app.sessions(status="ENDED")         # a DataFrame: one row a session
    app.find("alma")                     # whose calls? by name or id
    call = app.call(session_id)          # everyone's peer reports

    call.participants                    # who was there, and whose report was read
    call.device_changes                  # what their devices did
    call.candidate_pairs                 # which network paths they used
    call.quality                         # how every stream went, interval by interval
    call.problems                        # what could not be fetched or read

    call.findings()                      # what was wrong, with the evidence, and whose side it was on
    call.verdicts()                      # good, degraded, bad or unclassified: the call, then everyone
    print(call.story())                  # the same in plain words, for a ticket

    rtk.plot.timeline(call)
    rtk.plot.quality(call, metrics=["loss_pct", "rtt_ms"], participant="Alma")

``rtk.schema()`` lists every table and column with dtype, unit and meaning. Importing this package brings in neither
pandas nor matplotlib: each part is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rtkit_explore.errors import RtkitError

if TYPE_CHECKING:
    from rtkit_explore import measures, metrics, plot, simulator, tables
    from rtkit_explore.accuracy import check_findings
    from rtkit_explore.api.nested_loops import allow_nested_loops
    from rtkit_explore.app import App, AsyncApp, connect, load, replay
    from rtkit_explore.archive.archive import Archive, open_archive
    from rtkit_explore.archive.writer import archive_calls
    from rtkit_explore.call import Call
    from rtkit_explore.complaints.symptoms import symptoms
    from rtkit_explore.explorer_app import compare, explorer
    from rtkit_explore.findings.compare import compare_calls, compare_participant, compare_with_usual, usual_range
    from rtkit_explore.findings.profiles import Limit, Profile, profiles, read_profile
    from rtkit_explore.measures.scores import mos
    from rtkit_explore.metrics.evaluate import evaluate
    from rtkit_explore.metrics.metric import metric
    from rtkit_explore.metrics.rule import rule
    from rtkit_explore.report.exports import export_tables, read_tables
    from rtkit_explore.report.page import write_report
    from rtkit_explore.resources import sample_calls
    from rtkit_explore.simulated import demo, demo_complaints, scenarios, simulate
    from rtkit_explore.table_schema.describe import describe as schema
    from rtkit_explore.table_schema.glossary_terms import glossary
    from rtkit_explore.training.lessons import lesson, lessons
    from rtkit_explore.training.mystery import mystery
    from rtkit_explore.training.scores import score_card
    from rtkit_explore.widgets.pickers import pick_finding, pick_participants, pick_session, pick_stream, pick_window

__version__ = "0.1.0"

_MODULES = (
    "api",
    "archive",
    "errors",
    "findings",
    "measures",
    "metrics",
    "plot",
    "redaction",
    "report",
    "simulator",
    "store",
    "tables",
    "training",
    "widgets",
)
_NAMES = {
    "App": "app:App",
    "Archive": "archive.archive:Archive",
    "AsyncApp": "app:AsyncApp",
    "Call": "call:Call",
    "check_findings": "accuracy:check_findings",
    "archive_calls": "archive.writer:archive_calls",
    "open_archive": "archive.archive:open_archive",
    "allow_nested_loops": "api.nested_loops:allow_nested_loops",
    "compare": "explorer_app:compare",
    "compare_calls": "findings.compare:compare_calls",
    "compare_participant": "findings.compare:compare_participant",
    "compare_with_usual": "findings.compare:compare_with_usual",
    "connect": "app:connect",
    "evaluate": "metrics.evaluate:evaluate",
    "explorer": "explorer_app:explorer",
    "export_tables": "report.exports:export_tables",
    "load": "app:load",
    "metric": "metrics.metric:metric",
    "mos": "measures.scores:mos",
    "pick_finding": "widgets.pickers:pick_finding",
    "pick_participants": "widgets.pickers:pick_participants",
    "pick_session": "widgets.pickers:pick_session",
    "pick_stream": "widgets.pickers:pick_stream",
    "pick_window": "widgets.pickers:pick_window",
    "Limit": "findings.profiles:Limit",
    "Profile": "findings.profiles:Profile",
    "profiles": "findings.profiles:profiles",
    "read_profile": "findings.profiles:read_profile",
    "read_tables": "report.exports:read_tables",
    "replay": "app:replay",
    "rule": "metrics.rule:rule",
    "sample_calls": "resources:sample_calls",
    "demo": "simulated:demo",
    "demo_complaints": "simulated:demo_complaints",
    "glossary": "table_schema.glossary_terms:glossary",
    "lesson": "training.lessons:lesson",
    "lessons": "training.lessons:lessons",
    "mystery": "training.mystery:mystery",
    "score_card": "training.scores:score_card",
    "symptoms": "complaints.symptoms:symptoms",
    "scenarios": "simulated:scenarios",
    "simulate": "simulated:simulate",
    "usual_range": "findings.compare:usual_range",
    "schema": "table_schema.describe:describe",
    "write_report": "report.page:write_report",
}

__all__ = [
    "App",
    "Archive",
    "AsyncApp",
    "Call",
    "Limit",
    "Profile",
    "RtkitError",
    "allow_nested_loops",
    "archive_calls",
    "check_findings",
    "compare",
    "compare_calls",
    "compare_participant",
    "compare_with_usual",
    "connect",
    "demo",
    "demo_complaints",
    "evaluate",
    "explorer",
    "export_tables",
    "glossary",
    "lesson",
    "lessons",
    "load",
    "measures",
    "metric",
    "metrics",
    "mos",
    "mystery",
    "open_archive",
    "pick_finding",
    "pick_participants",
    "pick_session",
    "pick_stream",
    "pick_window",
    "plot",
    "profiles",
    "read_profile",
    "read_tables",
    "replay",
    "rule",
    "sample_calls",
    "scenarios",
    "schema",
    "score_card",
    "simulate",
    "simulator",
    "symptoms",
    "tables",
    "usual_range",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """Load a part of the package when it is first asked for."""
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _NAMES:
        module, _, attribute = _NAMES[name].partition(":")
        value = getattr(importlib.import_module(f"{__name__}.{module}"), attribute)
        globals()[name] = value
        return value
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    """List the public face, loaded or not."""
    return sorted({*__all__, *_NAMES, *_MODULES, "__version__"})
