"""
Lessons: a short text, a slider, the simulated call that follows from it, its figures and plots, and a question.

A lesson simulates a call of two and a half minutes anew at every step of its slider, reads its tables as those of any
other call, and draws two or three of their measures.
"""

from __future__ import annotations

import io
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.simulated import documents_of
from rtkit_explore.simulator import CallPlan, Incident, Person
from rtkit_explore.simulator.engine import run
from rtkit_explore.simulator.plan import Impair, Move, Relay, Switch, Unplug

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

    from rtkit_explore.call import Call
    from rtkit_explore.table_schema.glossary_entries import Term

NAMES = ("Alma", "Boris", "Chen")
SECONDS = 150.0
BEGIN, END = 49.0, 105.0
_DAY = 86400.0
_KEPT = 6
"""Calls that a lesson keeps: a slider that is moved back shows them at once."""


@dataclass(frozen=True)
class Slider:
    """What the learner moves: label, unit, lowest, highest, step and where it begins; or words, one a step."""

    label: str
    unit: str
    low: float
    high: float
    step: float
    first: float
    words: tuple[str, ...] = ()

    def values(self) -> list[float]:
        """List the steps."""
        return [
            round(self.low + number * self.step, 6) for number in range(round((self.high - self.low) / self.step) + 1)
        ]

    def says(self, value: float) -> str:
        """Return a value with its unit, or the word that stands for it."""
        if self.words:
            return self.words[round((value - self.low) / self.step)]
        return f"{value:g} {self.unit}".strip()


@dataclass(frozen=True)
class Question:
    """
    A question with a checked answer.

    Attributes
    ----------
    asks
        The question.
    choices
        Answers to choose from.
    right
        The right one.
    why
        Said once it is answered rightly.
    hint
        Said otherwise: where to look.
    hints
        Said before it: of each wrong choice, in their order, how to see that it cannot be.
    """

    asks: str
    choices: tuple[str, ...]
    right: str
    why: str
    hint: str
    hints: tuple[str, ...]

    def check(self, answer: object) -> tuple[bool, str]:
        """
        Check an answer.

        Returns
        -------
        tuple of bool and str
            Whether it is right, and what to say.

        Raises
        ------
        InvalidArgumentError
            If it is not one of the choices.
        """
        wanted = str(answer).strip().casefold()
        found = [one for one in self.choices if wanted == one.casefold()] or [
            one for one in self.choices if wanted and wanted in one.casefold()
        ]
        if len(found) != 1:
            msg = f"Answer with one of: {'; '.join(self.choices)}."
            raise InvalidArgumentError(msg)
        good = found[0] == self.right
        wrong = [choice for choice in self.choices if choice != self.right]
        told = "" if good else self.hints[wrong.index(found[0])]
        return good, f"Right. {self.why}" if good else f"Not yet. {told} {self.hint}"


@dataclass(frozen=True)
class _Plan:
    """What a lesson is made of."""

    name: str
    title: str
    text: str
    slider: Slider
    happens: Callable[[float], tuple[Any, ...]]
    whose: str
    panels: tuple[tuple[str, str, str], ...]
    """Measures to draw: column of quality, media, direction."""
    figures: Callable[[Call], dict[str, str]]
    question: Question
    terms: tuple[str, ...]
    direct: bool = False


@dataclass
class Lesson:
    """
    A lesson: ``at(value)`` gives the call of a step, ``figures(value)`` its figures, ``draw(value)`` its plots.

    Attributes
    ----------
    name, title, text
        What it is about.
    slider
        What can be moved.
    question
        What is asked; ``check(answer)`` checks an answer.
    """

    plan: _Plan = field(repr=False)
    name: str = ""
    _calls: OrderedDict[float, Call] = field(default_factory=OrderedDict, repr=False)

    @property
    def title(self) -> str:
        """The title."""
        return self.plan.title

    @property
    def text(self) -> str:
        """What to know before the slider is moved."""
        return self.plan.text

    @property
    def slider(self) -> Slider:
        """What the learner moves."""
        return self.plan.slider

    @property
    def question(self) -> str:
        """The question, with its choices."""
        asked = self.plan.question
        return f"{asked.asks} ({'; '.join(asked.choices)})"

    @property
    def words(self) -> list[Term]:
        """The terms of the glossary that stand in it, those that it is about first."""
        from rtkit_explore.plot.labels import axis_label
        from rtkit_explore.table_schema.glossary_entries import TERMS
        from rtkit_explore.table_schema.glossary_terms import terms_in

        plan = self.plan
        asked = (plan.question.asks, *plan.question.choices, plan.question.why, plan.question.hint)
        drawn = [axis_label(column) for column, _, _ in plan.panels]
        text = "\n".join([plan.title, plan.text, plan.slider.label, *plan.slider.words, *drawn, *asked])
        found = {term: TERMS[term] for term in plan.terms} | {one.term: one for one in terms_in(text)}
        return list(found.values())

    def at(self, value: float | None = None) -> Call:
        """
        Return the call of a step of the slider.

        Raises
        ------
        InvalidArgumentError
            If the slider does not go there.
        """
        slider = self.plan.slider
        chosen = slider.first if value is None else float(value)
        if not slider.low - 1e-9 <= chosen <= slider.high + 1e-9:
            msg = f"The slider of this lesson goes from {slider.says(slider.low)} to {slider.says(slider.high)}, not to {value!r}."
            raise InvalidArgumentError(msg)
        if chosen not in self._calls:
            from rtkit_explore.call import Call

            effects = self.plan.happens(chosen)
            incident = Incident(self.name, self.plan.whose, "unknown", BEGIN, END, (), "none", effects)
            people = tuple(Person(name) for name in (NAMES[:2] if self.plan.direct else NAMES))
            made = run(
                CallPlan(
                    people,
                    SECONDS,
                    (incident,) if effects else (),
                    seed=5,
                    direct=self.plan.direct,
                    title=f"Lesson: {self.plan.title}",
                )
            )
            self._calls[chosen] = Call(documents_of(made))
            while len(self._calls) > _KEPT:
                self._calls.popitem(last=False)
        return self._calls[chosen]

    def figures(self, value: float | None = None) -> pd.DataFrame:
        """
        Return the figures that follow from a step.

        Returns
        -------
        pandas.DataFrame
            ``what`` and ``figure``, text with units, one row a figure.
        """
        told = self.plan.figures(self.at(value))
        frame: pd.DataFrame = pd.DataFrame(
            {"what": list(told), "figure": list(told.values())}, dtype=pd.StringDtype("python")
        )
        return frame

    def draw(self, value: float | None = None, *, figure: Figure | None = None) -> Figure:
        """Draw the measures of a step; a new figure, not one of pyplot's, by default."""
        return _drawn(self.at(value), self.plan, figure)

    def check(self, answer: object) -> tuple[bool, str]:
        """Check an answer to the question: whether it is right, and what to say."""
        return self.plan.question.check(answer)

    def show(self) -> Any:
        """Return the lesson as widgets: text, slider, plots, figures, question."""
        from rtkit_explore.training.views import lesson_view

        return lesson_view(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:  # noqa: ARG002
        from rtkit_explore.widgets.fallback import bundle_of

        return bundle_of(self.show(), str(self), self._still())

    def _still(self) -> str:
        """Return the lesson as HTML for where widgets do not run: its text, the figures of the first step, the question."""
        rows = "".join(
            f"<tr><td>{escape(what)}</td><td><b>{escape(figure)}</b></td></tr>"
            for what, figure in self.figures().itertuples(index=False)
        )
        return (
            f"<h3>{escape(self.title)}</h3><p>{escape(self.text)}</p>"
            f"<p>{escape(self.slider.label)}: <b>{escape(self.slider.says(self.slider.first))}</b></p><table>{rows}</table>"
            f"<p><b>Question.</b> {escape(self.question)}</p>"
            "<p><small>Where no kernel runs, the slider and the plots are not shown.</small></p>"
        )

    def __str__(self) -> str:
        """Return the text of the lesson."""
        return f"{self.title}\n\n{self.text}\n\nSlider: {self.slider.label}. Question: {self.question}"


@cache
def _shown_figure() -> type[Figure]:
    """Return a Figure that a cell shows although no pyplot made it."""
    from matplotlib.figure import Figure

    class ShownFigure(Figure):
        def _repr_png_(self) -> bytes:
            file = io.BytesIO()
            self.savefig(file, format="png", dpi=84)
            return file.getvalue()

    return ShownFigure


def _drawn(call: Call, plan: _Plan, figure: Figure | None) -> Figure:
    """Draw each measure of a lesson as steps, one line a stream; drawn by hand because a slider waits for it."""
    from rtkit_explore.plot.labels import axis_label
    from rtkit_explore.plot.palette import LINE_COLOURS, LINE_MARKERS
    from rtkit_explore.plot.streams import steps

    high = 1.45 * len(plan.panels) + 1.0
    made = _shown_figure()(figsize=(8.4, high)) if figure is None else figure
    made.clear()
    axes = made.subplots(len(plan.panels), 1, sharex=True, squeeze=False)[:, 0]
    quality = call.quality
    begin = call.sessions["started_at"].iloc[0]
    lines: dict[str, Any] = {}  # a stream looks the same in every panel, and stands in the legend once
    for ax, (column, media, direction) in zip(axes, plan.panels, strict=True):
        rows = quality[
            (quality["media"] == media) & (quality["direction"] == direction) & quality["interval_s"].notna()
        ]
        for key, mine in rows.groupby(["peer_id", "remote_peer_id"], observed=True, dropna=False, sort=False):
            values = mine[column].to_numpy(dtype="float64", na_value=np.nan)
            if not np.isfinite(values).any():
                continue
            me, other = (call.names.get(str(one), "") for one in key)
            label = f"{me} gets {other}" if direction == "consumer" else f"{me} sends"
            order = np.argsort(mine["end"].to_numpy())
            start, end = ((mine[name] - begin).dt.total_seconds().to_numpy()[order] / _DAY for name in ("start", "end"))
            x, y, samples = steps(
                start, end, values[order], mine["gap"].fillna(value=False).to_numpy(dtype=bool)[order]
            )
            number = list(lines).index(label) if label in lines else len(lines)
            again, colour = divmod(number, len(LINE_COLOURS))  # three people make nine lines, one more than colours
            look = {
                "color": LINE_COLOURS[colour],
                "marker": LINE_MARKERS[(colour + again) % len(LINE_MARKERS)],
                "linestyle": "--" if again else "-",
            }
            (line,) = ax.plot(x * _DAY, y, markevery=samples, markersize=3, linewidth=1.3, label=label, **look)
            lines.setdefault(label, line)
        ax.axvspan(BEGIN, END, color="#EFEFEF", zorder=0)
        ax.set_ylabel(axis_label(column), fontsize=8)
        ax.tick_params(labelsize=8)
        ax.spines[["top", "right"]].set_visible(False)
        ax.set_ylim(0, max(ax.get_ylim()[1], 1.0))  # nothing at all is a flat line at the bottom, not a magnified one
        ax.set_title(
            f"{media.replace('_', ' ')} {'received' if direction == 'consumer' else 'sent'}", fontsize=8, loc="left"
        )
        ax.tick_params(labelbottom=ax is axes[-1])
    axes[-1].set_xlabel("seconds since the call began (grey: something is done to it)", fontsize=8)
    axes[-1].set_xlim(0, SECONDS)
    bottom = 0.95 / high
    made.subplots_adjust(left=0.1, right=0.98, top=1 - 0.25 / high, bottom=bottom, hspace=0.35)
    if lines:
        below = -0.5 / (high * axes[-1].get_position().height)
        place = {"loc": "upper left", "bbox_to_anchor": (0, below), "ncol": 3}
        axes[-1].legend(lines.values(), lines.keys(), fontsize=7, frameon=False, borderaxespad=0, **place)
    return made


# What the figures are read from -----------------------------------------------------------------------------------


def _during(
    call: Call, media: str, direction: str, *, who: str | None = None, remote: str | None = None
) -> pd.DataFrame:
    """Return the known intervals of some streams while the lesson's cause holds."""
    quality = call.quality
    begin = call.sessions["started_at"].iloc[0]
    known = quality[quality["interval_s"].notna() & (quality["media"] == media) & (quality["direction"] == direction)]
    middle = (known["start"] - begin).dt.total_seconds()
    known = known[(middle >= BEGIN) & (middle <= END - 7)]
    if who is not None:
        known = known[known["peer_id"] == call.peer(who)]
    if remote is not None:
        known = known[known["remote_peer_id"] == call.peer(remote)]
    during: pd.DataFrame = known
    return during


def _mean(rows: pd.DataFrame, column: str, unit: str, digits: int = 1) -> str:
    values = rows[column].dropna()
    return f"{values.mean():.{digits}f} {unit}" if len(values) else "unknown"


def _loss(call: Call, who: str, remote: str) -> str:
    rows = _during(call, "audio", "consumer", who=who, remote=remote)
    lost, got = float(rows["packets_lost"].clip(lower=0).sum()), float(rows["packets"].sum())
    return f"{100 * lost / (lost + got):.1f} %" if lost + got else "nothing arrived"


def _verdicts(call: Call) -> str:
    told = call.verdicts()
    told = told[told["subject"] == "participant"]
    return ", ".join(f"{name} {verdict}" for name, verdict in zip(told["display_name"], told["verdict"], strict=True))


def _first_finding(call: Call) -> str:
    found = call.findings()
    found = found[found["severity"] != "note"]
    return str(found["story"].iloc[0]) if len(found) else "nothing of warn or worse"


_TEXTS = {
    "loss": "Sound travels in 50 packets a second. Some get lost; the receiver patches the holes with sound it invents. "
    "Lost video is asked for again, so pictures survive what breaks speech. Move the slider: from which loss on would you complain?",
    "delay": "A packet takes time to its goal and back: the round trip. Nothing is lost when the way is long, but people begin "
    "to talk over each other. The round trip is the same seen from both ends, so alone it tells nobody's side.",
    "jitter_buffer": "Packets leave evenly and arrive unevenly: that is jitter. The receiver waits a little with each, in its "
    "jitter buffer, to play them evenly. The more uneven the network, the longer it waits, and it comes down slowly.",
    "me_them_server": "Is it me, them or the server? What one person sends goes to everybody: a bad uplink is heard by all. What "
    "one person receives, only this person notices. And what hits several people in one second is nobody's alone.",
    "devices": "A headset that is unplugged leaves a hole until another microphone takes over. Packets go on, but they "
    "are small: silence takes a sixth of the bytes of speech. No report holds the loudness itself.",
    "paths": "Media goes the shortest way: directly, or through a TURN server where a firewall forbids that. A change from "
    "Wi-Fi to cellular in mid-call is seconds of silence, and often a new participant id.",
    "no_fault": "Not everything that sounds like a fault is one. A muted microphone, a camera that is off, a tab in the background "
    "and a screen share that stands still all look like silence; the events tell them apart.",
    "scores": "A MOS puts loss and delay into one number from 1 to 4.4, as listeners would. The client's own score goes from 0 to "
    "1. Neither knows whether somebody spoke, and a mean over a call hides a bad minute.",
}


def _paths_happen(value: float) -> tuple[Any, ...]:
    return ((), (Relay("Chen"),), (Move("Chen", 60.0, 72.0),))[round(value)]


def _sides_happen(value: float) -> tuple[Any, ...]:
    return (
        (Impair("Alma", "up", BEGIN, END, loss=0.12),),
        (Impair("Chen", "down", BEGIN, END, loss=0.12),),
        tuple(Impair(name, "down", BEGIN, END, loss=0.12) for name in NAMES),
    )[round(value)]


def _off_happens(value: float) -> tuple[Any, ...]:
    return (
        (),
        (Switch("Alma", "audio", BEGIN, END),),
        (Switch("Alma", "hidden", BEGIN, END),),
        (Impair("Alma", "up", BEGIN, END, down=True), Impair("Alma", "down", BEGIN, END, down=True)),
    )[round(value)]


def _mos_of(call: Call) -> str:
    from rtkit_explore.measures.scores import mos

    rows = _during(call, "audio", "consumer", who="Boris", remote="Alma")
    scored = mos(rows["loss_pct"].to_numpy(dtype="float64"), rows["buffer_ms"].fillna(0).to_numpy(dtype="float64"))
    return f"{np.nanmean(scored):.2f}" if len(rows) else "unknown"


def _whole_mos(call: Call) -> str:
    from rtkit_explore.measures.scores import mos

    rows = call.quality
    rows = rows[(rows["media"] == "audio") & (rows["direction"] == "consumer") & rows["loss_pct"].notna()]
    scored = mos(rows["loss_pct"].to_numpy(dtype="float64"), rows["buffer_ms"].fillna(0).to_numpy(dtype="float64"))
    return f"{np.nanmedian(scored):.2f}" if len(rows) else "unknown"


def _audio_kbps(call: Call) -> str:
    rows = _during(call, "audio", "producer", who="Alma")
    values = rows["bitrate_kbps"].dropna()
    return f"{values.min():.0f} to {values.max():.0f} kbit/s" if len(values) else "unknown"


_PLANS: dict[str, _Plan] = {
    one.name: one
    for one in (
        _Plan("loss", "Packet loss", _TEXTS["loss"], Slider("Loss on Alma's uplink", "%", 0, 25, 1, 5),
              lambda value: (Impair("Alma", "up", BEGIN, END, loss=value / 100),) if value else (), "Alma",
              (("loss_pct", "audio", "consumer"), ("concealment_events", "audio", "consumer"), ("fps", "video", "consumer")),
              lambda call: {"Boris gets Alma's audio with": _loss(call, "Boris", "Alma") + " lost",
                            "Boris gets Chen's audio with": _loss(call, "Boris", "Chen") + " lost",
                            "verdicts": _verdicts(call), "first finding": _first_finding(call)},
              Question("Alma's uplink loses packets. Who hears it?", ("only Alma", "only Boris", "everybody but Alma"),
                       "everybody but Alma", "What Alma sends goes to everybody, and Alma does not hear herself.",
                       "Set the slider to 15 % and look who gets whom with loss.",
                       hints=("Alma does not receive what Alma sends.", "Boris is not the only one who receives Alma.")), ("packet loss", "concealment", "uplink")),
        _Plan("delay", "Delay and round trip", _TEXTS["delay"], Slider("Longer way for Chen, each way", "ms", 0, 400, 25, 150),
              lambda value: (Impair("Chen", "up", BEGIN, END, delay_ms=value), Impair("Chen", "down", BEGIN, END, delay_ms=value)) if value else (),
              "Chen", (("rtt_ms", "audio", "producer"), ("loss_pct", "audio", "consumer")),
              lambda call: {"Chen's round trip": _mean(_during(call, "audio", "producer", who="Chen"), "rtt_ms", "ms", 0),
                            "Boris's round trip": _mean(_during(call, "audio", "producer", who="Boris"), "rtt_ms", "ms", 0),
                            "Boris gets Chen's audio with": _loss(call, "Boris", "Chen") + " lost",
                            "first finding": _first_finding(call)},
              Question("The way grows by 100 ms in each direction. By how many ms does the round trip grow?", ("50 ms", "100 ms", "200 ms", "400 ms"), "200 ms",
                       "It goes there and back.", "Compare Chen's round trip at 100 ms and at 200 ms.",
                       hints=("It is more than that of one direction.", "A packet does not only go there.", "Only Chen's way grew, there and back.")),
              ("round trip", "packet loss")),
        _Plan("jitter_buffer", "Jitter and the jitter buffer", _TEXTS["jitter_buffer"], Slider("Jitter on Alma's uplink", "ms", 0, 120, 10, 40),
              lambda value: (Impair("Alma", "up", BEGIN, END, jitter_ms=value),) if value else (), "Alma",
              (("jitter_ms", "audio", "consumer"), ("buffer_ms", "audio", "consumer"), ("concealment_events", "audio", "consumer")),
              lambda call: {"jitter of Alma's audio at Boris": _mean(_during(call, "audio", "consumer", who="Boris", remote="Alma"), "jitter_ms", "ms"),
                            "Boris waits with each packet": _mean(_during(call, "audio", "consumer", who="Boris", remote="Alma"), "buffer_ms", "ms", 0),
                            "lost": _loss(call, "Boris", "Alma"), "first finding": _first_finding(call)},
              Question("The network is even again. What does the jitter buffer do?", ("falls at once", "comes down slowly", "stays for ever"),
                       "comes down slowly", "It stretches sound by a few percent at a time, so lateness outlives its cause.",
                       "Look at the buffer after the grey part.",
                       hints=("In the first samples after the grey part it is not where it was before.", "At the end of the call it is lower than it was.")), ("jitter", "jitter buffer")),
        _Plan("me_them_server", "Me, them, or the server?", _TEXTS["me_them_server"],
              Slider("What is broken", "", 0, 2, 1, 0, ("first case", "second case", "third case")), _sides_happen, "Alma",
              (("loss_pct", "audio", "consumer"),),
              lambda call: {f"{me} gets {other}'s audio with": _loss(call, me, other) + " lost"
                            for me in NAMES for other in NAMES if me != other},
              Question("In the second case, whose trouble is it?", ("Alma's uplink", "Chen's downlink", "the server"), "Chen's downlink",
                       "Chen gets everybody badly, and nobody else notices.", "Who is in all of the bad lines?",
                       hints=("Were it Alma's uplink, Boris would get Alma badly as well.", "Were it the server, Alma or Boris would get somebody badly as well.")),
              ("uplink", "downlink", "server", "side")),
        _Plan("devices", "Devices", _TEXTS["devices"], Slider("Seconds without a headset", "s", 0, 40, 5, 15),
              lambda value: (Unplug("Alma", BEGIN, BEGIN + value),) if value else (), "Alma",
              (("bitrate_kbps", "audio", "producer"), ("loss_pct", "audio", "consumer")),
              lambda call: {"bitrate of Alma's audio": _audio_kbps(call), "Boris gets Alma's audio with": _loss(call, "Boris", "Alma") + " lost",
                            "devices removed": str(int((call.device_changes["change"] == "removed").sum())),
                            "first finding": _first_finding(call)},
              Question("Alma's headset is gone for 15 s. Are packets lost?", ("yes", "no"), "no",
                       "The network is fine: look at call.device_changes.", "Look at the loss at Boris.",
                       hints=("Boris gets every packet; what shrinks is what is in them.",)), ("bitrate",)),
        _Plan("paths", "Network paths", _TEXTS["paths"], Slider("Chen's way", "", 0, 2, 1, 0, ("direct", "over TURN and TCP", "from Wi-Fi to cellular")),
              _paths_happen, "Chen", (("rtt_ms", "audio", "producer"), ("packets_per_s", "audio", "consumer")),
              lambda call: {"Chen's path": "; ".join(sorted({str(one) for one in call.candidate_pairs.loc[
                  call.candidate_pairs["peer_id"].map(lambda one: call.names.get(str(one), "")).str.startswith("Chen"), "path_protocol"].dropna()})) or "unknown",
                            "relayed": "yes" if call.candidate_pairs["relayed"].fillna(value=False).any() else "no",
                            "participant ids": str(len(call.participants)), "first finding": _first_finding(call)},
              Question("After a change of network, how many participant ids has Chen had?", ("one", "two", "three"), "two",
                       "Rejoining makes a new participant id; user_id stays.", "Choose the last step: how many ids are there, and how many people?",
                       hints=("Three people have more than three ids.", "Alma and Boris have one each.")),
              ("candidate pair", "relay", "TCP", "cellular", "participant id")),
        _Plan("no_fault", "What is no fault", _TEXTS["no_fault"],
              Slider("What happens to Alma", "", 0, 3, 1, 1, ("nothing", "first case", "second case", "third case")), _off_happens, "Alma",
              (("packets_per_s", "audio", "consumer"), ("packets_per_s", "video", "consumer")),
              lambda call: {"verdicts": _verdicts(call), "first finding": _first_finding(call),
                            "events": ", ".join(dict.fromkeys(str(one) for one in call.events["name"].dropna()
                                                              if any(word in str(one) for word in ("audio_o", "video_o", "background", "reconnect", "disconnect"))))},
              Question("Which of the three cases is a fault?", ("the first case", "the second case", "the third case"), "the third case",
                       "In the first the microphone was off, in the second the tab was hidden; in the third everything stopped at once, both ways.",
                       "Read the events: switched off, or gone?",
                       hints=("Sound stopped there, and the picture went on.", "Nothing that others get of Alma has stopped there.")), ("gap", "note")),
        _Plan("scores", "Scores", _TEXTS["scores"], Slider("Loss on Alma's uplink", "%", 0, 25, 1, 10),
              lambda value: (Impair("Alma", "up", BEGIN, END, loss=value / 100),) if value else (), "Alma",
              (("score", "audio", "consumer"), ("loss_pct", "audio", "consumer")),
              lambda call: {"MOS of Alma at Boris, meanwhile": _mos_of(call), "median MOS of the whole call": _whole_mos(call),
                            "score of Alma at Boris, meanwhile": _mean(_during(call, "audio", "consumer", who="Boris", remote="Alma"), "score", "(0 to 1)", 2),
                            "verdicts": _verdicts(call)},
              Question("At 20 % loss for a minute, does the median MOS of the whole call show it?", ("yes", "no"), "no",
                       "A median over everything hides a bad minute: look at the worst tenth, or at the time below a threshold.",
                       "Compare the first two figures at 0 % and at 20 %.",
                       hints=("The median hardly moves.",)), ("MOS", "E-model", "score")),
    )
}  # fmt: skip


def lesson(name: str = "loss") -> Lesson:
    """
    Open a lesson.

    Parameters
    ----------
    name
        "loss", "delay", "jitter_buffer", "me_them_server", "devices", "paths", "no_fault" or "scores".

    Returns
    -------
    Lesson
        Shown as text, slider, plots and question in a cell; ``at``, ``figures``, ``draw`` and ``check`` by code.

    Raises
    ------
    InvalidArgumentError
        If there is no such lesson.
    """
    if not isinstance(name, str) or name not in _PLANS:
        msg = f"There is no lesson {name!r}. There are: {', '.join(_PLANS)}."
        raise InvalidArgumentError(msg)
    return Lesson(_PLANS[name], name)


def lessons() -> pd.DataFrame:
    """
    List the lessons.

    Returns
    -------
    pandas.DataFrame
        ``lesson``, ``title``, ``slider`` and ``terms`` (of the glossary), one row a lesson.
    """
    rows = [(one.name, one.title, one.slider.label, ", ".join(one.terms)) for one in _PLANS.values()]
    return pd.DataFrame(rows, columns=["lesson", "title", "slider", "terms"], dtype=pd.StringDtype("python"))
