"""The entries of the glossary: two sentences each, with the column that holds it and its name in W3C's webrtc-stats."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from rtkit_explore.table_schema.glossary_pictures import PICTURES


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
    def picture(self) -> str:
        """A drawing of it as SVG; empty where words are enough."""
        return PICTURES.get(self.term, "")

    @property
    def html(self) -> str:
        """The same as HTML, with its drawing."""
        rest = str(self).split("\n")[1:]
        more = "".join(f"<br><small>{escape(one)}</small>" for one in rest)
        drawn = f"<div>{self.picture}</div>" if self.picture else ""
        return f"<p><b>{escape(self.term)}</b>: {escape(self.says)}{more}</p>{drawn}"

    def _repr_html_(self) -> str:
        return self.html


TERMS: dict[str, Term] = {
    one.term: one
    for one in (
        Term("active speaker", "Whom the server takes for the one who speaks. Clients show this person large and may ask for "
             "better video of them only.", ("events.name",), (), ("main speaker", "dominant speaker")),
        Term("affected time", "For how long findings of warn or worse held for somebody, or for the call. Overlapping findings count once.",
             ("verdicts.affected_s",), (), ("affected",)),
        Term("API", "What a program asks for calls and reports: Cloudflare's service over the web. It forgets statistics after some weeks.", (), (), ("RealtimeKit",)),
        Term("archive", "Ended calls kept as tables beside their original documents, on a disk or in the cloud. It answers "
             "questions over many calls after the API has forgotten them."),
        Term("ASN", "The number of the network operator that a participant's address belongs to, with its name, domain and "
             "route. Many bad calls of one operator point to its network.", ("clients.asn", "clients.asn_name"), (), ("asn name", "asn domain", "asn route", "asn type", "org")),
        Term("AUC", "How well a metric separates good calls from bad ones: 0.5 is a coin, 1 never errs. It is the area under the curve of hits over "
             "false alarms.", (), (), ("area under the curve",)),
        Term("background", "The page of the call was not in view: another tab, another app, a locked phone. Browsers then stop "
             "pictures and slow everything but sound, which is no fault.", ("events.name",), (), ("hidden", "tab in the background", "browser backgrounded", "foreground")),
        Term("bandwidth", "How much a connection can carry at most. When the sender's is too small, its browser sends a "
             "smaller and slower picture; when a receiver's is, packets are lost or come late.",
             ("quality.limited_by", "candidate_pairs.available_outgoing_bitrate"), ("candidate-pair.availableOutgoingBitrate",), ("capacity",)),
        Term("bitrate", "How many bits of media pass in a second, in kbit/s. A video call needs some hundred, speech 20 to "
             "40; it falls when the network has less room, when the picture is small or when nobody speaks.",
             ("quality.bitrate_kbps",), ("outbound-rtp.bytesSent", "inbound-rtp.bytesReceived"), ("bandwidth used", "bit rate")),
        Term("breakout room", "A small meeting beside a large one, with sessions and participant ids of its own. Who moves there "
             "leaves the large one.", ("sessions.associated_id",), (), ("breakout rooms", "breakout")),
        Term("browser", "The program that a participant joined with, and its version; on phones often the application itself. Browsers differ in what they "
             "report and how they react, so compare like with like.", ("clients.browser", "clients.user_agent"), (), ("user agent", "browser version", "engine", "os version")),
        Term("byte", "Eight bits, of which files and counters are made; bitrates count bits. A thousand bytes a second are 8 kbit/s.", ("quality.bytes",), ("inbound-rtp.bytesReceived", "outbound-rtp.bytesSent"), ("bytes received", "bytes sent")),
        Term("candidate", "An address at which somebody may be reached: host (the device's own), srflx or prflx (what the "
             "router shows outside), or relay (a TURN server). Two of them make a candidate pair.",
             ("candidate_pairs.local_candidate_type", "candidate_pairs.remote_candidate_type"), ("local-candidate.candidateType", "remote-candidate.candidateType"),
             ("candidate type", "ICE candidate", "local candidate", "remote candidate", "host", "srflx", "prflx", "related address", "related port")),
        Term("candidate pair", "A path that two ends found between them: an address here and one there. ICE tries many and "
             "nominates one; which of them carried media, and when, tells Wi-Fi from cellular and direct from relayed.",
             ("candidate_pairs.nominated",), ("candidate-pair",), ("network path", "path", "ICE candidate pair")),
        Term("cellular", "A phone network (4G, 5G). It changes faster than Wi-Fi does, and moving from one to the other costs seconds "
             "of silence.", ("candidate_pairs.local_candidate_network_type",), ("local-candidate.networkType",), ("network type", "effective network type", "Wi-Fi", "WiFi")),
        Term("client event", "Something that a participant's client noted with its second: joined, muted, device changed, tab "
             "hidden, reconnecting. It carries the client's clock.", ("events.name", "events.timestamp"), (), ("event", "events", "event name")),
        Term("clock offset", "How far the clock of a participant's device runs ahead of the others'. Samples carry that "
             "clock, so times of two people only agree after it has been taken off.",
             ("overview.clock_ahead_s",), (), ("clock skew", "skew", "clock ahead", "wrong clock")),
        Term("codec", "How sound or picture is packed: Opus for sound; VP8, VP9, H.264 or AV1 for pictures. Its encoder and decoder "
             "cost the processor something.", ("clients.audio_encoder", "clients.video_encoder"), ("codec.mimeType",), ("audio encoder", "video encoder", "Opus", "VP8", "VP9", "H.264", "AV1")),
        Term("concealment", "Sound that the receiver invents where packets are missing, so that there is no hole. A few are "
             "never heard; many in a row sound like a robot.", ("quality.concealment_events",), ("inbound-rtp.concealmentEvents",), ("concealments", "concealment events", "patched sound")),
        Term("confidence", "How sure the side of a finding is. High: several reports agree; low: nobody else could have noticed.",
             ("findings.confidence",)),
        Term("congestion", "A connection that is asked to carry more than it can: packets queue, the round trip grows, then "
             "packets are lost. The sender's browser answers by sending less.", ("findings.rule",), (), ("congested",)),
        Term("connection", "Everything that a participant sends and receives, both ways. When it goes as a whole, that person hears "
             "nobody and nobody hears that person.", ("findings.side",), (), ("both ways",)),
        Term("connection check", "A test by the client before or during a call: can it reach the service directly, by UDP, by TCP, over "
             "a relay? A failed one often tells of a firewall.", ("connection_checks.relay_connectivity", "connection_checks.turn_connectivity"), (),
             ("pre-call check", "relay connectivity", "reflexive connectivity", "turn connectivity", "check")),
        Term("connectivity", "Whether packets get through at all. It is the first of four layers that findings are told by: connectivity, "
             "transport, pipeline (encoder and decoder), perception (what is heard and seen).", ("findings.rule",), (), ("pipeline", "perception")),
        Term("consumer", "A stream that a participant receives from the server. Its figures tell what this person heard and saw.",
             ("quality.direction",), ("inbound-rtp",), ("received stream", "inbound")),
        Term("counter", "A number that only grows, such as packets received. What is said of an interval is how much it grew.",
             ("counter_readings.counter",), (), ("counters", "running total", "running totals")),
        Term("CPU", "The processor of a participant's device. When it is too busy, the encoder sends a smaller and slower picture "
             "though the network is fine.", ("clients.cpus", "quality.limited_by"), ("outbound-rtp.qualityLimitationReason",), ("processor", "cpus", "processors", "cpu limited", "limited by CPU", "not captured")),
        Term("CQD", "Call Quality Dashboard: how Microsoft Teams judges the mean of a whole stream. It is one of the published profiles.", ("findings.profile",)),
        Term("custom participant id", "The id that your own application gave a person. It stays the same over calls, unlike the participant id.",
             ("participants.custom_participant_id",), (), ("user id",)),
        Term("decoder", "The part of a receiver's machine that turns packets into pictures. When it is too slow, frames "
             "arrive and are dropped, and the picture jerks though the network is fine.", ("quality.dropped_pct",), ("inbound-rtp.framesDropped",)),
        Term("device change", "A microphone, speaker or camera that came, went, or was chosen. A device that goes while in use is a fault "
             "that others notice.", ("device_changes.change", "device_changes.label"), (), ("device changes", "device lost", "devices lost")),
        Term("direct call", "A call of two whose media passes without a media server. Nobody else is there who could tell the two sides apart.",
             ("candidate_pairs.path_protocol",), (), ("direct",)),
        Term("direction", "Received (consumer) or sent (producer), as seen by the participant whose report it is.", ("quality.direction",), (), ("consumer or producer",)),
        Term("downlink", "The way from the server to a participant. When it is bad, that person gets everybody badly and nobody else notices.",
             (), (), ("receiving line",)),
        Term("E-model", "The ITU's formula (G.107) that turns delay and loss into an expected opinion of a phone call. It "
             "knows networks, not microphones.", ("overview.mos",), (), ("G.107",)),
        Term("encoder", "The part of a sender's machine that turns pictures into packets. It sends less when the network or "
             "the processor is short.", ("quality.limited_by",), ("outbound-rtp.qualityLimitationReason",)),
        Term("estimate", "What a browser believes its connection can carry, in bit/s. It begins low, climbs for some seconds, and falls "
             "when packets queue.", ("candidate_pairs.available_outgoing_bitrate", "candidate_pairs.available_incoming_bitrate"),
             ("candidate-pair.availableOutgoingBitrate", "candidate-pair.availableIncomingBitrate"), ("bandwidth estimate", "available outgoing bitrate", "available incoming bitrate")),
        Term("evidence", "What speaks for and against the side of a finding: who else received the same stream well, and who received "
             "others badly.", ("findings.evidence_for", "findings.evidence_against"), (), ("evidence for", "evidence against")),
        Term("far end", "Whoever receives what a participant sends: in a call over a server that is the server. It tells the "
             "sender how much was lost, by RTCP reports that may come late.", ("quality.far_end",), ("remote-inbound-rtp",)),
        Term("finding", "Something that was wrong for some time, with its evidence, whose side it was on and what to check "
             "next. A note is a fact that may explain another finding.", ("findings.rule",)),
        Term("FIR", "Full intra request: a receiver, or the server for one who joins, asks for a whole picture. Some at joining are normal.",
             ("quality.fir",), ("inbound-rtp.firCount", "outbound-rtp.firCount"), ("fir count",)),
        Term("firewall", "What decides which packets may leave or enter a network. A strict one forbids UDP, so that media has to go "
             "over TCP or a relay, or does not go at all.", ("candidate_pairs.path_protocol",)),
        Term("frame", "One picture of a video. A camera sends 15 to 30 of them a second.", ("quality.frames",), ("inbound-rtp.framesDecoded", "outbound-rtp.framesEncoded"),
             ("frames decoded", "frames encoded", "picture")),
        Term("frame rate", "How many pictures a second arrive or are sent. Below 8 a camera jerks; a screen share may well stand still.",
             ("quality.fps",), ("inbound-rtp.framesPerSecond",), ("fps", "frames per second")),
        Term("frames dropped", "Pictures that arrived and were never shown, because decoding came too late. Many of them mean a machine "
             "that is too slow.", ("quality.frames_dropped", "quality.dropped_pct"), ("inbound-rtp.framesDropped",)),
        Term("freeze", "The picture stands still although data arrives. Mostly a piece of a picture was lost, and the receiver waits for a new key frame.",
             ("findings.rule",), ("inbound-rtp.freezeCount",), ("frozen",)),
        Term("gap", "A stretch for which a stream has no samples: muted, paused, hidden, or lost on the way to the service. "
             "No line is drawn across it.", ("quality.gap",)),
        Term("ICE", "The procedure by which two ends find a path through home routers and firewalls. Where it finds none, "
             "nobody hears anything though the call looks joined.", ("candidate_pairs.nominated",), ("candidate-pair.state",)),
        Term("implausible", "A value that cannot be, such as negative loss or a clock of another century. It is left out and listed, not repaired.",
             ("problems.kind",)),
        Term("incident", "Findings of one cause and one time, told together. The first sentence of a story is about the worst of them.",
             ("findings.story",), (), ("incidents",)),
        Term("increment", "What a counter grew by since the sample before. Peer reports hold increments; other tools hold running totals.",
             ("counter_readings.reading",), (), ("counter reading",)),
        Term("interrupted", "Media that was sent never arrived for some seconds, and nobody counted it as lost. Nothing patches such a hole.",
             ("findings.rule",), (), ("interruption", "not heard")),
        Term("interval", "The time between two samples of a stream, mostly 7 seconds. Rates are worked out over it, and are missing where it is not known.",
             ("quality.interval_s",)),
        Term("IP address", "The number by which a device is reached. Home networks hide it behind that of their router, so many people can share one.", ("clients.ipv4", "candidate_pairs.local_candidate_address"),
             ("local-candidate.address",), ("IPv4", "IPv6", "IP")),
        Term("jitter", "How unevenly packets arrive, in ms. Up to 30 ms is nothing; more makes the receiver wait longer, or patch sound.",
             ("quality.jitter_ms",), ("inbound-rtp.jitter",), ("unsteady",)),
        Term("jitter buffer", "Where a receiver keeps packets for a moment, to play them evenly. The more unsteady the "
             "network, the longer it waits: above 200 ms people begin to talk over each other, and it comes down slowly.",
             ("quality.buffer_ms",), ("inbound-rtp.jitterBufferDelay",), ("buffer", "jitter buffer delay", "jitter buffer emitted count")),
        Term("kbit/s", "A thousand bits a second, the unit of bitrates. Speech takes 20 to 40, a camera some hundred to 2,500.",
             ("quality.bitrate_kbps",), (), ("kbps", "Mbit/s", "bit/s")),
        Term("key frame", "A whole picture, from which the following ones are only differences. A receiver that lost pieces "
             "asks for a new one (PLI or FIR); many requests mean somebody's picture keeps breaking.", ("quality.key_frames",), ("inbound-rtp.keyFramesDecoded", "outbound-rtp.keyFramesEncoded"), ("keyframe", "key frames decoded", "key frames encoded", "key frames asked for")),
        Term("late media", "Sound or pictures that are complete and come too late to talk. It shows in the jitter buffer and the round trip.",
             ("quality.buffer_ms",), ("inbound-rtp.jitterBufferDelay",), ("late",)),
        Term("limited by", "What keeps an encoder from sending its best picture: bandwidth, CPU, or something else. A setting of the "
             "server or the app is counted as bandwidth, too.", ("quality.limited_by", "overview.limited_pct"),
             ("outbound-rtp.qualityLimitationReason", "outbound-rtp.qualityLimitationDurations"),
             ("encoder limited", "encoder limited by", "limited by bandwidth", "limited otherwise", "not limited", "quality limitation reason", "bandwidth limited", "quality limitation durations", "quality limitation resolution changes")),
        Term("media", "Sound and pictures: audio, video, screen share and its sound. Each is a stream of its own.", ("quality.media",)),
        Term("media permission", "Whether the browser may use microphone and camera. Refused, the person is never heard or seen, and nothing is sent.",
             ("events.name",), (), ("permission",)),
        Term("meeting", "The room that people join, with its title and settings. Each time it is used is a session.", ("sessions.associated_id", "sessions.meeting_display_name"), (),
             ("meeting id", "associated id", "meeting display name")),
        Term("metric", "A figure that can be worked out for every interval, such as loss. You can add your own and judge by it.", ("cumulative.metric",), (), ("measure", "measures")),
        Term("mid", "The number of a stream in the description that both ends agreed on (SDP). It tells streams apart where the SSRC changes.", ("samples.mid",), ("inbound-rtp.mid",)),
        Term("MOS", "Mean opinion score: what listeners would say of a connection on a scale from 1 (bad) to 5 (excellent), "
             "worked out by the E-model. Narrow-band speech reaches 4.4 at most.", ("overview.mos",), (), ("mean opinion score",)),
        Term("MOS below 3.6", "The share of the time in which many users would be dissatisfied, by the ITU's G.107. Ten percent of an hour are six bad minutes.", ("overview.mos_below_pct",)),
        Term("MOS, worst tenth", "The MOS over the worst tenth of the time. A mean hides a bad minute; this shows it.", ("overview.mos_low", "overview.score_heard_low"), (), ("score, worst tenth", "worst tenth")),
        Term("ms", "Milliseconds: thousandths of a second. Below 150 ms of delay nobody notices any.", ("quality.rtt_ms", "quality.buffer_ms"), (), ("milliseconds",)),
        Term("mute", "A microphone that a person, or the system, switched off. It sounds like a fault to others and is none; the events tell.",
             ("events.name",), (), ("muted", "switched off", "microphone off")),
        Term("never connected", "Somebody was in the room, and no media connection ever came up. Nobody heard this person, and this person heard nobody.", ("findings.rule",), (), ("not connected",)),
        Term("no report", "The API has no peer report of a participant, as for clients on React Native, or it could not be read. Nothing is "
             "known of that person, which is not the same as fine.", ("participants.report",), (), ("report not fetched", "report could not be read")),
        Term("nominated", "Of a candidate pair: chosen by ICE to carry the media. A pair that was replaced keeps its counters.",
             ("candidate_pairs.nominated",), ("candidate-pair.nominated",)),
        Term("note", "A finding that is no fault, but a fact that may explain others: muted, hidden, a changed path.", ("findings.severity",)),
        Term("one-way transport", "A connection over which packets went in one direction only, or none did. Often a firewall that lets nothing back in.",
             ("candidate_pairs.bytes_received",), ("candidate-pair.bytesReceived",), ("one way transport",)),
        Term("outage", "For some seconds nothing is sent and nothing received by somebody: the network was gone. Clients reconnect afterwards.", ("findings.rule",), (), ("cut off",)),
        Term("packet", "A small piece of sound or picture with a number. Speech takes 50 a second, a camera 50 to 300.",
             ("quality.packets", "quality.packets_per_s"), ("inbound-rtp.packetsReceived", "outbound-rtp.packetsSent"), ("packet rate", "packets per second", "packets/s", "last packet received timestamp", "last packet sent timestamp")),
        Term("packet loss", "The share of packets that never arrived, in percent. Under 1 % nobody notices; from 3 % words "
             "break up, above 10 % people give up.", ("quality.loss_pct",), ("inbound-rtp.packetsLost",), ("loss", "lost packets", "packets lost", "negative loss", "loss in", "loss out")),
        Term("packets discarded", "Packets that the own device threw away before they left, because its network took no more.",
             ("candidate_pairs.packets_discarded_on_send",), ("candidate-pair.packetsDiscardedOnSend",), ("packets discarded on send", "bytes discarded on send")),
        Term("participant", "One stay of one person in a session. Who leaves and comes back is a participant again, with another id and the same user id.",
             ("participants.display_name",), (), ("remote participant", "live participants", "max concurrent participants", "stay")),
        Term("participant id", "The id of one stay of one person in a session, also called peer id. Who leaves and comes back gets another one.",
             ("participants.peer_id",), (), ("peer id", "peer")),
        Term("path changed", "Media moved to another network path in mid-call, mostly because Wi-Fi, a cable or a VPN came or went. A pause of some "
             "seconds goes with it.", ("candidate_pairs.nominated", "findings.rule"), (), ("network path changed", "network switch", "paths")),
        Term("path protocol", "Over what media went: UDP, or TCP or TLS where a firewall leaves nothing else.", ("candidate_pairs.path_protocol",), ("local-candidate.relayProtocol", "local-candidate.protocol"), ("protocol",)),
        Term("peer report", "What a participant's own client reported of a call: devices, paths, events, and a sample of "
             "every stream every 7 seconds. Without it nothing is known of that person, which is not the same as fine.",
             ("participants.report",), (), ("report",)),
        Term("per interval", "How much a counter grew between two samples: packets, bytes, frames, requests per interval.", ("quality.packets", "quality.bytes"), (),
             ("packets per interval", "bytes per interval")),
        Term("percentile", "Of a hundred values in order, the one at that place: the 95th percentile is passed by five of a hundred. The 50th is the median.", (), (), ("median",)),
        Term("PLI", "Picture loss indication: a receiver lost pieces of a picture and asks for a new key frame. Many a minute mean a picture that keeps breaking.",
             ("quality.pli",), ("outbound-rtp.pliCount",), ("pli count", "keyframe storm", "request for a key frame", "requests")),
        Term("preset", "What a participant may do in a meeting: speak, share, host. It is chosen by your application.", ("participants.preset_name",), (), ("preset name", "preset view type", "participant role")),
        Term("problem", "Something in a document that could not be read as it should: a wrong type, an unknown key, a missing report. "
             "Look there before you trust a blank.", ("problems.kind", "problems.meaning"), (), ("problems",)),
        Term("producer", "A stream that a participant sends to the server. Its figures tell what left that machine and what the far end got.",
             ("quality.direction",), ("outbound-rtp",), ("sent stream", "outbound")),
        Term("profile", "A named set of thresholds with its source. The same call can be judged by several; a finding says which it rests on.",
             ("findings.profile",)),
        Term("pseudonym", "What stands for a name or an id after redaction: the same one for the same person. With the same salt it is the same in all calls.",
             (), (), ("redacted", "redaction", "salt", "without personal data")),
        Term("reconnect", "A client that lost its connection and tried again. It sends and receives nothing meanwhile.", ("events.name",)),
        Term("relay", "A TURN server that passes media on where no direct path exists. It costs some delay; over TCP it also stalls.",
             ("candidate_pairs.relayed",), ("local-candidate.candidateType",), ("relayed", "TURN", "TURN server")),
        Term("reset", "A counter that began anew, as after a reconnect. No rate is worked out across it.", ("quality.reset",), (), ("resets", "counters began anew")),
        Term("resolution", "Width and height of the picture in pixels. A browser lowers it when bandwidth or processor are short.",
             ("quality.width", "quality.height"), ("inbound-rtp.frameWidth", "inbound-rtp.frameHeight"), ("frame width", "frame height", "width", "height", "px", "pixels", "resolution changes", "low resolution")),
        Term("round trip", "How long a packet takes to the server and back, in ms. Above 300 ms people talk over each other; "
             "it is the same seen from either end, so alone it names no side.", ("quality.rtt_ms",), ("remote-inbound-rtp.roundTripTime",), ("RTT", "latency", "ping", "delay", "current round trip time", "total round trip time")),
        Term("RTCP report", "A small message by which a receiver tells the sender what was lost and how uneven it was. It "
             "comes every second or so and does not align with the samples.", ("quality.far_end",), ("remote-inbound-rtp",), ("RTCP",)),
        Term("RTP", "The protocol that carries sound and picture in numbered packets. From the numbers a receiver knows what is missing.", (), ()),
        Term("rule", "What turns a measure into a finding: how bad, for how long, and what else it needs. Its limits stand in a profile.", ("findings.rule",)),
        Term("sample", "One reading of a stream, taken every 7 seconds. It speaks for the time before it, and nothing "
             "shorter than it can be seen whole.", ("samples.timestamp",)),
        Term("score", "The client's own score of a sample, from 0 to 1, 1 best. It is not a MOS.", ("quality.score",), (), ("quality score", "score scale")),
        Term("screen share", "A picture of somebody's screen, with its sound where the browser gives it. Few frames are normal while nothing moves on it.",
             ("quality.media",), (), ("screenshare", "screen-share audio", "screenshare video")),
        Term("SDK", "The library that your application is built with, and its version. A fault that all calls of one version have is its own.", ("clients.sdk_version",), (), ("sdk name", "sdk type", "sdk version")),
        Term("SDP", "The text in which both ends agree on streams, codecs and addresses. It is there for the rare case that nothing else explains.", ("sdp.sdp",), (), ("sdp count",)),
        Term("server", "The media server between all participants, which receives every stream once and passes it on to the "
             "others. Trouble of its own hits many people in the same second.", (), (), ("SFU", "media server")),
        Term("session", "One use of a meeting, from the first who joins to the last who leaves: what people call a call.", ("sessions.session_id",), (), ("call", "session id", "socket session id")),
        Term("severity", "How bad a finding is: note (a fact), warn (some notice), bad (most notice). The limits come from the profile.", ("findings.severity",), (), ("warn", "bad", "degraded")),
        Term("side", "Where the trouble was: somebody's machine, uplink, downlink or whole connection, between two people, "
             "or shared by many. It is told from who else received the same stream well or badly.", ("findings.side",)),
        Term("signalling", "The connection, a WebSocket, over which a client joins, leaves and learns of others. It carries no media: media can fail while it stands, and the other way round.",
             ("events.name",), (), ("websocket", "signalling connected")),
        Term("simulcast", "A camera sent in several sizes at once, so that the server can pass on the one that fits each "
             "receiver. A layer that nobody needs is paused, which is no fault.", ("streams.layers",), ("outbound-rtp.rid",), ("layer", "layers")),
        Term("SSRC", "The number that tells streams apart within a connection. Every simulcast layer has its own.", ("quality.ssrc",), ("inbound-rtp.ssrc",)),
        Term("story", "What happened in a call, in sentences, worst first. It can be pasted into a ticket.", ("findings.story", "verdicts.story"), (), ("next step",)),
        Term("stream", "Audio or video of one person on the way from here to there. Every participant has one for each that is sent, and one for each other person that is received.",
             ("quality.stream_id", "streams.stream_id"), ("inbound-rtp", "outbound-rtp"), ("producer id", "stream id", "track")),
        Term("STUN", "A server that tells a client the address that it has outside of its router. Where that fails, only relayed paths work.", ("connection_checks.reflexive_connectivity",),
             ("local-candidate.url",), ("reflexive",)),
        Term("symptom", "What a customer notices: choppy, frozen, late, gone. Each has rules that show it, and things that the data cannot show.", (), (), ("symptoms", "complaint")),
        Term("TCP", "A protocol that repeats lost packets in order, so that one loss stalls all that follows. Media over TCP "
             "loses nothing and comes in bunches.", ("candidate_pairs.path_protocol",), ("local-candidate.protocol",), ("TLS",)),
        Term("threshold", "From which value on something is a finding. Each has a source, and other profiles have other ones.", ("findings.threshold",), (), ("thresholds", "limit")),
        Term("token", "The secret by which a program may ask the API. It belongs in an environment variable, never in a notebook.", (), (), ("API token", "credentials")),
        Term("transport", "One connection between a client and the server; each client has one for sending and one for receiving.",
             ("candidate_pairs.transport",), ("transport",)),
        Term("UDP", "The protocol that media prefers: nothing waits for a lost packet. Strict firewalls block it.", ("candidate_pairs.path_protocol",), ("local-candidate.protocol",)),
        Term("uplink", "The way from a participant to the server. When it is bad, everybody gets that person badly, and the person may not notice.",
             (), (), ("sending line",)),
        Term("usual range", "What is normal in your own calls: the middle half, and the middle nine tenths of them. A call is compared with it where no published threshold fits.", (), (), ("usual", "worse than usual")),
        Term("UTC", "The time that all clocks are told in here, unless you give a time zone. In summer Berlin is two hours ahead, New York four behind.", ("sessions.started_at",), (), ("time zone", "timezone")),
        Term("verdict", "What the findings come to: good, degraded, bad, or unclassified where too little is known.", ("verdicts.verdict",)),
        Term("VPN", "A tunnel from a device to another network, often a company's. It adds delay, and some do not carry UDP well.", ("candidate_pairs.local_candidate_network_type",)),
        Term("WebGL", "How a browser draws with the graphics card. Virtual backgrounds need it; without it they cost much CPU.", ("clients.webgl_support",), (), ("webgl support",)),
        Term("WebRTC", "The browsers' standard for live sound and pictures. Its statistics (getStats) are what a peer report is made of.", (), (), ("getStats", "webrtc-internals")),
    )
}  # fmt: skip
"""Every term by its name."""
