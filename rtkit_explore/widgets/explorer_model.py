"""Exploration: the plain-Python model of the explorer, which links the pickers of one app with its calls."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from rtkit_explore.errors import RtkitError
from rtkit_explore.widgets import remembered as memory
from rtkit_explore.widgets.fallback import Code, StaticView
from rtkit_explore.widgets.item_labels import stream_items
from rtkit_explore.widgets.observers import Observers
from rtkit_explore.widgets.pickers import ParticipantsPicker, StreamPicker, WindowPicker, call_limits, pick_session
from rtkit_explore.widgets.selection_model import Choices, Item
from rtkit_explore.widgets.time_range import TimeRange

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from rtkit_explore.app import App
    from rtkit_explore.call import Call

MEASURES = {
    "loss_pct": "Packets lost, %",
    "rtt_ms": "Round trip, ms",
    "jitter_ms": "Jitter, ms",
    "buffer_ms": "Jitter buffer, ms",
    "bitrate_kbps": "Bitrate, kbit/s",
    "packets_per_s": "Packets per second",
    "fps": "Frames per second",
    "dropped_pct": "Frames dropped, %",
    "concealment_events": "Concealment events",
    "score": "Quality score, 0 to 1",
}
FIRST_MEASURES = ("loss_pct", "bitrate_kbps")
EVERY_STREAM = Item("", "All streams of the chosen participants")


class Exploration:
    """
    Pickers that follow one another: a session's call, its participants, their streams, a window, and measures.

    Parameters
    ----------
    app
        Where calls come from.
    tz
        Time zone in which times are shown and typed.
    remember, name
        As in :func:`pick_session`.
    query
        Passed on to ``app.sessions``.

    Attributes
    ----------
    call
        The call of the chosen session; None where it could not be had.
    problem
        Why not; "" where it could.
    session, participants, stream, window
        The pickers.
    measures
        The model of the measures.
    """

    def __init__(self, app: App, *, tz: str, remember: bool, name: str, query: dict[str, Any]) -> None:
        self.app, self.tz = app, tz
        self._name, self._remember = name, remember
        self.call: Call | None = None
        self.problem = ""
        self._lock = threading.RLock()
        self._settling = False
        self._observers: Observers[str] = Observers()
        self.session = pick_session(app, tz=tz, remember=remember, name=f"explorer {name}", rows=5, **query)
        nobody: Choices = Choices([], multiple=True)
        self.participants = ParticipantsPicker(nobody, self.session.table, key="peer_id", rows=5)
        self.stream = StreamPicker(Choices([]), self.session.table, key="stream_id", rows=5)
        self.window = WindowPicker(TimeRange(None, None, tz=tz))
        self.measures = Choices(
            [Item(column, label) for column, label in MEASURES.items()],
            multiple=True,
            selected=self._recalled("measures") or FIRST_MEASURES,
        )
        self._load()
        self.session.observe(lambda _: self._load())
        self.participants.observe(lambda _: self._people_changed())
        self.stream.observe(lambda _: self._changed())
        self.window.observe(lambda _: self._changed())
        self.measures.subscribe(lambda change: self._changed() if change.kind == "selection" else None)

    # State --------------------------------------------------------------------------------------------------------

    @property
    def stream_id(self) -> str | None:
        """The stream that is looked at; None where all of the chosen participants are."""
        return self.stream.value or None

    @property
    def quality(self) -> pd.DataFrame | None:
        """The rows of ``call.quality`` that are looked at, the window aside; None without a call."""
        if self.call is None:
            return None
        table = self.call.quality
        if self.stream_id is not None:
            return table[table["stream_id"].eq(self.stream_id).fillna(value=False).astype(bool)]
        return table[table["peer_id"].isin(self.participants.value)]

    def subscribe(self, observer: Callable[[str], object]) -> Callable[[], None]:
        """Call ``observer`` with "loading", "loaded" or "changed"; returns the function that ends it."""
        return self._observers.subscribe(observer)

    def to_code(self) -> str:
        """Return the lines that show the same without widgets."""
        if self.call is None:
            return Code(self.session.to_code())
        lines = [f"call = app.call({self.session.value!r})", "rtk.plot.timeline(call)"]
        what, whose = "call", f", participant={self.participants.value!r}"
        if self.stream_id is not None:
            lines.append(f'quality = call.quality[call.quality["stream_id"] == {self.stream_id!r}]')
            what, whose = "quality", ""
        elif len(self.participants.value) == len(self.participants.items):
            whose = ""
        part = ""
        if not self.window.span.is_whole:
            lines.append(self.window.to_code())
            part = ", window=(start, end)"
        lines.append(f"rtk.plot.quality({what}, metrics={list(self.measures.selected)!r}{whose}{part})")
        return Code("\n".join(lines))

    def still(self) -> StaticView:
        """Return how things are now, readable where widgets do not run."""
        session = self.session.value
        if session is None:
            return StaticView("Explorer", self.session.empty, (), self.to_code())
        if self.call is None:
            return StaticView("Explorer", f"the call could not be had. {self.problem}", (), self.to_code())
        chosen = [self.session.choices.item(session).label]
        chosen += [self.participants.choices.item(peer).label for peer in self.participants.value]
        chosen += [self.stream.choices.item(self.stream.value).label] if self.stream.value is not None else []
        return StaticView("Explorer", "these are chosen", [(True, label) for label in chosen], self.to_code())

    # Following one another ----------------------------------------------------------------------------------------

    def _tell(self, what: str) -> None:
        if not self._settling:
            self._observers.put(what)
            self._observers.deliver()

    def _changed(self) -> None:
        """Remember what was chosen by hand, and tell."""
        if self._settling:
            return
        if self._remember:
            everybody = len(self.participants.value) == len(self.participants.items)
            choice = {
                "people": None if everybody else self.participants.value,
                "stream": self.stream.value,
                "window": None if self.window.span.is_whole else self.window.value,
            }
            memory.keep(self._key("call"), None, choice)
            memory.keep(self._key("measures"), None, self.measures.selected)
        self._tell("changed")

    def _key(self, what: str) -> memory.Key:
        about = str(self.session.value) if what == "call" else ""
        return (f"explorer {what}", self._name, about)

    def _recalled(self, what: str) -> Any:
        return memory.recall(self._key(what), None) if self._remember else None

    def _load(self) -> None:
        """Fetch the call of the chosen session, and offer what is in it."""
        self._tell("loading")
        with self._lock:
            self.call, self.problem = None, ""
            session = self.session.value
            if session is not None:
                try:
                    self.call = self.app.call(session)
                except RtkitError as error:
                    self.problem = str(error)
            self._settle()
        self._tell("loaded")

    def _settle(self) -> None:
        """Bring the pickers in line with the call; they tell one another only when all of them are."""
        self._settling = True
        try:
            self.participants.choices.replace([])  # so that nobody of another call stays chosen or deselected
            self.stream.choices.replace([])
            call = self.call
            if call is not None:
                self.participants.offer(call, tz=self.tz)
                self._offer_streams(call)
            limits = None if call is None else call_limits(call)[0]
            self.window.span.replace(*(limits or (None, None)))
            before = self._recalled("call")
            if call is not None and before is not None:
                self._choose_again(call, before)
        finally:
            self._settling = False

    def _choose_again(self, call: Call, before: dict[str, Any]) -> None:
        """Choose what was chosen in this call before, as far as it is still there."""
        if before["people"] is not None:
            known = {item.id for item in self.participants.items}
            self.participants.select([peer for peer in before["people"] if peer in known])
            self._offer_streams(call)
        if before["stream"] in {item.id for item in self.stream.items}:
            self.stream.select(before["stream"])
        limits, window = self.window.span.limits, before["window"]
        if window is not None and limits is not None and window[0] <= limits[1] and window[1] >= limits[0]:
            self.window.select(*window)

    def _offer_streams(self, call: Call) -> None:
        streams = call.streams
        chosen = streams[streams["peer_id"].isin(self.participants.value)]
        items = stream_items(chosen, names=call.names)
        self.stream.offer(chosen, [EVERY_STREAM, *items] if items else [])

    def _people_changed(self) -> None:
        if self._settling or self.call is None:
            return
        with self._lock:
            self._settling = True
            try:
                self._offer_streams(self.call)
            finally:
                self._settling = False
        self._changed()

    def close(self) -> None:
        """Close all pickers."""
        for picker in (self.session, self.participants, self.stream, self.window):
            picker.close()
