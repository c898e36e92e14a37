"""
Whose side it was on: everyone's streams at the same time, held against each other.

``attribute`` goes through ``PASSES`` in that order. What was received is explained by the links that ``localization``
finds at fault (``links``, ``received``); what was sent is held against how it was received (``sent``); then a relay
over TCP is looked at (``tcp_relay``), what only follows from something else is put behind it (``consequences``), and
loss is held against how it was heard (``loss``). ``outages`` tells loss from silence, and one direction that was cut
from both; ``narrow`` a line that was full in both directions;
``machine`` a busy machine from a slow line. People without a report are unknown, never fine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtkit_explore.findings.attribution.consequences import (
    follow_outages,
    lateness_outlives_its_cause,
    limits_follow_delay,
    media_late_that_way,
    pictures_follow_loss,
    queues_delay_reports,
    reports_came_late,
    unsteadiness_is_told,
)
from rtkit_explore.findings.attribution.links import cut_where_the_cause_changes
from rtkit_explore.findings.attribution.loss import (
    loss_as_heard,
    loss_both_ways,
    narrow_downlinks,
    no_worse_than_the_loss,
)
from rtkit_explore.findings.attribution.machine import late_at_a_busy_machine
from rtkit_explore.findings.attribution.narrow import narrow_both_ways
from rtkit_explore.findings.attribution.outages import cut_at_outages, outages_of_one_direction
from rtkit_explore.findings.attribution.received import received_findings
from rtkit_explore.findings.attribution.sent import sent_findings
from rtkit_explore.findings.attribution.tcp_relay import facts_degrade_nobody, stalls_of_tcp
from rtkit_explore.findings.concurrency import Concurrency

if TYPE_CHECKING:
    from collections.abc import Callable

    from rtkit_explore.findings.candidates import Candidate
    from rtkit_explore.findings.context import Context

PASSES: tuple[Callable[[Concurrency], None], ...] = (
    received_findings,
    outages_of_one_direction,
    sent_findings,
    loss_both_ways,
    reports_came_late,
    stalls_of_tcp,
    limits_follow_delay,
    queues_delay_reports,
    media_late_that_way,
    follow_outages,
    lateness_outlives_its_cause,
    pictures_follow_loss,
    narrow_both_ways,
    late_at_a_busy_machine,
    no_worse_than_the_loss,
    loss_as_heard,
    narrow_downlinks,
    facts_degrade_nobody,
    unsteadiness_is_told,
)
"""The attribution, step by step; each step may correct those before it."""


def attribute(context: Context, candidates: list[Candidate]) -> list[Candidate]:
    """
    Say of every finding whose side it was on, with confidence and evidence.

    Returns
    -------
    list of Candidate
        The findings; those during which the cause changed are cut there.
    """
    parts = [part for one in candidates for part in cut_at_outages(context, one)]
    around = Concurrency(context, [part for one in parts for part in cut_where_the_cause_changes(context, one)])
    for step in PASSES:
        step(around)
    return around.candidates
