"""TimeRange: the plain-Python model of a time window within a call."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

import pandas as pd

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.widgets.observers import Observers

if TYPE_CHECKING:
    from collections.abc import Callable

    Window = tuple[pd.Timestamp, pd.Timestamp]

_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})(:(?P<minute>\d{2})(:(?P<second>\d{2}(\.\d{1,6})?))?)?\s*(?P<half>[ap]\.?m\.?)?", re.IGNORECASE
)
_OFFSET = re.compile(
    r"(?P<sign>[+-])\s*(?P<number>\d{1,6}(\.\d+)?)\s*(?P<unit>h|hours?|m|min|minutes?|s|sec|seconds?)", re.IGNORECASE
)
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
_NEAR = pd.Timedelta(minutes=5)
"""People round: a time of day this close outside of the call means its edge."""
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0}


class TimeRange:
    """
    A window between two times, inside the limits of a call.

    Parameters
    ----------
    low, high
        The limits, aware of their time zone (kept in UTC); both None where no time is known.
    tz
        Time zone in which times are shown and typed.

    Raises
    ------
    InvalidArgumentError
        If the limits are not times in order, or the time zone is unknown.

    Notes
    -----
    The window is the whole span at first. All methods may be called from any thread.
    """

    def __init__(self, low: pd.Timestamp | None, high: pd.Timestamp | None, *, tz: str = "UTC") -> None:
        self.tz = tz
        try:
            pd.Timestamp(0, tz=tz)
        except Exception as error:  # which error an unknown zone gives depends on the version of pandas
            msg = f"{tz!r} is no time zone. Give a name like 'UTC' or 'Europe/Berlin'."
            raise InvalidArgumentError(msg) from error
        self._lock = threading.RLock()
        self._observers: Observers[Window | None] = Observers()
        if low is None or high is None or pd.isna(low) or pd.isna(high):
            self._limits: Window | None = None
        else:
            self._limits = self._ordered(self._aware(low), self._aware(high))
        self._window = self._limits

    @property
    def limits(self) -> Window | None:
        """The first and last time that can be chosen; None where no time is known."""
        return self._limits

    @property
    def window(self) -> Window | None:
        """Start and end in UTC; None where no time is known."""
        return self._window

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self._window == self._limits

    def set(self, start: pd.Timestamp | str | None = None, end: pd.Timestamp | str | None = None) -> None:
        """
        Choose a window.

        Parameters
        ----------
        start, end
            Times, or texts: a time of day ("14:03:10", "2:03pm"), a duration ("+5min" from the call's start, or for
            ``end`` from the window's start; "-5min" before the call's end), or a date with a time, in the range's
            time zone unless they name another. What is left out stays. What lies outside the limits is cut off.

        Raises
        ------
        InvalidArgumentError
            If one is not a time, the start comes after the end, or the range lies outside of the call.
        """
        with self._lock:
            if self._window is None or self._limits is None:
                msg = "No time is known here, so there is no window to choose."
                raise InvalidArgumentError(msg)
            low, high = self._limits
            first = self._window[0] if start is None else self._time(start, since=low)
            last = self._window[1] if end is None else self._time(end, since=max(first, low))
            first, last = self._ordered(first, last)
            if last < low or first > high:
                msg = f"That is outside the call. {self.span_words()}; choose within it."
                raise InvalidArgumentError(msg)
            window = (max(first, low), min(last, high))
            if window == self._window:
                return
            self._window = window
            self._observers.put(window)
        self._observers.deliver()

    def whole(self) -> None:
        """Choose everything."""
        if self._limits is not None:
            self.set(*self._limits)

    def replace(self, low: pd.Timestamp | None, high: pd.Timestamp | None) -> None:
        """Move to another call's limits, and choose all of it. Subscribers are told if there is a window."""
        fresh = TimeRange(low, high, tz=self.tz)
        with self._lock:
            if fresh.limits == self._limits and self.is_whole:
                return
            self._limits = self._window = fresh.limits
            self._observers.put(self._window)
        self._observers.deliver()

    def subscribe(self, observer: Callable[[Window], object]) -> Callable[[], None]:
        """Call ``observer((start, end))`` after every change; returns the function that ends it."""

        def told(window: Window | None) -> None:
            if window is not None:  # observers of the window are not told that there is none
                observer(window)

        return self._observers.subscribe(told)

    def watch(self, observer: Callable[[], object]) -> Callable[[], None]:
        """Call ``observer()`` after every change, also when no time is known any more."""
        return self._observers.subscribe(lambda _: observer())

    def text(self, time: pd.Timestamp) -> str:
        """Return a time as people read it here: time of day, with the date where the call spans several days."""
        local = time.tz_convert(self.tz)
        if self._limits is not None:
            days = {edge.tz_convert(self.tz).date() for edge in self._limits}
            if len(days) > 1:
                return str(local.strftime("%Y-%m-%d %H:%M:%S"))
        return str(local.strftime("%H:%M:%S"))

    # Inside -------------------------------------------------------------------------------------------------------

    def _time(self, value: pd.Timestamp | str, *, since: pd.Timestamp) -> pd.Timestamp:
        if isinstance(value, str):
            return self._typed(value.strip(), since)
        try:
            time = pd.Timestamp(value)
            if pd.isna(time):
                raise ValueError  # noqa: TRY301 - one message for both
            return self._aware(time)
        except (ValueError, TypeError, OverflowError) as error:
            raise self._no_time(value) from error

    def _typed(self, text: str, since: pd.Timestamp) -> pd.Timestamp:
        """Read a time as people type it. A time without a date is one of the call, never of today."""
        offset = _OFFSET.fullmatch(text)
        if offset is not None:
            duration = pd.Timedelta(seconds=float(offset["number"]) * _SECONDS[offset["unit"][0].lower()])
            if offset["sign"] == "-":
                since = self._limits[1] if self._limits is not None else since
                return (since - duration).as_unit("us")
            return (since + duration).as_unit("us")
        clock = _CLOCK.fullmatch(text)
        if clock is not None and (clock["minute"] or clock["half"]):
            return self._time_of_day(text, clock)
        if _DATE.match(text) is None:
            raise self._no_time(text)
        try:
            return self._aware(pd.Timestamp(text))
        except (ValueError, TypeError, OverflowError) as error:
            raise self._no_time(text) from error

    def _no_time(self, value: object) -> InvalidArgumentError:
        example = self._limits[0].tz_convert(self.tz) if self._limits is not None else pd.Timestamp("2026-11-20 14:03")
        spoken = example.strftime("%I:%M%p").lstrip("0").lower()
        msg = f"{value!r} is no time. Write it like {example:%H:%M:%S}, {spoken}, +5min or {example:%Y-%m-%d %H:%M}."
        return InvalidArgumentError(f"{msg} {self.span_words()}." if self._limits is not None else msg)

    def _time_of_day(self, text: str, clock: re.Match[str]) -> pd.Timestamp:
        """Find the day on which a time of day lies within the call."""
        low, high = self._limits or (pd.Timestamp(0, tz="UTC"), pd.Timestamp(0, tz="UTC"))
        first, last = low.tz_convert(self.tz).normalize(), high.tz_convert(self.tz).normalize()
        hour, half = int(clock["hour"]), (clock["half"] or "")[:1].lower()
        if half and not 1 <= hour <= 12:
            hour = 24  # 13pm is not a time of day
        hour = hour % 12 + 12 * (half == "p") if half and hour != 24 else hour
        written = f"{hour:02}:{clock['minute'] or '00'}:{clock['second'] or '00'}"
        try:
            days = [day.tz_localize(None) for day in pd.date_range(first, last, freq="D")]
            times = [self._aware(pd.Timestamp(f"{day.date()} {written}")) for day in days]
        except ValueError as error:
            msg = f"{text!r} is no time of day. {self.span_words()}."
            raise InvalidArgumentError(msg) from error
        # People see whole seconds: 14:03:10 means the call's start at 14:03:10.4 as well.
        inside = [time for time in times if low.floor("s") <= time <= high.ceil("s")]
        near = inside or [time for time in times if low - _NEAR <= time <= high + _NEAR]
        if not near:
            msg = f"{text!r} is not within the call. {self.span_words()}."
            raise InvalidArgumentError(msg)
        return near[0]

    def span_words(self) -> str:
        """Say from when to when the call lasts."""
        if self._limits is None:
            return "No time is known of this call"
        low, high = self._limits
        return f"The call lasts from {self.text(low)} to {self.text(high)} {self.tz}"

    def _aware(self, time: pd.Timestamp) -> pd.Timestamp:
        if time.tzinfo is None:
            time = time.tz_localize(self.tz, ambiguous=True, nonexistent="shift_forward")
        return time.tz_convert("UTC").as_unit("us")

    def _ordered(self, start: pd.Timestamp, end: pd.Timestamp) -> Window:
        if start > end:
            msg = f"A window starts before it ends, but {self.text_or_iso(start)} comes after {self.text_or_iso(end)}."
            raise InvalidArgumentError(msg)
        return start, end

    def text_or_iso(self, time: pd.Timestamp) -> str:
        """Return a time for an error message, whole where the limits are not settled yet."""
        return self.text(time) if getattr(self, "_limits", None) is not None else str(time.isoformat())
