"""Rewriting a decoded document by the rules: every text that is not known to be harmless is replaced."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from rtkit_explore.api.scrubbing import scrub
from rtkit_explore.redaction.safe_words import (
    KEY_WORDS,
    country,
    service_id,
    technical,
    time_stamp,
    version,
    words_of,
)
from rtkit_explore.table_schema.columns import PERSONAL
from rtkit_explore.table_schema.labels import EVENTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from rtkit_explore.redaction.pseudonyms import Labels, People
    from rtkit_explore.redaction.rules import Node

REDACTED: Final = "redacted"
KEEPABLE: Final = ("names", "title", "device_labels", "location", "user_agent", "numbers")
_SAID = re.compile(r"redacted \(\d{1,9} characters\)")
_URL = re.compile(r"(?P<scheme>stuns?|turns?):(?P<host>\[[^\]]*\]|[^:?/]*)(?P<port>:\d{1,5})?", re.IGNORECASE)
_TRANSPORT = re.compile(r"[?&]transport=(udp|tcp|tls)", re.IGNORECASE)
_PUBLIC_HOSTS: Final = frozenset(("turn.cloudflare.com", "stun.cloudflare.com"))
_KEYS: Final = re.compile(r"[A-Za-z0-9_]{1,60}")
_ADDRESS = re.compile(
    r"(?<![\w.])(?:\d{1,3}|x)(?:\.(?:\d{1,3}|x)){3}(?![\w.])|(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?:\.\d+)*",
    re.IGNORECASE,
)
_DIGIT: Final = re.compile(r"\d")
_EVENT_NAME: Final = "name"
"""Column that holds the names of events, which may be sentences."""
_IDENTIFYING: Final = frozenset("phone mobile number address ip ipv4 ipv6 mac location id ids account user".split())  # noqa: SIM905
"""Words in a key which say that its value identifies or locates somebody."""
_DEEPEST: Final = 64
"""Levels of a document; the reference has ten."""
_LARGE: Final = 1e7
_LARGE_WORDS: Final = frozenset(
    "time timestamp at start started end ended duration delay bytes bitrate bandwidth energy".split()  # noqa: SIM905
)
"""From here on a number may be a telephone number or an IP address, unless its key is about times or amounts."""
_KIND_KEYS = ("kind", "label", "device_id")
_WHO_KEYS = ("id", "display_name", "user_id")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value not in ("", "null") else None


def said(text: str) -> str:
    """Replace words by the number of their characters."""
    return text if _SAID.fullmatch(text) else f"redacted ({len(text)} characters)"


class Rewriter:
    """
    Rewrites the documents of one call.

    Parameters
    ----------
    people, labels
        What people and things are called instead.
    keep
        What stays as it is, of ``KEEPABLE``.
    """

    def __init__(self, people: People, labels: Labels, *, keep: frozenset[str] = frozenset()) -> None:
        self.people = people
        self.labels = labels
        self._keep = keep
        self._depth = 0
        self.peer: str | None = None  # whose report is being rewritten
        self._devices: dict[str, str] = {}
        self._ids: set[str] = set()
        self._sample_texts: dict[tuple[str, str, str], str] = {}
        self._rules: dict[str, Callable[[str, Node], str]] = {
            "address": lambda text, _: labels.address(text),
            "candidate": lambda text, _: labels.label("candidate", text),
            "country": lambda text, node: text if country(text) else self._word(text, node),
            "custom": lambda text, _: people.identity("custom", text),
            "device_id": lambda text, _: self.device_id(text),
            "device_label": lambda text, _: self.device(None, text),
            "device_kind": self._word,
            "event": lambda text, _: self._metadata(text),
            "id": lambda text, _: self.id(text),
            "label": lambda text, node: labels.label(node.name, text),
            "location": lambda text, node: self._kept("location", text) or labels.label(node.name, text),
            "name": lambda text, _: self.name(text),
            "said": lambda text, _: said(text),
            "time": lambda text, _: text if time_stamp(text) else REDACTED,
            "title": lambda text, _: self._kept("title", text) or "Meeting",
            "url": lambda text, _: self._url(text),
            "user": lambda text, _: people.identity("user", text),
            "user_agent": lambda text, _: self._kept("user_agent", text) or REDACTED,
            "version": lambda text, node: text if version(text) else self._word(text, node),
            "word": self._word,
        }

    def trust(self, ids: set[str]) -> None:
        """Register the ids of participants and sessions as ids of the service, wherever they occur."""
        self._ids |= ids

    # Whole documents ----------------------------------------------------------------------------------------------

    def value(self, value: Any, node: Node | None) -> Any:
        """Return the replacement of a value at a place of the document."""
        if isinstance(value, dict | list):
            return self._nested(value, node)
        if isinstance(value, str):
            return self.text(value, node)
        return value if value is None or isinstance(value, bool) else self._number(value, node)

    def _nested(self, value: dict[str, Any] | list[Any], node: Node | None) -> Any:
        if self._depth >= _DEEPEST:
            return REDACTED  # what is nested without end costs itself, not the document around it
        self._depth += 1
        try:
            if isinstance(value, dict):
                return self._mapping(value, node)
            item = None if node is None else node.item
            if item is None and node is not None and node.rule in ("event", "number"):
                item = node
            return [self.value(each, item) for each in value]
        finally:
            self._depth -= 1

    def _number(self, value: float, node: Node | None) -> float | None:
        """Return a number if its meaning is known: under unknown keys it may be a telephone number or an address."""
        rule = "unknown" if node is None else node.rule
        if rule == "unknown":
            return value if "numbers" in self._keep else None
        if rule in PERSONAL and rule != "event":
            return 0  # a number where a text belongs: somebody's id or telephone number
        return value

    def _event_value(self, key: str, value: Any, node: Node) -> Any:
        """Return the replacement of a value in an event's metadata; its keys can be anything, most are measurements."""
        if isinstance(value, list):
            if any(isinstance(each, list) for each in value):
                return self.value(value, None)  # no event is known to hold lists of lists
            return [self._event_value(key, each, node) for each in value]
        words = words_of(key)
        kept = "numbers" in self._keep
        # The key says that the text identifies somebody: keep it only if it is technical and has no digits.
        if isinstance(value, str) and value not in ("", "null") and words & _IDENTIFYING:
            return self._known(value) or (value if technical(value) and not _DIGIT.search(value) else REDACTED)
        # A number stays only under a technical key, and a large one only if the key is about times or amounts.
        if isinstance(value, int | float) and not isinstance(value, bool) and not kept:
            measured = technical(key, words=KEY_WORDS) and not words & _IDENTIFYING
            return value if measured and (abs(value) < _LARGE or words & _LARGE_WORDS) else None
        return self.value(value, node)

    def _mapping(self, value: dict[str, Any], node: Node | None) -> dict[str, Any]:
        children = {} if node is None else node.children
        below = node if node is not None and node.rule == "event" else None
        made = {}
        # Known keys follow their rule, other keys of an event the event's; whatever is left is unknown.
        for key, item in value.items():
            if key in children:
                made[key] = self.value(item, children[key])
            elif below is not None:
                made[self.key(key)] = self._event_value(key, item, below)
            else:
                made[self.key(key)] = self.value(item, None)
        if not children:
            return made
        # A label needs the kind of its device, and a name the ids beside it, so these two are replaced again here.
        if all(key in children for key in _KIND_KEYS) and isinstance(value.get("label"), str):
            made["label"] = self.device(_text(value.get("kind")), value["label"])
        if all(key in children for key in _WHO_KEYS) and _text(value.get("display_name")):
            ids = (
                _text(value.get("id")),
                self.peer,
                _text(value.get("user_id")),
                _text(value.get("custom_participant_id")),
            )
            made["display_name"] = self.name(value["display_name"], ids=ids)
        return made

    def text(self, text: str, node: Node | None) -> str:
        """Return the replacement of a text; empty ones and the word null reveal nothing and stay."""
        if text in ("", "null"):
            return text
        rule = None if node is None else self._rules.get(node.rule)
        if node is not None and rule is not None:
            return rule(text, node)
        # Unknown, so it could be anything; a known person or thing of exactly this text still gets its own pseudonym.
        return self._known(text) or REDACTED

    def sample_text(self, text: str, node: Node | None) -> str:
        """Return the replacement of a text of a sample; the lists of a report share their times and ids."""
        key = ("", "", text) if node is None else (node.rule, node.name, text)
        if key not in self._sample_texts:
            self._sample_texts[key] = self.text(text, node)
        return self._sample_texts[key]

    def key(self, key: str) -> str:
        """Return an unknown key as it is if it is made of technical words, else a stand-in."""
        if _KEYS.fullmatch(key) and technical(key, words=KEY_WORDS) and not self.people.in_text.named(key):
            return key
        return self.labels.label("key", key)

    # Kinds of texts -----------------------------------------------------------------------------------------------

    def id(self, text: str) -> str:
        """Keep an id that the service gave; a person's own is replaced as it is elsewhere."""
        if text in self._ids and service_id(text):
            return text
        known = self._known(text)
        if known is not None:
            return known
        return text if service_id(text) else self.labels.label("id", text)

    def name(self, text: str, *, ids: tuple[str | None, ...] = ()) -> str:
        """Replace a name by the person's pseudonym."""
        return self._kept("names", text) or self.people.name(text, ids=ids)

    def device(self, kind: str | None, label: str) -> str:
        """Replace a device's label."""
        if label in ("", "null"):
            return label
        if kind is None and label in self._devices:
            return self._devices[label]
        made = self._kept("device_labels", label) or self.labels.device(kind, label)
        self._devices.setdefault(label, made)
        return made

    def device_id(self, text: str) -> str:
        """Replace a device's id."""
        # "default" and "communications" are names that browsers give.
        return text if text in ("", "null", "default", "communications") else self.labels.label("device", text)

    def meet_devices(self, value: Any, node: Node | None) -> None:
        """Collect all devices of a document, so that events that name them can be rewritten."""
        if isinstance(value, dict):
            children = {} if node is None else node.children
            if all(key in children for key in _KIND_KEYS):
                kind, label, device_id = (value.get(key) for key in _KIND_KEYS)
                if isinstance(label, str):
                    self.device(_text(kind), label)
                if isinstance(device_id, str) and device_id not in ("", "null"):
                    self._devices.setdefault(device_id, self.device_id(device_id))
            for key, item in value.items():
                if key in children:
                    self.meet_devices(item, children[key])
        elif isinstance(value, list) and node is not None and node.item is not None:
            for item in value:
                self.meet_devices(item, node.item)

    def _known(self, text: str) -> str | None:
        known = self.people.known(text)
        return known if known is not None else self._devices.get(text)

    def _word(self, text: str, node: Node) -> str:
        # Somebody may be called "Host": a technical word that stands alone is kept as such.
        free_text = node.name == _EVENT_NAME and " " in text
        made = text if text in EVENTS else self._without_names(text, single=free_text)
        return made if made is not None else self.labels.label(node.name or "text", text)

    def _without_names(self, text: str, *, single: bool) -> str | None:
        """Return a technical text with names in it replaced; None where anything else in it is not technical."""
        parts = self.people.in_text.parts(text, single=single)
        if not all(is_name or technical(part) for part, is_name in parts):
            return None
        return text if "names" in self._keep else "".join(part for part, _ in parts)

    def _metadata(self, text: str) -> str:
        known = self._known(text)
        if known is not None:
            return known
        if service_id(text) and text in self._ids:
            return text
        return self._without_names(text, single=True) or REDACTED

    def _url(self, text: str) -> str:
        found = _URL.match(text.strip())
        if found is None:
            return self.labels.label("url", text)
        host = found["host"].lower()
        if host not in _PUBLIC_HOSTS:
            host = self.labels.label("server", host, sign="").replace(" ", "-") + ".invalid"
        transport = _TRANSPORT.search(text)
        end = f"?transport={transport[1].lower()}" if transport else ""
        return f"{found['scheme'].lower()}:{host}{found['port'] or ''}{end}"

    def _kept(self, what: str, text: str) -> str | None:
        """Return a text of ``keep``, but without IP addresses and what could be a token or a presigned URL."""
        if what not in self._keep:
            return None
        return _ADDRESS.sub(lambda match: self.labels.address(match[0]), scrub(text))
