"""Reading bodies of responses within limits: a server, or something in between, may send without end."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE: Final = 2**16
SUSPICIOUS: Final = 16 * 2**20
"""Bytes above which the ratio of compression is looked at."""
HIGHEST_RATIO: Final = 250
"""Reports compress to a tenth, the most monotonous ones to a fiftieth; only a bomb shrinks to less than this."""


class BodyError(httpx.DecodingError):
    """A body that is too large, or compressed in a way that was not asked for."""


class TotalTimeoutError(httpx.ReadTimeout):
    """A request that took longer than it may altogether."""


async def read_bounded(response: httpx.Response, largest: int) -> bytes:
    """
    Read and decompress a body.

    Parameters
    ----------
    response
        Not read yet, or read in memory.
    largest
        Most bytes that it may have, decompressed.

    Raises
    ------
    BodyError
        If it is larger, expands like a decompression bomb, or cannot be decompressed.
    httpx.RequestError
        If the connection breaks.
    """
    if response.is_stream_consumed:
        return response.content  # made in this process, and read already
    encodings = [one.strip().lower() for one in response.headers.get("content-encoding", "").split(",")]
    layers = [_Inflating(one, largest) for one in reversed(encodings) if one not in ("", "identity")]
    body = bytearray()
    received = 0
    async for piece in response.aiter_raw():
        received += len(piece)
        for part in _through(layers, piece):
            body += part
            if len(body) > largest:
                msg = f"larger than {largest} bytes (largest_response=)"
                raise BodyError(msg)
            if len(body) > SUSPICIOUS and len(body) > HIGHEST_RATIO * max(received, 1):
                msg = f"{received} bytes expand to more than {len(body)}: no document of the API does"
                raise BodyError(msg)
    if layers and received and not all(layer.ended for layer in layers):
        # Compression tells that the end is missing, also where the connection closed without an error.
        msg = "the compressed body ends too early"
        raise httpx.RemoteProtocolError(msg)
    return bytes(body)


class _Inflating:
    """One layer of compression, undone piece by piece."""

    def __init__(self, encoding: str, largest: int) -> None:
        if encoding not in ("gzip", "x-gzip", "deflate"):
            msg = "compressed in a way that was not asked for (only gzip and deflate were)"
            raise BodyError(msg)
        self._deflate = encoding == "deflate"
        # 32 added to the window size accepts gzip and zlib.
        self._inner = zlib.decompressobj(zlib.MAX_WBITS | 32)
        self._fed = False
        self._largest = largest

    @property
    def ended(self) -> bool:
        return self._inner.eof

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Decompress a piece of input into pieces of output of limited size."""
        if not piece:
            return
        while piece and not self._inner.eof:
            try:
                out = self._inner.decompress(piece, PIECE)
            except zlib.error:
                if self._fed or not self._deflate:
                    msg = "the body is not what its content-encoding says"
                    raise BodyError(msg) from None
                # "deflate" without a zlib header, which some servers send.
                self._inner = zlib.decompressobj(-zlib.MAX_WBITS)
                self._fed = True
                continue
            self._fed = True
            yield out
            piece = self._inner.unconsumed_tail


def _through(layers: list[_Inflating], piece: bytes) -> Iterator[bytes]:
    if not layers:
        yield piece
        return
    for part in layers[0].feed(piece):
        yield from _through(layers[1:], part)
