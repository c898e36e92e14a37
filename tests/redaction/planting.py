"""Documents with a secret in every text, and everything that a call gives away, as one text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rtkit_explore.store.documents import CallDocuments
from tests import reference

if TYPE_CHECKING:
    from rtkit_explore.call import Call

PEER = reference.PEER


def everywhere(document, secret):
    """Replace every text of a document, each by a secret of its own."""
    number = 0
    for path, value in list(reference.nodes(document)):
        if isinstance(value, str):
            reference.put(document, path, secret(number))
            number += 1
    return json.dumps(document).encode()


def planted(secret, *, form="CSV"):
    """Build the documents of a call with ``secret(n)`` in place of every text."""
    session = everywhere(reference.session(), secret)
    people = everywhere(reference.participants(2), secret)
    report = reference.peer_report()
    metadata = report["data"]["participant"]["peer_report"]["metadata"]
    metadata["events"][0]["metadata"] = {"reason": "x", "nested": {"deep": ["x"]}, "count": 3}
    report["data"]["participant"]["surprise"] = {"who": "x", "phone": 7, "list": ["x", {"y": "x"}]}
    report["error"] = {"code": 1, "message": "x", "documentation_url": "x"}
    word = secret(1000)
    said = {
        "CSV": f'"1000","{secret(1)}","{secret(2)}","{secret(3)}","{secret(4)}","{secret(5)}","{secret(6)}"\n',
        "JSON": json.dumps(
            [
                {"startTime": word, "endTime": 5, "sentence": word, "odd": word}
                | {"peerData": {"id": word, "userId": word, "displayName": word, "cpi": word, "joinedAt": word}}
            ]
        ),
        "SRT": f"1\n00:00:01,000 --> 00:00:02,000\n{word}: hello {word}\n\n{word}\n",
        "VTT": f"WEBVTT {word}\n\nNOTE {word}\n\n{word}\n00:01.000 --> 00:02.000 align:{word}\n<v {word}>hi {word}</v>\n",
    }
    chat = (
        f"id,participantId,sessionId,meetingId,displayName,pinned,isEdited,payloadType,payload,createdAt,{word}\n"
        + ",".join(f'"{secret(100 + number)}"' for number in range(13))
        + "\n"
    )
    return CallDocuments(
        session=session,
        participants=people,
        reports={PEER: everywhere(report, secret), secret(7): b"not JSON " + word.encode()},
        chat=chat.encode(),
        transcript=said[form].encode(),
        transcript_format=form,
        summary=f"{word} said hello",
        session_id=secret(8),
        names={"session": f"{word}.json", PEER: f"{word}.json"},
    )


def given_away(call: Call, folder):
    """Everything that can leave by a call: documents, tables, representations, files and their names."""
    documents = call.documents
    parts = [
        *(body for body in (documents.session, documents.participants, documents.chat, documents.transcript) if body),
        *documents.reports.values(),
    ]
    texts = [part.decode() for part in parts]
    texts += [json.dumps(json.loads(body), ensure_ascii=False) for body in documents.reports.values()]
    texts += [str(documents.summary), repr(documents.failures), str(documents.names), str(list(documents.reports))]
    texts += [table.to_csv() for table in call.tables.values()]
    texts += [repr(call), call._repr_html_(), call.title, str(call.session_id), str(call.names)]
    for path in call.save(folder).iterdir():
        texts += [path.name, path.read_text()]
    return "\n".join(texts)
