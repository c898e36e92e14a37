"""What some participants of a call have in common, and what separates them from the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from rtkit_explore.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from rtkit_explore.call import Call

_CLIENT = {
    "country": "country",
    "region": "region",
    "city": "city",
    "network operator": "asn_name",
    "kind of network": "asn_type",
    "browser": "browser",
    "browser version": "browser_version",
    "operating system": "os",
    "SDK version": "sdk_version",
}
_PATH = {
    "network": "local_candidate_network_type",
    "path": "path_protocol",
    "server address": "remote_candidate_address",
}


def in_common(call: Call, peers: Collection[str]) -> pd.DataFrame:
    """
    Compare some participants with the others: what they share, and the others do not.

    Parameters
    ----------
    call
        A Call.
    peers
        Peer ids, at least one and not everybody's.

    Returns
    -------
    pandas.DataFrame
        A row an attribute that is known: ``attribute``; ``these`` and ``others`` (string: the values of either group,
        with how many have each); ``shared`` (boolean: all of these have one value); ``separates`` (boolean: they do,
        and none of the others has it). Those that separate come first.

    Raises
    ------
    InvalidArgumentError
        Where nobody is named, or somebody who was not in this call.
    """
    chosen = list(dict.fromkeys(peers))
    everybody = [str(peer) for peer in call.participants["peer_id"].dropna()]
    if not chosen or not set(chosen) <= set(everybody):
        unknown = sorted(set(chosen) - set(everybody))
        what = f"{', '.join(unknown)} took no part" if unknown else "nobody is named"
        msg = f"in_common compares participants of this call with the others, and {what}: give ids of call.names."
        raise InvalidArgumentError(msg)
    rows = []
    for attribute, values in _attributes(call).items():
        mine = [values[peer] for peer in chosen if peer in values]
        theirs = [values[peer] for peer in everybody if peer in values and peer not in chosen]
        if not mine:
            continue
        shared = len(set(mine)) == 1 and len(mine) == len(chosen)
        rows.append(
            {
                "attribute": attribute,
                "these": _counted(mine),
                "others": _counted(theirs),
                "shared": shared,
                "separates": shared and bool(theirs) and mine[0] not in theirs,
            }
        )
    columns = ["attribute", "these", "others", "shared", "separates"]
    frame = pd.DataFrame(rows, columns=columns).astype(
        {name: "string" if name in columns[:3] else "boolean" for name in columns}
    )
    return frame.sort_values(["separates", "shared"], ascending=False, kind="stable").reset_index(drop=True)


def _attributes(call: Call) -> dict[str, Mapping[str, str]]:
    """Return each attribute by participant, where it is known."""
    found: dict[str, Mapping[str, str]] = {}
    for name, column in _CLIENT.items():
        found[name] = _by_peer(call.clients, column)
    pairs = call.candidate_pairs
    moved = pairs["bytes_sent"].fillna(0) + pairs["bytes_received"].fillna(0)
    used = pairs.assign(moved=moved).sort_values("moved", ascending=False, kind="stable")
    for name, column in _PATH.items():
        found[name] = _by_peer(used, column)
    relayed = used["relayed"].map({True: "relayed", False: "direct"})
    found["relay"] = _by_peer(used.assign(relay=relayed), "relay")
    return found


def _by_peer(table: pd.DataFrame, column: str) -> dict[str, str]:
    """Return the first known value of each participant."""
    if column not in table.columns:
        return {}
    known = table[table[column].notna() & table["peer_id"].notna()].drop_duplicates("peer_id")
    return dict(zip(known["peer_id"].astype(str), known[column].astype(str), strict=True))


def _counted(values: list[str]) -> str:
    """List values with how often each is there, the commonest first."""
    counts = {value: values.count(value) for value in dict.fromkeys(values)}
    most = sorted(counts, key=lambda value: -counts[value])
    return ", ".join(f"{value} ({counts[value]})" if counts[value] > 1 else value for value in most)
