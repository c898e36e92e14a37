"""A month of sessions of a simulated app: which meetings took place, who came, and what befell them."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field

from rtkit_explore.simulator.participants import new_id
from rtkit_explore.simulator.plan import CallPlan, Incident, Person, Share, Switch
from rtkit_explore.simulator.scenarios import SCENARIOS

NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
"""The moment at which the demo stands still unless told otherwise."""

CAST = (
    "Alma Okafor", "Boris Lind", "Chen Wei", "Dana Petrov", "Emil Brandt", "Fatou Diallo", "Goran Ilic", "Hana Sato",
    "Igor Novak", "Jaya Menon", "Kofi Mensah", "Lena Vogel", "Mateo Cruz", "Nadia Haddad", "Omar Aziz", "Priya Nair",
    "Quentin Roy", "Rosa Silva", "Sami Laine", "Tove Berg", "Ugo Conti", "Vera Kolar", "Wim de Boer", "Ximena Paz",
)  # fmt: skip

MEETINGS = (
    "Daily stand-up", "Design review", "Customer call", "Hiring interview", "Support triage", "Planning", "Retro",
    "One to one", "Board meeting", "Training",
)  # fmt: skip

MIX = (
    ("clean", 46), ("lossy_uplink", 6), ("lossy_downlink", 6), ("burst_loss", 3), ("delay_and_jitter", 4),
    ("narrow_uplink", 5), ("narrow_downlink", 3), ("cpu_bound", 5), ("outage", 3), ("network_switch", 4),
    ("turn_tcp", 4), ("headset_unplugged", 3), ("microphone_refused", 2), ("server_trouble", 2), ("skewed_clock", 2),
    ("no_report", 4), ("broken_report", 1),
)  # fmt: skip
"""How often what happens, of a hundred sessions or so."""


@dataclass
class ScheduledSession:
    """
    One session of the month.

    Attributes
    ----------
    plan
        What will be simulated when somebody asks.
    kind
        "meeting", "webinar" or "breakout".
    rooms
        Session ids of its breakout rooms.
    talked
        Whether a transcript was made.
    """

    plan: CallPlan
    kind: str
    rooms: list[str] = field(default_factory=list)
    parent: str | None = None
    talked: bool = True
    summarised: bool = False

    @property
    def session_id(self) -> str:
        """Id of the session."""
        return self.plan.ids["session"]

    @property
    def ended(self) -> float:
        """End of the session, epoch seconds."""
        return self.plan.started + self.plan.seconds


@dataclass(frozen=True)
class Organization:
    """What all sessions of an app share: its seed, its organization and the ids of its meetings."""

    seed: int
    organization: str
    rooms: dict[str, str]

    def ids(self, chance: random.Random, title: str) -> dict[str, str]:
        """Ids of a new session of a meeting."""
        return {"session": new_id(chance), "organization": self.organization, "meeting": self.rooms[title]}


def user_of(name: str, seed: int) -> tuple[str, str]:
    """User id and custom participant id of somebody: the same in every session."""
    custom = name.lower().replace(" ", ".") + "@example.com"
    return new_id(random.Random(f"user {seed} {name}")), custom  # noqa: S311


def person(name: str, seed: int, **more: object) -> Person:
    """Somebody of the cast, as they come to a session."""
    user_id, custom = user_of(name, seed)
    return Person(name, user_id=user_id, custom_id=custom, **more)  # type: ignore[arg-type]


def book(seed: int, now: dt.datetime, days: int = 30) -> list[ScheduledSession]:
    """
    Lay out the sessions of the days before ``now``.

    Parameters
    ----------
    seed
        Of everything.
    now
        When the month ends; what is going on at that moment is live.
    days
        How many days back.

    Returns
    -------
    Sessions, oldest first. The demo's main incident took place yesterday afternoon.
    """
    chance = random.Random(f"month {seed}")  # noqa: S311
    office = Organization(seed, new_id(chance), {title: new_id(chance) for title in MEETINGS})
    booked: list[ScheduledSession] = []
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for back in range(days, 0, -1):
        day = today - dt.timedelta(days=back)
        busy = chance.randint(1, 2) if day.weekday() >= 5 else chance.randint(4, 8)
        for slot in sorted(chance.sample(range(14, 36), busy)):
            start = day + dt.timedelta(minutes=30 * slot, seconds=chance.randint(0, 170))
            booked.extend(_session(chance, office, start, number=len(booked)))
    booked.append(main_incident(office, today - dt.timedelta(days=1)))
    booked.extend(_live(chance, office, now))
    booked.sort(key=lambda b: b.plan.started)
    return booked


def _session(chance: random.Random, office: Organization, start: dt.datetime, *, number: int) -> list[ScheduledSession]:
    seed = office.seed
    title = chance.choice(MEETINGS)
    if title == "Training" and chance.random() < 0.7:
        return [_webinar(chance, office, start, number)]
    few = title in ("One to one", "Hiring interview")
    names = chance.sample(CAST, 2 if few else chance.randint(3, 7))
    phones = chance.random() < 0.25
    people = tuple(
        person(name, seed, device="phone" if phones and k == len(names) - 1 else "desktop")
        for k, name in enumerate(names)
    )
    minutes = chance.choice((15, 20, 30) if len(names) > 2 else (10, 15, 25))
    seconds = minutes * 60.0 - chance.uniform(0, 200)
    what = chance.choices([name for name, _ in MIX], [weight for _, weight in MIX])[0]
    scenario = SCENARIOS[what] if len(names) >= SCENARIOS[what].fewest else SCENARIOS["clean"]
    incidents = scenario.lay_out([p.name for p in people], seconds, number) + _everyday(chance, people, seconds)
    plan = CallPlan(
        people=people,
        seconds=seconds,
        incidents=incidents,
        seed=seed * 100_003 + number,
        simulcast=len(names) >= 5 and chance.random() < 0.5,
        started=start.timestamp(),
        title=title,
        ids=office.ids(chance, title),
    )
    parent = ScheduledSession(plan, "meeting", talked=chance.random() < 0.7, summarised=chance.random() < 0.3)
    if len(names) >= 6 and chance.random() < 0.5:
        return [parent, *_breakouts(chance, parent, seed, number)]
    return [parent]


def _everyday(chance: random.Random, people: tuple[Person, ...], seconds: float) -> tuple[Incident, ...]:
    """Add what happens in any call without being a fault: people mute themselves and share documents."""
    incidents = []
    for one in people:
        if chance.random() < 0.4:
            start = chance.uniform(60, seconds / 2)
            end = start + chance.uniform(60, seconds / 3)
            effect = Switch(one.name, "audio", start, end)
            incidents.append(Incident("muted", one.name, "sender", start, end, (), "none", (effect,)))
    if chance.random() < 0.3:
        who = chance.choice(people).name
        start, end = seconds * 0.3, seconds * 0.3 + chance.uniform(120, seconds / 2)
        incidents.append(
            Incident("static_screen_share", who, "sender", start, end, (), "none", (Share(who, start, end),))
        )
    return tuple(incidents)


def _webinar(chance: random.Random, office: Organization, start: dt.datetime, number: int) -> ScheduledSession:
    seed = office.seed
    names = chance.sample(CAST, chance.randint(9, 14))
    people = tuple(
        person(name, seed, preset="webinar_presenter")
        if k < 2
        else person(name, seed, preset="webinar_viewer", audio=False, video=False)
        for k, name in enumerate(names)
    )
    seconds = chance.choice((20, 30)) * 60.0
    what = chance.choice(("clean", "clean", "lossy_downlink", "static_screen_share"))
    scenario = SCENARIOS[what]
    if what == "static_screen_share":
        scenario = scenario.on(names[0])
    elif what == "lossy_downlink":
        scenario = scenario.on(names[-1])
    plan = CallPlan(
        people=people,
        seconds=seconds,
        incidents=scenario.lay_out(names, seconds, number),
        seed=seed * 100_003 + number,
        started=start.timestamp(),
        title="Training (webinar)",
        session_type="livestream" if chance.random() < 0.3 else "meeting",
        ids=office.ids(chance, "Training"),
    )
    return ScheduledSession(plan, "webinar", talked=True, summarised=True)


def _breakouts(chance: random.Random, parent: ScheduledSession, seed: int, number: int) -> list[ScheduledSession]:
    half = len(parent.plan.people) // 2
    rooms = []
    for k, people in enumerate((parent.plan.people[:half], parent.plan.people[half:])):
        plan = CallPlan(
            people=people,
            seconds=420.0,
            seed=seed * 100_003 + number + 50_000 * (k + 1),
            started=parent.ended + 45.0,
            title=f"{parent.plan.title}, room {k + 1}",
            ids={**parent.plan.ids, "session": new_id(chance)},
        )
        rooms.append(ScheduledSession(plan, "breakout", parent=parent.session_id, talked=False))
        parent.rooms.append(plan.ids["session"])
    return rooms


def main_incident(office: Organization, day: dt.datetime) -> ScheduledSession:
    """
    Book the call that the demo is about: Alma's uplink loses packets in yesterday's design review.

    What else goes on in it is harmless, and in the way of whoever looks for the cause.
    """
    seed = office.seed
    chance = random.Random(f"incident {seed}")  # noqa: S311
    alma, boris, chen, dana, emil = CAST[:5]
    people = tuple(person(name, seed) for name in (alma, boris, chen, dana, emil))
    seconds = 26 * 60.0
    scenario = (
        SCENARIOS["lossy_uplink"].on(alma, start=611.0, seconds=268.0)
        + SCENARIOS["muted"].on(boris, start=240.0, seconds=420.0)
        + SCENARIOS["hidden_tab"].on(chen, start=700.0, seconds=150.0)
        + SCENARIOS["static_screen_share"].on(boris, start=300.0, seconds=700.0)
        + SCENARIOS["no_report"].on(dana)
    )
    incidents = scenario.lay_out([p.name for p in people], seconds, 4)
    plan = CallPlan(
        people=people,
        seconds=seconds,
        incidents=incidents,
        seed=seed * 100_003 + 99_991,
        started=(day + dt.timedelta(hours=14, minutes=30, seconds=12)).timestamp(),
        title="Design review",
        ids=office.ids(chance, "Design review"),
    )
    return ScheduledSession(plan, "meeting", talked=True, summarised=True)


def _live(chance: random.Random, office: Organization, now: dt.datetime) -> list[ScheduledSession]:
    seed = office.seed
    sessions = []
    for k, title in enumerate(("Support triage", "Customer call")):
        names = chance.sample(CAST, 3 + k)
        seconds = 540.0 + 610.0 * k
        people = tuple(
            person(name, seed, leaves=seconds * 0.6 if j == 0 and k else None) for j, name in enumerate(names)
        )
        plan = CallPlan(
            people=people,
            seconds=seconds,
            seed=seed * 100_003 + 99_000 + k,
            started=now.timestamp() - seconds,
            title=title,
            live=True,
            ids=office.ids(chance, title),
        )
        sessions.append(ScheduledSession(plan, "meeting", talked=False))
    return sessions
