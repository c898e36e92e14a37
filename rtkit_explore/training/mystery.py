"""
Mystery calls: a complaint, a call, and four questions: who, whose side, what, and when.

The truth is kept by the case and shown by nothing of it: not by its repr, not by the call's documents, tables or ids.
A trainer's own case is a small YAML file, with a simulated call or a saved one.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from rtkit_explore.errors import InvalidArgumentError, MissingExtraError
from rtkit_explore.local_time import moment_near, time_zone
from rtkit_explore.paths import read_file, user_path
from rtkit_explore.tables.scope import call_span
from rtkit_explore.training.cases import ABOUT, LEVELS, SIDES, Truth, draw, key_of, understood
from rtkit_explore.training.scores import keep_score

if TYPE_CHECKING:
    from pathlib import Path

    from rtkit_explore.call import Call

Grade = Literal["right", "partly", "wrong"]
QUESTIONS = ("who", "side", "about", "at")
_SLACK_S = 15.0
"""How far a time may lie outside: two samples."""
_MINUTE = re.compile(r"\d{1,2}:\d{2}(\s*[ap]\.?m\.?)?", re.IGNORECASE)
"""A time without seconds."""

_NOT_SIDE = {
    "sender_uplink": "if an uplink is bad, everybody receives that person badly. Look for one who received the same person well in those minutes, or for what that person sent without loss",
    "receiver_downlink": "if a downlink is bad, one person receives everybody badly and nobody else notices. Look whether others had it too, or whether other voices reached that person well",
    "connection": "if a whole connection goes, that person neither sends nor receives one packet meanwhile. Look whether the packet rate really falls to nothing, both ways",
    "machine": "if a machine or device is at fault, the network stays clean and the events, the devices or what limited the video say why. Look whether they do",
    "shared": "if the server is at fault, several people are hit in the same second, by several senders. Look whether it was more than one",
    "between": "somebody else in the call received the same stream, or received nothing: with more than two people the side can be told",
    "nobody": "before nobody is blamed, an event has to explain it: a microphone switched off, a page in the background. Look for one at that time",
}
"""What would have to be seen if a side that was answered were right."""

_NOT_ABOUT = {
    "loss": (
        "lost packets show as packet loss, and patched sound as concealments. Look whether they rise",
        ("loss_pct", "concealment_events"),
    ),
    "narrow": (
        "with too little bandwidth the encoder says so (limited by bandwidth), and the bitrate falls. Look whether it does",
        ("bitrate_kbps", "fps"),
    ),
    "delay": (
        "what is late shows in round trip, jitter and jitter buffer, without loss. Look whether they rise",
        ("rtt_ms", "jitter_ms", "buffer_ms"),
    ),
    "outage": (
        "in an outage the packet rate falls to nothing, sent and received. Look whether it does",
        ("packets_per_s",),
    ),
    "device": ("a device that vanishes is listed with its second. Look at the rows", "case.call.device_changes"),
    "permission": (
        "a refused microphone is an event of the first seconds, and no sound is ever sent. Look for the media permission",
        "case.call.events",
    ),
    "machine": (
        "a busy machine sends fewer frames, limited by its processor, while nothing is lost. Look at both",
        ("fps", "loss_pct"),
    ),
    "server": (
        "trouble of the server hits several people in the same second. Look whether packet loss rises for more than one at once",
        ("loss_pct",),
    ),
    "no fault": (
        "what is switched off leaves an event, and a stream that ends instead of one that suffers. Look for it",
        "case.call.events",
    ),
}
"""What would have to be seen if a cause that was answered were right, and where: columns of quality, or a table."""


@dataclass(frozen=True)
class Judgement:
    """
    What an answer was worth.

    Attributes
    ----------
    grade
        "right", "partly" or "wrong".
    parts
        Right or not, for each question that was answered.
    text
        What was right, for each part that was not a hint how to see that it cannot be, and, once all is right, what
        happened.
    evidence
        Where to look: a line of code that runs as it stands beside a ``case``.
    look
        The same for a mouse: the cause that is shown there, and whose trouble it would be; None where all are.
    """

    grade: Grade
    parts: dict[str, bool]
    text: str
    evidence: str
    look: tuple[str | None, str | None] = (None, None)

    @property
    def mark(self) -> str:
        """A sign for the grade."""
        return {"right": "●", "partly": "◐", "wrong": "○"}[self.grade]

    def __str__(self) -> str:
        """Return the judgement as text."""
        return f"{self.grade.capitalize()}. {self.text}\nLook at: {self.evidence}"

    def _repr_html_(self) -> str:
        return f"<p><b>{self.mark} {self.grade.capitalize()}.</b> {escape(self.text).replace(chr(10), '<br>')}<br><code>{escape(self.evidence)}</code></p>"


@dataclass
class Case:
    """
    A mystery call.

    Attributes
    ----------
    complaint
        What the customer says.
    call
        The call, a Call like any other.
    level
        How hard it is, 1 to 4; 0 of a trainer's own case that says none.
    number
        Which one: the same level and number give the same case.
    """

    complaint: str
    call: Call
    level: int
    number: str
    _truth: Truth = field(repr=False)
    _asked: int = field(default=0, repr=False)
    _scores: Path | None = field(default=None, repr=False)

    def hint(self, number: int | None = None) -> str:
        """
        Return a hint; each says more than the one before.

        Parameters
        ----------
        number
            Which one, from 1; the next one by default.
        """
        hints = self._truth.hints
        if number is None:
            self._asked = min(self._asked + 1, len(hints))
            number = self._asked
        if not isinstance(number, int) or not 1 <= number <= len(hints):
            msg = f"There are {len(hints)} hints: hint(1) to hint({len(hints)})."
            raise InvalidArgumentError(msg)
        self._asked = max(self._asked, number)
        return hints[number - 1]

    def answer(
        self,
        *,
        who: str | None = None,
        side: str | None = None,
        about: str | None = None,
        at: Any = None,
        tz: Any = "UTC",
    ) -> Judgement:
        """
        Judge an answer.

        Parameters
        ----------
        who
            Whose trouble it was: a name, or "nobody".
        side
            "uplink", "downlink", "connection", "machine", "server", "between" or "nobody".
        about
            "loss", "narrow", "delay", "outage", "device", "permission", "machine", "server" or "no fault".
        at
            A time at which it can be seen, such as "12:31".
        tz
            Time zone of ``at``.

        Returns
        -------
        Judgement
            Right, partly or wrong. For each part that is not right it says what would have to be seen if it were, and
            where to look. Parts that are left out do not count, but all four are needed to be right.

        Raises
        ------
        InvalidArgumentError
            If an answer is none of those that exist.
        """
        truth = self._truth
        given: dict[str, Any] = {}
        parts: dict[str, bool] = {}
        if who is not None:
            given["who"] = None if key_of(who) in SIDES["nobody"] else self._name(who)
            parts["who"] = given["who"] == (None if truth.who is None else self._name(truth.who))
        if side is not None:
            given["side"] = understood(side, SIDES, "side")
            parts["side"] = given["side"] == truth.side
        if about is not None:
            given["about"] = understood(about, ABOUT, "about")
            parts["about"] = given["about"] == truth.about
        if at is not None:
            given["at"] = moment_near(at, time_zone(tz), call_span(self.call))
            # "10:02" is the whole of that minute
            minute = 59.0 if isinstance(at, str) and _MINUTE.fullmatch(at.strip()) else 0.0
            span = (truth.start - timedelta(seconds=minute), truth.end)
            parts["at"] = seconds_outside(given["at"], *span) <= _SLACK_S
        if not parts:
            msg = "Answer at least one of who=, side=, about= and at=."
            raise InvalidArgumentError(msg)
        complete = len(parts) == len(QUESTIONS) and all(parts.values())
        grade: Grade = "right" if complete else "partly" if any(parts.values()) else "wrong"
        look = self._look(given, parts, grade)
        judged = Judgement(grade, parts, self._told(given, parts, grade), self._evidence(*look), look)
        keep_score({"level": self.level, "case": self.number, "grade": grade, "hints": self._asked}, self._scores)
        return judged

    def _name(self, who: str) -> str:
        """Return the display name: one who left and came back has two ids and is one person."""
        wanted = key_of(who)
        for name in self.call.participants["display_name"].dropna():
            if key_of(name) == wanted:
                return str(name)
        peer = self.call.peer(who)
        names = self.call.participants.loc[self.call.participants["peer_id"] == peer, "display_name"].dropna()
        return str(names.iloc[0]) if len(names) else self.call.names[peer]

    def _told(self, given: dict[str, Any], parts: dict[str, bool], grade: Grade) -> str:
        if grade == "right":
            return self._truth.explanation
        words = {"about": "what", "at": "when"}  # the questions as they are asked on the screen
        good = [words.get(name, name) for name in QUESTIONS if parts.get(name)]
        said = [f"Right so far: {', '.join(good)}."] if good else []
        said += [self._not_right(name, given[name]) for name in QUESTIONS if parts.get(name) is False]
        if left := [words.get(name, name) for name in QUESTIONS if name not in parts]:
            said.append(f"Still to be answered: {', '.join(left)}.")
        return "\n".join(said)

    def _not_right(self, question: str, answer: Any) -> str:
        """Say how to see that this very answer cannot be right, without saying which one is."""
        if question == "who" and answer is None:
            return "Who: not nobody. The figures of somebody differ from those of all others at that time: whose?"
        if question == "who":
            return f"Who: not {answer}. See who received {answer} well meanwhile, and whom {answer} received well."
        if question == "side":
            return f"Side: not {self._side_word(answer)}: {_NOT_SIDE[answer]}."
        if question == "about":
            return f"What: not {answer}: {_NOT_ABOUT[answer][0]}."
        if answer < self._truth.start:
            return f"When: at {answer:%H:%M:%S} it had not begun yet. Look later, for the first sample that is unlike those before it."
        return (
            f"When: at {answer:%H:%M:%S} it was over. Look earlier, for the last sample that is unlike those after it."
        )

    @staticmethod
    def _side_word(side: str) -> str:
        return SIDES[side][0]

    def _look(self, given: dict[str, Any], parts: dict[str, bool], grade: Grade) -> tuple[str | None, str | None]:
        """Choose what to look at: what shows the cause once it is right, else what refutes the first wrong answer."""
        if grade == "right":
            return self._truth.about, self._truth.who
        about = given.get("about")
        return (None if parts.get("about") else about), given.get("who")

    @staticmethod
    def _evidence(about: str | None, who: str | None) -> str:
        """Return the line of code that shows it."""
        if about is None:
            return f"rtk.plot.quality(case.call, participant={who!r})" if who else "rtk.plot.timeline(case.call)"
        place = _NOT_ABOUT[about][1]
        if isinstance(place, str):
            return place
        person = f", participant={who!r}" if who else ""
        return f"rtk.plot.quality(case.call, metrics={list(place)}{person})"

    def _repr_html_(self) -> str:
        people = ", ".join(escape(name) for name in self.call.names.values())
        return (
            f"<div><p><b>Mystery call, level {self.level}</b> (no. {escape(self.number)})</p><p>“{escape(self.complaint)}”</p>"
            f"<p>In the call: {people}. Look at <code>case.call</code>, then <code>case.answer(who=, side=, about=, at=)</code>; "
            f"<code>case.hint()</code> helps.</p></div>"
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:  # noqa: ARG002
        from rtkit_explore.widgets.fallback import bundle_of

        return bundle_of(self.play(), f"Mystery call, level {self.level}. {self.complaint}", self._repr_html_())

    def play(self) -> Any:
        """Return the widget face of the case, for people who write no code."""
        from rtkit_explore.training.views import mystery_view

        return mystery_view(self, again=lambda level: mystery(level, scores=self._scores))


def seconds_outside(moment: datetime, start: datetime, end: datetime) -> float:
    """Return how many seconds a moment lies outside of a stretch of time; 0 within."""
    return max(0.0, (start - moment).total_seconds(), (moment - end).total_seconds())


def mystery(
    level: int = 1, seed: int | None = None, *, case: str | Path | None = None, scores: str | Path | None = None
) -> Case:
    """
    Draw a mystery call.

    Parameters
    ----------
    level
        1: one plain, severe fault among three people; 2: milder, of more kinds, four people; 3: milder still, something
        odd beside that harms nobody, perhaps no fault at all, and a customer who may blame the wrong thing; 4: mild,
        with a fault of somebody else at another time, and a customer who does blame the wrong thing.
    seed
        Which one; a new one by default. The same level and seed give the same case.
    case
        A trainer's YAML file instead of a drawn case. It has ``complaint`` (a text), ``folder`` (a saved call beside
        the file; ``call.redact().save(folder)`` makes one without personal data) or ``scenario`` with ``participants``,
        ``minutes``, ``seed``, ``on``, ``start``, ``seconds`` and ``amount`` (the ``level`` of ``rtk.simulate``), and
        ``answer`` with ``who``, ``side``, ``about``, ``start`` and ``end``; if wanted ``hints``, ``explanation`` and
        ``level``.
    scores
        Where the score card is kept; a file in the user's data folder by default.

    Returns
    -------
    Case
        With ``complaint``, ``call``, ``hint()``, ``answer()`` and ``play()``.

    Raises
    ------
    InvalidArgumentError
        If there is no such level, or the file does not say what it must.
    """
    kept = None if scores is None else user_path(scores, "the score card's file")
    if case is not None:
        return _case_of(user_path(case, "the case's file"), kept)
    if isinstance(level, bool) or not isinstance(level, int) or level not in LEVELS:
        msg = f"level is 1, 2, 3 or 4, not {level!r:.80}."
        raise InvalidArgumentError(msg)
    if not (seed is None or isinstance(seed, int)):
        msg = f"seed is a whole number, or None for another case each time, not {seed!r:.80}."
        raise InvalidArgumentError(msg)
    number = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    drawn = draw(level, number)
    return Case(drawn.complaint, drawn.call, level, str(number), drawn.truth, _scores=kept)


def _case_of(path: Path, scores: Path | None) -> Case:
    """Read a trainer's case."""
    given = _read_case(path)
    level, hinted = given.get("level") or 0, given.get("hints") or []
    if isinstance(level, bool) or not isinstance(level, int) or not isinstance(hinted, list):
        msg = f"The case {path.name!r} needs level: as a whole number and hints: as a list of texts."
        raise InvalidArgumentError(msg)
    call = _call_of_case(path, given)
    hints = tuple(str(one) for one in hinted) or ("Start with call.verdicts() and call.findings().",)
    truth = _truth_of_case(path, given, call, hints)
    return Case(given["complaint"], call, level, path.stem, truth, _scores=scores)


def _read_case(path: Path) -> dict[str, Any]:
    """Read the file of a case: a mapping with a complaint and its answer."""
    try:
        import yaml
    except ModuleNotFoundError as error:
        msg = "A case file is YAML: pip install 'rtkit-explore[lab]' brings what reads it."
        raise MissingExtraError(msg) from error
    try:
        text = read_file(path).decode("utf-8")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text)):
            # A few lines of aliases of aliases spell out to gigabytes.
            msg = f"The case {path.name!r} repeats parts of itself (*name): write them out."
            raise InvalidArgumentError(msg)
        given = yaml.safe_load(text)
    except (OSError, ValueError, TypeError, RecursionError, yaml.YAMLError) as error:
        if isinstance(error, InvalidArgumentError):
            raise
        msg = f"The case {path.name!r} cannot be read as YAML ({type(error).__name__})."
        raise InvalidArgumentError(msg) from error
    if (
        not isinstance(given, dict)
        or not isinstance(given.get("complaint"), str)
        or not isinstance(given.get("answer"), dict)
    ):
        msg = f"The case {path.name!r} needs complaint: (a text) and answer: with who, side, about, start and end."
        raise InvalidArgumentError(msg)
    return given


def _call_of_case(path: Path, given: dict[str, Any]) -> Call:
    """Open or simulate the call that a case is about."""
    from rtkit_explore.app import replay
    from rtkit_explore.simulated import simulate

    if "folder" in given:
        app = replay(path.parent / str(given["folder"]))
        return app.call(app.sessions()["session_id"].iloc[0])
    if "scenario" in given:
        names = {name: name for name in ("participants", "minutes", "seed", "on", "start", "seconds")}
        names["level"] = "amount"  # a case has a level of its own: how hard it is
        options = {option: given[name] for option, name in names.items() if name in given}
        return simulate(given["scenario"], **options).call
    msg = f"The case {path.name!r} needs folder: (a saved call beside it) or scenario: (of rtk.scenarios())."
    raise InvalidArgumentError(msg)


def _truth_of_case(path: Path, given: dict[str, Any], call: Call, hints: tuple[str, ...]) -> Truth:
    """Understand the answer of a case as the answers of players are understood."""
    right, span = given["answer"], call_span(call)
    try:
        begin = moment_near(str(right["start"]), UTC, span)
        end = moment_near(str(right["end"]), UTC, span)
        about, side = understood(str(right["about"]), ABOUT, "about"), understood(str(right["side"]), SIDES, "side")
        who = right["who"]
    except KeyError as error:
        msg = f"The answer of the case {path.name!r} does not say {error.args[0]}."
        raise InvalidArgumentError(msg) from None
    name = None if who is None or key_of(who) in SIDES["nobody"] else call.names[call.peer(str(who))]
    return Truth(name, side, about, begin, end, str(given.get("explanation") or "That is it."), hints)
