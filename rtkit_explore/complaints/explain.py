"""
Ask a complaint of a call: yes, no or cannot know, with what was looked at and what to reply.

The way of an answer: whose complaint and which symptom; which streams could show it; how much of the asked time their
samples cover; which findings lie in it; what explains those, or, where there are none, what came nearest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from rtkit_explore.complaints.answer import Answer
from rtkit_explore.complaints.evidence import SLACK, coverage, explanations_of, findings_for, streams_that_show
from rtkit_explore.complaints.nearest import nearest_values, no_values
from rtkit_explore.complaints.people import people_meant, whom_about
from rtkit_explore.complaints.symptoms import Symptom, find_symptom
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.local_time import as_window, day_range, time_zone, zone_label
from rtkit_explore.tables.scope import call_span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from rtkit_explore.call import Call
    from rtkit_explore.complaints.answer import Status
    from rtkit_explore.findings.profiles import ProfileLike

COVERED_ENOUGH = 0.5
"""Below this share of the asked time, "nothing was found" is not said: too little was looked at."""
_WORTH_SAYING = 0.25
"""A value below a quarter of its threshold is near to nothing."""


def explain_call(
    call: Call,
    person: str,
    symptom: str,
    *,
    about: str | None = None,
    window: Any = None,
    on: Any = None,
    tz: Any = "UTC",
    profile: ProfileLike = "default",
) -> Answer:
    """
    Answer a complaint about one call.

    Parameters
    ----------
    call
        A Call.
    person
        Who complains: a name, a part of it, or an id. Somebody who rejoined counts as one person.
    symptom
        What they say: "froze", "can't hear Alma", "nobody hears me". ``rtk.symptoms()`` lists what is understood.
    about
        Whom the complaint is about, where the words do not say it; everybody by default.
    window
        When: ("15:00", "15:20"), one time, or None for the whole call.
    on
        The day, for a window without one. The call's own day by default.
    tz
        Time zone of what was said, such as "Europe/Berlin".
    profile
        Thresholds, as for ``call.findings``.

    Returns
    -------
    Answer
        With ``status``, ``headline``, ``findings``, ``nearest``, ``checked``, ``not_measurable``, ``reply``,
        ``plot()`` and ``to_code()``; shown as HTML in a cell and as text by ``print``.

    Raises
    ------
    InvalidArgumentError
        If the person is not in the call, the symptom is not known, or a time cannot be read.
    """
    where = time_zone(tz)
    wanted, rest = find_symptom(symptom)
    mine = people_meant(call, person)
    named = whom_about(call, about, rest, mine)
    span = call_span(call)
    begin, end = _asked_time(window, on, where, span)
    found = call.findings(profile, tz=where)
    streams = streams_that_show(call, wanted, mine, named)
    checked = coverage(call, streams, mine, (begin, end), span)
    direct, related = findings_for(call, found, wanted, mine, named, (begin, end))
    explanations = explanations_of(call, wanted, mine, named, (begin, end), where)
    status = _status(wanted, direct, checked, explanations)
    shown = pd.concat([related, direct]) if len(direct) else direct
    shown = shown.loc[sorted(shown.index)].reset_index(drop=True)
    nearest = nearest_values(call, wanted, streams, (begin, end), profile) if status != "yes" else no_values()
    names = tuple(call.names.get(peer, peer) for peer in named)
    answer = Answer(
        status=status,
        symptom=wanted,
        person=call.names.get(mine[0], person),
        about=names,
        window=(begin, end),
        headline="",
        findings=shown,
        nearest=nearest,
        checked=checked,
        not_measurable=tuple(one.strip() for one in wanted.cannot.split(";") if one.strip()),
        explanations=explanations,
        noticed=(direct["start"].min(), direct["end"].max()) if len(direct) else None,
        tz=where,
        asked=symptom,
        call=call,
        peers=mine,
    )
    return replace(answer, headline=_headline(answer, direct, call))


def _asked_time(window: Any, on: Any, tz: tzinfo, span: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
    """Read the asked time; a day narrows the call to its part on that day."""
    if on is not None:
        one, two = day_range(on, tz, now=span[1])
        first, last = max(one, span[0]), min(two, span[1])
        if last <= first:
            begin, end = (moment.astimezone(tz) for moment in span)
            msg = f"This call was not on {on!r}: it went from {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} ({zone_label(tz)})."
            raise InvalidArgumentError(msg)
        span = (first, last)
    begin, end = as_window(window, tz, span, now=span[1])
    if window is None:
        return begin, end
    first, last = max(begin, span[0]), min(end, span[1])
    if last <= first:
        one, two = (moment.astimezone(tz) for moment in span)
        msg = f"That time is outside of this call, which went from {one:%Y-%m-%d %H:%M:%S} to {two:%H:%M:%S} ({zone_label(tz)})."
        raise InvalidArgumentError(msg)
    return first, last


def _status(symptom: Symptom, direct: pd.DataFrame, checked: pd.DataFrame, explanations: Sequence[str]) -> Status:
    if not symptom.measurable:
        return "cannot know"
    if len(direct):
        return "yes"
    covered = checked["covered"].max() if len(checked) else 0.0
    if explanations:
        return "no"
    return "no" if covered >= COVERED_ENOUGH else "cannot know"


def _headline(answer: Answer, direct: pd.DataFrame, call: Call) -> str:
    symptom, who = answer.symptom, answer.person
    if not symptom.measurable:
        return f"This data cannot show {symptom.cannot}."
    if len(direct):
        return f"Yes, that shows {_spells(direct, answer.tz)}. {answer.findings.iloc[0]['story']}"
    if answer.status == "cannot know":
        return f"Cannot know: {_why_unknown(answer, call)}"
    if answer.explanations:
        return f"No fault was found that fits, but this explains it: {answer.explanations[0]}"
    share = 100 * answer.checked["covered"].max()
    what = ", ".join(dict.fromkeys(answer.checked["media"].str.replace("_", " "))) or "connection"
    near = (
        f" Nearest to it: {answer.nearest_words()}"
        if len(answer.nearest) and answer.nearest["share"].iloc[0] >= _WORTH_SAYING
        else ""
    )
    return (
        f"Nothing of that kind shows in {who}'s {what} in that time ({share:.0f} % of it is covered by samples).{near}"
    )


def _spells(direct: pd.DataFrame, tz: tzinfo) -> str:
    """Say when it showed: stretches that overlap are one."""
    spans: list[list[pd.Timestamp]] = []
    for one, two in sorted(zip(direct["start"].dropna(), direct["end"].dropna(), strict=True)):
        if spans and one <= spans[-1][1] + SLACK:
            spans[-1][1] = max(spans[-1][1], two)
        else:
            spans.append([one, two])
    said = [
        f"{one.tz_convert(tz):%H:%M:%S} to {two.tz_convert(tz):%H:%M:%S}"
        if two > one
        else f"{one.tz_convert(tz):%H:%M:%S}"
        for one, two in spans[:4]
    ]
    more = f" and {len(spans) - 4} more times" if len(spans) > 4 else ""
    return f"from {'; '.join(said)}{more} ({zone_label(tz)})" if said else "in this call"


def _why_unknown(answer: Answer, call: Call) -> str:
    people = call.participants[call.participants["peer_id"].isin(answer.peers)]
    states = set(people["report"].astype("object"))
    reasons = {
        "missing": "the API has no report of {who}",
        "failed": "the report of {who} could not be fetched",
        "not_fetched": "the report of {who} was not fetched",
    }
    for state, words in reasons.items():
        if states == {state}:
            return words.format(who=answer.person) + ", which is not the same as fine."
    if answer.about and answer.checked.empty:
        return f"{answer.person}'s report has nothing from {' and '.join(answer.about)} in that time."
    if answer.checked.empty:
        return f"{answer.person}'s report has no such streams."
    share = 100 * answer.checked["covered"].max()
    return f"samples cover only {share:.0f} % of that time."
