"""Nested loops on demand: the maintained fork first, the original only where it works."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from types import SimpleNamespace

import pytest

from rtkit_explore.api import nested_loops as nested
from rtkit_explore.errors import EventLoopError


@pytest.fixture
def installed(monkeypatch):
    """Pretend that these modules are installed; returns what was applied."""
    applied: list[str] = []

    def pretend(*names: str, fails: Exception | None = None) -> list[str]:
        def module(name: str) -> SimpleNamespace:
            def apply() -> None:
                if fails is not None:
                    raise fails
                applied.append(name)

            return SimpleNamespace(apply=apply)

        modules = {name: module(name) for name in names}
        monkeypatch.setattr(nested, "_load", modules.get)
        return applied

    monkeypatch.setattr(nested, "_patched_by_original", lambda: False)
    monkeypatch.setattr(nested, "_kernel_version", lambda: None)
    return pretend


def test_the_fork_is_preferred(installed):
    applied = installed("nest_asyncio2", "nest_asyncio")
    assert nested.allow_nested_loops() == "nest_asyncio2"
    assert applied == ["nest_asyncio2"]


def test_the_original_is_used_where_it_works(installed, monkeypatch):
    applied = installed("nest_asyncio")
    monkeypatch.setattr(nested, "_kernel_version", lambda: 6)
    monkeypatch.setattr(sys, "version_info", (3, 13, 0))
    assert nested.allow_nested_loops() == "nest_asyncio"
    assert applied == ["nest_asyncio"]


def test_the_original_is_refused_in_a_kernel_that_loses_cells(installed, monkeypatch):
    applied = installed("nest_asyncio")
    monkeypatch.setattr(nested, "_kernel_version", lambda: 7)
    with pytest.raises(EventLoopError, match=r"loses cells of Run All .* ipykernel 7: install nest-asyncio2"):
        nested.allow_nested_loops()
    assert applied == []


def test_the_original_is_refused_on_a_python_that_it_breaks(installed, monkeypatch):
    applied = installed("nest_asyncio")
    monkeypatch.setattr(sys, "version_info", (3, 14, 0))
    with pytest.raises(EventLoopError, match=r"on Python 3.14 and later: install nest-asyncio2"):
        nested.allow_nested_loops()
    assert applied == []


def test_without_either_the_error_says_what_to_install(installed):
    installed()
    with pytest.raises(EventLoopError, match="install nest-asyncio2"):
        nested.allow_nested_loops()


def test_where_the_original_was_applied_before_the_error_says_so(installed, monkeypatch):
    installed("nest_asyncio2")
    monkeypatch.setattr(nested, "_patched_by_original", lambda: True)
    with pytest.raises(EventLoopError, match="restart the kernel"):
        nested.allow_nested_loops()


def test_a_loop_that_cannot_be_nested_is_an_error_that_says_what_else_works(installed):
    installed("nest_asyncio2", fails=ValueError("Can't patch loop of type uvloop"))
    with pytest.raises(EventLoopError, match="use await"):
        nested.allow_nested_loops()


def test_the_kernel_is_known_by_its_module(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel", SimpleNamespace(__version__="7.4.0"))
    assert nested._kernel_version() == 7
    monkeypatch.delitem(sys.modules, "ipykernel")
    assert nested._kernel_version() is None


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_asyncio_run_works_in_a_running_loop_after_it_and_not_before():
    out = run(
        """
        import asyncio
        import rtkit_explore as rtk

        async def inner():
            await asyncio.sleep(0)
            return "inner"

        async def cell():
            work = inner()
            try:
                asyncio.run(work)
            except RuntimeError:
                work.close()
                print("refused")
            rtk.allow_nested_loops()
            print(asyncio.run(inner()))

        asyncio.new_event_loop().run_until_complete(cell())
        """
    )
    assert out == "refused\ninner\n"


def test_blocking_calls_still_work_after_it():
    out = run(
        """
        import asyncio
        import rtkit_explore as rtk

        async def cell():
            rtk.allow_nested_loops()
            app = rtk.replay(rtk.sample_calls())
            print(len(app.sessions()) > 0)

        asyncio.new_event_loop().run_until_complete(cell())
        """
    )
    assert out == "True\n"


def test_importing_the_package_changes_nothing_in_asyncio():
    out = run(
        """
        import asyncio
        import rtkit_explore as rtk
        rtk.replay(rtk.sample_calls()).sessions()
        print(hasattr(asyncio, "_nest_patched"))
        """
    )
    assert out == "False\n"
