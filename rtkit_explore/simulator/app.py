"""A simulated RealtimeKit app: a month of sessions behind the API's nine calls, made when somebody asks."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import msgspec

from rtkit_explore.serving.api import Credentials, Links, SessionsApi
from rtkit_explore.serving.listing import Paging
from rtkit_explore.serving.messages import Request
from rtkit_explore.simulator.backend import SimulatedBackend
from rtkit_explore.simulator.engine import SimulatedCall, run
from rtkit_explore.simulator.faults import Faults
from rtkit_explore.simulator.schedule import NOW, ScheduledSession, book

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rtkit_explore.serving.messages import Response

ACCOUNT_ID = "demo-account"
APP_ID = "demo-app"
TOKEN = "demo-token"  # noqa: S105
KEPT = 6
"""How many simulated calls are kept; others are made again when they are asked for again."""

TEXT_DAYS = 7
"""For how many days chat and transcripts can be downloaded."""


class SimulatedApp:
    """
    An app with a month of sessions, deterministic by its seed.

    Parameters
    ----------
    seed
        Of everything in it.
    now
        When it is. Sessions end before it or are live at it, and downloads expire after it.
    account_id, app_id, token
        The credentials that a client must present.
    days
        How many days of sessions there are.
    first_page, largest_page, default_page
        Number of the first page (0 or 1), most rows of a page, and rows of a page by default.
    download_minutes
        How long a presigned URL is valid.
    base
        Scheme and host of the download URLs.
    faults
        What goes wrong; can be replaced at any time.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        now: dt.datetime = NOW,
        account_id: str = ACCOUNT_ID,
        app_id: str = APP_ID,
        token: str = TOKEN,
        days: int = 30,
        first_page: int = 1,
        largest_page: int = 50,
        default_page: int = 25,
        download_minutes: float = 60.0,
        base: str = "https://simulated.example",
        faults: Faults | None = None,
    ) -> None:
        self.seed = seed
        self.now = now
        self.account_id = account_id
        self.app_id = app_id
        self.token = token
        self.download_minutes = download_minutes
        self.base = base
        self.faults = faults if faults is not None else Faults()
        self._booked = {b.session_id: b for b in book(seed, now, days)}
        self._outlines: dict[str, SimulatedCall] = {}
        self._calls: OrderedDict[str, SimulatedCall] = OrderedDict()
        self._summarised: set[str] = set()
        self._peers: dict[str, str] | None = None
        secret = hashlib.sha256(f"downloads {seed}".encode()).digest()
        self.api = SessionsApi(
            SimulatedBackend(self),
            Links(base, secret, now=lambda: self.now),
            Credentials(account_id, app_id, token),
            sessions_paging=Paging(first_page, largest_page, default_page),
            participants_paging=Paging(first_page, largest_page, default_page, "data"),
        )

    @property
    def session_ids(self) -> list[str]:
        """Ids of all sessions, oldest first."""
        return list(self._booked)

    @property
    def main_incident(self) -> str:
        """Id of the session that the demo is about."""
        reviews = (b for b in self._booked.values() if b.plan.title == "Design review" and len(b.plan.incidents) >= 5)
        return max(reviews, key=lambda b: b.plan.started).session_id

    def truth(self, session_id: str) -> list[dict[str, Any]]:
        """Say what really happened in a session; no call of the API tells."""
        return self.outline(session_id).truth

    def complaints(self) -> list[dict[str, Any]]:
        """
        List what people complained of in the whole month, with the cause behind it.

        Returns
        -------
        A dictionary each: session_id, title, kind, who, says, about, at (datetime), cause (a scenario's name, or None
        where nothing in the call explains it), side, culprit.
        """
        rows: list[dict[str, Any]] = []
        for booked in self._booked.values():
            for said in booked.plan.complaints:
                behind = next((i for i in booked.plan.incidents if i.what == said.cause), None)
                rows.append(
                    {
                        "session_id": booked.session_id,
                        "title": booked.plan.title,
                        "kind": booked.kind,
                        "who": said.who,
                        "says": said.says,
                        "about": said.about,
                        "at": dt.datetime.fromtimestamp(booked.plan.started + said.at, dt.UTC),
                        "cause": said.cause,
                        "side": behind.side if behind else None,
                        "culprit": behind.who if behind else None,
                    }
                )
        return rows

    def booked(self, session_id: str) -> ScheduledSession | None:
        """Look a session up."""
        return self._booked.get(session_id)

    def all_booked(self) -> list[ScheduledSession]:
        """Every session, oldest first."""
        return list(self._booked.values())

    def outline(self, session_id: str) -> SimulatedCall:
        """Lay out who was in a session and when, without simulating what they sent."""
        if session_id not in self._outlines:
            self._outlines[session_id] = run(self._booked[session_id].plan, reports=False, texts=False)
        return self._outlines[session_id]

    def call(self, session_id: str) -> SimulatedCall:
        """Simulate a session in full, or take it from the last few that were."""
        if session_id in self._calls:
            self._calls.move_to_end(session_id)
            return self._calls[session_id]
        made = run(self._booked[session_id].plan)
        self._calls[session_id] = made
        while len(self._calls) > KEPT:
            self._calls.popitem(last=False)
        return made

    def session_of(self, peer_id: str) -> str | None:
        """Find the session a participant id belongs to."""
        if self._peers is None:
            self._peers = {
                peer: session_id
                for session_id in self._booked
                for peers in self.outline(session_id).peers.values()
                for peer in peers
            }
        return self._peers.get(peer_id)

    def session_document(self, session_id: str) -> dict[str, Any]:
        """Return the session as the API shows it, without its breakout rooms."""
        document: dict[str, Any] = msgspec.json.decode(self.outline(session_id).session)["data"]
        return document

    def participant_documents(self, session_id: str) -> list[dict[str, Any]]:
        """List the participants of a session as the API shows them, in the order of joining."""
        decoded = msgspec.json.decode(self.outline(session_id).participants)
        listed: list[dict[str, Any]] = decoded["data"]["participants"]
        return listed

    def has_texts(self, session_id: str) -> bool:
        """Whether chat and transcript of a session are still kept."""
        booked = self._booked[session_id]
        fresh = booked.ended > self.now.timestamp() - TEXT_DAYS * 86400
        return fresh and not booked.plan.live

    def has_summary(self, session_id: str) -> bool:
        """Whether a summary was made of a session."""
        booked = self._booked[session_id]
        made = booked.summarised or session_id in self._summarised
        return made and booked.talked and self.has_texts(session_id)

    def summarise(self, session_id: str) -> None:
        """Make a summary, as the POST does."""
        self._summarised.add(session_id)

    def answer(self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Response:
        """
        Respond to a request as the API would.

        Parameters
        ----------
        method, path, query
            Of the request; anything before ``/accounts`` is cut off the path.
        headers
            Names in lower case.

        Returns
        -------
        Response
            Status, headers and body. Faults are not in it: they belong to the connection (transport, server).
        """
        parts = tuple(part for part in path.split("/") if part)
        return self.respond(Request(method.upper(), parts, dict(query), dict(headers)))

    def respond(self, request: Request) -> Response:
        """Respond to a request as the API would."""
        self.api.links.base = self.base
        self.api.links.minutes = -5.0 if self.faults.expired_downloads else self.download_minutes
        return self.api.respond(request)
