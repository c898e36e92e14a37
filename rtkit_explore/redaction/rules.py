"""
Which rule holds for which place of a document, taken from the declared tables.

The tree has a node for every key that a table reads. What has no node is unknown, and could be anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from rtkit_explore.table_schema.describe import TABLES
from rtkit_explore.table_schema.media import SERIES
from rtkit_explore.table_schema.report import CUMULATIVE_STATISTICS

if TYPE_CHECKING:
    from rtkit_explore.table_schema.columns import Redaction, Table


@dataclass
class Node:
    """
    What is known about one place in a document.

    Attributes
    ----------
    children
        Key to the node of its value.
    item
        The node of the items of a list there.
    rule
        The rule for a text there.
    name
        Column that the text goes to, for the names of stand-ins.
    """

    children: dict[str, Node] = field(default_factory=dict)
    item: Node | None = None
    rule: Redaction = "unknown"
    name: str = ""

    def child(self, key: str) -> Node:
        """Return the node below a key, made where there is none."""
        return self.children.setdefault(key, Node())

    def items(self) -> Node:
        """Return the node of a list's items, made where there is none."""
        if self.item is None:
            self.item = Node()
        return self.item


def _place(root: Node, path: str) -> Node:
    node = root
    for part in path.split("."):
        if part:
            node = node.child(part.removesuffix("[]"))
            if part.endswith("[]"):
                node = node.items()
    return node


def _declare(node: Node, table: Table) -> None:
    for column in table.columns:
        if column.key:
            leaf = _place(node, column.key)
            leaf.rule, leaf.name = column.redaction, column.name


def _tree(*names: str) -> Node:
    root = Node()
    for name in names:
        table = TABLES[name]
        for place in table.places:
            _declare(_place(root, place), table)
    return root


@cache
def session_tree() -> Node:
    """Return the rules of a session's document."""
    return _enveloped(_tree("sessions"))


@cache
def participants_tree() -> Node:
    """Return the rules of a list of participants, of one participant, and of a peer report."""
    tables = [name for name, table in TABLES.items() if any(p.startswith("participant") for p in table.places)]
    root = _tree(*tables)
    person = root.child("participant")
    events = person.child("peer_events")
    for record in (person, root.child("participants").items()):
        record.children.setdefault("peer_events", events)
        for key in ("session_id", "peer_id"):
            record.child(key).rule = "id"
        record.child("role").rule, record.child("role").name = "word", "preset_name"
    for key in ("session_id", "peer_id"):
        events.items().child(key).rule = "id"
    metadata = person.child("peer_report").child("metadata")
    for texts in (metadata.child("pc_metadata").items().child("sdp"),):
        texts.items().rule = "said"
    for series in SERIES:
        sample = person.child("peer_report").child("quality").child(series).items()
        sample.child("consumer_id").rule = "id"
        _declare_cumulative(person.child("peer_report").child("quality").child(f"{series}_cumulative"))
    for name in (
        "audio_devices_updates",
        "video_devices_updates",
        "speaker_devices_updates",
        "selected_device_updates",
    ):
        metadata.child(name).items().child("timestamp").rule = "time"
    for key, node in person.children.items():  # responses that hold the participant without a wrapper
        root.children.setdefault(key, node)
    return _enveloped(root)


@cache
def transcript_tree() -> Node:
    """Return the rules of one utterance of a JSON transcript."""
    root = Node()
    _declare(root, TABLES["transcript"])
    for key in ("startTime", "endTime"):
        root.child(key).rule = "time"
    return root


@cache
def chat_rules() -> dict[str, Node]:
    """Return the rules of the columns of a chat download."""
    root = Node()
    _declare(root, TABLES["chat"])
    return root.children


_PAGING = ("total_count", "start_offset", "end_offset", "page_no", "per_page")


def _declare_cumulative(block: Node) -> None:
    """Keep the numbers of a cumulative block: metrics that are one number, or several by statistic."""
    for metric, statistics in CUMULATIVE_STATISTICS.items():
        leaf = block.child(metric)
        leaf.rule = "number"
        for statistic in statistics:
            leaf.child(statistic).rule = "number"


def _enveloped(data: Node) -> Node:
    root = Node(children=dict(data.children))
    root.children["data"] = data
    paging = Node(children={key: Node(rule="number") for key in _PAGING})
    root.children["paging"] = paging
    data.children.setdefault("paging", paging)
    return root
