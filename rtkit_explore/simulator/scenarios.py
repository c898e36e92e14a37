"""Things that happen to calls, each declared once: who, what, when, how bad, who notices, and what is to be found."""

from __future__ import annotations

from dataclasses import replace

from rtkit_explore.simulator.levels import (
    BOTH_DELAYS,
    BURSTS,
    CAP,
    DELAY,
    DOWNLINK,
    LOSS,
    SLOWER,
    STALLS,
    UPLINK,
)
from rtkit_explore.simulator.plan import (
    Cap,
    Effect,
    Impair,
    Move,
    NeverConnect,
    Refuse,
    Rejoin,
    Relay,
    ReportState,
    Reroute,
    Share,
    Side,
    Skew,
    SlowDown,
    Stall,
    Switch,
    Unplug,
)
from rtkit_explore.simulator.scenario import SCENARIOS, Cause, Scenario, ScenarioDraw, declare

__all__ = ["SCENARIOS", "Scenario"]

UP: Side = "sender_uplink"
DOWN: Side = "receiver_downlink"
BOTH: Side = "connection"
BROKEN = ("decoder_behind", "frozen", "low_frame_rate", "late_media", "jitter", "keyframe_storm")
"""What lost packets do to video and buffers."""
BACKED_OFF = ("bandwidth_limited", "congested", "low_resolution")
"""What a sender does about them; it comes back long after its link."""
GONE = (
    "nothing_sent",
    "interrupted",
    "loss_out",
    "gap",
    "reset",
    "concealment",
    "loss_in",
    "round_trip",
    *BROKEN,
    *BACKED_OFF,
)
"""What goes along with silence."""
LATE = ("round_trip", "jitter", "late_media")
"""What a long or unsteady path does."""


def _both_ways(it: ScenarioDraw, *, down: bool = False, delay_ms: float = 0.0) -> tuple[Effect, ...]:
    return (
        Impair(it.who, "up", it.start, it.end, down=down, delay_ms=delay_ms),
        Impair(it.who, "down", it.start, it.end, down=down, delay_ms=delay_ms),
    )


def _half_of_the_call(it: ScenarioDraw) -> tuple[Effect, ...]:
    hit = max(3, -(-len(it.names) // 2))
    order = sorted(it.rng.permutation(len(it.names))[:hit].tolist())
    return tuple(Impair(it.names[k], "down", it.start, it.end, loss=it.level) for k in order)


declare(
    Cause(
        "lossy_uplink",
        "Somebody's uplink loses packets at random: everyone hears it, the picture is repaired.",
        lambda it: (Impair(it.who, "up", it.start, it.end, loss=it.level),),
        UP, ("loss_in", "loss_out", "concealment"), "bad",
        "{who}'s uplink lost {level}, each on its own. {others} heard {who} break up; {who} noticed nothing.",
        lasts=(60, 120), scale=LOSS, also=BROKEN + BACKED_OFF, noticed="others",
    ),
    Cause(
        "lossy_downlink",
        "Somebody's downlink loses packets at random: only this person notices, from everyone.",
        lambda it: (Impair(it.who, "down", it.start, it.end, loss=it.level),),
        DOWN, ("loss_in", "concealment"), "bad",
        "{who}'s downlink lost {level}. {who} heard everybody break up; nobody else noticed anything.",
        lasts=(60, 120), scale=LOSS, also=BROKEN, noticed="self",
    ),
    Cause(
        "burst_loss",
        "Somebody's uplink loses packets in bursts of a few hundred milliseconds.",
        lambda it: (
            Impair(it.who, "up", it.start, it.end, loss=it.level, burst_ms=it.between(100, 240)),
        ),
        UP, ("loss_in", "loss_out", "concealment"), "bad",
        "{who}'s uplink lost {level}, many at a time. {others} missed whole syllables of {who}.",
        lasts=(70, 140), scale=BURSTS, also=BROKEN + BACKED_OFF, noticed="others",
    ),
    Cause(
        "delay_and_jitter",
        "Somebody's uplink is long and unsteady: words arrive late, none are lost.",
        lambda it: (
            Impair(it.who, "up", it.start, it.end, delay_ms=it.level, jitter_ms=it.between(38, 60)),
        ),
        UP, LATE, "bad",
        "what {who} sent took {level} longer, now more and now less. {others} heard {who} late; nothing was lost.",
        lasts=(70, 140), scale=DELAY, also=("concealment",), noticed="others", open_side=True,
    ),
    Cause(
        "late_downlink",
        "Somebody's downlink is long and unsteady: everyone arrives late at this person, nothing is lost.",
        lambda it: (
            Impair(it.who, "down", it.start, it.end, delay_ms=it.level, jitter_ms=it.between(38, 60)),
        ),
        DOWN, LATE, "bad",
        "what {who} received took {level} longer, now more and now less. {who} heard everybody late.",
        lasts=(70, 140), scale=DELAY, also=("concealment",), noticed="self", open_side=True,
    ),
    Cause(
        "long_path",
        "Somebody's way to the server becomes longer, both ways: a round trip that stays up, nothing is lost.",
        lambda it: _both_ways(it, delay_ms=it.level),
        BOTH, ("round_trip",), "bad",
        "the way to and from {who} took {level} longer each way. {who} and the others talked over each other.",
        lasts=(70, 140), scale=BOTH_DELAYS, also=("jitter", "late_media", "concealment", *BACKED_OFF),
        noticed="everyone",
        open_side=True,
    ),
    Cause(
        "narrow_uplink",
        "Somebody's uplink becomes too narrow for the camera.",
        lambda it: (Impair(it.who, "up", it.start, it.end, kbps=it.level, queue_ms=300),),
        UP, ("bandwidth_limited", "congested", "low_frame_rate", "loss_out", "loss_in"), "warn",
        "{who}'s uplink carried no more than {level}. {others} saw {who} jerky and small.",
        lasts=(60, 120), scale=UPLINK, also=("concealment", "round_trip", *BROKEN), noticed="others",
    ),
    Cause(
        "narrow_downlink",
        "Somebody's downlink becomes too narrow for all that the others send.",
        lambda it: (Impair(it.who, "down", it.start, it.end, kbps=it.level, queue_ms=350),),
        DOWN, ("loss_in", "late_media", "concealment", "low_frame_rate", "decoder_behind"), "bad",
        "{who}'s downlink carried no more than {level} for all that the others sent. Only {who} noticed.",
        lasts=(60, 120), scale=DOWNLINK, also=("jitter", "frozen", "keyframe_storm"), noticed="self",
    ),
    Cause(
        "cpu_bound",
        "Somebody's machine is too busy to encode the camera in full.",
        lambda it: (SlowDown(it.who, it.start, it.end, it.level),),
        "sender", ("cpu_limited", "low_frame_rate"), "warn",
        "{who}'s machine was {level} too slow for the camera. {others} saw fewer pictures of {who}.",
        lasts=(70, 140), scale=SLOWER, noticed="others",
    ),
    Cause(
        "outage",
        "Somebody's network goes away for a while, and comes back.",
        lambda it: _both_ways(it, down=True),
        BOTH, ("nothing_received", "reconnects", "interrupted", "frozen", "nothing_sent"), "bad",
        "{who} was cut off, both ways. {who} heard nobody, and {others} did not hear {who}.",
        lasts=(14, 26), also=GONE, noticed="everyone",
    ),
    Cause(
        "network_switch",
        "Somebody leaves the Wi-Fi: some seconds of silence, then back over cellular with a new id.",
        lambda it: (Move(it.who, it.start, it.end),),
        BOTH, ("path_changed", "reconnects", "nothing_received"), "bad",
        "{who} left the Wi-Fi and came back over cellular, with a new participant id. Nobody heard {who} meanwhile.",
        lasts=(9, 14), also=GONE, noticed="everyone",
    ),
    Cause(
        "path_switch",
        "Somebody's network interface dies: some seconds of silence until the connection has moved to another one.",
        lambda it: (Reroute(it.who, it.start, it.end, it.between(25, 60)),),
        BOTH, ("path_changed", "interrupted", "nothing_received", "nothing_sent", "loss_in", "loss_out", "frozen"),
        "warn",
        "{who}'s connection moved from Wi-Fi to cellular; until it had, nothing passed either way.",
        lasts=(3, 5), also=GONE, noticed="everyone",
    ),
    Cause(
        "never_connected",
        "Somebody's connection never comes up: microphone and camera on, not one packet.",
        lambda it: (NeverConnect(it.who),),
        BOTH, ("never_connected", "nothing_sent", "nothing_received", "one_way_transport"), "bad",
        "{who} was in the room, and no media connection ever came up: {who} heard nobody, and nobody heard {who}.",
        also=("reconnects", "too_little"), noticed="everyone",
    ),
    Cause(
        "turn_tcp",
        "Somebody sits behind a firewall that lets media through only over a TURN server and TCP.",
        lambda it: (Relay(it.who),),
        BOTH, ("relayed",), "note",
        "{who}'s media went through a relay over TCP and TLS all the time. Nobody noticed.",
        open_side=True,
    ),
    Cause(
        "turn_stalls",
        "Somebody is relayed over TCP, and the TCP connection stalls in bunches: late both ways, nothing is lost.",
        lambda it: (Relay(it.who), Stall(it.who, it.start, it.end, it.level)),
        BOTH, ("round_trip", "late_media", "jitter", "relayed"), "bad",
        "{who}'s TCP connection to the relay stalled again and again: {level}. {who} and the others heard each "
        "other late; nothing was lost.",
        lasts=(40, 90), scale=STALLS, also=("concealment", "nothing_received", *BROKEN, *BACKED_OFF),
        noticed="everyone",
    ),
    Cause(
        "headset_unplugged",
        "Somebody's headset is unplugged; the built-in microphone takes over after some seconds.",
        lambda it: (Unplug(it.who, it.start, it.end),),
        "sender", ("device_lost",), "warn",
        "{who}'s headset was gone and nothing had taken its place. {others} did not hear {who}.",
        lasts=(6, 15), noticed="others",
    ),
    Cause(
        "microphone_refused",
        "Somebody's browser may not use the microphone: nobody ever hears them.",
        lambda it: (Refuse(it.who),),
        "sender", ("device_lost",), "warn",
        "{who}'s browser was not allowed to use the microphone. {others} never heard {who}.",
        noticed="others",
    ),
    Cause(
        "muted",
        "Somebody mutes the microphone. Nothing is wrong.",
        lambda it: (Switch(it.who, "audio", it.start, it.end),),
        "sender", (), "none",
        "{who} was muted, on purpose.",
        lasts=(40, 120), also=("gap", "switched_off"),
    ),
    Cause(
        "rejoin",
        "Somebody leaves on purpose and comes back after a while, with a new participant id. Nothing is wrong.",
        lambda it: (Rejoin(it.who, it.start, it.end),),
        "unknown", ("reconnects",), "note",
        "{who} left on purpose and came back with a new participant id.",
        lasts=(30, 90), also=("gap", "switched_off"),
    ),
    Cause(
        "hidden_tab",
        "Somebody looks at another tab for a while. Nothing is wrong.",
        lambda it: (Switch(it.who, "hidden", it.start, it.end),),
        "receiver", ("hidden",), "note",
        "{who} looked at another tab: audio went on, pictures were not fetched.",
        lasts=(40, 110), also=("gap", "switched_off"),
    ),
    Cause(
        "static_screen_share",
        "Somebody shares a document that hardly ever changes. Nothing is wrong.",
        lambda it: (Share(it.who, it.start, it.end),),
        "sender", (), "none",
        "{who} shared a document that hardly ever changed: few frames, and none missing.",
        lasts=(60, 150),
    ),
    Cause(
        "server_cap",
        "The server or the application caps what each may send. Nothing is wrong.",
        lambda it: tuple(Cap(name, it.level) for name in it.names),
        "shared", ("bandwidth_limited", "low_resolution", "server_cap"), "none",
        "everybody was allowed {level}, so every camera stayed small. That is a setting, not a fault.",
        scale=CAP, shared=True,
    ),
    Cause(
        "server_trouble",
        "A media server in trouble loses packets on their way to half of the call, all at once.",
        _half_of_the_call,
        "shared", ("loss_in", "concealment"), "bad",
        "the media server lost {level} on the way to several people at once. Nothing that they have is at fault.",
        lasts=(50, 110), scale=replace(LOSS, usual=(0.1, 0.2), moderate=0.1), also=BROKEN, noticed="hit", fewest=3,
        shared=True, open_side=True,
    ),
    Cause(
        "skewed_clock",
        "Somebody's clock is wrong: what they report is dated wrong by that much.",
        lambda it: (Skew(it.who, it.between(35, 240) * (1 if it.rng.random() < 0.5 else -1)),),
        "unknown", ("clock_offset",), "note",
        "{who}'s clock was wrong, and with it every time that {who} reported. The call was fine.",
    ),
    Cause(
        "no_report",
        "Somebody joins from a mobile client that sends no report.",
        lambda it: (ReportState(it.who, "missing"),),
        "unknown", ("no_report",), "note",
        "{who} joined with a client that sends no report. Nothing else is wrong.",
    ),
    Cause(
        "broken_report",
        "Somebody's report breaks off in the middle.",
        lambda it: (ReportState(it.who, "broken"),),
        "unknown", ("no_report",), "note",
        "{who}'s report broke off in the middle. Nothing else is wrong.",
    ),
)  # fmt: skip
