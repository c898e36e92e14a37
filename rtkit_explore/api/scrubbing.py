"""
Taking secrets out of texts before anyone sees them: one set of patterns for errors, reports, exports and redaction.

Texts come from outside and may be long, so every pattern takes linear time: a run of characters is entered at its
beginning only (lookbehind), and is never given back (possessive quantifiers).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rtkit_explore.settings import Secret

LONGEST = 300
_LIKE_A_WORD: Final = 8
"""Letters below which a secret is looked for as a word: one letter would take that letter from every word."""
TOKEN: Final = "[token]"  # noqa: S105 - the placeholder for a token

_LINK: Final = re.compile(r"\b([a-z][a-z0-9+.-]{1,10})://([^\s/?#\"'<>]++)([^\s\"'<>]*+)", re.IGNORECASE)
_HOST: Final = re.compile(r"(?:[\w.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?", re.IGNORECASE)
_JWT: Final = re.compile(r"(?<![\w-])eyJ[\w-]{8,}+\.[\w.-]*+")
# What follows "bearer" is a token. "Token" and "basic" are ordinary words as well: what follows those has to be long
# and to hold more than letters.
_SCHEME: Final = re.compile(
    r"\b(bearer|(?:basic|token|apikey)(?=\s+[\w.~+/=-]*[\d=+/_~]))\s++(?!\[token\])([\w.~+/=-]++)", re.IGNORECASE
)
# A key, as in a query, a header or JSON (whose quotes may be escaped), up to where its value begins.
_KEY: Final = re.compile(r"(?<![\w-])([\w-]++)(\\*+[\"']?+\s*+(?:[=:]|%3[ad])\s*+)(?=\S)", re.IGNORECASE)
_SECRET_KEY: Final = re.compile(
    r"signature|token|secret|passw|passphrase|credential|(?:api|access|private)[_-]?key|authorization|cookie"
    r"|(?:^|[_-])(?:sig|pwd|jwt)(?:$|[_-])",
    re.IGNORECASE,
)
_HEADER: Final = re.compile(r"authorization|cookie", re.IGNORECASE)
_SCHEME_NAME: Final = re.compile(r"(?:bearer|basic|token|digest|apikey|negotiate)\s++(?=\S)", re.IGNORECASE)
_QUOTE: Final = re.compile(r"(\\*+)([\"'])")
_IN_QUOTES: Final = {quote: re.compile(rf"(?:[^{quote}\\]|\\.)*+", re.DOTALL) for quote in "\"'"}
_IN_ESCAPED_QUOTES: Final = re.compile(r"[^\\\"']*+")
_REST_OF_LINE: Final = re.compile(r"[^\r\n\"'<>]*+")
_BARE: Final = re.compile(r"[^\s&,;\"'<>]*+")


def scrub(text: object, *secrets: Secret | None) -> str:
    """
    Make a text fit for an error message.

    Parameters
    ----------
    text
        Anything; its ``str`` is used, in one line, cut at 300 characters.
    secrets
        Texts that must not appear.

    Returns
    -------
    str
        The text without them, and without whatever else ``without_secrets`` removes.
    """
    clean = str(text)
    for secret in secrets:
        if secret is not None and secret.reveal():
            clean = _without(clean, secret.reveal())
    clean = " ".join(without_secrets(clean).split())
    return clean if len(clean) <= LONGEST else clean[: LONGEST - 1] + "…"


def _without(text: str, secret: str) -> str:
    """Replace a secret wherever it stands; one that is as short as a word only where it is none of another word."""
    if len(secret) >= _LIKE_A_WORD:
        return text.replace(secret, TOKEN)
    return re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", TOKEN, text)


def without_secrets(text: str) -> str:
    """
    Return a text without what could be a token or a presigned URL; whoever shows a text from outside calls this.

    URLs lose all but their host, since any may be presigned; values of keys that speak of secrets, tokens by their
    form and what follows an authentication scheme become ``[token]``.
    """
    text = _LINK.sub(_host_only, text)
    text = _JWT.sub(TOKEN, text)
    text = _without_values(text)
    return _SCHEME.sub(_scheme_only, text)


def _host_only(match: re.Match[str]) -> str:
    scheme, place, rest = match.groups()
    host = place.rpartition("@")[2]  # a user and a password may stand before it
    shown = host if _HOST.fullmatch(host) else "…"
    return match[0] if shown == place and not rest else f"{scheme}://{shown}/…"


def _scheme_only(match: re.Match[str]) -> str:
    ordinary_word = match[1].lower() != "bearer" and len(match[2]) < 8
    return match[0] if ordinary_word else f"{match[1]} {TOKEN}"


def _without_values(text: str) -> str:
    """Replace the values of keys whose names speak of secrets."""
    made: list[str] = []
    done = 0
    while found := _KEY.search(text, done):
        made.append(text[done : found.end()])
        done = found.end()
        if _SECRET_KEY.search(found[1]):
            stand_in, done = _stand_in(text, done, key=found[1], between=found[2])
            made.append(stand_in)
    made.append(text[done:])
    return "".join(made)


def _stand_in(text: str, start: int, *, key: str, between: str) -> tuple[str, int]:
    """Return the placeholder for the value that begins at a position, and where the value ends."""
    quote = _QUOTE.match(text, start)
    if quote is not None:
        inside = _IN_ESCAPED_QUOTES if quote[1] else _IN_QUOTES[quote[2]]
        value = inside.match(text, quote.end())
        return quote[0] + TOKEN, value.end() if value is not None else quote.end()
    if text[start] in "[{":
        return _quoted(between), _end_of_nested(text, start)
    scheme = _SCHEME_NAME.match(text, start)
    begin = start if scheme is None else scheme.end()
    # The value of a header goes on to the end of its line: a cookie is several pairs.
    whole_line = _HEADER.search(key) is not None and ":" in between and '"' not in between
    value = (_REST_OF_LINE if whole_line else _BARE).match(text, begin)
    end = value.end() if value is not None else begin
    if '"' in between:  # a number in JSON, which ends where its object or list does
        end = begin + len(text[begin:end].rstrip("]}"))
    return text[start:begin] + _quoted(between), end


def _quoted(between: str) -> str:
    """Write the stand-in as JSON text where the key was in quotes, so that the whole stays JSON."""
    quote = _QUOTE.match(between)
    return TOKEN if quote is None else f"{quote[0]}{TOKEN}{quote[0]}"


def _end_of_nested(text: str, start: int) -> int:
    """Return where the list or object that begins at a place ends; the end of the text where nothing closes it."""
    depth = 0
    for place in range(start, len(text)):
        if text[place] in "[{":
            depth += 1
        elif text[place] in "]}":
            depth -= 1
            if not depth:
                return place + 1
    return len(text)
