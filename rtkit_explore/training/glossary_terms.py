"""The words of the field: two sentences each, with the column that holds it and its name in the W3C's statistics."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from rtkit_explore.errors import InvalidArgumentError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Term:
    """
    One term of the field.

    Attributes
    ----------
    term
        As it stands on a screen.
    says
        What it is, and what it means for a call.
    columns
        Where it stands, as ``table.column``.
    webrtc_stats
        Its name in the W3C's WebRTC statistics, as ``webrtc-internals`` shows it.
    also
        Other words for it.
    """

    term: str
    says: str
    columns: tuple[str, ...] = ()
    webrtc_stats: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the term with what it means and where it stands."""
        lines = [f"{self.term}: {self.says}"]
        if self.columns:
            lines.append(f"Column: {', '.join(self.columns)}.")
        if self.webrtc_stats:
            lines.append(f"In webrtc-internals: {', '.join(self.webrtc_stats)}.")
        return "\n".join(lines)

    @property
    def html(self) -> str:
        """The same as HTML."""
        first, *rest = str(self).split("\n")
        told = first.removeprefix(f"{self.term}: ")
        more = "".join(f"<br><small>{escape(one)}</small>" for one in rest)
        return f"<p><b>{escape(self.term)}</b>: {escape(told)}{more}</p>"

    def _repr_html_(self) -> str:
        return self.html


TERMS: dict[str, Term] = {
    one.term: one
    for one in (
        Term("bitrate", "How many bits of media pass in a second, in kbit/s. A video call needs some hundred, speech 20 to "
             "40; it falls when the network has less room, when the picture is small or when nobody speaks.",
             ("quality.bitrate_kbps",), ("outbound-rtp.bytesSent", "inbound-rtp.bytesReceived"), ("bandwidth used", "bit rate")),
        Term("bandwidth", "How much a connection can carry at most. When the sender's is too small, its browser sends a "
             "smaller and slower picture; when a receiver's is, packets are lost or come late.",
             ("quality.limited_by", "candidate_pairs.available_outgoing_bitrate"), ("candidate-pair.availableOutgoingBitrate",), ("capacity",)),
        Term("candidate pair", "A path that two ends found between them: an address here and one there. ICE tries many and "
             "nominates one; which of them carried media, and when, tells Wi-Fi from cellular and direct from relayed.",
             ("candidate_pairs.nominated",), ("candidate-pair",), ("network path", "path", "ICE candidate pair")),
        Term("clock offset", "How far the clock of a participant's device runs ahead of the others'. Samples carry that "
             "clock, so times of two people only agree after it has been taken off.",
             ("overview.clock_ahead_s",), (), ("clock skew", "skew")),
        Term("concealment", "Sound that the receiver invents where packets are missing, so that there is no hole. A few are "
             "never heard; many in a row sound like a robot.", ("quality.concealment_events",), ("inbound-rtp.concealmentEvents",), ("concealments", "patched sound")),
        Term("confidence", "How sure the side of a finding is. High: several reports agree; low: nobody else could have noticed.",
             ("findings.confidence",)),
        Term("consumer", "A stream that a participant receives from the server. Its figures tell what this person heard and saw.",
             ("quality.direction",), ("inbound-rtp",), ("received stream", "inbound")),
        Term("congestion", "A connection that is asked to carry more than it can: packets queue, the round trip grows, then "
             "packets are lost. The sender's browser answers by sending less.", ("findings.rule",), (), ("congested",)),
        Term("decoder", "The part of a receiver's machine that turns packets into pictures. When it is too slow, frames "
             "arrive and are dropped, and the picture jerks though the network is fine.", ("quality.dropped_pct",), ("inbound-rtp.framesDropped",)),
        Term("downlink", "The way from the server to a participant. When it is bad, that person gets everybody badly and nobody else notices.",
             (), (), ("receiving line",)),
        Term("E-model", "The ITU's formula (G.107) that turns delay and loss into an expected opinion of a phone call. It "
             "knows networks, not microphones.", ("overview.mos",), (), ("G.107",)),
        Term("encoder", "The part of a sender's machine that turns pictures into packets. It sends less when the network or "
             "the processor is short.", ("quality.limited_by",), ("outbound-rtp.qualityLimitationReason",)),
        Term("far end", "Whoever receives what a participant sends: in a call over a server that is the server. It tells the "
             "sender how much was lost, by RTCP reports that may come late.", ("quality.far_end",), ("remote-inbound-rtp",)),
        Term("finding", "Something that was wrong for some time, with its evidence, whose side it was on and what to check "
             "next. A note is a fact that may explain another finding.", ("findings.rule",)),
        Term("frame rate", "How many pictures a second arrive or are sent. Below 8 a camera jerks; a screen share may well stand still.",
             ("quality.fps",), ("inbound-rtp.framesPerSecond",), ("fps", "frames per second")),
        Term("freeze", "The picture stands still although data arrives. Mostly a piece of a picture was lost, and the receiver waits for a new key frame.",
             ("findings.rule",), ("inbound-rtp.freezeCount",), ("frozen",)),
        Term("gap", "A stretch for which a stream has no samples: muted, paused, hidden, or lost on the way to the service. "
             "No line is drawn across it.", ("quality.gap",)),
        Term("ICE", "The procedure by which two ends find a path through home routers and firewalls. Where it finds none, "
             "nobody hears anything though the call looks joined.", ("candidate_pairs.nominated",), ("candidate-pair.state",)),
        Term("increment", "What a counter grew by since the sample before. Peer reports hold increments; other tools hold running totals.",
             ("counter_readings.reading",), (), ("counter reading",)),
        Term("jitter", "How unevenly packets arrive, in ms. Up to 30 ms is nothing; more makes the receiver wait longer, or patch sound.",
             ("quality.jitter_ms",), ("inbound-rtp.jitter",)),
        Term("jitter buffer", "Where a receiver keeps packets for a moment, to play them evenly. The more unsteady the "
             "network, the longer it waits: above 200 ms people begin to talk over each other, and it comes down slowly.",
             ("quality.buffer_ms",), ("inbound-rtp.jitterBufferDelay",), ("buffer", "late media")),
        Term("key frame", "A whole picture, from which the following ones are only differences. A receiver that lost pieces "
             "asks for a new one (PLI or FIR); many requests mean somebody's picture keeps breaking.", ("quality.pli",), ("outbound-rtp.pliCount",), ("keyframe",)),
        Term("MOS", "Mean opinion score: what listeners would say of a connection on a scale from 1 (bad) to 5 (excellent), "
             "worked out by the E-model. Narrow-band speech reaches 4.4 at most.", ("overview.mos",), (), ("mean opinion score",)),
        Term("nominated", "Of a candidate pair: chosen by ICE to carry the media. A pair that was replaced keeps its counters.",
             ("candidate_pairs.nominated",), ("candidate-pair.nominated",)),
        Term("note", "A finding that is no fault, but a fact that may explain others: muted, hidden, a changed path.", ("findings.severity",)),
        Term("packet loss", "The share of packets that never arrived, in percent. Under 1 % nobody notices; from 3 % words "
             "break up, above 10 % people give up.", ("quality.loss_pct",), ("inbound-rtp.packetsLost",), ("loss", "lost packets")),
        Term("peer report", "What a participant's own client reported of a call: devices, paths, events, and a sample of "
             "every stream every 7 seconds. Without it nothing is known of that person, which is not the same as fine.",
             ("participants.report",), (), ("report",)),
        Term("producer", "A stream that a participant sends to the server. Its figures tell what left that machine and what the far end got.",
             ("quality.direction",), ("outbound-rtp",), ("sent stream", "outbound")),
        Term("profile", "A named set of thresholds with its source. The same call can be judged by several; a finding says which it rests on.",
             ("findings.profile",), (), ("threshold",)),
        Term("reconnect", "A client that lost its connection and tried again. It sends and receives nothing meanwhile.", ("events.name",)),
        Term("relay", "A TURN server that passes media on where no direct path exists. It costs some delay; over TCP it also stalls.",
             ("candidate_pairs.relayed",), ("local-candidate.candidateType",), ("relayed", "TURN", "TURN server")),
        Term("resolution", "Width and height of the picture in pixels. A browser lowers it when bandwidth or processor are short.",
             ("quality.width", "quality.height"), ("inbound-rtp.frameWidth",)),
        Term("round trip", "How long a packet takes to the server and back, in ms. Above 300 ms people talk over each other; "
             "it is the same seen from either end, so alone it names no side.", ("quality.rtt_ms",), ("remote-inbound-rtp.roundTripTime",), ("RTT", "latency", "ping", "delay")),
        Term("RTCP report", "A small message by which a receiver tells the sender what was lost and how uneven it was. It "
             "comes every second or so and does not align with the samples.", ("quality.far_end",), ("remote-inbound-rtp",), ("RTCP",)),
        Term("RTP", "The protocol that carries sound and picture in numbered packets. From the numbers a receiver knows what is missing.", (), ()),
        Term("sample", "One reading of a stream, taken every 7 seconds. It speaks for the time before it, and nothing "
             "shorter than it can be seen whole.", ("samples.timestamp",)),
        Term("score", "The client's own score of a sample, from 0 to 1, 1 best. It is not a MOS.", ("quality.score",), (), ("quality score",)),
        Term("server", "The media server between all participants, which receives every stream once and passes it on to the "
             "others. Trouble of its own hits many people in the same second.", (), (), ("SFU", "media server")),
        Term("side", "Where the trouble was: somebody's machine, uplink, downlink or whole connection, between two people, "
             "or shared by many. It is told from who else received the same stream well or badly.", ("findings.side",)),
        Term("simulcast", "A camera sent in several sizes at once, so that the server can pass on the one that fits each "
             "receiver. A layer that nobody needs is paused, which is no fault.", ("streams.layers",), ("outbound-rtp.rid",), ("layer", "layers")),
        Term("SSRC", "The number that tells streams apart within a connection. Every simulcast layer has its own.", ("quality.ssrc",), ("inbound-rtp.ssrc",)),
        Term("TCP", "A protocol that repeats lost packets in order, so that one loss stalls all that follows. Media over TCP "
             "loses nothing and comes in bunches.", ("candidate_pairs.path_protocol",), ("local-candidate.protocol",), ("TLS",)),
        Term("transport", "One connection between a client and the server; each client has one for sending and one for receiving.",
             ("candidate_pairs.transport",), ("transport",)),
        Term("UDP", "The protocol that media prefers: nothing waits for a lost packet. Strict firewalls block it.", ("candidate_pairs.path_protocol",), ("local-candidate.protocol",)),
        Term("uplink", "The way from a participant to the server. When it is bad, everybody gets that person badly, and the person may not notice.",
             (), (), ("sending line",)),
        Term("verdict", "What the findings come to: good, degraded, bad, or unclassified where too little is known.", ("verdicts.verdict",)),
    )
}  # fmt: skip
"""Every term by its name."""


def glossary(term: str | None = None) -> pd.DataFrame | Term:
    """
    Explain the words of the field.

    Parameters
    ----------
    term
        A term, another word for it, or a column such as "jitter_ms"; None lists all.

    Returns
    -------
    pandas.DataFrame or Term
        All terms: ``term``, ``says``, ``columns``, ``webrtc_stats``, ``also`` (comma-separated; dtype ``string``). Of
        one term what it means, which a cell shows and ``print`` prints.

    Raises
    ------
    InvalidArgumentError
        If there is no such term; the nearest are offered.
    """
    if term is None:
        import pandas as pd

        rows = [
            (one.term, one.says, ", ".join(one.columns), ", ".join(one.webrtc_stats), ", ".join(one.also))
            for one in TERMS.values()
        ]
        frame = pd.DataFrame(rows, columns=["term", "says", "columns", "webrtc_stats", "also"])
        return frame.astype(pd.StringDtype("python"))
    if not isinstance(term, str) or not term.strip():
        msg = "glossary() takes a term such as 'jitter', or nothing for the whole list."
        raise InvalidArgumentError(msg)
    wanted = _key(term)
    known: dict[str, Term] = {}
    for one in TERMS.values():
        for name in (
            one.term,
            *one.also,
            *(column.rpartition(".")[2] for column in one.columns),
            *one.columns,
            *one.webrtc_stats,
        ):
            known.setdefault(_key(name), one)
    for name in (wanted, wanted.removesuffix("s")):
        if name in known:
            return known[name]
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.6)
    offered = f" Did you mean {' or '.join(repr(known[name].term) for name in dict.fromkeys(near))}?" if near else ""
    msg = f"{term[:60]!r} is not in the glossary.{offered} rtk.glossary() lists all terms."
    raise InvalidArgumentError(msg)


def _key(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name.strip().casefold())
