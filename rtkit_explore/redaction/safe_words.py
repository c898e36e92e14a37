"""
Which texts are recognizably technical, so that they may leave the notebook as they are.

Names, ids and words of people can stand anywhere in a document, also where the reference expects the name of a
browser. So the place alone is never a reason to keep a text: it is kept if it is a time, an id of the form
that the service gives out, or made of nothing but words of this field.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

WORDS: Final = frozenset(  # written as one text, which is easier to read
    """
    100ms 250ms 2g 3g 4g 500ms 5g abort aborted acceleration accepted access account active activity add added
    address aec after agc agent all allow allowed alpha already amr and android answer api apis app apple arm
    array asn assembly associated at attempt attempts audio audioinput audiooutput auto autoplay av1 available
    average avg awake back background backgrounded backup bad balanced bandwidth battery be before begin beta
    bit bitrate bitrates bits black blink blocked bluetooth blur both bound breakout browser buffer buffered
    buffering builtin bundle business busy by bye byte bytes cache call callstats camera can canary cancel
    canceled cancelled candidate candidatepair candidates capture captured cause cell cellular certificate
    change changed changes channel channels chat check checking checks chrome chromeos chromium city clear
    client clients clock close closed closing cloudflare code codec codecs collect collected com complete
    completed completion computer concealment config configuration connect connected connecting connection
    connections connectivity consent constraint constraints consume consumed consumer consumers consuming
    context control converted core corrupted could count country cpu cpus create created current custom data
    datachannel deactivated debug deceleration decode decoded decoder default degradation degraded delay denied
    depth desktop detected dev device devicechange devices dimension dimensions direction disable disabled
    disallowed discarded disconnect disconnected discord discover discovered display documentation documents
    domain dominant down downlink download drop dropped dtls dtx duration durations dynamic echo edge
    edgechromium edited education effect effective efficient electron emitted empty enable enabled encode
    encoded encoder end ended energy engine enter entered entity env environment error errors esr estimated
    ethernet evaluate event events exceeded excellent exit expected experience expired external facing fail
    failed failure fair false family fast fatal feature feedback fetch field file filter fir firefox first flag
    floor flow flutter for force forced foreground foregrounded format found fps fraction frame framerate frames
    freeze freezes from front frozen full fullscreen g711 g722 gain gateway gather gathered gathering gecko
    generated get global go good google government granted greater grid group guest h264 h265 h266 half handler
    handshake hangup hardware hardwareconcurrency has header headless headset height hevc hidden high host
    hosting hour hours htc http https huawei ice id identifier idle ids iframe ignored implementation in
    inactive inbound incoming increase index info information init initial initialized input inputs inserted
    install instance insufficient inter internal internet interrupted interval invalid invite ios ip ipad ipados
    iphone ipod ipv4 ipv6 is isac isp issue issues ivs java jitter join joined joining js jumped keep kept key
    keyframe khtml kick kicked kind kit known konqueror kotlin label labels lag last latency launch layer layers
    leave leaving left legacy len length level like limit limitation limited line link linux list listen
    listener live livestream load loaded loading lobby local locked log login logout loss lost low lte mac
    macintosh macos main manual maximum media medium meeting member memory message messages meta metadata method
    mic microphone mid middle mime min minimum minute minutes mirror missing mobile mode model modified mos move
    moved mozilla ms multi multiple mute muted nack name native navigation needed negative negotiate negotiated
    negotiation network new next nightly no node noise nominated none normal not notallowederror notfound
    notfounderror notification notreadable notreadableerror now nt null number of off offer office offline
    offset ok old on onconnectionstatechange ondevicechange one online onload only open opened opera opt or org
    organization orientation origin original os other out outbound outgoing output outputs over overconstrained
    overconstrainederror override own p50 p75 p90 p95 p99 packet packets page pair pairs participant
    participants pass passed path pause paused pauses payload pc peer peers pending percent permission
    permissions phone picture ping pinned pip pixel play playback player playing playout pli plugin point poll
    pong poor popup port portrait position postcall power pre precall preferred presence present presentation
    presenter preset preview previous prflx primary priority privacy private probe problem process processing
    producer producers producing profile progress prompt prompted protocol provided public publish published
    publisher pull push qp quality query queue queued quit radio range rate ratio rc react reactnative read
    readable reading ready real realtime realtimekit reason received receiver reconnect reconnected reconnecting
    reconnection record recorded recorder recording recover recovered recovery recvonly red reflexive refresh
    refused region register registered reject rejected related relative relay relayed release released reload
    remb remote remove removed rendered renderer rendering renegotiate renegotiation report request requested
    required requires reset resize resolution response restart restarted restore restored restricted result
    resume resumed retransmission retransmit retries retry return rid role roles room rooms rotate rotation
    round route router rtc rtcp rtcstats rtkit rtp rtt rtx running safari sample samples samsung scalability
    scale scaled schema scope score screen screenshare sctp sdk sdp search second seconds security select
    selected self send sender sending sendonly sendrecv sent sentence server service session set setting
    settings setup sfu share shared sharing short show shown shutdown side signal signaling silence silent
    simulcast single size skipped sleep slow small socket software source spatial speaker speakerphone speakers
    speaking speed spotlight squared srflx srtp ssrc ssrcs stable stage staging stalled standard start started
    state states static statistic statistics stats status step stop stopped storage stream streaming streams
    strict stun subscribe subscribed subscription success sum support suspend suspended svc swift switch
    switched sync system tab tablet tabs target task tcp temporal temporary terminated test text the thread
    threshold throttled tier tile time timed timeout timer timestamp timezone title tls to toggle token too top
    total touch track tracks traffic transceiver transcript transport transports trial trident trigger triggered
    trip true turn turns twcc type ubuntu udp ui ulpfec unable unavailable unblocked undefined unified unknown
    unload unmute unmuted unplugged unpublish unpublished unsubscribe unsubscribed unsupported up update updated
    updates upgrade uplink upload url usage usb use used user using valid value version video videoinput view
    viewer virtual visibility visibilitychange visible vista volume vp8 vp9 vpn wait waiting waitlist waitlisted
    wakelock warning web webgl webinar webkit webrtc websocket webview width wifi wimax win window windows wired
    wireless with without worker wrong ws wss x64 x86 xhr xiaomi yandex yes zoom
    """.split()  # noqa: SIM905 - four hundred quotes would hide the words
)
"""Words of this field: states, events, browsers, systems, codecs; none of them a name that people have."""

KEY_WORDS: Final = WORDS | {"a", "an", "as", "max", "per"}
"""Words that are also names of people, so that they count in the names of keys alone."""

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_PLAIN = re.compile(r"[A-Za-z0-9 ._/:,()-]{1,80}")
_MOST_DIGITS = 6
SERVICE_ID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_TIME = re.compile(
    r"\s*+[\"']?\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)?\s*+(?:Z|[+-]\d\d:?\d\d)?[\"']?\s*+"
)
_DOTTED = re.compile(r"\d+\.\d+\.\d+\.\d+")
_COUNTRY = re.compile(r"[A-Z]{2}")
_VERSION = re.compile(
    r"(?P<head>[A-Za-z ]{0,20}?)(?P<number>\d{1,6}(?:[._]\d{1,6}){0,4})(?P<tail>(?:[ (+-][A-Za-z0-9 .()-]{0,20})?)",
    re.ASCII,
)


def technical(text: str, *, words: frozenset[str] = WORDS) -> bool:
    """
    Tell whether a text is made of nothing but words of this field and a few digits.

    IP addresses, telephone numbers and whatever holds a word that is not in the vocabulary are not.
    """
    if not _PLAIN.fullmatch(text) or sum(map(str.isdigit, text)) > _MOST_DIGITS or _DOTTED.search(text):
        return False
    for word in re.split(r"[^A-Za-z0-9]+", text):
        # "4g" and "vp8" are words as they stand, "onConnect2" is made of three.
        if word and word.lower() not in words:
            parts = (part for part in _PARTS.findall(word) if not part.isdigit())
            if not all(part.lower() in words for part in parts):
                return False
    return True


def words_of(text: str) -> frozenset[str]:
    """Return the words that a text is made of, in lower case."""
    whole = (word.lower() for word in re.split(r"[^A-Za-z0-9]+", text) if word)
    return frozenset(whole) | {part.lower() for part in _PARTS.findall(text)}


def version(text: str) -> bool:
    """Tell whether a text is the version of a program: numbers between dots, perhaps with technical words around."""
    found = _VERSION.fullmatch(text)
    if found is None or _is_address(found["number"]):
        return False
    return all(not part.strip() or technical(part) for part in (found["head"], found["tail"]))


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    # Browsers mask their version as 99.0.0.0, which is not the address of a host.
    return not text.endswith(".0.0.0")


def service_id(text: str) -> bool:
    """Tell whether a text has the form of the ids that the service gives out (UUIDs)."""
    return SERVICE_ID.fullmatch(text) is not None


def time_stamp(text: str) -> bool:
    """Tell whether a text is a time stamp, with the stray characters that have been seen around some."""
    return _TIME.fullmatch(text) is not None


def country(text: str) -> bool:
    """Tell whether a text is a country's code of two letters."""
    return _COUNTRY.fullmatch(text) is not None
