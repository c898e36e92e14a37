"""Who is meant: finding participants by peer id, by name or a part of it, by user id or custom id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rtkit_explore.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


def find_participants(who: str, names: Mapping[str, str], people: pd.DataFrame | None = None) -> list[str]:
    """
    Find whoever is called something; what fits exactly hides what fits in part.

    Parameters
    ----------
    who
        Peer id, name, user id or custom id, or a part of a name: whole words, else the beginning of a word.
        Case does not matter, except in peer ids.
    names
        Peer id to the label that tells participants apart.
    people
        Table ``participants``, where there is one.

    Returns
    -------
    list of str
        Peer ids; more than one where it is ambiguous.

    Raises
    ------
    InvalidArgumentError
        Where ``who`` is no text.
    """
    if not isinstance(who, str):
        msg = f"A participant is named by a text (a name or a peer id), not by a {type(who).__name__}."
        raise InvalidArgumentError(msg)
    columns = () if people is None else tuple(people.columns)
    if who in names or (people is not None and "peer_id" in columns and people["peer_id"].eq(who).any()):
        return [who]
    wanted = who.strip().casefold()
    if not wanted:
        return []
    found = [peer for peer, name in names.items() if name == who]
    found = found or [peer for peer, name in names.items() if name.casefold() == wanted]
    if found:
        return found
    known = dict(names)
    if people is not None:
        listed = people[people["peer_id"].notna()]
        same = listed["peer_id"].isin([])
        for column in ("display_name", "user_id", "custom_participant_id"):
            if column in columns:
                same |= listed[column].astype("string").str.casefold().eq(wanted).fillna(value=False).astype(bool)
        found = [str(peer) for peer in listed.loc[same, "peer_id"]]
        if "display_name" in columns:
            # A label may hold more than the name (a number, a stand-in), and no part of that is a name.
            shown = zip(listed["peer_id"], listed["display_name"], strict=True)
            known |= {str(peer): name if isinstance(name, str) else "" for peer, name in shown}
    for ending in (r"(?!\w)", ""):
        part = re.compile(rf"(?<!\w){re.escape(wanted)}{ending}")
        found = found or [peer for peer, name in known.items() if part.search(name.casefold())]
    return found
