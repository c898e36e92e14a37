"""Findings of a simulated call against its truth: was each cause found, on the right side, and who was accused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rtkit_explore.tables.frames import TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from rtkit_explore.call import Call

UNDECIDED = ("between", "unknown")
"""Sides that accuse nobody: an honest answer where the documents cannot tell."""

PARTS = {"connection": ("sender_uplink", "receiver_downlink")}
"""Who says that one direction of a connection failed, where both did, is right as far as it goes."""

WHOLE_CALL_RULES = ("relayed",)
"""Rules that state a fact of the whole call: their findings begin before the cause that they are part of."""

EARLY_S = 15.0
"""How much earlier than its cause a finding may begin: two samples."""

LATE_S = 150.0
"""How long after its cause a finding may begin: encoders and jitter buffers recover slowly."""


class Checked(NamedTuple):
    """
    Findings held against the truth.

    Attributes
    ----------
    causes
        One row a cause: ``what``, ``who``, ``side``, ``severity``, ``outcome``, and of the finding that came closest
        ``rule``, ``said_side``, ``said_who`` and ``confidence``. Outcomes: "right" (person and side), "undecided"
        (between or unknown where the data cannot tell), "partly" (one direction said of a connection that failed both
        ways), "wrong side", "wrong person", "missed"; "noted" where a note was due and there is one, "quiet" where
        nothing was due.
    attributions
        One row a finding of warn or worse whose side is known: ``rule``, ``side``, ``who``, ``confidence``, ``start``
        and ``end`` (on the call's clock: an offset that the findings themselves name is taken off), ``right`` (it
        agrees with a cause in person, side and time) and ``innocent`` (it accuses somebody of whom nothing was wrong at
        that time).
    """

    causes: pd.DataFrame
    attributions: pd.DataFrame


def check_findings(call: Call, truth: pd.DataFrame, *, profile: str = "default") -> Checked:
    """
    Check what is found in a simulated call against what was done to it.

    Parameters
    ----------
    call, truth
        As ``rtk.simulate`` gives them.
    profile
        The thresholds to judge by.

    Returns
    -------
    Checked
        The causes with what was said of them, and the attributions with whether they are right.

    Examples
    --------
    >>> call, truth = rtk.simulate("lossy_uplink+muted", participants=4, seed=3)  # doctest: +SKIP
    >>> rtk.check_findings(call, truth).causes[["what", "who", "outcome"]]  # doctest: +SKIP
    """
    import pandas as pd

    found = call.findings(profile)
    # one who joins again has a new id and is the same person
    people = dict(zip(call.participants["peer_id"], call.participants["display_name"], strict=True))
    records = found.to_dict("records")
    # a finding is dated by its reporter's clock, and the truth by the call's
    ahead = {row["peer_id"]: float(row["value"]) for row in records if row["rule"] == "clock_offset"}
    said = [_said(row, people, ahead) for row in records]
    alarms = [finding for finding in said if finding["severity"] != "note"]
    causes = truth.to_dict("records")
    rows = [_check_cause(cause, said, alarms) for cause in causes]
    judged = [_check_attribution(finding, causes) for finding in alarms if finding["side"] != "unknown"]
    columns = ["what", "who", "side", "severity", "outcome", "rule", "said_side", "said_who", "confidence"]
    table = pd.DataFrame(rows, columns=columns).astype(TEXT)
    names = ["rule", "side", "who", "confidence", "start", "end", "right", "innocent"]
    attributions = pd.DataFrame(judged, columns=names)
    attributions = attributions.astype({**dict.fromkeys(names[:4], TEXT), "right": bool, "innocent": bool})
    return Checked(table, attributions)


def _said(row: Mapping[Any, Any], people: Mapping[Any, Any], ahead: Mapping[Any, float]) -> dict[str, Any]:
    """Reduce a finding to what is checked of it; ``who`` is the person accused, ``at`` the one at whom it shows."""
    import pandas as pd

    off = pd.Timedelta(seconds=ahead.get(row["peer_id"], 0.0))
    return {
        "rule": str(row["rule"]),
        "severity": str(row["severity"]),
        "side": str(row["side"]),
        "who": people.get(row["side_peer_id"]),
        "at": people.get(row["peer_id"]),
        "confidence": str(row["confidence"]),
        "start": row["start"] - off,
        "end": row["end"] - off,
    }


def _overlaps(finding: Mapping[str, Any], cause: Mapping[Any, Any]) -> bool:
    """Tell whether a finding lies in the time of a cause or of its aftermath."""
    import pandas as pd

    begins_in_time = finding["start"] < cause["end"] + pd.Timedelta(seconds=LATE_S)
    # an event is a moment: a finding of it may have no length, and two clocks are not the same to the millisecond
    return bool(begins_in_time and finding["end"] > cause["start"] - pd.Timedelta(seconds=1))


def _begins_early(finding: Mapping[str, Any], cause: Mapping[Any, Any]) -> bool:
    """Tell whether a finding begins well before what is said to have caused it."""
    import pandas as pd

    early = finding["start"] < cause["start"] - pd.Timedelta(seconds=EARLY_S)
    return bool(early and finding["rule"] not in WHOLE_CALL_RULES)


def _check_cause(
    cause: Mapping[Any, Any], said: list[dict[str, Any]], alarms: list[dict[str, Any]]
) -> dict[str, object]:
    row = {name: cause[name] for name in ("what", "who", "side", "severity")}
    if cause["severity"] == "none":
        return {**row, "outcome": "quiet"}
    if cause["severity"] == "note":
        noted = [f for f in said if f["rule"] in cause["rules"] and f["at"] == cause["who"]]
        return {**row, "outcome": "noted" if noted else "missed", "rule": noted[0]["rule"] if noted else None}
    named = [f for f in alarms if f["rule"] in cause["rules"] and _overlaps(f, cause)]
    ranks = ("right", "undecided", "partly", "wrong side", "wrong person")
    outcomes = [(ranks.index(_outcome(f, cause)), k) for k, f in enumerate(named)]
    if not outcomes:
        return {**row, "outcome": "missed"}
    rank, best = min(outcomes)
    closest = named[best]
    return {
        **row,
        "outcome": ranks[rank],
        "rule": closest["rule"],
        "said_side": closest["side"],
        "said_who": closest["who"],
        "confidence": closest["confidence"],
    }


def _outcome(finding: Mapping[str, Any], cause: Mapping[Any, Any]) -> str:
    """Say how near a finding that names the cause comes to its person and side."""
    nobodys = cause["side"] in ("shared", *UNDECIDED)
    if finding["side"] == cause["side"] and (nobodys or finding["who"] == cause["who"]):
        return "right"
    if finding["side"] in UNDECIDED:
        return "undecided" if finding["side"] in cause["sides"] else "wrong side"
    if finding["who"] != cause["who"]:
        return "wrong person"
    return "partly" if finding["side"] in PARTS.get(cause["side"], ()) else "wrong side"


def _accepted(cause: Mapping[Any, Any]) -> set[str]:
    """Return the sides that are true of a cause: its own, a part of it, and none where the data cannot tell."""
    open_sides = {side for side in cause["sides"] if side in UNDECIDED}
    return {cause["side"], *PARTS.get(cause["side"], ()), *open_sides}


def _could_accuse(finding: Mapping[str, Any], cause: Mapping[Any, Any]) -> bool:
    """Tell whether a cause is a fault, or a fact worth a note that the finding names: too loud, and still true."""
    return bool(
        cause["severity"] in ("warn", "bad") or (cause["severity"] == "note" and finding["rule"] in cause["rules"])
    )


def _check_attribution(finding: Mapping[str, Any], causes: list[dict[Any, Any]]) -> dict[str, object]:
    """Tell whether what a finding says of a side is true at its time, and whether it accuses an innocent."""
    faults = [c for c in causes if _could_accuse(finding, c) and _overlaps(finding, c)]
    if finding["who"] is None:
        right = any(finding["side"] in _accepted(c) for c in faults)
        innocent = False
    else:
        own = [c for c in faults if c["who"] == finding["who"]]
        right = any(finding["side"] in _accepted(c) and not _begins_early(finding, c) for c in own)
        innocent = not own
    kept = {name: finding[name] for name in ("rule", "side", "who", "confidence", "start", "end")}
    return {**kept, "right": right, "innocent": innocent}
