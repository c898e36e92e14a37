"""The reports of a call as bytes: those of a large call are kept compressed, being larger than its tables."""

from __future__ import annotations

import zlib
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PLAIN: Final = 200_000_000
"""Bytes up to which reports are kept as they came: most calls never get there, and pay nothing."""
_LEVEL: Final = 1
"""The fastest: 300 MB a second, to a tenth of the size; reading back takes a fraction of the time of decoding."""


class ReportBytes(MutableMapping[str, bytes]):
    """
    Peer id to the bytes of its report, as from a dict.

    Parameters
    ----------
    reports
        What it holds at first.

    Notes
    -----
    Bytes come out as they went in. What goes in beyond 200 MB is kept compressed.
    """

    def __init__(self, reports: Mapping[str, bytes] | Iterable[tuple[str, bytes]] = ()) -> None:
        self._kept: dict[str, tuple[bool, bytes]] = {}
        self._sizes: dict[str, int] = {}
        self.size = 0
        """Bytes of all reports, as they came."""
        self.update(reports)

    def __getitem__(self, peer_id: str) -> bytes:
        """Return a report."""
        compressed, content = self._kept[peer_id]
        return zlib.decompress(content) if compressed else content

    def __setitem__(self, peer_id: str, content: bytes) -> None:
        """Put a report in."""
        size = self.size - self._sizes.get(peer_id, 0) + len(content)
        compress = size > PLAIN
        self._kept[peer_id] = (compress, zlib.compress(content, _LEVEL) if compress else content)
        self._sizes[peer_id], self.size = len(content), size

    def __delitem__(self, peer_id: str) -> None:
        """Take a report out."""
        del self._kept[peer_id]
        self.size -= self._sizes.pop(peer_id)

    def __iter__(self) -> Iterator[str]:
        """Name the reports, in the order in which they came."""
        return iter(self._kept)

    def __len__(self) -> int:
        """Count the reports."""
        return len(self._kept)

    def __or__(self, other: Mapping[str, bytes]) -> ReportBytes:
        """Return these reports and others, which win."""
        made = ReportBytes(self)
        made.update(other)
        return made

    def __repr__(self) -> str:
        """Say how much there is, never what."""
        return f"ReportBytes({len(self)} reports, {self.size / 1e6:.1f} MB)"


def bytes_of(reports: Mapping[str, bytes]) -> int:
    """Return how many bytes reports are, without looking at each where that is known."""
    return reports.size if isinstance(reports, ReportBytes) else sum(map(len, reports.values()))
