"""Fetching all documents of one call concurrently; what cannot be fetched becomes a failure, not an exception."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from rtkit_explore.errors import (
    BadAnswerError,
    BadRequestError,
    DownloadExpiredError,
    NotFoundError,
    PermissionDeniedError,
    RtkitError,
)
from rtkit_explore.store.documents import CallDocuments, Failure

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from rtkit_explore.api.client import ApiClient
    from rtkit_explore.api.progress import Progress
    from rtkit_explore.api.query_params import TranscriptFormat

T = TypeVar("T")

REFUSED = (PermissionDeniedError, NotFoundError, BadRequestError)
"""Errors of the session itself after which no other document is worth requesting."""


async def fetch_call(
    client: ApiClient,
    session_id: str,
    *,
    include_breakout_rooms: bool | None = None,
    include_peer_events: bool | None = True,
    chat: bool = False,
    transcripts: tuple[TranscriptFormat, ...] = (),
    summary: bool = False,
    bar: Progress,
) -> CallDocuments:
    """
    Fetch a session, its participants, everyone's report and what else is asked for.

    Parameters
    ----------
    client
        The API.
    session_id
        Which session.
    include_breakout_rooms, include_peer_events
        As in the API's calls.
    chat, summary
        Whether to download these.
    transcripts
        Forms of the transcript; the first that there is gets downloaded.
    bar
        Told of every document that arrived.

    Returns
    -------
    CallDocuments
        With a failure for each document that could not be fetched.

    Raises
    ------
    RtkitError
        If the session itself is refused or absent, or neither it nor its participants could be fetched.
    """
    documents = CallDocuments(session_id=session_id)
    wanted = []
    if chat:
        wanted.append(_chat(client, documents, session_id))
    if transcripts:
        wanted.append(_transcript(client, documents, session_id, transcripts))
    if summary:
        wanted.append(_summary(client, documents, session_id))
    downloads = asyncio.gather(*wanted)
    try:
        await _people(client, documents, session_id, include_breakout_rooms, include_peer_events, bar=bar)
        await downloads
    finally:
        # No task keeps running in the background if the session was refused, or the user pressed Ctrl-C.
        downloads.cancel()
        await asyncio.gather(downloads, return_exceptions=True)
    return documents


async def _people(
    client: ApiClient,
    documents: CallDocuments,
    session_id: str,
    include_breakout_rooms: bool | None,
    include_peer_events: bool | None,
    *,
    bar: Progress,
) -> None:
    session, listing = await asyncio.gather(
        _tried(client.session(session_id, include_breakout_rooms=include_breakout_rooms)),
        _tried(client.participants(session_id, include_peer_events=include_peer_events, keep_partial=True)),
    )
    if isinstance(session, RtkitError):
        if isinstance(session, REFUSED) or isinstance(listing, RtkitError):
            raise session
        documents.failures.append(_failure("session", session))
    else:
        documents.session = session
    if isinstance(listing, RtkitError):
        documents.failures.append(_failure("participants", listing))
        return
    documents.participants = listing.content
    documents.failures += [Failure("participants", problem, answered=True) for problem in listing.problems]
    named = [peer for row in listing.rows if (peer := _peer_id(row)) is not None]
    peers = list(dict.fromkeys(named))
    if len(named) < len(listing.rows):
        count = len(listing.rows) - len(named)
        message = f"{count} participant(s) have no id in the list, so their reports could not be asked for"
        documents.failures.append(Failure("peer-report", message, answered=True))
    bar.expect(len(peers))
    reports = await asyncio.gather(*(_report(client, peer, include_peer_events, bar) for peer in peers))
    for peer, report in zip(peers, reports, strict=True):
        if isinstance(report, RtkitError):
            documents.failures.append(_failure("peer-report", report, peer))
        else:
            documents.reports[peer] = report


def _peer_id(row: Any) -> str | None:
    stated = row.get("id") if isinstance(row, dict) else None
    return stated if isinstance(stated, str) and stated.strip() else None


async def _report(
    client: ApiClient, peer_id: str, include_peer_events: bool | None, bar: Progress
) -> bytes | RtkitError:
    try:
        return await _tried(client.peer_report(peer_id, include_peer_events=include_peer_events))
    finally:
        bar.advance()


async def _chat(client: ApiClient, documents: CallDocuments, session_id: str) -> None:
    got = await _tried(client.chat(session_id))
    if isinstance(got, RtkitError):
        documents.failures.append(_failure("chat", got))
    else:
        documents.chat = got.content


async def _transcript(
    client: ApiClient, documents: CallDocuments, session_id: str, forms: tuple[TranscriptFormat, ...]
) -> None:
    failure: RtkitError | None = None
    for form in forms:
        got = await _tried(client.transcript(session_id, format=form))
        if not isinstance(got, RtkitError):
            documents.transcript, documents.transcript_format = got.content, form
            return
        # If no form is available, the user is told the error of the first one.
        failure = failure or got
        if not isinstance(got, NotFoundError):
            break
    if failure is not None:
        documents.failures.append(_failure("transcript", failure))


async def _summary(client: ApiClient, documents: CallDocuments, session_id: str) -> None:
    got = await _tried(client.summary(session_id))
    if isinstance(got, RtkitError):
        documents.failures.append(_failure("summary", got))
    else:
        documents.summary = decode_text(got.content)


def _failure(source: str, error: RtkitError, peer_id: str | None = None) -> Failure:
    missing = isinstance(error, NotFoundError | DownloadExpiredError)
    return Failure(source, str(error), peer_id, missing=missing, answered=isinstance(error, BadAnswerError))


def decode_text(content: bytes) -> str:
    """Read a downloaded text, whatever bytes are in it."""
    return content.decode("utf-8-sig", errors="replace")


async def _tried(work: Awaitable[T]) -> T | RtkitError:
    # Not only errors of the API: an id that cannot be requested costs its own document and no other.
    try:
        return await work
    except RtkitError as error:
        return error
