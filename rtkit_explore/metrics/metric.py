"""A metric: a function of known intervals, with what it takes to call it on calls, draw it and judge by it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypedDict, Unpack, get_args, overload
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.measures.intervals import HasQuality, Tables, intervals, table_of
from rtkit_explore.measures.roll_up import Worse, roll_up_of
from rtkit_explore.measures.series import codes_of
from rtkit_explore.table_schema.columns import DIRECTIONS, MEDIA
from rtkit_explore.table_schema.media import QUALITY
from rtkit_explore.tables.frames import TEXT

By = Literal["interval", "stream", "participant", "person", "call"]
Direction = Literal["consumer", "producer"]
Calls: TypeAlias = "Tables | Iterable[Tables]"
"""A Call, its tables, several of them, or an archive (anything whose ``parts()`` gives tables)."""

_STREAM = ("session_id", "peer_id", "display_name", "media", "direction", "stream_id", "remote_peer_id", "producer_id")
_IDS = ("user_id", "custom_participant_id")
_INTERVAL = (*_STREAM, "start", "end", "interval_s")
_RESTS_ON = ("known_s", "total_s", "intervals", "score")
_TAKEN = frozenset((*_INTERVAL, *_IDS, *_RESTS_ON, "participants"))


@dataclass(frozen=True)
class Metric:
    """
    A metric on intervals; made by ``rtk.metric``.

    Attributes
    ----------
    name
        Its name, and that of its column.
    function
        Gives a value for each interval of a DataFrame; NaN where there is none.
    media, direction
        Streams that it reads; no media are all, no direction is both.
    unit, title
        Unit of its values, and its name in words.
    worse
        Whether high or low values are the worse ones.
    source
        Where its formula comes from.
    """

    name: str
    function: Callable[[pd.DataFrame], Any]
    media: tuple[str, ...]
    direction: Direction | None
    unit: str
    title: str
    worse: Worse
    source: str

    def __call__(self, calls: Calls, *, by: By = "interval", how: str = "time_mean") -> pd.DataFrame:
        """
        Work the metric out.

        Parameters
        ----------
        calls
            A Call, its table ``quality``, tables by name, a list of these, or an archive of calls.
        by
            What a row is: ``"interval"``, ``"stream"``, ``"participant"`` (once for each time somebody joined),
            ``"person"`` (a user within a call, rejoins together) or ``"call"``.
        how
            How intervals are rolled up, always weighted by their time: ``time_mean``, ``worst``, ``worst_tenth``
            (mean of the worst tenth of the time), ``p95`` (any percentile), ``share_above:0.05`` or
            ``share_below:3.6`` (share of the time beyond).

        Returns
        -------
        pandas.DataFrame
            Keys first, then the value in a column of the metric's name (float64). Roll-ups say what they rest on:
            ``known_s`` (stream seconds with a value; NaN values do not count), ``total_s`` (stream seconds in all),
            ``intervals`` (Int64), and ``score``, the time-weighted mean of the client's own score over the same
            streams, to compare with. Participants come with ``user_id`` and ``custom_participant_id``. All columns
            are there also where there is no row.

        Raises
        ------
        InvalidArgumentError
            Where an argument cannot mean anything, or the function does not give a number for each interval.
        """
        if by not in get_args(By):
            msg = f"by= takes {', '.join(map(repr, get_args(By)))}, not {by!r}."
            raise InvalidArgumentError(msg)
        roll_up_of(how, self.worse)  # before anything is read
        work = functools.partial(self._of_part, by=by, how=how)
        spread = getattr(calls, "map_parts", None)
        # An archive spreads its parts over cores, or over the machines of an active Dask client.
        if callable(spread):
            # What people and calls got is small, and kept until the metric's code changes.
            kept = None if by == "interval" else (self, by, how)
            nothing = dataclasses.replace(self, function=lambda known: np.zeros(len(known)))
            like = nothing._of_part(_no_quality(), by, how)  # noqa: SLF001 - of this class
            made: list[pd.DataFrame] = list(spread(work, *_OF_AN_ARCHIVE, rests_on=kept, like=like))
        else:
            made = [work(part) for part in parts_of(calls)]
        filled = [frame for frame in made if len(frame)]
        if len(filled) > 1:
            joined = pd.concat(filled, ignore_index=True)
            # Categories and texts may differ in detail between parts; the first part's dtypes are everyone's.
            joined = joined.astype({name: dtype for name, dtype in filled[0].dtypes.items() if name in joined})
        else:
            joined = filled[0] if filled else made[0] if made else self._of_part(_no_quality(), by, how)
        joined.attrs["metric"] = {"name": self.name, "worse": self.worse, "unit": self.unit, "how": how}
        return joined

    def rows(self, tables: Tables) -> pd.DataFrame:
        """Return the intervals that the metric reads, as its function sees them."""
        return self.select(_intervals_of(tables, self.media))

    def select(self, known: pd.DataFrame) -> pd.DataFrame:
        """Choose, of intervals, those of the media and direction that the metric reads."""
        keep = np.ones(len(known), dtype=bool)
        if self.media:
            keep &= known["media"].isin(self.media).to_numpy(dtype=bool)
        if self.direction:
            keep &= (known["direction"] == self.direction).to_numpy(dtype=bool)
        return known[keep]

    def values(self, tables: Tables, *, rows: pd.DataFrame | None = None) -> pd.Series[float]:
        """Return a value for each interval that the metric reads; the index holds the rows of ``quality``."""
        known = self.rows(tables) if rows is None else rows
        given = self._given(known, tables)
        if isinstance(given, pd.Series) and not given.index.equals(known.index):
            # A part of the rows leaves the others without a value; an index of its own goes by place.
            foreign = len(given.index.difference(known.index)) > 0
            given = given.to_numpy() if foreign else given.reindex(known.index)
        try:
            values = np.asarray(
                given.to_numpy(dtype="float64", na_value=np.nan) if isinstance(given, pd.Series) else given,
                dtype="float64",
            )
        except (TypeError, ValueError):
            values = np.zeros(())
        if values.shape != (len(known),):
            got = "no numbers" if values.shape == () else f"an array of shape {values.shape}"
            msg = (
                f"The metric {self.name} has to give a number for each of the {len(known)} intervals that it got, and"
                f" gave {got} ({type(given).__name__}). Work with whole columns: i['loss_pct'] / i['interval_s']."
            )
            raise InvalidArgumentError(msg)
        return pd.Series(np.where(np.isfinite(values), values, np.nan), index=known.index, name=self.name)

    def _given(self, known: pd.DataFrame, tables: Tables) -> Any:
        """Call the function; a figure of the cumulative blocks is joined when it is asked for."""
        for _ in range(20):
            try:
                return self.function(known)
            except KeyError as error:
                wanted = error.args[0] if error.args else None
                joined = _with_cumulative(known, table_of(tables, "cumulative"), wanted)
                if joined is None:
                    if not isinstance(wanted, str) or wanted in known.columns:
                        raise
                    msg = (
                        f"The metric {self.name} asks for {wanted!r}. There is: {', '.join(known.columns)}; and"
                        " figures of the cumulative blocks, such as 'quality_mos.avg' (metric.statistic of the table"
                        " cumulative)."
                    )
                    raise InvalidArgumentError(msg) from error
                known = joined
        return self.function(known)

    def _of_part(self, tables: Tables, by: By, how: str) -> pd.DataFrame:
        known = self.rows(tables)
        values = self.values(tables, rows=known)
        people = table_of(tables, "participants")
        if by == "interval":
            return known[list(_INTERVAL)].assign(**{self.name: values}).reset_index(drop=True)
        keys = {
            "stream": list(_STREAM),
            "participant": ["session_id", "peer_id", "display_name", *_IDS],
            "person": ["session_id", "display_name", *_IDS],
            "call": ["session_id"],
        }[by]
        if by in ("participant", "person"):
            known = _with_ids(known, people)
        grouping = {
            "stream": ["session_id", "peer_id", "media", "direction", "stream_id"],
            "participant": ["session_id", "peer_id"],
            "person": ["session_id", "person"],
            "call": ["session_id"],
        }[by]
        code = codes_of(known, grouping)
        count = int(code.max(initial=-1)) + 1
        first = np.zeros(count, dtype="int64")
        first[code[::-1]] = np.arange(len(code))[::-1]
        seconds = np.asarray(known["interval_s"], dtype="float64")
        numbers = np.asarray(values, dtype="float64")
        has = ~np.isnan(numbers)
        score = np.asarray(known["score"], dtype="float64")
        scored = ~np.isnan(score)
        made = known.iloc[first][keys].reset_index(drop=True)
        made[self.name] = roll_up_of(how, self.worse)(numbers[has], seconds[has], code[has], count)
        made["known_s"] = np.bincount(code[has], weights=seconds[has], minlength=count).astype("float64")
        made["total_s"] = np.bincount(code, weights=seconds, minlength=count).astype("float64")
        made["intervals"] = pd.array(np.bincount(code[has], minlength=count), dtype="Int64")
        made["score"] = roll_up_of("time_mean", "low")(score[scored], seconds[scored], code[scored], count)
        if by == "call":
            here = known[["session_id", "peer_id"]].drop_duplicates().groupby("session_id", observed=True).size()
            made["participants"] = made["session_id"].map(here).astype("Int64")
        return made

    def __repr__(self) -> str:
        """Name it with what it reads."""
        reads = " ".join([", ".join(self.media) or "all media", self.direction or "both directions"])
        return f"<Metric {self.name}: {self.unit or 'no unit'}, {self.worse} is worse, of {reads}>"


class _Declared(TypedDict, total=False):
    """What ``metric`` is told of a function, beside it or as a decorator."""

    media: str | Iterable[str] | None
    direction: Direction | None
    unit: str
    worse: Worse
    name: str | None
    title: str | None
    source: str


@overload
def metric(function: Callable[[pd.DataFrame], Any], **declared: Unpack[_Declared]) -> Metric: ...
@overload
def metric(
    function: None = None, **declared: Unpack[_Declared]
) -> Callable[[Callable[[pd.DataFrame], Any]], Metric]: ...
def metric(
    function: Callable[[pd.DataFrame], Any] | None = None,
    *,
    media: str | Iterable[str] | None = None,
    direction: Direction | None = None,
    unit: str = "",
    worse: Worse = "high",
    name: str | None = None,
    title: str | None = None,
    source: str = "",
) -> Metric | Callable[[Callable[[pd.DataFrame], Any]], Metric]:
    """
    Declare a metric: a function that gives a value for each interval.

    Parameters
    ----------
    function
        Takes a DataFrame of known intervals and gives a number for each (a Series or array; NaN where there is
        none). The columns are those of ``rtk.measures.intervals``: the table ``quality`` without first samples, gaps
        and resets; ``rtt_ms`` also for what is received; the other end's figures at the same time as
        ``other_packets``, ``other_loss_pct``, ``other_rtt_ms`` …; and, when asked for, figures of the cumulative
        blocks by their names in the table ``cumulative``: ``i["quality_mos.avg"]``.
    media
        Kinds of media that it reads: "audio", "video", "screenshare_audio", "screenshare_video"; one, several, or
        None for all.
    direction
        "consumer" (received) or "producer" (sent); None for both.
    unit
        Unit of its values, such as "share", "ms" or "1 to 5".
    worse
        "high" or "low": which values are the worse ones.
    name, title
        The function's name, and this in words, by default.
    source
        Where the formula comes from; its findings and tables say so.

    Returns
    -------
    Metric
        To be called on calls: ``glitch(call, by="participant", how="p95")``. Without ``function`` a decorator.

    Raises
    ------
    InvalidArgumentError
        Where an argument cannot mean anything, or the name is that of a column beside it.

    Examples
    --------
    >>> import rtkit_explore as rtk
    >>> @rtk.metric(media="audio", direction="consumer", unit="share", worse="high")
    ... def glitch(i):
    ...     return (i["concealment_events"] * 0.08 / i["interval_s"]).clip(upper=1)
    >>> glitch(rtk.replay(rtk.sample_calls()).call("clean"), by="participant")  # doctest: +SKIP
    """
    if function is None:
        return functools.partial(
            metric,
            media=media,
            direction=direction,
            unit=unit,
            worse=worse,
            name=name,
            title=title,
            source=source,
        )
    if not callable(function):
        msg = f"A metric is made of a function of intervals, not of {type(function).__name__}."
        raise InvalidArgumentError(msg)
    kinds = (media,) if isinstance(media, str) else tuple(media or ())
    for one in kinds:
        if one not in MEDIA:
            msg = f"media= takes {', '.join(map(repr, MEDIA))}, or several, not {one!r}."
            raise InvalidArgumentError(msg)
    if direction is not None and direction not in DIRECTIONS:
        msg = f"direction= takes 'consumer' (received), 'producer' (sent) or None, not {direction!r}."
        raise InvalidArgumentError(msg)
    if worse not in get_args(Worse):
        msg = f"worse= takes 'high' or 'low', not {worse!r}."
        raise InvalidArgumentError(msg)
    called = name or getattr(function, "__name__", "")
    if not called or called == "<lambda>":
        msg = "A metric needs a name: define a function, or give name=."
        raise InvalidArgumentError(msg)
    if called in _TAKEN or called in QUALITY.index:
        msg = f"{called!r} is a column of the tables already; give the metric another name."
        raise InvalidArgumentError(msg)
    return Metric(called, function, kinds, direction, unit, title or called.replace("_", " "), worse, source)


def parts_of(calls: Calls) -> Iterator[Tables]:
    """
    Take apart what a metric is called on: one call's tables after another's.

    An archive gives its parts itself: ``parts(*names)`` yields tables by name, of as many calls as fit into memory.

    Raises
    ------
    InvalidArgumentError
        Where there are no tables in it.
    """
    if isinstance(calls, pd.DataFrame | Mapping | HasQuality):
        yield calls
        return
    parts = getattr(calls, "parts", None)
    if callable(parts):
        yield from parts(*_OF_AN_ARCHIVE)
        return
    if isinstance(calls, Iterable) and not isinstance(calls, str | bytes):
        for one in calls:
            yield from parts_of(one)
        return
    hint = " Get calls first: calls = [app.call(id) for id in app.sessions()['id']]." if hasattr(calls, "call") else ""
    msg = f"A metric is called on a Call, its tables, several calls or an archive, not on {type(calls).__name__}.{hint}"
    raise InvalidArgumentError(msg)


_OF_AN_ARCHIVE = ("quality", "participants", "events", "candidate_pairs", "cumulative")
_KEPT: WeakKeyDictionary[Any, dict[tuple[str, ...], pd.DataFrame]] = WeakKeyDictionary()
_MOST_KEPT = 300_000
"""Rows of intervals that are kept for the next metric, of calls that are still there: about 150 MB."""


def _intervals_of(tables: Tables, media: tuple[str, ...]) -> pd.DataFrame:
    """Make the intervals of a call; those of the last calls are kept, for the next metric."""
    if isinstance(tables, pd.DataFrame | Mapping) or not isinstance(tables, Hashable):
        return intervals(tables, media=media)
    kept = _KEPT.setdefault(tables, {})
    if media not in kept:
        kept[media] = intervals(tables, media=media)
        rows = {call: sum(map(len, frames.values())) for call, frames in _KEPT.items()}
        for call in list(rows)[:-1]:
            if sum(rows.values()) <= _MOST_KEPT:
                break
            rows.pop(call)
            _KEPT.pop(call, None)
    return kept[media]


def _no_quality() -> pd.DataFrame:
    from rtkit_explore.tables.frames import empty

    return empty(QUALITY)


def _with_ids(known: pd.DataFrame, people: pd.DataFrame | None) -> pd.DataFrame:
    """Add who somebody is across rejoins: the user id, else the custom id, else the participant."""
    made = known.copy()
    for name in _IDS:
        if people is None or name not in people.columns:
            made[name] = pd.array([pd.NA] * len(made), dtype=TEXT)
        else:
            listed = people.dropna(subset=["peer_id"]).drop_duplicates(["session_id", "peer_id"])
            ids = made[["session_id", "peer_id"]].merge(
                listed[["session_id", "peer_id", name]], on=["session_id", "peer_id"], how="left"
            )
            made[name] = ids[name].astype(TEXT).array
    person = made["user_id"].fillna(made["custom_participant_id"]).fillna(made["peer_id"].astype(TEXT))
    made["person"] = person
    return made


def _with_cumulative(known: pd.DataFrame, cumulative: pd.DataFrame | None, wanted: object) -> pd.DataFrame | None:
    """Join a figure of the cumulative blocks, by its name ``metric.statistic``; None where there is no such figure."""
    if cumulative is None or not isinstance(wanted, str) or wanted in known.columns:
        return None
    names = cumulative["metric"].astype("object").str.cat(cumulative["statistic"].astype("object"), sep=".")
    keys = ["session_id", "peer_id", "media", "direction"]
    figures = cumulative[(names == wanted).to_numpy(dtype=bool, na_value=False)].drop_duplicates(keys)
    if figures.empty:
        return None
    as_text = dict.fromkeys(keys, "object")
    values = known[keys].astype(as_text).merge(figures[[*keys, "value"]].astype(as_text), on=keys, how="left")
    return known.assign(**{wanted: values["value"].to_numpy(dtype="float64")})
