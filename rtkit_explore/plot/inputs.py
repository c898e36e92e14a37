"""What is drawn: a Call, one of its tables, or several; and the arguments that choose from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from rtkit_explore.api.query_params import shown as brief
from rtkit_explore.call import Call
from rtkit_explore.errors import InvalidArgumentError, close_to
from rtkit_explore.plot.labels import listed, shown
from rtkit_explore.table_schema.describe import TABLES
from rtkit_explore.tables.frames import empty
from rtkit_explore.tables.participant_lookup import participant_labels, the_participant

if TYPE_CHECKING:
    from collections.abc import Sequence

Drawable: TypeAlias = "Call | pd.DataFrame | Mapping[str, pd.DataFrame]"
"""What every plot takes: a Call, the one table that it draws, or tables by name (``{"quality": …, "events": …}``)."""


@dataclass(frozen=True)
class PlotInput:
    """
    The tables that a plot draws, wherever they come from.

    Attributes
    ----------
    call
        The call, where one was given.
    given
        Tables by name, where tables were given.
    """

    call: Call | None
    given: Mapping[str, pd.DataFrame]

    @classmethod
    def of(cls, what: object, table: str, needs: Sequence[str]) -> PlotInput:
        """
        Parse the first argument of a plot.

        Parameters
        ----------
        what
            The argument.
        table
            Table that the plot draws.
        needs
            Columns that it cannot do without.

        Raises
        ------
        InvalidArgumentError
            If a plot cannot be drawn from it; the message says how to get what it takes.
        """
        if isinstance(what, Call):
            return cls(what, {})
        if isinstance(what, pd.DataFrame):
            _check(what, table, needs)
            return cls(None, {table: what})
        if isinstance(what, Mapping):
            return cls._of_mapping(what, table, needs)
        get = f"call = app.call(session_id), then rtk.plot.…(call), or its table: call.{table}"
        if isinstance(what, str):
            msg = f"A plot takes a Call or the table {table!r}, not the text {what!r}. With a session id: {get}."
        elif hasattr(what, "call") and hasattr(what, "sessions"):
            msg = f"A plot takes one Call, not the whole app. Choose one: {get}."
        elif hasattr(what, "__await__"):
            msg = "A plot takes a Call, not a call that is still being fetched: call = await app.call(session_id)."
        else:
            msg = f"A plot takes a Call or the table {table!r} (a DataFrame), not {type(what).__name__}. Do {get}."
        raise InvalidArgumentError(msg)

    @classmethod
    def _of_mapping(cls, what: Mapping[Any, Any], table: str, needs: Sequence[str]) -> PlotInput:
        unknown = [name for name in what if name not in TABLES and name not in ("findings", "verdicts")]
        if unknown:
            msg = f"There is no table {unknown[0]!r}.{close_to(str(unknown[0]), TABLES)} Tables: {listed(TABLES)}."
            raise InvalidArgumentError(msg)
        for name, frame in what.items():
            if not isinstance(frame, pd.DataFrame):
                msg = f"Table {name!r} must be a DataFrame, not {type(frame).__name__}."
                raise InvalidArgumentError(msg)
        if table in what:
            _check(what[table], table, needs)
        return cls(None, dict(what))

    def __getitem__(self, table: str) -> pd.DataFrame:
        """Return a table; empty, with its columns, where it was not given."""
        if self.call is not None:
            frame = getattr(self.call, table)
            return frame if isinstance(frame, pd.DataFrame) else empty(TABLES[table])
        return self.given[table] if table in self.given else empty(TABLES[table])

    def knows(self, table: str) -> bool:
        """Tell whether a table was given at all."""
        return self.call is not None or table in self.given

    @cached_property
    def names(self) -> dict[str, str]:
        """Peer id to the name to show, fit for a plot; two people never have the same."""
        raw = dict(self.call.names) if self.call is not None else self._names_of_tables()
        return {peer: shown(name, spare=peer[:8]) for peer, name in raw.items()}

    def _names_of_tables(self) -> dict[str, str]:
        """Return peer id to name, as far as the given tables tell: any row that has a name will do."""
        names: dict[str, str] = {}
        for frame in self.given.values():
            if "peer_id" not in frame.columns:
                continue
            label = frame["display_name"] if "display_name" in frame.columns else pd.Series(pd.NA, index=frame.index)
            for peer, name in zip(frame["peer_id"], label, strict=True):
                if isinstance(peer, str) and not names.get(peer):
                    names[peer] = name if isinstance(name, str) else ""
        return participant_labels({"peer_id": peer, "display_name": name} for peer, name in names.items())

    def of_whom(self, peers: Sequence[str] | None) -> str:
        """Say whose something is, where it is not everybody's: " of Alma and Boris"."""
        return "" if peers is None else f" of {' and '.join(map(self.name, peers))}"

    def name(self, peer: object) -> str:
        """Name a participant; one that no document lists is named by the start of the id."""
        if not isinstance(peer, str) or not peer:
            return "unknown participant"
        return self.names.get(peer) or f"unlisted {shown(peer[:8])}"

    # Choosing -----------------------------------------------------------------------------------------------------

    def peer(self, who: str) -> str:
        """
        Find a participant by name, an unambiguous part of it, peer id, user id or custom id.

        Raises
        ------
        InvalidArgumentError
            If no participant or more than one matches; the message lists the participants.
        """
        raw = self.call.names if self.call is not None else self._names_of_tables()
        return the_participant(who, raw, self["participants"] if self.knows("participants") else None)

    def peers(self, who: object, name: str = "participant") -> list[str] | None:
        """Parse an argument that names one participant, several, or (None) all."""
        if who is None:
            return None
        if isinstance(who, str):
            return [self.peer(who)]
        if isinstance(who, pd.DataFrame) and "peer_id" in who.columns:
            return [str(peer) for peer in who["peer_id"].dropna().unique()]
        if isinstance(who, Iterable):
            chosen = list(who)
            if all(isinstance(one, str) for one in chosen):
                return [self.peer(one) for one in chosen]
        msg = f"{name}= takes a name or a peer id, or a list of them, not {brief(who)}."
        raise InvalidArgumentError(msg)


def choices(value: object, name: str, known: Sequence[str]) -> list[str] | None:
    """Parse an argument that names one of a closed set, several, or (None) all."""
    if value is None:
        return None
    if isinstance(value, str):
        wanted = [value]
    elif isinstance(value, Iterable):
        wanted = [str(one) for one in value]
    else:
        msg = f"{name}= takes one of {listed(known)}, or a list of them, not {brief(value)}."
        raise InvalidArgumentError(msg)
    for one in wanted:
        if one not in known:
            msg = f"There is no {name} {one!r}.{close_to(one, known)} There is: {listed(known)}."
            raise InvalidArgumentError(msg)
    return wanted


def _check(frame: pd.DataFrame, table: str, needs: Sequence[str]) -> None:
    lacking = [name for name in needs if name not in frame.columns]
    if not lacking:
        return
    # The most common mistake is another table of the same call, so the message names the likeliest one.
    shares = {
        other: len(set(frame.columns) & set(declared.index)) / len(declared.index) for other, declared in TABLES.items()
    }
    likely = max(shares, key=lambda other: shares[other])
    guess = f" It looks like the table {likely!r}." if shares[likely] > 0.8 and likely != table else ""
    msg = (
        f"This plot draws the table {table!r} (call.{table}), and the DataFrame lacks {listed(lacking)}.{guess}"
        " Keep whole rows when you filter."
    )
    raise InvalidArgumentError(msg)
