"""A month of sessions of a simulated app: which meetings took place, who came, and what happened to them."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field

from rtkit_explore.simulator.participants import new_id
from rtkit_explore.simulator.plan import CallPlan, Complaint, Incident, Person, Share, Switch
from rtkit_explore.simulator.scenarios import SCENARIOS

NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
"""The fixed present of the demo unless told otherwise."""

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
    ("no_report", 4), ("broken_report", 1), ("rejoin", 4), ("turn_stalls", 2), ("path_switch", 2), ("long_path", 2),
    ("never_connected", 1), ("server_cap", 2), ("late_downlink", 1),
)  # fmt: skip
"""How often what happens, of a hundred sessions or so."""

ROOM_MIX = (("clean", 5), ("lossy_uplink", 2), ("lossy_downlink", 2), ("outage", 1), ("headset_unplugged", 1),
            ("cpu_bound", 1), ("rejoin", 1))  # fmt: skip
"""How often what happens in a breakout room."""

ROOM_SECONDS = 420.0
"""How long a breakout room is open."""

CAUSELESS_SHARE = 0.12
"""In how many sessions without a fault somebody complains all the same."""

TELLS = {
    "lossy_uplink": ("{about} was choppy, every other word was missing", "others"),
    "burst_loss": ("I lost whole words of {about}", "others"),
    "lossy_downlink": ("everybody sounded like a robot", "self"),
    "late_downlink": ("everybody answered me late", "self"),
    "delay_and_jitter": ("{about} was always a second behind", "others"),
    "long_path": ("we kept talking over each other with {about}", "others"),
    "narrow_uplink": ("{about} was blurry and jerky", "others"),
    "narrow_downlink": ("all the pictures froze for me", "self"),
    "cpu_bound": ("the picture of {about} stuttered", "others"),
    "outage": ("I was thrown out for a while and heard nobody", "self"),
    "network_switch": ("I was kicked out and had to come back", "self"),
    "path_switch": ("{about} was gone for some seconds", "others"),
    "never_connected": ("I could not hear or see anybody, and nobody heard me", "self"),
    "turn_stalls": ("{about} came late, and then all at once", "others"),
    "headset_unplugged": ("nobody heard me for a while", "self"),
    "microphone_refused": ("nobody hears me", "self"),
    "server_trouble": ("everyone was breaking up", "noticed"),
}
"""How people tell of what happened, and who does: somebody else, the person, or one of those who noticed."""

CAUSELESS = (
    ("{about} froze for me twice", True),
    ("I could not hear {about} for a moment", True),
    ("I think nobody heard me", False),
    ("there was an echo all the time", False),
    ("the sound was bad today", False),
)
"""Complaints that nothing in the call explains; whether they are about somebody."""


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
    return new_id(random.Random(f"user {seed} {name}")), custom


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
    chance = random.Random(f"month {seed}")
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
        complaints=complaints_about(incidents, people, seconds, seed=seed * 100_003 + number),
        slow_reports=number % 2 == 1,
        mixed_browsers=True,
        first_pairs=True,
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


def complaints_about(
    incidents: tuple[Incident, ...], people: tuple[Person, ...], seconds: float, *, seed: int
) -> tuple[Complaint, ...]:
    """
    Draw complaints: of every fault by somebody who noticed it, and now and then one without a fault.

    Parameters
    ----------
    incidents, people, seconds
        The call.
    seed
        Of who says what.

    Returns
    -------
    What they say, in the order of time; without a cause, nothing in the call explains the complaint.
    """
    chance = random.Random(f"complaints {seed}")
    made: list[Complaint] = []
    faults = [incident for incident in incidents if incident.severity in ("warn", "bad")]
    for incident in faults:
        if incident.what not in TELLS:
            continue
        text, teller = TELLS[incident.what]
        others = [one.name for one in people if one.name != incident.who]
        noticed = list(incident.noticed_by) or others
        choices = {"self": [incident.who or others[0]], "others": others, "noticed": noticed}[teller]
        whole_call = incident.end - incident.start > 0.9 * seconds
        at = chance.uniform(60.0, seconds / 2) if whole_call else min(incident.end + 4.0, seconds - 4.0)
        about = incident.who if teller == "others" else None
        first_name = (incident.who or "").split(" ")[0]
        says = text.format(about=first_name)
        made.append(Complaint(chance.choice(choices), round(at, 1), says, about, incident.what))
    if not faults and chance.random() < CAUSELESS_SHARE:
        text, about_somebody = chance.choice(CAUSELESS)
        teller, other = (one.name for one in chance.sample(people, 2))
        about = other if about_somebody else None
        says = text.format(about=other.split(" ")[0])
        made.append(Complaint(teller, round(chance.uniform(60.0, seconds - 30.0), 1), says, about))
    return tuple(sorted(made, key=_at))


def _at(complaint: Complaint) -> float:
    return complaint.at


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
        room_seed = seed * 100_003 + number + 50_000 * (k + 1)
        drawn = random.Random(f"room {room_seed}")
        what = drawn.choices([name for name, _ in ROOM_MIX], [weight for _, weight in ROOM_MIX])[0]
        incidents = SCENARIOS[what].lay_out([p.name for p in people], ROOM_SECONDS, room_seed)
        plan = CallPlan(
            people=people,
            seconds=ROOM_SECONDS,
            incidents=incidents,
            complaints=complaints_about(incidents, people, ROOM_SECONDS, seed=room_seed),
            mixed_browsers=True,
            first_pairs=True,
            seed=room_seed,
            started=parent.ended + 45.0,
            title=f"{parent.plan.title}, room {k + 1}",
            ids={**parent.plan.ids, "session": new_id(chance)},
        )
        rooms.append(ScheduledSession(plan, "breakout", parent=parent.session_id, talked=False))
        parent.rooms.append(plan.ids["session"])
    return rooms


MAIN_LEVEL = 0.1575
"""Share of packets that Alma's uplink loses in the call that the demo is about."""


def main_incident(office: Organization, day: dt.datetime) -> ScheduledSession:
    """
    Book the call that the demo is about: Alma's uplink loses packets in yesterday's design review.

    What else goes on in it is harmless, and distracts from the cause.
    """
    seed = office.seed
    chance = random.Random(f"incident {seed}")
    alma, boris, chen, dana, emil = CAST[:5]
    people = tuple(person(name, seed) for name in (alma, boris, chen, dana, emil))
    seconds = 26 * 60.0
    scenario = (
        SCENARIOS["lossy_uplink"].on(alma, start=611.0, seconds=268.0, level=MAIN_LEVEL)
        + SCENARIOS["muted"].on(boris, start=240.0, seconds=420.0)
        + SCENARIOS["hidden_tab"].on(chen, start=700.0, seconds=150.0)
        + SCENARIOS["static_screen_share"].on(boris, start=300.0, seconds=700.0)
        + SCENARIOS["no_report"].on(dana)
    )
    incidents = scenario.lay_out([p.name for p in people], seconds, 4)
    said = (Complaint(chen, 905.0, "Alma was choppy, every other word was missing", alma, "lossy_uplink"),)
    plan = CallPlan(
        people=people,
        seconds=seconds,
        incidents=incidents,
        complaints=said,
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
