"""Each scenario does to the documents what its truth says, and nothing else."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.simulator import SCENARIOS, Person, scenario_named, simulate_documents
from rtkit_explore.simulator.devices import NAMES as PEOPLE

NAMES = {
    "clean", "lossy_uplink", "lossy_downlink", "burst_loss", "delay_and_jitter", "narrow_uplink", "narrow_downlink",
    "cpu_bound", "outage", "network_switch", "turn_tcp", "headset_unplugged", "microphone_refused", "muted",
    "hidden_tab", "static_screen_share", "server_trouble", "skewed_clock", "no_report", "broken_report",
    "late_downlink", "long_path", "path_switch", "never_connected", "turn_stalls", "server_cap", "rejoin",
}  # fmt: skip
RULES = {
    "loss_in", "loss_out", "round_trip", "jitter", "late_media", "concealment", "low_frame_rate", "low_resolution",
    "frozen", "nothing_received", "nothing_sent", "decoder_behind", "keyframe_storm", "cpu_limited",
    "bandwidth_limited", "congested", "relayed", "path_changed", "one_way_transport", "hidden", "reconnects",
    "device_lost", "gap", "reset", "clock_offset", "no_report", "never_connected",
    "server_cap", "interrupted", "switched_off", "too_little", "implausible",
}  # fmt: skip


class Seen:
    """A simulated call, opened for looking at."""

    def __init__(self, name, **more):
        more = {"participants": 5, "minutes": 6, "seed": 4, **more}
        if isinstance(more["participants"], int):
            # browsers that report everything, unless a test is about the others
            more["participants"] = [Person(name, browser="chrome") for name in PEOPLE[: more["participants"]]]
        self.call = simulate_documents(name, **more)
        self.truth = self.call.truth[0] if self.call.truth else None
        self.people = {}
        for body in self.call.reports.values():
            try:
                person = json.loads(body)["data"]["participant"]
            except json.JSONDecodeError:
                continue
            self.people.setdefault(person["display_name"], []).append(person)
        self.names = {p["id"]: n for n, reports in self.people.items() for p in reports}

    def rows(self, kind, name, *, inside=True, source=None):
        """Samples whose interval lies wholly inside (or outside) the window of the truth."""
        begin, end = self.truth["start"], self.truth["end"]
        found = []
        for person in self.people[name]:
            before = {}
            for row in person["peer_report"]["quality"][kind]:
                at = dt.datetime.fromisoformat(row["timestamp"])
                key = row.get("consumer_id", row["producer_id"])
                since, before[key] = before.get(key), at
                if since is None or (source and self.names.get(row["peer_id"]) != source):
                    continue
                within = since >= begin and at <= end
                without = at <= begin or since >= end
                if within if inside else without:
                    found.append(row)
        return found

    def events(self, name):
        return [e["name"] for p in self.people[name] for e in p["peer_report"]["metadata"]["events"]]

    def loss(self, kind, name, **more):
        rows = self.rows(kind, name, **more)
        lost = sum(r["packets_lost"] for r in rows)
        total = sum(r["packets_received"] if "packets_received" in r else r["packets_sent"] for r in rows)
        if kind.endswith("consumer"):
            total += lost
        return 100 * lost / max(total, 1)

    @property
    def culprit(self):
        return self.truth["who"]

    @property
    def others(self):
        return [n for n in self.people if n != self.culprit]


def test_there_is_each_that_was_asked_for():
    assert set(SCENARIOS) == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_truth_is_complete_and_lies_within_the_call(name):
    call = simulate_documents(name, participants=5, minutes=5, seed=11)
    began = dt.datetime.fromisoformat(json.loads(call.session)["data"]["started_at"])
    assert len(call.truth) == (name != "clean")
    for row in call.truth:
        assert row["what"] == name
        assert began <= row["start"] < row["end"] <= began + dt.timedelta(minutes=5)
        assert set(row["rules"]) <= RULES
        assert set(row["also"]) <= RULES
        # one right side; beside it, only that the documents do not tell
        assert row["side"] == row["sides"][0]
        assert set(row["sides"][1:]) <= {"between", "unknown"}
        assert row["explanation"][0].isupper()
        assert row["explanation"].endswith(".")
        assert "{" not in row["explanation"]
        assert set(row["noticed_by"]) <= set(call.peers)
        assert (row["level"] is None) == (row["magnitude"] == "")
        assert row["severity"] in {"none", "note", "warn", "bad"}
        assert (row["who"] is None) == (row["side"] == "shared")
        assert row["who"] is None or row["peer_id"] in call.peers[row["who"]]
        assert row["severity"] in {"none", "note"} or row["rules"]


def test_truth_is_no_part_of_the_documents():
    call = simulate_documents("lossy_uplink", participants=3, minutes=3)
    text = (call.session + call.participants + b"".join(call.reports.values())).decode()
    for word in ("truth", "side", "sender_uplink", "loss_out"):
        assert f'"{word}"' not in text


@pytest.mark.parametrize("name", ["lossy_uplink", "burst_loss"])
def test_a_bad_uplink_is_heard_by_all_and_seen_by_its_sender(name):
    seen = Seen(name)
    assert seen.loss("audio_producer", seen.culprit) > 4
    assert seen.loss("audio_producer", seen.culprit, inside=False) < 1
    for name in seen.others:
        assert seen.loss("audio_consumer", name, source=seen.culprit) > 4
        assert seen.loss("video_consumer", name, source=seen.culprit) < 1
        for source in seen.others:
            if source != name:
                assert seen.loss("audio_consumer", name, source=source) < 0.5
    assert all(seen.loss("audio_consumer", seen.culprit, source=source) < 0.5 for source in seen.others)


def test_losses_in_bursts_are_concealed_in_fewer_events_than_single_ones():
    ratio = {}
    for name in ("lossy_uplink", "burst_loss"):
        seen = Seen(name)
        rows = [r for n in seen.others for r in seen.rows("audio_consumer", n, source=seen.culprit)]
        ratio[name] = sum(r["concealment_events"] for r in rows) / sum(r["packets_lost"] for r in rows)
    assert ratio["burst_loss"] < 0.5 * ratio["lossy_uplink"]


def test_a_bad_downlink_is_noticed_by_one_from_everyone():
    seen = Seen("lossy_downlink")
    for source in seen.others:
        assert seen.loss("audio_consumer", seen.culprit, source=source) > 4
        assert seen.loss("audio_consumer", seen.culprit, source=source, inside=False) < 0.5
        assert seen.loss("audio_producer", source) < 0.5
    assert seen.loss("audio_producer", seen.culprit) < 0.5


def test_a_long_and_unsteady_path_delays_without_losing():
    seen = Seen("delay_and_jitter")
    rows = seen.rows("audio_producer", seen.culprit)
    assert min(r["rtt"] for r in rows) > 0.4
    assert sum(r["jitter"] for r in rows) / len(rows) > 0.03
    assert max(r["rtt"] for r in seen.rows("audio_producer", seen.culprit, inside=False)) < 0.15
    heard = [r for n in seen.others for r in seen.rows("audio_consumer", n, source=seen.culprit)]
    assert min(r["jitter_buffer_delay"] / r["jitter_buffer_emitted_count"] for r in heard) > 0.2
    assert seen.loss("audio_producer", seen.culprit) < 0.5


def test_a_narrow_uplink_limits_its_sender_and_outlasts_itself():
    seen = Seen("narrow_uplink")
    rows = seen.rows("video_producer", seen.culprit)
    assert sum(r["quality_limitation_reason"] == "bandwidth" for r in rows) >= len(rows) - 1
    assert max(r["bytes_sent"] for r in rows[1:]) * 8 / 7 < 240_000
    after = [
        r for r in seen.rows("video_producer", seen.culprit, inside=False) if r["quality_limitation_reason"] != "none"
    ]
    assert after
    assert all(r["quality_limitation_reason"] == "none" for n in seen.others for r in seen.rows("video_producer", n))


def test_a_narrow_downlink_overflows_for_one_receiver_as_a_recorded_one_did():
    seen = Seen("narrow_downlink")
    for source in seen.others:
        assert seen.loss("audio_consumer", seen.culprit, source=source) > 30
    rows = [row for kind in ("audio", "video") for row in seen.rows(f"{kind}_consumer", seen.culprit)]
    samples = len({row["timestamp"] for row in rows})
    kbps = sum(row["bytes_received"] for row in rows) * 8 / 1000 / (7 * samples)
    assert 0.6 * seen.truth["level"] < kbps < seen.truth["level"]
    # reports on what this person sends come back through the same queue
    trips = [row["rtt"] for row in seen.rows("audio_producer", seen.culprit)]
    assert sorted(trips)[len(trips) // 2] > 0.3
    assert max(row["rtt"] for name in seen.others for row in seen.rows("audio_producer", name)) < 0.2


def test_of_simulcast_a_server_withholds_what_does_not_fit():
    made = simulate_documents("narrow_downlink", participants=4, simulcast=True, seed=3)
    whose = made.truth[0]["peer_id"]
    withheld = {line.receiver: line.withheld for line in made.ledger if line.kind == "video"}
    assert withheld[whose] > 1.03 * max(count for peer, count in withheld.items() if peer != whose)


def test_a_busy_machine_is_limited_by_its_processor_and_by_nothing_else():
    seen = Seen("cpu_bound")
    rows = seen.rows("video_producer", seen.culprit)
    assert all(r["quality_limitation_reason"] == "cpu" for r in rows[1:])
    assert all(8 <= r["frames_per_second"] <= 15 for r in rows[1:])
    assert seen.loss("video_producer", seen.culprit) < 0.5


def test_nothing_passes_in_an_outage_and_the_client_tries_again():
    seen = Seen("outage", minutes=5)
    for rows in (
        seen.rows("audio_consumer", seen.culprit),
        *(seen.rows("audio_consumer", n, source=seen.culprit) for n in seen.others),
    ):
        assert sum(r["packets_received"] + r["packets_lost"] for r in rows) == 0
    assert "reconnect_attempt" in seen.events(seen.culprit)
    unaccounted = [line for line in seen.call.ledger if line.unaccounted]
    assert {line.sender for line in unaccounted} | {line.receiver for line in unaccounted} == set(seen.names)


def test_without_a_server_an_outage_of_one_silences_both():
    call = simulate_documents(
        SCENARIOS["outage"].on("Alma", start=63.0, seconds=14.0), participants=2, minutes=4, direct=True
    )
    assert {line.unaccounted > 100 for line in call.ledger} == {True}
    for body in call.reports.values():
        video = json.loads(body)["data"]["participant"]["peer_report"]["quality"]["video_producer"]
        assert "bandwidth" in {row["quality_limitation_reason"] for row in video}


def test_somebody_who_changes_network_comes_back_with_a_new_id_and_a_new_pair():
    seen = Seen("network_switch")
    first, second = seen.people[seen.culprit]
    assert first["id"] != second["id"]
    assert first["user_id"] == second["user_id"]
    assert first["left_at"] <= second["joined_at"]
    old = first["peer_report"]["metadata"]["candidate_pairs"]["producing_transport"]
    assert [p["local_candidate_network_type"] for p in old] == ["wifi", "cellular"]
    new = second["peer_report"]["metadata"]["candidate_pairs"]["producing_transport"]
    assert [p["local_candidate_network_type"] for p in new] == ["cellular"]
    listed = json.loads(seen.call.participants)["data"]["participants"]
    assert sum(p["user_id"] == first["user_id"] for p in listed) == 2


def test_a_firewall_leaves_a_relay_over_tcp():
    seen = Seen("turn_tcp")
    for name, reports in seen.people.items():
        metadata = reports[0]["peer_report"]["metadata"]
        for pairs in metadata["candidate_pairs"].values():
            relayed = [p["local_candidate_type"] == "relay" and p["local_candidate_protocol"] == "tcp" for p in pairs]
            assert all(relayed) == (name == seen.culprit)
        assert metadata["pc_metadata"][0]["reflexive_connectivity"] == (name != seen.culprit)


def test_an_unplugged_headset_was_the_selected_device():
    seen = Seen("headset_unplugged")
    metadata = seen.people[seen.culprit][0]["peer_report"]["metadata"]
    removed = [d for u in metadata["audio_devices_updates"] for d in u["removed"]]
    chosen = [u["device"] for u in metadata["selected_device_updates"] if u["device"]["kind"] == "audioinput"]
    assert removed == [chosen[0]]
    assert chosen[-1] != chosen[0]
    assert "audio_track_muted" in seen.events(seen.culprit)
    # packets of silence go on
    assert seen.loss("audio_producer", seen.culprit) == 0


def test_somebody_whose_microphone_is_refused_sends_no_audio():
    seen = Seen("microphone_refused")
    person = seen.people[seen.culprit][0]["peer_report"]
    assert person["quality"]["audio_producer"] == []
    assert person["quality"]["audio_producer_cumulative"] == {}
    assert person["quality"]["video_producer"]
    refused = [e for e in person["metadata"]["events"] if e["name"] == "media_permission"]
    assert {"kind": "audio", "status": "DENIED"} in [e["metadata"] for e in refused]


def test_a_muted_microphone_leaves_a_gap_and_two_events():
    seen = Seen("muted")
    assert seen.rows("audio_producer", seen.culprit) == []
    assert seen.rows("video_producer", seen.culprit)
    for name in seen.others:
        assert seen.rows("audio_consumer", name, source=seen.culprit) == []
    assert seen.events(seen.culprit).count("audio_off") == 1
    assert seen.events(seen.culprit).count("audio_on") == 2
    assert seen.truth["severity"] == "none"


def test_a_hidden_tab_gets_audio_and_no_pictures():
    seen = Seen("hidden_tab")
    assert seen.rows("video_consumer", seen.culprit) == []
    assert seen.rows("audio_consumer", seen.culprit)
    assert "meeting_view_backgrounded" in seen.events(seen.culprit)
    assert "browser_foregrounded" in seen.events(seen.culprit)
    assert all(seen.rows("video_consumer", n) for n in seen.others)


def test_a_static_screen_share_hardly_sends_and_loses_nothing():
    seen = Seen("static_screen_share")
    rows = seen.rows("screenshare_video_producer", seen.culprit)
    assert rows
    assert sorted(r["frames_per_second"] for r in rows)[len(rows) // 2] <= 2
    for name in seen.others:
        assert seen.loss("screenshare_video_consumer", name) < 1
    assert "screenshare_started" in seen.events(seen.culprit)


@pytest.mark.parametrize("people", [3, 4, 6, 9])
def test_server_trouble_hits_half_of_the_call_at_once(people):
    seen = Seen("server_trouble", participants=people)
    hit = [n for n in seen.people if seen.loss("audio_consumer", n) > 5]
    assert len(hit) >= max(3, people / 2)
    for name in hit:
        for source in seen.people:
            if source != name:
                assert seen.loss("audio_consumer", name, source=source) > 4
    assert all(seen.loss("audio_producer", n) < 0.5 for n in seen.people)
    assert people < 4 or len(hit) < people


def test_a_skewed_clock_dates_all_that_its_client_says_and_nothing_that_the_server_says():
    seen = Seen("skewed_clock")
    person = seen.people[seen.culprit][0]
    joined = dt.datetime.fromisoformat(person["joined_at"])
    event = next(e for e in person["peer_report"]["metadata"]["events"] if e["name"] == "call_join")
    ahead = (dt.datetime.fromisoformat(event["timestamp"]) - joined).total_seconds()
    assert 30 < abs(ahead) < 250
    first = dt.datetime.fromisoformat(person["peer_report"]["quality"]["audio_producer"][0]["timestamp"])
    assert abs((first - joined).total_seconds() - ahead) < 12
    other = seen.people[seen.others[0]][0]
    quiet = dt.datetime.fromisoformat(other["peer_report"]["quality"]["audio_producer"][0]["timestamp"])
    assert 0 < (quiet - dt.datetime.fromisoformat(other["joined_at"])).total_seconds() < 12


def test_a_mobile_client_is_listed_and_has_no_report():
    call = simulate_documents("no_report", participants=4, minutes=3)
    listed = {p["id"] for p in json.loads(call.participants)["data"]["participants"]}
    assert set(call.missing) == {call.truth[0]["peer_id"]}
    assert listed - set(call.reports) == set(call.missing)


def test_a_broken_report_is_not_json_and_the_others_are():
    call = simulate_documents("broken_report", participants=4, minutes=3)
    for peer_id, body in call.reports.items():
        if peer_id == call.truth[0]["peer_id"]:
            with pytest.raises(json.JSONDecodeError):
                json.loads(body)
        else:
            json.loads(body)


@pytest.mark.parametrize("seed", range(4))
def test_a_clean_call_is_clean(seed):
    call = simulate_documents("clean", participants=4, minutes=6, seed=seed)
    for body in call.reports.values():
        quality = json.loads(body)["data"]["participant"]["peer_report"]["quality"]
        for row in quality["audio_consumer"] + quality["video_consumer"]:
            assert 100 * row["packets_lost"] <= 3 * max(row["packets_received"], 50)
            assert row["jitter"] < 0.03
            assert row["jitter_buffer_delay"] <= 0.2 * row["jitter_buffer_emitted_count"]
        for row in quality["audio_producer"] + quality["video_producer"]:
            assert row["rtt"] < 0.2
        assert {r.get("quality_limitation_reason", "none") for r in quality["video_producer"]} == {"none"}


def test_scenarios_add_up_on_different_people():
    call = simulate_documents("lossy_uplink + cpu_bound + muted", participants=5, seed=9)
    assert [t["what"] for t in call.truth] == ["lossy_uplink", "cpu_bound", "muted"]
    assert len({t["who"] for t in call.truth}) == 3
    both = SCENARIOS["lossy_uplink"] + SCENARIOS["muted"]
    assert both.name == "lossy_uplink + muted"
    assert simulate_documents([SCENARIOS["outage"], "muted"]).truth[1]["what"] == "muted"


def test_who_and_when_can_be_fixed():
    chosen = SCENARIOS["narrow_uplink"].on("Boris", start=100, seconds=50)
    truth = simulate_documents(chosen, participants=["Alma", "Boris"], seed=8, started=0.0).truth[0]
    assert truth["who"] == "Boris"
    assert truth["start"] == dt.datetime(1970, 1, 1, 0, 1, 40, tzinfo=dt.UTC)
    assert (truth["end"] - truth["start"]).total_seconds() == 50


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    one, two = (simulate_documents("burst_loss + muted", minutes=3, seed=5) for _ in range(2))
    assert (one.session, one.participants, one.reports) == (two.session, two.participants, two.reports)
    assert one.truth == two.truth
    assert one.chat == two.chat
    other = simulate_documents("burst_loss + muted", minutes=3, seed=6)
    assert set(other.reports).isdisjoint(one.reports)


def test_simulcast_sends_three_layers_of_which_each_receiver_gets_one():
    seen = Seen("clean", simulcast=True, participants=5)
    for reports in seen.people.values():
        quality = reports[0]["peer_report"]["quality"]
        assert len({row["ssrc"] for row in quality["video_producer"]}) == 3
        assert {row["frame_width"] for row in quality["video_producer"]} == {320, 640, 1280}
        streams = {row["consumer_id"] for row in quality["video_consumer"]}
        assert len({(row["consumer_id"], row["ssrc"]) for row in quality["video_consumer"]}) == len(streams) == 4
    assert all(line.withheld > 0 for line in seen.call.ledger if line.kind == "video")


def test_people_can_be_named_and_given_roles():
    call = simulate_documents(
        participants=[
            Person("Ann", custom_id="crm-1"),
            Person("Bo", audio=False, video=False, preset="webinar_viewer"),
        ],
        minutes=2,
    )
    listed = {p["display_name"]: p for p in json.loads(call.participants)["data"]["participants"]}
    assert listed["Ann"]["custom_participant_id"] == "crm-1"
    viewer = json.loads(call.reports[listed["Bo"]["id"]])["data"]["participant"]
    assert viewer["role"] == "webinar_viewer"
    assert viewer["peer_report"]["quality"]["audio_producer"] == []
    assert viewer["peer_report"]["quality"]["audio_consumer"]


@pytest.mark.parametrize("name", ["Lossy uplink", "lossy-uplink", " lossy_uplink "])
def test_a_name_may_be_written_in_several_ways(name):
    assert scenario_named(name).name == "lossy_uplink"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scenario": "flood"}, "there is no scenario 'flood'; there are clean"),
        ({"scenario": "server_trouble", "participants": 2}, "at least 3 people"),
        ({"participants": 1}, "two people or more"),
        ({"participants": ["Alma", "Alma"]}, "different names"),
        ({"participants": 3, "direct": True}, "between two people"),
        ({"minutes": 0.2}, "at least a minute"),
        ({"shape": "periscope"}, "no camera"),
        ({"scenario": SCENARIOS["muted"].on("Zed")}, "nobody called 'Zed'"),
    ],
)
def test_what_cannot_be_simulated_is_refused_with_what_can(arguments, message):
    with pytest.raises(InvalidArgumentError, match=message):
        simulate_documents(**arguments)


def milliseconds(rows):
    return [1000 * row["jitter_buffer_delay"] / row["jitter_buffer_emitted_count"] for row in rows]


def test_a_late_downlink_makes_everyone_late_for_one():
    seen = Seen("late_downlink")
    assert min(r["rtt"] for r in seen.rows("audio_producer", seen.culprit)) > 0.4
    for source in seen.others:
        assert min(milliseconds(seen.rows("audio_consumer", seen.culprit, source=source))) > 200
        listener = next(name for name in seen.others if name != source)
        assert max(milliseconds(seen.rows("audio_consumer", listener, source=source))) < 150
    assert seen.loss("audio_consumer", seen.culprit) < 0.5


def test_a_long_path_raises_the_round_trip_of_one_whose_sender_takes_it_for_a_queue():
    seen = Seen("long_path")
    assert min(r["rtt"] for r in seen.rows("audio_producer", seen.culprit)) > 0.5
    assert max(r["rtt"] for name in seen.others for r in seen.rows("audio_producer", name)) < 0.2
    assert seen.loss("audio_producer", seen.culprit) < 0.5
    limited = {n: {r["quality_limitation_reason"] for r in seen.rows("video_producer", n)} for n in seen.people}
    assert "bandwidth" in limited.pop(seen.culprit)
    assert all(reasons == {"none"} for reasons in limited.values())


def test_a_sender_keeps_its_rate_up_to_nine_percent_lost():
    for level, limits in (("8 %", {"none"}), ("13 %", {"none", "bandwidth"})):
        made = simulate_documents("lossy_uplink", participants=3, level=level, on="Alma", seed=4)
        rows = json.loads(made.reports[made.truth[0]["peer_id"]])["data"]["participant"]["peer_report"]["quality"]
        assert {row["quality_limitation_reason"] for row in rows["video_producer"]} == limits, level


def test_stalls_delay_both_ways_and_the_pair_is_a_relay_over_tcp():
    seen = Seen("turn_stalls", seed=5)
    for name in seen.others:
        assert max(milliseconds(seen.rows("audio_consumer", name, source=seen.culprit))) > 250
        assert max(milliseconds(seen.rows("audio_consumer", seen.culprit, source=name))) > 250
    assert seen.loss("audio_producer", seen.culprit) < 0.5
    pair = seen.people[seen.culprit][0]["peer_report"]["metadata"]["candidate_pairs"]["producing_transport"][0]
    assert (pair["local_candidate_type"], pair["local_candidate_protocol"]) == ("relay", "tcp")


def test_a_path_switch_keeps_the_id_and_leaves_two_pairs_with_their_times():
    seen = Seen("path_switch")
    (person,) = seen.people[seen.culprit]
    old, new = person["peer_report"]["metadata"]["candidate_pairs"]["producing_transport"]
    assert (old["local_candidate_network_type"], new["local_candidate_network_type"]) == ("wifi", "cellular")
    died = seen.truth["start"].timestamp() * 1000
    assert abs(old["last_packet_received_timestamp"] - died) < 100
    assert new["last_packet_received_timestamp"] > died + 10_000
    before = [r["rtt"] for r in seen.rows("audio_producer", seen.culprit, inside=False)]
    assert max(before) > min(before) + 0.04


def test_who_never_connected_sends_nothing_receives_nothing_and_is_received_by_nobody():
    seen = Seen("never_connected")
    person = seen.people[seen.culprit][0]["peer_report"]
    assert {row["packets_sent"] for row in person["quality"]["audio_producer"]} == {0}
    assert person["quality"]["audio_consumer"] == []
    assert person["metadata"]["candidate_pairs"] == {"producing_transport": [], "consuming_transport": []}
    assert "transport_connected" not in seen.events(seen.culprit)
    for name in seen.others:
        sources = {row["peer_id"] for row in seen.people[name][0]["peer_report"]["quality"]["audio_consumer"]}
        assert seen.truth["peer_id"] not in sources
        assert len(sources) == len(seen.others) - 1


def test_a_cap_is_the_same_for_everyone_from_first_to_last():
    seen = Seen("server_cap")
    available = set()
    for name in seen.people:
        report = seen.people[name][0]["peer_report"]
        rows = report["quality"]["video_producer"]
        assert {row["quality_limitation_reason"] for row in rows} == {"bandwidth"}
        assert max(row["rtt"] for row in rows) < 0.15
        available.add(report["metadata"]["candidate_pairs"]["producing_transport"][0]["available_outgoing_bitrate"])
    assert available == {1000 * seen.truth["level"]}
    assert all(seen.loss("video_producer", name, inside=True) < 0.5 for name in seen.people)


def test_who_rejoins_has_a_new_participant_id_and_the_same_user_id():
    seen = Seen("rejoin")
    first, second = seen.people[seen.culprit]
    assert first["id"] != second["id"]
    assert first["user_id"] == second["user_id"]
    assert first["left_at"] < second["joined_at"]
    networks = {
        pair["local_candidate_network_type"]
        for report in (first, second)
        for pair in report["peer_report"]["metadata"]["candidate_pairs"]["producing_transport"]
    }
    assert "cellular" not in networks


def test_chrome_lists_a_first_pair_over_a_server_that_it_never_nominated():
    found = 0
    for seed in range(6):
        for reports in Seen("clean", seed=seed).people.values():
            pairs = reports[0]["peer_report"]["metadata"]["candidate_pairs"]["consuming_transport"]
            spare = [pair for pair in pairs if not pair["nominated"]]
            assert len(pairs) - len(spare) == 1
            for pair in spare:
                found += 1
                assert pair["bytes_sent"] < 10_000 < pair["bytes_received"] < 150_000
    assert found > 8


def test_some_people_use_firefox_which_reports_less():
    call = simulate_documents(participants=[Person("Ann", browser="firefox"), "Bo"], minutes=2)
    reports = [json.loads(body)["data"]["participant"] for body in call.reports.values()]
    ann = next(report for report in reports if report["display_name"] == "Ann")["peer_report"]
    assert ann["metadata"]["browser_metadata"]["engine"] == "Gecko"
    assert "Firefox/" in ann["metadata"]["browser_metadata"]["user_agent"]
    assert not [key for row in ann["quality"]["video_producer"] for key in row if key.startswith("quality_limitation")]
    drawn = [
        json.loads(body)["data"]["participant"]["peer_report"]["metadata"]["browser_metadata"]["browser"]
        for seed in range(12)
        for body in simulate_documents(minutes=1, seed=seed).reports.values()
    ]
    assert 0 < drawn.count("Firefox") < len(drawn) / 2


def test_a_busy_machine_says_so_whatever_the_seed():
    for seed in range(25):
        call = simulate_documents("cpu_bound", participants=3, minutes=3, seed=seed)
        culprit = json.loads(call.reports[call.truth[0]["peer_id"]])["data"]["participant"]["peer_report"]
        assert {row["quality_limitation_reason"] for row in culprit["quality"]["video_producer"]} == {"none", "cpu"}
