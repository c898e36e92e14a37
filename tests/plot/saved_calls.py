"""Saved calls, read without the client."""

from __future__ import annotations

from rtkit_explore.call import Call
from rtkit_explore.store.documents import CallDocuments


def load(folder):
    """Read a saved call without the client."""
    reports = {path.name[len("peer-report-") : -5]: path.read_bytes() for path in sorted(folder.glob("peer-report-*"))}
    return Call(
        CallDocuments(
            session=(folder / "session.json").read_bytes(),
            participants=(folder / "participants.json").read_bytes(),
            reports=reports,
        )
    )
