"""What customers complain of, as a closed vocabulary: each symptom says where to look and what cannot be known."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rtkit_explore.errors import InvalidArgumentError, did_you_mean
from rtkit_explore.table_schema.columns import SOUND

if TYPE_CHECKING:
    import pandas as pd

Direction = Literal["received", "sent", "person"]
CAMERA = ("video",)
SCREEN = ("screenshare_video",)
NETWORK_AUDIO = ("nothing_received", "interrupted", "never_connected", "loss_in", "concealment", "jitter", "late_media")


@dataclass(frozen=True)
class Symptom:
    """
    One thing that people complain of.

    Attributes
    ----------
    name
        What it is called in code.
    says
        What happened to the customer, in a sentence.
    phrases
        How customers say it; any of them within a text means this symptom.
    direction
        Which streams show it: those that the customer received, those that the customer sent (with what the others
        got of them), or "person" for the connection itself.
    media
        Kinds of media that show it.
    rules
        Rules that show it, the most direct first.
    explained_by
        Rules whose findings are an explanation, though they are no fault: something was switched off or hidden.
    events
        Client events that tell of it.
    effect
        What the customer noticed, for a reply: "the picture of the others stood still for you".
    cannot
        What of it this data cannot show.
    measurable
        Whether the data can show it at all.
    """

    name: str
    says: str
    phrases: tuple[str, ...]
    direction: Direction
    media: tuple[str, ...]
    rules: tuple[str, ...]
    effect: str
    cannot: str
    explained_by: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    measurable: bool = True


_OFF = ("gap", "switched_off", "hidden")
_SHORT = "a pause shorter than a sample (7 s)"
_LEVEL = "how loud it was: a report has no audio level, so a connected but silent microphone looks fine"

SYMPTOMS: dict[str, Symptom] = {
    symptom.name: symptom
    for symptom in (
        Symptom(
            "cannot_hear",
            "The customer could not hear somebody.",
            ("can't hear", "cannot hear", "can not hear", "couldn't hear", "could not hear", "didn't hear", "no sound",
             "no audio", "sound gone", "audio gone", "lost sound", "lost audio", "silence", "was silent", "were silent",
             "went silent", "mute for me", "nothing to hear", "hear nothing", "heard nothing", "sound stopped",
             "audio stopped", "sound dropped", "audio dropped", "dropped audio"),
            "received", SOUND, ("nothing_received", "interrupted", "never_connected", "loss_in", "concealment", "late_media", "nothing_sent", "not_captured", "device_lost"),
            "you could not hear {others}", f"{_LEVEL}; {_SHORT}", _OFF,
            ("audio_play_failed", "audio_track_muted", "audio_off"),
        ),
        Symptom(
            "choppy",
            "Words were cut up or missing.",
            ("choppy", "chopped", "breaking up", "broke up", "breaks up", "broken up", "cutting out", "cuts out", "cut out",
             "cutting off", "stutter", "stuttering", "stuttered", "crackle", "crackling", "crackled", "words missing",
             "missing words", "patchy", "bits missing", "in and out", "intermittent", "interrupted sound", "bad audio",
             "bad sound", "sound was bad", "sound is bad", "audio was bad", "audio is bad", "lost whole words", "whole words", "lost words",
             "every other word", "poor audio", "poor sound", "audio quality", "sound quality"),
            "received", SOUND, NETWORK_AUDIO, "the voices of {others} were broken up for you",
            f"words that were said; {_SHORT}; a bad microphone or room", _OFF,
        ),
        Symptom(
            "robot_voice",
            "Voices sounded metallic or distorted.",
            ("robot", "robotic", "robot voice", "metallic", "underwater", "under water", "garbled", "distorted",
             "distortion", "tinny", "alien", "dalek", "warped", "unintelligible"),
            "received", SOUND, ("concealment", "loss_in", "jitter", "late_media", "not_captured", "nothing_received"),
            "the voices of {others} sounded distorted for you",
            "distortion made by a microphone, a headset or noise suppression; words that were said", _OFF,
        ),
        Symptom(
            "froze",
            "The picture stood still.",
            ("froze", "frozen", "freeze", "freezing", "freezes", "picture stuck", "video stuck", "image stuck", "got stuck",
             "was stuck", "stood still", "still picture", "still image", "jerky", "juddering", "slideshow", "slide show",
             "video stuttering", "video choppy", "choppy video", "picture stopped", "video stopped", "video lagging"),
            "received", CAMERA, ("frozen", "nothing_received", "interrupted", "never_connected", "low_frame_rate", "decoder_behind", "loss_in", "late_media", "cpu_limited"),
            "the picture of {others} stood still or moved in jerks for you",
            "a picture frozen for less than two samples (14 s) while some frames still came", _OFF,
            ("video_play_failed", "video_track_muted", "video_off"),
        ),
        Symptom(
            "blurry",
            "The picture was small or blurred.",
            ("blurry", "blurred", "blur", "pixelated", "pixelation", "pixels", "grainy", "fuzzy", "blocky", "low quality",
             "low resolution", "bad picture", "bad video", "poor video", "poor picture", "video quality",
             "picture quality", "unsharp", "not sharp", "mushy"),
            "received", CAMERA, ("low_resolution", "low_frame_rate", "decoder_behind", "loss_in", "bandwidth_limited",
                                 "cpu_limited", "congested"),
            "the picture of {others} was blurred for you",
            "sharpness itself: only size, rate and what limited the sender are known", _OFF,
        ),
        Symptom(
            "black",
            "There was no picture.",
            ("black", "black screen", "black picture", "no video", "no picture", "no image", "blank", "can't see",
             "cannot see", "can not see", "couldn't see", "could not see", "didn't see", "video gone", "picture gone",
             "lost video", "video missing"),
            "received", CAMERA, ("nothing_received", "interrupted", "never_connected", "frozen", "loss_in", "nothing_sent", "device_lost"),
            "you could not see {others}", "a camera that sends a black picture (a closed shutter)", _OFF,
            ("video_play_failed", "video_track_muted", "video_off"),
        ),
        Symptom(
            "late",
            "Sound or picture came late.",
            ("late", "delay", "delayed", "delays", "lag", "laggy", "lagging", "lags", "latency", "behind", "seconds later",
             "slow to respond", "slow response", "slow"),
            "received", (*SOUND, *CAMERA), ("late_media", "round_trip", "jitter", "not_captured"),
            "{others} reached you late", "the delay from mouth to ear as a whole: only the round trip and buffers", (),
        ),
        Symptom(
            "talking_over",
            "People kept talking over each other.",
            ("talking over each other", "talk over each other", "talked over each other", "talking over one another",
             "talk over one another", "talking over", "spoke over", "speaking over", "interrupting each other",
             "interrupt each other", "interrupted each other", "at the same time", "awkward pauses", "long pauses"),
            "received", SOUND, ("round_trip", "late_media", "jitter"),
            "what was said reached the other side late, so people talked over each other",
            "who spoke when: only delays are known", (),
        ),
        Symptom(
            "nobody_hears_me",
            "The others could not hear the customer.",
            ("nobody hears me", "nobody heard me", "nobody could hear", "nobody can hear", "no one hears me",
             "no one heard me", "no one could hear", "no one can hear", "noone could hear", "can't hear me",
             "couldn't hear me", "cannot hear me", "could not hear me", "didn't hear me", "did not hear me",
             "not hear me", "not heard", "wasn't heard", "my microphone", "my mic", "mic not working",
             "microphone not working", "mic doesn't work", "my sound", "my audio", "my voice", "i was mute",
             "i was muted", "hear me badly", "i sound"),
            "sent", SOUND, ("nothing_sent", "device_lost", "loss_out", "nothing_received", "interrupted", "never_connected", "loss_in",
                            "concealment", "jitter", "late_media", "not_captured"),
            "the others could not hear you well", _LEVEL, _OFF, ("audio_off", "audio_track_muted", "media_permission"),
        ),
        Symptom(
            "nobody_sees_me",
            "The others could not see the customer.",
            ("nobody sees me", "nobody saw me", "nobody could see", "nobody can see", "no one sees me", "no one could see",
             "no one can see", "can't see me", "couldn't see me", "cannot see me", "could not see me", "not see me",
             "my camera", "my video", "my picture", "camera not working", "camera doesn't work"),
            "sent", CAMERA, ("nothing_sent", "device_lost", "frozen", "nothing_received", "interrupted", "never_connected",
                             "low_frame_rate", "low_resolution", "bandwidth_limited", "congested", "cpu_limited",
                             "loss_out", "loss_in", "decoder_behind"),
            "the others could not see you well", "a camera that sends a black picture (a closed shutter)", _OFF,
            ("video_off", "video_track_muted", "media_permission"),
        ),
        Symptom(
            "screen_share",
            "The shared screen was missing, frozen or unreadable.",
            ("screen share", "screenshare", "screen sharing", "shared screen", "sharing screen", "share my screen",
             "the slides", "presentation", "the demo screen"),
            "received", SCREEN, ("nothing_received", "interrupted", "never_connected", "low_frame_rate", "low_resolution", "loss_in", "bandwidth_limited",
                                 "cpu_limited", "congested"),
            "the shared screen did not reach you as it should", "whether text on it could be read", _OFF,
        ),
        Symptom(
            "kicked_out",
            "The customer was thrown out or lost the connection.",
            ("kicked out", "kicked", "thrown out", "threw me out", "disconnected", "disconnect", "lost connection",
             "connection lost", "lost the connection", "dropped out", "dropped from", "got dropped", "call dropped",
             "dropped call", "connection dropped", "reconnect", "reconnected", "reconnecting", "had to rejoin",
             "rejoin", "fell out", "dropped off", "logged out"),
            "person", (), ("reconnects", "nothing_received", "interrupted", "never_connected", "one_way_transport", "path_changed"),
            "your connection to the call was lost", "who pressed the button: a hang-up also ends with a disconnect", (),
            ("disconnect", "reconnect_attempt"),
        ),
        Symptom(
            "could_not_join",
            "The customer could not get into the call.",
            ("could not join", "couldn't join", "cannot join", "can't join", "can not join", "unable to join",
             "didn't get in", "could not get in", "couldn't get in", "can't get in", "not let in", "stuck joining",
             "stuck connecting", "won't connect", "can't connect", "cannot connect", "couldn't connect",
             "could not connect", "failed to connect", "failed to join", "never connected", "connecting forever"),
            "person", (), ("never_connected", "one_way_transport", "device_lost", "reconnects"),
            "you could not get into the call", "an attempt that never reached the service leaves no trace here", (),
            ("media_permission", "disconnect"),
        ),
        Symptom(
            "hot_machine",
            "The customer's computer was slow or loud.",
            ("fan", "hot", "computer slow", "slow computer", "machine slow", "laptop slow", "cpu", "sluggish", "battery"),
            "person", (), ("cpu_limited", "not_captured", "decoder_behind"), "your computer had too much to do",
            "load of other programs: only what it did to this call", (),
        ),
        Symptom(
            "echo", "The customer heard an echo.",
            ("echo", "echoes", "echoing", "hear myself", "heard myself", "hearing myself", "my own voice", "feedback", "howling"),
            "received", SOUND, (), "you heard an echo", "echo: it arises between a loudspeaker and a microphone, and no "
            "report holds sound", measurable=False,
        ),
        Symptom(
            "loudness", "Somebody was too quiet or too loud.",
            ("too quiet", "quiet", "too loud", "loud", "volume", "faint", "soft", "barely hear", "hardly hear", "whisper"),
            "received", SOUND, (), "{others} were too quiet or too loud for you",
            "volume: a report has no audio level", measurable=False,
        ),
        Symptom(
            "noise", "There was noise.",
            ("noise", "noisy", "background noise", "hiss", "hissing", "hum", "humming", "buzz", "buzzing", "static", "typing sounds", "wind"),
            "received", SOUND, (), "there was noise in the call", "noise: no report holds sound", measurable=False,
        ),
        Symptom(
            "lip_sync", "Sound and picture did not go together.",
            ("lip sync", "out of sync", "lips", "not in sync", "async", "desync", "sound and picture"),
            "received", (*SOUND, *CAMERA), (), "sound and picture did not go together",
            "whether sound and picture went together: reports have the delay of each buffer, not of the playback",
            measurable=False,
        ),
    )
}  # fmt: skip
"""Every symptom by its name."""


_SEEN = re.compile(r"\b(?:picture|video|image|camera|face)s?\b")
_HEARD = re.compile(r"\b(?:sound|audio|voice|word|hear|heard|microphone|mic)s?\b")


def plain(text: str) -> str:
    """Return a text as it is compared: lower case, straight apostrophes, words apart by one space."""
    folded = text.casefold().replace("\u2019", "'").replace("\u00b4", "'").replace("`", "'")
    return " ".join(re.sub(r"[^\w' ]+", " ", folded).split())


def find_symptom(text: str) -> tuple[Symptom, str]:
    """
    Find what a text complains of.

    Parameters
    ----------
    text
        A name of ``rtk.symptoms()`` or a customer's words.

    Returns
    -------
    tuple of Symptom and str
        The symptom, and the text without the phrase that told it. The longest phrase that fits wins, so that
        "can't hear me" is not taken for "can't hear".

    Raises
    ------
    InvalidArgumentError
        If nothing in it is known; the closest phrases are offered.
    """
    if not isinstance(text, str) or not text.strip():
        msg = "Say what the complaint is in words, such as 'froze' or \"can't hear Alma\"; rtk.symptoms() lists them."
        raise InvalidArgumentError(msg)
    words = plain(text)
    if (name := words.replace(" ", "_")) in SYMPTOMS:
        return SYMPTOMS[name], ""
    found: list[tuple[int, int, Symptom, str]] = []
    for order, symptom in enumerate(SYMPTOMS.values()):
        for phrase in symptom.phrases:
            pattern = re.compile(rf"(?<!\w){re.escape(plain(phrase))}(?!\w)")
            if pattern.search(words):
                found.append((len(phrase), -order, symptom, pattern.sub(" ", words)))
    if found:
        _, _, symptom, rest = max(found, key=lambda one: one[:2])
        # "Choppy" and "stuttered" are said of sound, unless the words speak of the picture.
        if symptom.name == "choppy" and _SEEN.search(words) and not _HEARD.search(words):
            symptom = SYMPTOMS["froze"]
        return symptom, " ".join(rest.split())
    raise _unknown(text, words)


def _unknown(text: str, words: str) -> InvalidArgumentError:
    phrases = [phrase for symptom in SYMPTOMS.values() for phrase in symptom.phrases]
    near: list[str] = difflib.get_close_matches(words, phrases, n=3, cutoff=0.6)
    for word in words.split():
        near += [one for one in difflib.get_close_matches(word, phrases, n=2, cutoff=0.72) if one not in near]
    names = ", ".join(SYMPTOMS)
    return InvalidArgumentError(
        f"{text[:80]!r} is no complaint that is known.{did_you_mean(near[:4])} Known are {names}; rtk.symptoms() lists their words."
    )


def symptoms() -> pd.DataFrame:
    """
    List what can be asked: every symptom with the words for it, where it shows, and what cannot be known.

    Returns
    -------
    pandas.DataFrame
        One row a symptom: ``symptom``, ``says``, ``words`` (comma-separated), ``streams`` (received, sent or person),
        ``media``, ``rules`` (comma-separated), ``measurable`` (bool), ``cannot_know``; text columns are ``string``.
    """
    import pandas as pd

    rows = [
        (one.name, one.says, ", ".join(one.phrases), one.direction, ", ".join(one.media), ", ".join(one.rules),
         one.measurable, one.cannot)
        for one in SYMPTOMS.values()
    ]  # fmt: skip
    columns = ["symptom", "says", "words", "streams", "media", "rules", "measurable", "cannot_know"]
    text = pd.StringDtype("python")
    return pd.DataFrame(rows, columns=columns).astype({name: text for name in columns if name != "measurable"})
