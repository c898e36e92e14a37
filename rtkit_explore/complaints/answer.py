"""The answer to a complaint: what was found and looked at, as text, as a plot, and as a reply to the customer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from rtkit_explore.complaints.replies import Reply, reply_to
from rtkit_explore.local_time import zone_label
from rtkit_explore.prose import Prose
from rtkit_explore.table_schema.findings import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, tzinfo

    import pandas as pd

    from rtkit_explore.call import Call
    from rtkit_explore.complaints.symptoms import Symptom

Status = Literal["yes", "no", "cannot know"]


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
    def reply(self) -> Prose:
        """What support can send to this customer as it stands: no jargon, no names of other people."""
        return Prose(reply_to(self._reply_facts()))

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
            self._after_status,
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
            streams, samples = len(self.checked), int(self.checked["samples"].sum())
            lines.append(
                f"Checked: {streams} stream{'s' * (streams != 1)}, {samples} sample{'s' * (samples != 1)}, "
                f"{100 * share:.0f} % of the time."
            )
        lines += [f"This data cannot show: {one}." for one in self.not_measurable]
        if self.others:
            lines.append(f"{len(self.others)} other calls of that time were looked at: answer.others.")
        return "\n".join(lines)

    @property
    def _after_status(self) -> str:
        """The headline as it reads after the status: "Yes. That shows …", not "Yes. Yes, that shows …"."""
        said = self.headline.removeprefix(f"{self.status.capitalize()}, ")
        return said[:1].upper() + said[1:]

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

    def __repr__(self) -> str:
        """Return the whole answer as text, as a console shows it."""
        return self.text

    def _repr_html_(self) -> str:
        mark = {"yes": "●", "no": "○", "cannot know": "?"}[self.status]
        head = f"<p><b>{mark} {escape(self.status.capitalize())}.</b> {escape(self._after_status)}</p>"
        rest = self.text.split("\n")[2:]
        items = "".join(f"<li>{escape(line.removeprefix(' - '))}</li>" for line in rest)
        reply = f"<p><b>Reply</b> (nothing in it names other people):<br>{escape(self.reply)}</p>"
        return f"<div class='rtkit-answer'>{head}<ul>{items}</ul>{reply}</div>"


def best_of(answers: Iterable[Answer]) -> Answer:
    """Choose the answer that says most, and keep the others with it: a yes before a no before "cannot know"."""
    order: dict[str, int] = {"yes": 0, "no": 1, "cannot know": 2}

    def place(answer: Answer) -> tuple[int, int]:
        worst = max((SEVERITIES.index(str(one)) for one in answer.findings["severity"]), default=0)
        return order[answer.status], -worst

    ranked = sorted(answers, key=place)
    return replace(ranked[0], others=tuple(ranked[1:]))
