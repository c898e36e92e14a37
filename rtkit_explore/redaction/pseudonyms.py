"""Stable stand-ins for names, ids, devices and IP addresses, the same throughout a call."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from rtkit_explore.redaction.names_in_text import NamesInText
from rtkit_explore.table_schema.labels import device_kind_words

_CODE = re.compile(r"[A-Z2-7]{10}")
_DRAWN = 7
_MASKED = re.compile(r"(?:\d{1,3}|x|\*)(?:\.(?:\d{1,3}|x|\*)){3}", re.IGNORECASE)
_NETS: Final = ("192.0.2", "198.51.100", "203.0.113")
"""Networks for documentation (RFC 5737), which no host has."""


@dataclass
class Person:
    """
    One person: everyone who joined under the same user id, or, where there is none, under the same custom id.

    Attributes
    ----------
    order
        When they first joined (seconds since 1970), and where they were first met.
    names, users, customs
        What they are called in the documents, in the order met.
    """

    order: tuple[float, int]
    names: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    customs: list[str] = field(default_factory=list)


class People:
    """
    Everyone in a call and what they are called instead.

    Parameters
    ----------
    salt
        If given, pseudonyms come from a keyed hash of the user id (else custom id, else name): the same person
        has the same pseudonym in every call redacted with that salt, and nobody without the salt can test a guess.
        If None, people are numbered in the order of joining.
    """

    def __init__(self, *, salt: str | None = None) -> None:
        self._salt = None if salt is None else salt.encode("utf-8", "surrogatepass")
        self._persons: list[Person] = []
        self._by_id: dict[tuple[str, str], Person] = {}
        self._by_name: dict[str, list[Person]] = {}
        self._made: dict[tuple[str, str], str] = {}
        self._numbers: dict[int, str] = {}
        self._next: dict[str, int] = {}

    def add(self, *, peer: str | None, user: str | None, custom: str | None, name: str | None, joined: float) -> None:
        """Add a person, or merge with one who is known already."""
        # An app may give all its guests one custom id, so it identifies a person only where nothing else does.
        told = (("peer", peer), ("user", user), ("custom", None if user else custom))
        ids = [(kind, value) for kind, value in told if value]
        known = list({id(self._by_id[key]): self._by_id[key] for key in ids if key in self._by_id}.values())
        person = known[0] if known else Person((joined, len(self._persons)))
        if not known:
            self._persons.append(person)
        for other in known[1:]:
            self._merge(other, person)
        person.order = min(person.order, (joined, person.order[1]))
        for key in ids:
            self._by_id[key] = person
        if custom:
            self._by_id.setdefault(("custom", custom), person)
        for value, values in ((user, person.users), (custom, person.customs), (name, person.names)):
            if value and value not in values:
                values.append(value)

    def _merge(self, other: Person, into: Person) -> None:
        self._persons = [person for person in self._persons if person is not other]
        into.order = min(into.order, other.order)
        for mine, more in ((into.names, other.names), (into.users, other.users), (into.customs, other.customs)):
            mine.extend(value for value in more if value not in mine)
        for key, person in self._by_id.items():
            if person is other:
                self._by_id[key] = into

    def settle(self) -> None:
        """Give everyone a pseudonym, now that all are known."""
        self._persons.sort(key=lambda person: person.order)
        for number, person in enumerate(self._persons, start=1):
            source = [*person.users, *person.customs, *person.names]
            code = str(number) if self._salt is None or not source else self._code(source[0])
            self._numbers[id(person)] = f"Person {code}"
            for kind, values in (("user", person.users), ("custom", person.customs)):
                for value in values[:1]:
                    code = str(number) if self._salt is None else self._code(value)
                    self._made.setdefault((kind, value), f"{kind} {code}")
            for name in person.names:
                self._by_name.setdefault(name.casefold(), []).append(person)

    @cached_property
    def in_text(self) -> NamesInText:
        """What finds the names of all people in other texts; made once everyone is known."""
        names = [(name, self._numbers[id(person)]) for person in self._persons for name in person.names]
        ids = [
            (value, self.identity(kind, value))
            for person in self._persons
            for kind, values in (("user", person.users), ("custom", person.customs))
            for value in values
        ]
        return NamesInText(names, ids)

    def name(self, name: str, *, ids: tuple[str | None, ...] = ()) -> str:
        """
        Return what someone is called instead.

        A person is identified by one of the ids; by the name if only one person has it. A name that nobody, or more
        than one person, has counts as a person of its own.
        """
        for value in ids:
            for kind in ("peer", "user", "custom"):
                if value and (kind, value) in self._by_id:
                    return self._numbers[id(self._by_id[kind, value])]
        same = self._by_name.get(name.casefold(), [])
        return self._numbers[id(same[0])] if len(same) == 1 else self._more("Person", name.casefold())

    def known(self, text: str) -> str | None:
        """Return the pseudonym of a text that is exactly somebody's name or id, else None."""
        for kind in ("user", "custom"):
            if (kind, text) in self._by_id:
                return self.identity(kind, text)
        return (
            self.name(text) if any(text in person.names for person in self._by_name.get(text.casefold(), ())) else None
        )

    def identity(self, kind: str, value: str) -> str:
        """Return what a ``user`` id or ``custom`` id is called instead."""
        return self._made.get((kind, value)) or self._more(kind, value)

    def _more(self, kind: str, value: str) -> str:
        if (kind, value) not in self._made:
            number = self._next.get(kind, len(self._persons)) + 1
            self._next[kind] = number
            self._made[kind, value] = f"{kind} {number if self._salt is None else self._code(value)}"
        return self._made[kind, value]

    def _code(self, value: str) -> str:
        """Derive a code that can be recognized as one with the salt; a text that is such a code already stays."""
        # The end of a code is a check made with the salt, so that redacting twice changes nothing.
        stated = value.rpartition(" ")[2].upper()
        if _CODE.fullmatch(stated) and self._hash(stated[:_DRAWN])[: 10 - _DRAWN] == stated[_DRAWN:]:
            return stated
        drawn = self._hash(value)[:_DRAWN]
        return drawn + self._hash(drawn)[: 10 - _DRAWN]

    def _hash(self, value: str) -> str:
        key = self._salt or b""
        return base64.b32encode(hmac.digest(key, value.encode("utf-8", "surrogatepass"), hashlib.sha256)).decode()


class Labels:
    """Numbered stand-ins of a kind, in the order in which things are met."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}

    def label(self, kind: str, value: str, *, sign: str = "#") -> str:
        """Return the stand-in of a value, such as ``preset #1``; one in that form already stays as it is."""
        if sign and re.fullmatch(rf"{re.escape(kind)} {sign}\d{{1,6}}", value):
            return value
        if (kind, value) not in self._made:
            self._made[kind, value] = f"{kind} {sign}{self._number(kind)}"
        return self._made[kind, value]

    def device(self, kind: str | None, label: str) -> str:
        """Return the stand-in of a device's label, such as ``Microphone 1``."""
        return self.label(device_kind_words(kind).capitalize(), label, sign="")

    def address(self, value: str) -> str:
        """Return the stand-in of an IP address: one of the documentation addresses of the same version."""
        if ("address", value) not in self._made:
            self._made["address", value] = self._new_address(value)
        return self._made["address", value]

    def _new_address(self, value: str) -> str:
        text = value.strip().strip("[]")
        if ":" in text and not _MASKED.fullmatch(text):
            return f"2001:db8::{self._number('address of version 6'):x}"  # RFC 3849
        if _is_four(text):
            number = self._number("address") - 1
            if number < 254 * len(_NETS):
                return f"{_NETS[number // 254]}.{number % 254 + 1}"
            return f"198.18.{number // 256 % 256}.{number % 256}"  # for measurements (RFC 2544), once those are used up
        if text.endswith(".local"):
            return f"host-{self._number('host')}.local"
        return f"address #{self._number('other address')}"

    def _number(self, kind: str) -> int:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return self._counts[kind]


def _is_four(text: str) -> bool:
    if _MASKED.fullmatch(text):
        return True
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
