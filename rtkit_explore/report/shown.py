"""What may be shown of a text: without URLs and tokens, and without characters that mislead."""

from __future__ import annotations

import re
from typing import Any, Final

from rtkit_explore.api.scrubbing import without_secrets

# Characters that would change how others are read, or that HTML cannot hold.
_CONTROLS: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)


def shown(value: Any) -> str:
    """Return a value as the page shows it: without URLs and tokens, and without characters that mislead."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", without_secrets(str(value)))
