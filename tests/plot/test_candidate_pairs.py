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
    assert words(ax) == ["participant p1 sends over", "host → srflx, UDP\nWi-Fi, round trip 42 ms"]
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


def ended(minute):
    return {"last_packet_received_timestamp": pd.Timestamp(f"2026-11-19 14:{minute}:05", tz="UTC")}


def test_those_that_carried_media_have_a_star_in_the_order_of_their_use_with_the_time_of_the_change():
    first = {"local_candidate_port": 1, "remote_candidate_port": 9, "nominated": False, **ended(38)}
    second = {"local_candidate_port": 2, "remote_candidate_port": 9, "local_candidate_network_type": "cellular"}
    idle = {"local_candidate_port": 3, "remote_candidate_port": 9, "bytes_sent": 0.0, "bytes_received": 0.0}
    ax = plot.candidate_pairs(pairs({**second, **ended(52)}, idle, first), tz="Europe/Berlin")
    assert [list(star.get_ydata()) for star in marked(ax, "carried")] == [[1], [2]], "not what was nominated and idle"
    assert words(ax)[1:] == [
        "host → srflx, UDP, until 15:38:05\nWi-Fi, round trip 42 ms",
        "host → srflx, UDP, from 15:38:05\ncellular, round trip 42 ms",
        "host → srflx, UDP, nominated, not used\nWi-Fi, round trip 42 ms",
    ]
    assert "carried the media (times in Europe/Berlin)" in legend(ax)


def test_a_single_path_needs_no_time_and_unknown_times_are_not_told():
    assert "until" not in " ".join(words(plot.candidate_pairs(pairs(ended(38)))))
    ports = [{"local_candidate_port": port, "remote_candidate_port": 9} for port in (1, 2)]
    ax = plot.candidate_pairs(pairs(*ports))
    assert len(marked(ax, "carried")) == 2
    assert not any("until" in one or "from" in one for one in words(ax))


def test_of_a_real_change_of_network_both_paths_are_marked(recordings):
    from tests.plot.saved_calls import load

    call = load(recordings / "path-switch")
    ax = plot.candidate_pairs(call, participants="Alma", transport="producing")
    assert len(marked(ax, "carried")) == 2
    (change,) = (
        row
        for row in call.findings().to_dict("records")
        if row["rule"] == "path_changed" and row["display_name"] == "Alma"
    )
    at = f"{change['start']:%H:%M:%S}"
    assert [at in one for one in words(ax)] == [False, True, True]


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
