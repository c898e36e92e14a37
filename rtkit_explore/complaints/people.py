"""Who complains, and of whom: the person of a call that is meant, and the names that stand in a complaint's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtkit_explore.complaints.symptoms import plain
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.tables.participant_lookup import find_participants, person_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rtkit_explore.call import Call

_EVERYBODY = frozenset(
    ["others", "other", "everyone", "everybody", "anybody", "anyone", "nobody", "people", "participants", "all"]
)
_NO_NAMES = frozenset([
    "the", "a", "an", "i", "me", "my", "we", "us", "our", "they", "them", "it", "he", "she", "his", "her", "was",
    "were", "is", "are", "had", "has", "have", "been", "be", "to", "of", "for", "and", "in", "on", "at", "with",
    "from", "that", "this", "some", "all", "very", "really", "so", "just", "said", "says", "say", "told", "tells",
    "complains", "complained", "call", "video", "audio", "sound", "picture", "times", "twice", "once", "again",
    "kept", "keep", "always", "often", "sometimes", "during", "today", "yesterday", "day", "please", "can", "could",
])  # fmt: skip
"""Words of complaints that are not taken for somebody's name."""


def people_meant(call: Call, person: str) -> tuple[str, ...]:
    """
    Return the peer ids of one person: several where somebody left and came back.

    Raises
    ------
    InvalidArgumentError
        If nobody, or several different people, are called that.
    """
    found = find_participants(person, call.names, call.participants)
    people = call.participants.dropna(subset="peer_id").drop_duplicates("peer_id")
    people = people.sort_values("joined_at", kind="stable")
    keys = {str(row["peer_id"]): person_key(row) for row in people.to_dict("records")}
    meant = {keys[peer] for peer in found if peer in keys}
    if len(meant) != 1:
        return (call.peer(person),)  # raises, and lists who there is
    return tuple(peer for peer, key in keys.items() if key in meant)


def whom_about(call: Call, about: str | None, rest: str, mine: Sequence[str]) -> tuple[str, ...]:
    """Find whom a complaint is about: by the argument, else by a name in its words."""
    if about is not None:
        if not isinstance(about, str):
            msg = f"about= is the name of a participant, not something of type {type(about).__name__}."
            raise InvalidArgumentError(msg)
        if plain(about) in _EVERYBODY or plain(about) == "the others":
            return ()
        return people_meant(call, about)
    words = [word for word in rest.replace("'s", "").split() if word not in _NO_NAMES | _EVERYBODY]
    named: list[str] = []
    for peer, name in call.names.items():
        if peer not in mine and any(word in plain(name).split() for word in words):
            named.append(peer)
    return tuple(named)
