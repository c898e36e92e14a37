"""
Ask a complaint of a call: yes, no or cannot know, with what was looked at and what to reply.

The way of an answer: whose complaint and which symptom; which streams could show it; how much of the asked time their
samples cover; which findings lie in it; what explains those, or, where there are none, what came nearest.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from rtkit_explore.complaints.nearest import nearest_values, no_values
from rtkit_explore.complaints.replies import Reply, reply_to
from rtkit_explore.complaints.symptoms import Symptom, find_symptom, plain
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.findings.context import OPEN_END
from rtkit_explore.local_time import as_window, time_zone, zone_label
from rtkit_explore.table_schema.findings import SEVERITIES
from rtkit_explore.tables.participant_lookup import find_participants

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

    from rtkit_explore.call import Call
    from rtkit_explore.findings.profiles import ProfileLike

Status = Literal["yes", "no", "cannot know"]
COVERED_ENOUGH = 0.5
"""Below this share of the asked time, "nothing was found" is not said: too little was looked at."""
_WORTH_SAYING = 0.25
"""A value below a quarter of its threshold is near to nothing."""
_SLACK = pd.Timedelta(seconds=14)
"""Two samples: a complaint's time and a sample's need not agree to the second."""
_REST = frozenset(
    [
        "the",
        "a",
        "an",
        "i",
        "me",
        "my",
        "we",
        "us",
        "our",
        "they",
        "them",
        "it",
        "he",
        "she",
        "his",
        "her",
        "was",
        "were",
        "is",
        "are",
        "had",
        "has",
        "have",
        "been",
        "be",
        "to",
        "of",
        "for",
        "and",
        "in",
        "on",
        "at",
        "with",
        "from",
        "that",
        "this",
        "some",
        "all",
        "very",
        "really",
        "so",
        "just",
        "said",
        "says",
        "say",
        "told",
        "tells",
        "complains",
        "complained",
        "call",
        "video",
        "audio",
        "sound",
        "picture",
        "times",
        "twice",
        "once",
        "again",
        "kept",
        "keep",
        "always",
        "often",
        "sometimes",
        "during",
        "today",
        "yesterday",
        "day",
        "please",
        "can",
        "could",
    ]
)
_PERSONAL = ("never_connected", "one_way_transport", "device_lost")
"""Rules on a participant that silence all of the streams of one kind."""
_CUT_OFF = ("never_connected", "one_way_transport", "interrupted")
_EVERYBODY = frozenset(
    ["others", "other", "everyone", "everybody", "anybody", "anyone", "nobody", "people", "participants", "all"]
)


@dataclass(frozen=True)
class Answer:
    """
    What the data of one call says to a complaint.

    Attributes
    ----------
    status
        "yes" (it shows), "no" (it was looked for and is not there) or "cannot know".
    symptom
        What was asked, one of ``rtk.symptoms()``.
    person
        Who complained; the display name in this call.
    about
        Whom the complaint is about; empty for everybody.
    window
        The asked time, in UTC.
    headline
        The answer in a sentence or two.
    findings
        Table ``findings``, those that answer the complaint and what caused them, the cause first.
    nearest
        What came closest where nothing was found: ``rule``, ``measure``, ``value``, ``threshold``, ``unit``, ``share``
        (of the threshold, 1 at it; float64), ``who``, ``time`` (datetime64[us, UTC]).
    checked
        What was looked at: ``stream`` (in words), ``peer_id``, ``remote_peer_id``, ``media``, ``direction``,
        ``samples`` (Int64), ``covered_s`` and ``asked_s`` (s), ``covered`` (share of the time asked for, 0 to 1).
    not_measurable
        What of this complaint the data cannot show.
    explanations
        What explains it without a fault: muted, hidden, switched off.
    noticed
        From when to when it shows; None where it does not.
    others
        Answers of other calls that were looked at, if a whole app was asked.
    """

    status: Status
    symptom: Symptom
    person: str
    about: tuple[str, ...]
    window: tuple[datetime, datetime]
    headline: str
    findings: pd.DataFrame
    nearest: pd.DataFrame
    checked: pd.DataFrame
    not_measurable: tuple[str, ...]
    explanations: tuple[str, ...]
    noticed: tuple[datetime, datetime] | None
    tz: tzinfo
    asked: str
    call: Call = field(repr=False)
    peers: tuple[str, ...] = field(repr=False)
    profile: str = "default"
    others: tuple[Answer, ...] = field(default=(), repr=False)

    @property
    def reply(self) -> str:
        """What support can send to this customer as it stands: no jargon, no names of other people."""
        return reply_to(self._reply_facts())

    def _reply_facts(self) -> Reply:
        return Reply(
            status=self.status,
            symptom=self.symptom,
            findings=self.findings,
            peers=self.peers,
            several=len(self.about) != 1,
            explanations=bool(self.explanations),
            tz=self.tz,
            window=self.window,
            noticed=self.noticed,
        )

    def plot(self, **options: Any) -> Any:
        """
        Draw the evidence: the finding that answers best, else both ends of what was asked about.

        Parameters
        ----------
        **options
            Of ``rtk.plot.finding``, ``rtk.plot.delivery`` or ``rtk.plot.quality``, whichever draws it.

        Returns
        -------
        Axes, as the plot that is used returns them.
        """
        from rtkit_explore import plot

        if len(self.findings):
            return plot.finding(self.call, self.findings.iloc[0], **{"tz": self.tz, **options})
        given = {"window": self.window, "tz": self.tz, **options}
        if self.symptom.direction == "received" and self.about:
            return plot.delivery(self.call, self.about[0], to=self.peers[0], **given)
        return plot.quality(self.call, participant=list(self.peers), **given)

    def to_code(self) -> str:
        """Return the lines that ask the same again, in a notebook that has ``rtk`` and ``app``."""
        begin, end = (one.astimezone(self.tz).strftime("%Y-%m-%d %H:%M:%S") for one in self.window)
        ask = f"call.explain({self.person!r}, {self.asked!r}, window=({begin!r}, {end!r}), tz={zone_label(self.tz)!r})"
        return f"call = app.call({self.call.session_id!r})\nanswer = {ask}\nanswer"

    @property
    def text(self) -> str:
        """The whole answer as plain text, to paste into a ticket."""
        begin, end = (one.astimezone(self.tz) for one in self.window)
        lines = [
            f"{self.person}: “{self.asked}”. {self.status.capitalize()}.",
            self.headline,
            f"Looked at {begin:%Y-%m-%d %H:%M:%S} to {end:%H:%M:%S} ({zone_label(self.tz)}) of {self.call.title}.",
        ]
        lines += [f" - {one}" for one in self.findings["story"]]
        if len(self.findings) and isinstance(step := self.findings["next_step"].iloc[0], str) and step:
            lines.append(f"Check next: {step}")
        lines += [f"Explains it: {one}" for one in self.explanations]
        if self.status != "yes" and len(self.nearest):
            lines.append(f"Nearest to it: {self.nearest_words()}")
        if len(self.checked):
            share = self.checked["covered"].mean()
            lines.append(f"Checked: {len(self.checked)} streams, {int(self.checked['samples'].sum())} samples, "
                         f"{100 * share:.0f} % of the time.")  # fmt: skip
        lines += [f"This data cannot show: {one}." for one in self.not_measurable]
        if self.others:
            lines.append(f"{len(self.others)} other calls of that time were looked at: answer.others.")
        return "\n".join(lines)

    def nearest_words(self) -> str:
        """Say what came nearest, with its threshold."""
        first = self.nearest.iloc[0]
        return (
            f"{first['measure']} of {first['value']:.3g} {first['unit']} ({first['who']}, "
            f"{first['time'].tz_convert(self.tz):%H:%M:%S}); a finding begins at {first['threshold']:.3g}."
        )

    def __str__(self) -> str:
        """Return the whole answer as text."""
        return self.text

    def _repr_html_(self) -> str:
        mark = {"yes": "●", "no": "○", "cannot know": "?"}[self.status]
        head = f"<p><b>{mark} {escape(self.status.capitalize())}.</b> {escape(self.headline)}</p>"
        rest = self.text.split("\n")[2:]
        items = "".join(f"<li>{escape(line.removeprefix(' - '))}</li>" for line in rest)
        reply = f"<p><b>Reply</b> (nothing in it names other people):<br>{escape(self.reply)}</p>"
        return f"<div class='rtkit-answer'>{head}<ul>{items}</ul>{reply}</div>"


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
    named = _about(call, about, rest, mine)
    span = call_span(call)
    begin, end = _asked_time(window, on, where, span)
    found = call.findings(profile, tz=where)
    streams = _streams(call, wanted, mine, named)
    checked = _checked(call, streams, mine, (begin, end), span)
    direct, related = _findings_for(call, found, wanted, mine, named, (begin, end))
    explanations = _explanations(call, wanted, mine, named, (begin, end), where)
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


def people_meant(call: Call, person: str) -> tuple[str, ...]:
    """
    Return the peer ids of one person: several where somebody left and came back.

    Raises
    ------
    InvalidArgumentError
        If nobody, or several different people, are called that.
    """
    found = find_participants(person, call.names, call.participants)
    people = call.participants.set_index("peer_id")
    if not found:
        return (call.peer(person),)  # raises, and lists who there is

    def identity(peer: str) -> object:
        row = people.loc[peer]
        row = row.iloc[0] if isinstance(row, pd.DataFrame) else row
        for name in ("user_id", "custom_participant_id", "display_name"):
            if isinstance(row[name], str) and row[name]:
                return (name, row[name])
        return peer

    if len({identity(peer) for peer in found}) > 1:
        return (call.peer(person),)  # raises, and lists who there is
    who = identity(found[0])
    same = [str(peer) for peer in people.index if isinstance(peer, str) and identity(peer) == who]
    joined = call.participants.drop_duplicates("peer_id").set_index("peer_id")["joined_at"]
    return tuple(
        sorted(same, key=lambda peer: (pd.isna(joined[peer]), joined[peer] if not pd.isna(joined[peer]) else 0))
    )


def _about(call: Call, about: str | None, rest: str, mine: Sequence[str]) -> tuple[str, ...]:
    """Find whom a complaint is about: by the argument, else by a name in its words."""
    if about is not None:
        if plain(about) in _EVERYBODY or plain(about) == "the others":
            return ()
        return people_meant(call, about)
    words = [word for word in rest.replace("'s", "").split() if word not in _REST | _EVERYBODY]
    named: list[str] = []
    for peer, name in call.names.items():
        if peer not in mine and any(word in plain(name).split() for word in words):
            named.append(peer)
    return tuple(named)


def call_span(call: Call) -> tuple[datetime, datetime]:
    """Return when a call began and ended, as far as its documents tell; raises where they tell nothing."""
    known: list[pd.Timestamp] = []
    for frame, columns in (
        (call.sessions, ("started_at", "ended_at")),
        (call.participants, ("joined_at", "left_at")),
        (call.quality, ("start", "end")),
        (call.events, ("timestamp",)),
    ):
        for name in columns:
            times = frame[name].dropna()
            if len(times):
                known += [times.min(), times.max()]
        if known and frame is call.participants:
            break
    if not known:
        msg = "No document of this call says when it was, so no time of it can be asked for."
        raise InvalidArgumentError(msg)
    return min(known).to_pydatetime().astimezone(UTC), max(known).to_pydatetime().astimezone(UTC)


def _asked_time(window: Any, on: Any, tz: tzinfo, span: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
    """Read the asked time; a day narrows the call to its part on that day."""
    from rtkit_explore.local_time import day_range

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


def _streams(call: Call, symptom: Symptom, mine: Sequence[str], named: Sequence[str]) -> pd.DataFrame:
    """Return the streams that could show a symptom: both ends where another participant's report has the other one."""
    streams = call.streams
    media = streams["media"].astype("object")
    consumer = (streams["direction"] == "consumer").to_numpy(dtype=bool)
    fits = media.isin(symptom.media) if symptom.media else pd.Series(data=True, index=streams.index)
    by_me, from_me = streams["peer_id"].isin(mine), streams["remote_peer_id"].isin(mine)
    if symptom.direction == "received":
        chosen = by_me & consumer & (streams["remote_peer_id"].isin(named) if named else True)
    elif symptom.direction == "sent":
        chosen = (by_me & ~consumer) | (from_me & consumer & (streams["peer_id"].isin(named) if named else True))
    else:
        chosen = by_me
    return streams[fits & chosen]


def _checked(
    call: Call,
    streams: pd.DataFrame,
    mine: Sequence[str],
    window: tuple[datetime, datetime],
    span: tuple[datetime, datetime],
) -> pd.DataFrame:
    """Tell how much of the asked time the samples of each stream cover, while the customer was there."""
    begin, end = (pd.Timestamp(one) for one in window)
    people = call.participants[call.participants["peer_id"].isin(mine)]
    here = [
        (
            max(begin, one if not pd.isna(one) else pd.Timestamp(span[0])),
            min(end, two if not pd.isna(two) else pd.Timestamp(span[1])),
        )
        for one, two in zip(people["joined_at"], people["left_at"], strict=True)
    ]
    asked = sum(max(0.0, (two - one).total_seconds()) for one, two in here) or (end - begin).total_seconds()
    quality = call.quality
    known = quality[quality["interval_s"].notna() & (quality["end"] > begin) & (quality["start"] < end)]
    known = known[~known["gap"].fillna(value=False).astype(bool)]
    rows: list[dict[str, Any]] = []
    for stream in streams.itertuples():
        own = known[(known["stream_id"] == stream.stream_id) & (known["peer_id"] == stream.peer_id)]
        own = own.drop_duplicates("end")
        covered = (
            (own["end"].where(own["end"] < end, end) - own["start"].where(own["start"] > begin, begin))
            .dt.total_seconds()
            .sum()
        )
        who, remote = (call.names.get(str(one), "somebody") for one in (stream.peer_id, stream.remote_peer_id))
        what = (
            str(stream.media)
            .replace("screenshare_video", "screen share")
            .replace("screenshare_audio", "screen-share audio")
        )
        rows.append(
            {
                "stream": f"{who} gets {remote}'s {what}" if stream.direction == "consumer" else f"{who} sends {what}",
                "peer_id": stream.peer_id,
                "remote_peer_id": stream.remote_peer_id,
                "media": str(stream.media),
                "direction": str(stream.direction),
                "samples": len(own),
                "covered_s": float(covered),
                "asked_s": float(asked),
                "covered": min(1.0, float(covered) / asked) if asked > 0 else 0.0,
            }
        )
    return pd.DataFrame(rows, columns=list(_CHECKED)).astype(_CHECKED)


_TEXT = pd.StringDtype("python")
_CHECKED: dict[str, Any] = {
    "stream": _TEXT, "peer_id": _TEXT, "remote_peer_id": _TEXT, "media": _TEXT, "direction": _TEXT, "samples": "Int64",
    "covered_s": "float64", "asked_s": "float64", "covered": "float64",
}  # fmt: skip


def _in_time(found: pd.DataFrame, window: tuple[datetime, datetime]) -> pd.Series[bool]:
    begin, end = (pd.Timestamp(one) for one in window)
    return ~(found["end"] < begin - _SLACK) & ~(found["start"] > end + _SLACK)


def _findings_for(
    call: Call,
    found: pd.DataFrame,
    symptom: Symptom,
    mine: Sequence[str],
    named: Sequence[str],
    window: tuple[datetime, datetime],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the findings that show a symptom, and those that explain them: of the same side, at the same time."""
    told = found[(found["severity"] != "note") & _in_time(found, window)]
    remote = _remote_of(call, told)
    reported, from_me = told["peer_id"].isin(mine), remote.isin(mine)
    consumer = (told["direction"] == "consumer").to_numpy(dtype=bool)
    personal = told["stream_id"].isna()
    fits = told["rule"].isin(symptom.rules)
    media = (
        told["media"].astype("object").isin(symptom.media) if symptom.media else pd.Series(data=True, index=told.index)
    )
    if symptom.direction == "received":
        whom = remote.isin(named) if named else pd.Series(data=True, index=told.index)
        # The round trip is measured on what is sent, and is felt on what is received.
        felt = consumer | told["rule"].eq("round_trip").to_numpy()
        direct = fits & reported & felt & media & (whom | ~pd.Series(consumer, index=told.index))
        # What the sender's own report says of the same media is the other end of the same complaint.
        streams = call.streams
        heard = (
            streams["peer_id"].isin(mine) & streams["direction"].eq("consumer") & streams["media"].isin(symptom.media)
        )
        senders = set(named) or set(streams.loc[heard, "remote_peer_id"].dropna())
        there = told["peer_id"].isin(senders)
        direct |= fits & there & ((~consumer & media & ~personal) | told["rule"].isin(_PERSONAL))
        # Whoever never got through, or was cut off, hears and sees nobody.
        direct |= reported & personal & told["rule"].isin(_CUT_OFF)
    elif symptom.direction == "sent":
        whom = told["peer_id"].isin(named) if named else pd.Series(data=True, index=told.index)
        direct = fits & ((reported & ((~consumer & media) | personal)) | (from_me & consumer & media & whom))
    else:
        direct = fits & reported
    shown = told[direct]
    if shown.empty:
        return shown, shown
    sides = set(shown["side_peer_id"].dropna())
    begin, end = shown["start"].min() - _SLACK, shown["end"].max() + _SLACK
    near = ~(told["end"] < begin) & ~(told["start"] > end)
    cause = ~direct & near & told["side_peer_id"].isin(sides) & (reported | told["peer_id"].isin(sides))
    return shown, told[cause].head(4)


def _remote_of(call: Call, found: pd.DataFrame) -> pd.Series[Any]:
    """Return for each finding the participant at the other end of its stream."""
    streams = call.streams.drop_duplicates("stream_id")
    remote = dict(zip(streams["stream_id"], streams["remote_peer_id"], strict=True))
    return found["stream_id"].map(lambda one: remote.get(one) if isinstance(one, str) else None).astype("object")


_DEVICES = {"audio": "microphone", "video": "camera", "screenshare_video": "screen share"}
_SHORTEST_OFF = pd.Timedelta(seconds=5)


def _explanations(
    call: Call,
    symptom: Symptom,
    mine: Sequence[str],
    named: Sequence[str],
    window: tuple[datetime, datetime],
    tz: tzinfo,
) -> tuple[str, ...]:
    """
    Say what explains a symptom without a fault: something switched off, or a tab in the background.

    That one of many was muted does not explain that nobody was heard: who was not named has to be the only other one.
    """
    if not symptom.explained_by:
        return ()
    context = call.judging
    begin, end = (pd.Timestamp(one) for one in window)
    others = [peer for peer in call.names if peer not in mine]
    senders = list(mine) if symptom.direction == "sent" else list(named) or (others if len(others) == 1 else [])
    kinds = dict.fromkeys("audio" if one == "screenshare_audio" else one for one in symptom.media)
    spells = [
        (peer, f"{context.name(peer)}'s {_DEVICES[kind]} was switched off", one)
        for peer in senders
        for kind in kinds
        for one in context.off.get((peer, kind), ())
    ]
    if symptom.direction == "received" and "video" in kinds:
        spells += [
            (peer, f"{context.name(peer)}'s tab was in the background", one)
            for peer in mine
            for one in context.hidden.get(peer, ())
        ]
    told = []
    for peer, words, (first, last) in spells:
        ahead = pd.Timedelta(seconds=context.arrays.shifts.get(peer, 0.0))
        one = max(pd.Timestamp(first, unit="us", tz="UTC") - ahead, begin)
        two = end if last == OPEN_END else min(pd.Timestamp(last, unit="us", tz="UTC") - ahead, end)
        if two - one >= _SHORTEST_OFF:
            told.append(
                f"{words} from {one.tz_convert(tz):%H:%M:%S} to {two.tz_convert(tz):%H:%M:%S} ({zone_label(tz)})."
            )
    return tuple(dict.fromkeys(told))


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
        if spans and one <= spans[-1][1] + _SLACK:
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


def best_of(answers: Iterable[Answer]) -> Answer:
    """Choose the answer that says most, and keep the others with it: a yes before a no before "cannot know"."""
    order: dict[str, int] = {"yes": 0, "no": 1, "cannot know": 2}

    def place(answer: Answer) -> tuple[int, int]:
        worst = max((SEVERITIES.index(str(one)) for one in answer.findings["severity"]), default=0)
        return order[answer.status], -worst

    ranked = sorted(answers, key=place)
    return replace(ranked[0], others=tuple(ranked[1:]))
