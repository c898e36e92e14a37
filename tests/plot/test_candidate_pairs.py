"""Network paths: type, protocol, bytes, round trip, and which were chosen."""

from __future__ import annotations

import time

import pandas as pd
import pytest

import rtkit_explore as rtk
from rtkit_explore import plot
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.plot.candidate_pairs import amount
from tests.plot.drawn import legend, marked, message, table


def pairs(*rows):
    common = {
        "session_id": "s", "peer_id": "p1", "transport": "producing", "nominated": True,
        "local_candidate_type": "host", "remote_candidate_type": "srflx", "local_candidate_protocol": "udp",
        "path_protocol": "udp", "local_candidate_network_type": "wifi", "relayed": False,
        "bytes_received": 2e6, "bytes_sent": 5e6, "rtt_ms": 42.0,
    }  # fmt: skip
    return table("candidate_pairs", [common | row for row in rows])


def words(ax):
    return [one.get_text() for one in ax.get_yticklabels()]


def test_bars_are_as_long_as_the_bytes_and_the_axis_names_their_unit():
    ax = plot.candidate_pairs(pairs({}))
    (received,), (sent,) = marked(ax, "in "), marked(ax, "out ")
    assert received.get_width() == pytest.approx(2.0)
    assert sent.get_width() == pytest.approx(5.0)
    assert "MB" in ax.get_xlabel()
    assert {"in 2 MB", "out 5 MB"} <= {one.get_text() for one in ax.texts}


def test_a_path_is_told_in_words_with_its_round_trip_in_ms():
    ax = plot.candidate_pairs(pairs({}))
    assert words(ax) == ["participant p1 sends over", "host → srflx, UDP\nwifi, round trip 42 ms"]
    ax = plot.candidate_pairs(pairs({"rtt_ms": None, "local_candidate_network_type": None}))
    assert words(ax)[1].endswith("network not reported, round trip not measured")


def test_relayed_and_tcp_paths_differ_by_hatch_and_in_the_legend():
    ax = plot.candidate_pairs(
        pairs(
            {},
            {"path_protocol": "tcp"},
            {"relayed": True, "local_candidate_type": "relay"},
            {"relayed": True, "local_candidate_type": "relay", "path_protocol": "tls"},
            {
                "nominated": None,
                "local_candidate_type": None,
                "path_protocol": None,
                "local_candidate_protocol": None,
                "relayed": None,
            },
        )
    )
    bars = marked(ax, "in ")
    assert len({one.get_hatch() for one in bars}) == 5
    assert len({one.get_facecolor() for one in bars}) == 5
    assert {"direct, UDP", "direct, TCP or TLS", "relayed (TURN), UDP", "relayed (TURN) over TCP or TLS"} <= set(
        legend(ax)
    )


def test_the_nominated_one_has_a_star_and_comes_first():
    ax = plot.candidate_pairs(pairs({"nominated": False, "bytes_sent": 9e6}, {}))
    (star,) = marked(ax, "nominated")
    assert list(star.get_ydata()) == [1]
    assert words(ax)[1].startswith("host")
    assert any("nominated" in one for one in legend(ax))


def test_pairs_that_never_carried_anything_are_counted_not_drawn():
    idle = {"nominated": False, "bytes_sent": 0.0, "bytes_received": 0.0}
    ax = plot.candidate_pairs(pairs({}, idle, idle))
    assert len(marked(ax, "in ")) == 1
    assert any("2 further pairs" in one for one in legend(ax))
    ax = plot.candidate_pairs(pairs(idle, idle))
    assert words(ax) == ["participant p1 sends over: none of 2 pairs was in use"]


def test_a_nominated_pair_without_traffic_is_drawn_with_its_zero():
    ax = plot.candidate_pairs(pairs({"bytes_sent": 0.0, "bytes_received": None}))
    assert {"out 0 B", "in not reported"} <= {one.get_text() for one in ax.texts}


def test_transports_stand_apart_and_say_when_they_are_one_and_the_same(loss):
    ax = plot.candidate_pairs(loss, participants="Alma")
    headings = [one for one in words(ax) if "over" in one]
    assert headings == ["Alma sends over", "Alma receives over (same as for sending)"]
    assert len(marked(ax, "in ")) == len(loss.candidate_pairs.query("nominated")) // 2
    assert [one for one in words(plot.candidate_pairs(loss, transport="consuming")) if "sends over" in one] == []


def test_a_relay_over_tls_is_seen_in_a_real_call(jitsi):
    from tests.plot.saved_calls import load

    ax = plot.candidate_pairs(load(jitsi / "relay-room"))
    assert "relayed (TURN) over TCP or TLS" in legend(ax)
    assert all("TLS" in one for one in words(ax) if "→" in one)


def test_no_pairs_is_said_in_words(nothing):
    assert "No candidate pairs" in message(plot.candidate_pairs(nothing))


def test_an_unknown_transport_is_answered_with_the_two():
    with pytest.raises(InvalidArgumentError, match="producing, consuming"):
        plot.candidate_pairs(pairs({}), transport="sending")


@pytest.mark.parametrize(
    ("octets", "said"), [(0, "0 B"), (999, "999 B"), (1e3, "1 kB"), (34_133_867, "34.1 MB"), (2.5e9, "2.5 GB")]
)
def test_bytes_are_written_with_the_unit_that_suits_them(octets, said):
    assert amount(octets) == said


def test_tens_of_thousands_of_pairs_are_drawn_as_the_few_that_matter():
    few = rtk.simulate("clean", participants=2, minutes=1).call.candidate_pairs
    many = pd.concat([few] * (20_000 // len(few)), ignore_index=True)
    many["nominated"] = pd.array([True] * len(many), dtype="boolean")
    begin = time.process_time()
    ax = rtk.plot.candidate_pairs(many)
    assert time.process_time() - begin < 10
    assert 200 <= len(ax.get_yticks()) <= 210
