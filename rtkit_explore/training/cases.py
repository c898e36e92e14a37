"""
Drawing a mystery call: what happens, to whom, when, how badly, what else happens, and who complains in which words.

What grows with the level is the difficulty, not the number of questions: the fault becomes milder and shorter, harmless
oddities stand beside it, a second fault of somebody else joins in, and the complaint blames the wrong thing. Who, what,
when and how badly are drawn from the level and the seed alone, so that the same two give the same case.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.simulated import documents_of, truth_table
from rtkit_explore.simulator import SCENARIOS, simulate_documents

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rtkit_explore.call import Call
    from rtkit_explore.simulator import Incident, Scenario

SIDES: dict[str, tuple[str, ...]] = {
    "sender_uplink": ("uplink", "sending line", "up", "sender uplink", "upload"),
    "receiver_downlink": ("downlink", "receiving line", "down", "receiver downlink", "download"),
    "connection": ("connection", "both ways", "own connection", "line both ways"),
    "machine": ("machine", "computer", "device", "sender", "receiver", "own machine", "browser"),
    "shared": ("server", "shared", "region", "service"),
    "between": ("between", "between the two", "cannot tell", "unknown"),
    "nobody": ("nobody", "no fault", "none", "nothing", "no one"),
}
"""Answers to "whose side", with the words that are understood."""

ABOUT: dict[str, tuple[str, ...]] = {
    "loss": ("loss", "packet loss", "lost packets", "packets lost"),
    "narrow": ("narrow", "bandwidth", "too little bandwidth", "congestion", "slow connection"),
    "delay": ("delay", "round trip", "rtt", "jitter", "latency", "late"),
    "outage": ("outage", "disconnected", "network gone", "blackout", "reconnect", "network switch"),
    "device": ("device", "headset", "microphone unplugged", "unplugged"),
    "permission": ("permission", "refused", "not allowed", "microphone refused"),
    "machine": ("machine", "cpu", "processor", "busy computer"),
    "server": ("server", "server trouble", "service"),
    "no fault": ("no fault", "nothing", "muted", "mute", "switched off", "hidden tab", "background"),
}
"""Answers to "what was it about", with the words that are understood."""


@dataclass(frozen=True)
class Truth:
    """What really happened, as the questions ask it."""

    who: str | None
    side: str
    about: str
    start: datetime
    end: datetime
    explanation: str
    hints: tuple[str, ...]


@dataclass(frozen=True)
class Drawn:
    """A drawn case: what the customer says, the call, and the truth."""

    complaint: str
    call: Call
    truth: Truth


@dataclass(frozen=True)
class Difficulty:
    """
    What a level of mystery calls is made of.

    Attributes
    ----------
    people, minutes
        Size of the call.
    kinds
        Scenarios that the complaint may be about.
    strength
        From which to which share of the way between "mild" (0) and "severe" (1) the level of the fault is drawn.
    seconds
        Shortest and longest of a fault whose length is not its own.
    brief
        The same as a share of what an outage or a lost headset may last.
    second
        Whether somebody else has a fault of another kind at another time.
    oddities
        How many harmless oddities there are beside.
    misleading
        How many of ten complaints blame the wrong thing.
    """

    people: int
    minutes: float
    kinds: tuple[str, ...]
    strength: tuple[float, float]
    seconds: tuple[int, int]
    brief: tuple[float, float]
    second: bool = False
    oddities: int = 0
    misleading: int = 0


_FAULTS = ("lossy_uplink", "lossy_downlink", "burst_loss", "narrow_uplink", "cpu_bound", "outage", "headset_unplugged")
LEVELS: dict[int, Difficulty] = {
    1: Difficulty(
        3, 5.0, ("lossy_uplink", "lossy_downlink", "outage", "headset_unplugged", "microphone_refused", "cpu_bound"),
        (0.75, 1.0), (70, 96), (0.6, 1.0),
    ),
    2: Difficulty(4, 6.0, (*_FAULTS, "server_trouble", "network_switch"), (0.4, 0.7), (55, 81), (0.3, 0.7)),
    3: Difficulty(
        4, 8.0, (*_FAULTS, "server_trouble", "muted", "hidden_tab"), (0.15, 0.45), (50, 71), (0.1, 0.5),
        oddities=1, misleading=5,
    ),
    4: Difficulty(4, 9.0, _FAULTS, (0.1, 0.35), (45, 61), (0.0, 0.3), second=True, oddities=1, misleading=10),
}  # fmt: skip

KINDS: dict[str, tuple[str, str]] = {
    "lossy_uplink": ("loss", "sender_uplink"),
    "burst_loss": ("loss", "sender_uplink"),
    "lossy_downlink": ("loss", "receiver_downlink"),
    "narrow_uplink": ("narrow", "sender_uplink"),
    "outage": ("outage", "connection"),
    "network_switch": ("outage", "connection"),
    "headset_unplugged": ("device", "machine"),
    "microphone_refused": ("permission", "machine"),
    "cpu_bound": ("machine", "machine"),
    "server_trouble": ("server", "shared"),
    "muted": ("no fault", "nobody"),
    "hidden_tab": ("no fault", "nobody"),
}
"""
What each scenario is about, and whose side it is, as the questions ask it.

Only scenarios with one right answer are here: what a narrow downlink drops looks like loss, and the side of a delay can
stay open.
"""

_ODDITIES = ("muted", "hidden_tab", "static_screen_share", "turn_tcp")
"""What looks odd and harms nobody."""
_NAMES = ("Alma", "Boris", "Chen", "Dana", "Emil", "Farah", "Goran", "Hana", "Ivo", "Jaya")
_BEGIN, _REST, _APART = 45, 30, 20
"""Seconds before the first thing happens, after the last, and between two things."""

_WORDS: dict[str, tuple[str, ...]] = {
    "loss heard": ("{who} kept breaking up", "I could only understand half of what {who} said"),
    "loss own": ("everybody was choppy for me, all of them at once", "they all sounded like robots"),
    "narrow": ("the picture of {who} turned to mush", "{who} looked blurry and jerky for a while"),
    "outage own": ("I was cut off in the middle of the call", "everything stopped for me, and then came back"),
    "outage": ("{who} was gone in mid-sentence, and then came back", "{who} froze and nobody heard a word for a while"),
    "device": ("nobody could hear {who} for a moment", "{who} was suddenly silent"),
    "permission": ("I never heard a word of {who}", "{who} was silent from the start"),
    "machine": ("the video of {who} was a slideshow", "{who} moved like in a bad cartoon"),
    "server": ("it was bad for several of us at the same time", "suddenly more than one of us complained"),
    "muted": ("I could not hear {who} for a while", "{who} was silent for a minute"),
    "hidden_tab": ("I saw none of the others for a while", "all pictures stopped for me"),
}
"""What people say who noticed it."""

_MISLEADING: dict[str, tuple[str, ...]] = {
    "loss heard": ("my internet must be bad, I lost half of what {who} said", "my headset is broken, {who} sounded like a robot"),
    "loss own": ("{other} has a broken microphone, half of it was missing", "{other} needs a better connection, every other word was gone"),
    "narrow": ("{who}'s camera must be broken, the picture was mush", "my screen is broken, {who} was blurry and jerky"),
    "outage own": ("your server threw me out in the middle of the call", "the others all hung up on me for a while"),
    "outage": ("your server dropped {who} in mid-sentence", "my speakers stopped while {who} spoke"),
    "device": ("{who}'s internet broke off for a moment", "my speakers stopped when {who} wanted to say something"),
    "machine": ("{who}'s internet is far too slow, the video was a slideshow", "my screen stuttered whenever {who} moved"),
    "server": ("my internet was terrible, and theirs too, they say", "{other} has a bad microphone, and the rest were no better"),
    "muted": ("{who}'s connection broke off for a minute", "my speakers stopped while {who} wanted to speak"),
    "hidden_tab": ("my internet was too slow for anybody's picture", "everybody switched the camera off for a while"),
}  # fmt: skip
"""The same noticed, and something else blamed for it: the words that customers bring along."""

_WHEN = ("early in the call", "about half way through", "towards the end")


@dataclass(frozen=True)
class CasePlan:
    """What was drawn of a case before it is simulated: the scenario, of which the first part is the truth."""

    names: tuple[str, ...]
    minutes: float
    number: int
    kind: str
    who: str
    scenario: Scenario
    complainer: str
    complaint: str

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """What happens in the call, the truth first."""
        return self.scenario.lay_out(self.names, self.minutes * 60.0, self.number)


def draw(level: int, number: int) -> Drawn:
    """
    Draw and simulate a case.

    Parameters
    ----------
    level
        How hard, of :data:`LEVELS`.
    number
        Which one.

    Returns
    -------
    Drawn
        The same for the same level and number.
    """
    from rtkit_explore.call import Call

    plan = plan_case(level, number)
    # The title and the ids of the session follow from nothing that would tell.
    made = simulate_documents(
        plan.scenario, participants=plan.names, minutes=plan.minutes, seed=number, title="Team meeting"
    )
    rows = truth_table(made.truth)
    row = rows.iloc[0]
    about, side = KINDS[plan.kind]
    whose = None if about == "no fault" or SCENARIOS[plan.kind].parts[0].shared else plan.who
    beside = "".join(f"\nBeside it: {told}" for told in rows["explanation"].iloc[1:])
    truth = Truth(
        whose,
        side,
        about,
        row["start"].to_pydatetime(),
        row["end"].to_pydatetime(),
        f"{row['explanation']}\nThat is {row['start']:%H:%M:%S} to {row['end']:%H:%M:%S} UTC.{beside}",
        _hints(about, side, whose, row["start"], plan.complainer),
    )
    return Drawn(plan.complaint, Call(documents_of(made)), truth)


def plan_case(level: int, number: int) -> CasePlan:
    """Draw what happens in a case, and who complains how."""
    chance = random.Random(f"mystery {level} {number}")
    hard = LEVELS[level]
    names = chance.sample(_NAMES, hard.people)
    kind = chance.choice(hard.kinds)
    who = chance.choice(names)
    others = [name for name in names if name != who]

    # Everything that happens in the call: the fault, somebody else's fault, oddities; each on one person of its own
    # as long as there are enough, so that nothing but the truth explains the complaint.
    happens = [(kind, who)]
    free = chance.sample(others, len(others))
    if hard.second:
        unlike = [one for one in hard.kinds if KINDS[one] != KINDS[kind]]
        happens.append((chance.choice(unlike), free.pop()))
    odd = [one for one in _ODDITIES if one != kind]
    happens += [(one, free.pop()) for one in chance.sample(odd, hard.oddities)]

    # A stretch of the call for each, in an order that is drawn: nothing overlaps, and the order tells nothing.
    places = chance.sample(range(len(happens)), len(happens))
    share = (hard.minutes * 60 - _BEGIN - _REST) / len(happens)
    scenario = SCENARIOS["clean"]
    for (what, person), place in zip(happens, places, strict=True):
        part = SCENARIOS[what].parts[0]
        on = None if part.shared else person
        bad = _strength(what, hard, chance, others=len(names) - 1)
        if part.lasts is None:
            scenario += SCENARIOS[what].on(on, level=bad)
            continue
        seconds = min(_seconds(what, hard, chance), int(share) - _APART)
        start = _BEGIN + place * share + chance.randint(0, int(share) - _APART - seconds)
        scenario += SCENARIOS[what].on(on, start=round(start), seconds=seconds, level=bad)

    drawn = CasePlan(tuple(names), hard.minutes, number, kind, who, scenario, "", "")
    complainer, words = _complaint(chance, kind, who, others, drawn.incidents[0].noticed_by, hard.misleading)
    # Of two faults the complaint says when: otherwise both would be right.
    said = f"{_WHEN[places[0]]}, {words}" if hard.second else words
    return replace(drawn, complainer=complainer, complaint=f"{complainer}: {said[:1].upper()}{said[1:]}.")


def _strength(kind: str, hard: Difficulty, chance: random.Random, *, others: int) -> float | None:
    """Draw how bad it is, between mild and severe by ratio: 4 to 16 % of loss are a factor of 4 apart."""
    scale = SCENARIOS[kind].parts[0].scale
    if scale is None:
        return None
    mild, severe = (scale.read(word, kind, others) for word in ("mild", "severe"))
    return float(round(mild * (severe / mild) ** chance.uniform(*hard.strength), 6))


def _seconds(kind: str, hard: Difficulty, chance: random.Random) -> int:
    """Draw how long it lasts: what ends by itself within its own bounds, everything else within those of the level."""
    shortest, longest = SCENARIOS[kind].parts[0].lasts or (0.0, 0.0)
    if longest < hard.seconds[0]:
        return round(shortest + (longest - shortest) * chance.uniform(*hard.brief))
    return chance.randrange(*hard.seconds)


def _complaint(
    chance: random.Random, kind: str, who: str, others: list[str], noticed: Sequence[str], misleading: int
) -> tuple[str, str]:
    """Let somebody who noticed complain, as customers do."""
    about, side = KINDS[kind]
    heard = [name for name in noticed if name != who]
    if about == "outage":
        complainer = chance.choice([who, *others])
    elif side == "receiver_downlink" or kind == "hidden_tab":
        complainer = who
    else:
        complainer = chance.choice(heard or others)
    key = kind if about == "no fault" else about
    if about == "loss":
        key = "loss own" if complainer == who else "loss heard"
    elif about == "outage" and complainer == who:
        key = "outage own"
    misled = chance.randrange(10) < misleading
    words = chance.choice((_MISLEADING if misled and key in _MISLEADING else _WORDS)[key])
    other = chance.choice([name for name in (who, *others) if name != complainer])
    return complainer, words.format(who=who, other=other)


_LOOKS = {
    "loss": "packet loss of the streams (loss_pct)",
    "narrow": "bitrate, and what limited the encoder (bitrate_kbps, limited_by)",
    "delay": "delay: round trip, jitter and jitter buffer (rtt_ms, jitter_ms, buffer_ms)",
    "outage": "packets per second, which fall to nothing (packets_per_s)",
    "device": "the list of devices: which vanished, and when (case.call.device_changes)",
    "permission": "the list of events: the media permission of the first seconds (case.call.events)",
    "machine": "pictures and losses: fewer pictures, and nothing lost (fps, loss_pct)",
    "server": "packet loss of everybody at once (loss_pct)",
    "no fault": "the list of events: microphone off, tab in the background (case.call.events)",
}  # fmt: skip
_WHERE = {
    "sender_uplink": "Everybody who received that person had the same trouble.",
    "receiver_downlink": "One person got everybody badly, and the others noticed nothing.",
    "connection": "One person neither sent nor received anything for some seconds.",
    "machine": "The network of that person is fine: look at devices, permissions and what limits the encoder.",
    "shared": "Several people were hit in the same second, from several senders.",
    "nobody": "Not everything that sounds like a fault is one: was it switched on, and was the page in view?",
}


def _hints(about: str, side: str, whose: str | None, start: Any, complainer: str) -> tuple[str, ...]:
    """Say more and more, from where to begin to the minute and the person."""
    return (
        f"Start with {complainer}, who complains: what {complainer} sends and receives, and when that changes.",
        f"Look at {_LOOKS[about]}.",
        _WHERE[side],
        f"Look at the minutes around {start:%H:%M} UTC" + (f", and at {whose}." if whose else "."),
    )


def understood(word: object, known: dict[str, tuple[str, ...]], name: str) -> str:
    """
    Return the answer that a word means.

    Raises
    ------
    InvalidArgumentError
        If it means none; the message lists what there is.
    """
    wanted = key_of(word)
    for answer, words in known.items():
        if wanted == key_of(answer) or wanted in words:
            return answer
    msg = f"{name}= is one of {', '.join(known)}, not {str(word)[:60]!r}."
    raise InvalidArgumentError(msg)


def key_of(word: object) -> str:
    """Return a word as it is compared: spaces, underscores and case do not matter."""
    return " ".join(str(word).strip().casefold().replace("_", " ").split())
