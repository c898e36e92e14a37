"""A bar appears only for what takes longer than a moment, once per piece of work, and not at all on request."""

from __future__ import annotations

import io

import pytest
import tqdm.auto

from rtkit_explore.api import progress as notices
from rtkit_explore.api.progress import Progress


@pytest.fixture
def shown(monkeypatch) -> io.StringIO:
    screen = io.StringIO()
    original = tqdm.auto.tqdm

    def on_screen(**options):
        return original(**options, file=screen, mininterval=0)

    monkeypatch.setattr(tqdm.auto, "tqdm", on_screen)
    return screen


def test_quick_work_shows_nothing(shown):
    with Progress("reports", total=3, delay=60) as bar:
        for _ in range(3):
            bar.advance()
    assert shown.getvalue() == ""


def test_slow_work_shows_what_it_is_and_how_far_it_got(shown):
    with Progress("reports", total=3, delay=0) as bar:
        bar.advance()
        bar.advance()
    assert "reports" in shown.getvalue()
    assert "2/3" in shown.getvalue()


def test_a_bar_that_is_not_wanted_stays_away(shown):
    with Progress("reports", total=3, show=False, delay=0) as bar:
        bar.advance()
        notices.tell_waiting(9, "the budget")
    assert shown.getvalue() == ""


def test_waiting_opens_the_bar_at_once(shown):
    with Progress("reports", delay=60):
        notices.tell_waiting(9, "the budget")
    assert "waiting 9 s: the budget" in shown.getvalue()


def test_work_inside_of_work_has_no_bar_of_its_own(shown):
    with Progress("outer", total=2, delay=0) as outer:
        outer.advance()
        with Progress("inner", total=5, delay=0) as inner:
            inner.advance()
    assert "outer" in shown.getvalue()
    assert "inner" not in shown.getvalue()


def test_a_total_that_becomes_known_later_is_shown(shown):
    with Progress("reports", delay=0) as bar:
        bar.advance()
        bar.expect(8)
        bar.reach(4)
    assert "4/8" in shown.getvalue()
