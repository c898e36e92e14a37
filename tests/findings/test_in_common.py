"""What those who were hit have in common, and the others have not."""

from __future__ import annotations

import pytest

import rtkit_explore as rtk
from rtkit_explore.errors import InvalidArgumentError


@pytest.fixture(scope="module")
def call():
    return rtk.simulate("server_trouble", seed=3, participants=4, minutes=4).call


def test_an_attribute_separates_where_all_of_these_have_it_and_none_of_the_others(call):
    names = list(call.names.values())
    table = call.in_common(names[:2]).set_index("attribute")
    clients = call.clients.set_index("peer_id")
    peers = list(call.names)
    for attribute, column in (("country", "country"), ("browser", "browser"), ("operating system", "os")):
        values = clients[column].reindex(peers).astype("object")
        mine, theirs = set(values[:2]), set(values[2:].dropna())
        assert bool(table.loc[attribute, "shared"]) == (len(mine) == 1)
        assert bool(table.loc[attribute, "separates"]) == (len(mine) == 1 and not mine & theirs)


def test_names_and_ids_mean_the_same(call):
    peer, name = next(iter(call.names.items()))
    assert call.in_common([peer]).equals(call.in_common(name))


def test_what_separates_comes_first(call):
    table = call.in_common(list(call.names)[:1])
    assert table["separates"].astype(int).is_monotonic_decreasing


def test_nobody_is_refused(call):
    with pytest.raises(InvalidArgumentError, match="nobody is named"):
        call.in_common([])


def test_trouble_at_the_server_says_who_was_hit_and_who_was_spared(call):
    rows = call.findings().query("side == 'shared'")
    assert len(rows)
    steps = set(rows["next_step"])
    assert all("Wi-Fi" not in step for step in steps)
    assert any("share and the others do not" in step or "Everybody was hit" in step for step in steps)
