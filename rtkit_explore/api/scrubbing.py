"""Taking secrets out of texts before anyone sees them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rtkit_explore.settings import Secret

LONGEST = 300
_ADDRESS = re.compile(r"\b(https?|wss?)://([^\s/?#\"'<>]+)[^\s\"'<>]*", re.IGNORECASE)
_BEARER = re.compile(r"\b(bearer)\s+[\w.~+/=-]+", re.IGNORECASE)


def scrub(text: object, *secrets: Secret | None) -> str:
    """
    Make a text fit for an error message.

    Tokens go, and every web address loses all but its host, because an address may be a presigned one.

    Parameters
    ----------
    text
        Anything; its ``str`` is used, in one line, cut at 300 characters.
    secrets
        Texts that must not appear.

    Returns
    -------
    str
        The text without them.
    """
    clean = str(text)
    for secret in secrets:
        if secret is not None and secret.reveal():
            clean = clean.replace(secret.reveal(), "[token]")
    clean = _BEARER.sub(r"\1 [token]", clean)
    clean = _ADDRESS.sub(_host_only, clean)
    clean = " ".join(clean.split())
    return clean if len(clean) <= LONGEST else clean[: LONGEST - 1] + "…"


def _host_only(match: re.Match[str]) -> str:
    host = match.group(2).rsplit("@", 1)[-1]
    return f"{match.group(1)}://{host}/…"
