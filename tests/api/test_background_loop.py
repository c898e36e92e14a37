"""Blocking calls work wherever they are made, stop on Ctrl-C, and leave nothing running."""

from __future__ import annotations

import asyncio
import contextvars
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from rtkit_explore.api.background_loop import BackgroundLoop, shared
from rtkit_explore.errors import EventLoopError


@pytest.fixture
def bridge():
    made = BackgroundLoop()
    yield made
    made.close()


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


def test_plain_code_gets_the_result(bridge):
    assert bridge.run(double(21)) == 42


def test_errors_come_through_as_they_are(bridge):
    async def fails() -> None:
        msg = "as it is"
        raise LookupError(msg)

    with pytest.raises(LookupError, match="as it is"):
        bridge.run(fails())


def test_a_timeout_of_the_work_is_not_mistaken_for_the_waiting(bridge):
    async def fails() -> None:
        await asyncio.sleep(0.4)
        msg = "its own"
        raise TimeoutError(msg)

    with pytest.raises(TimeoutError, match="its own"):
        bridge.run(fails())


def test_a_running_loop_does_not_matter(bridge):
    async def cell() -> int:
        return bridge.run(double(4))

    assert asyncio.run(cell()) == 8


def test_callbacks_in_other_threads_get_their_own_results(bridge):
    results: dict[int, int] = {}
    threads = [
        threading.Thread(target=lambda number=number: results.update({number: bridge.run(double(number))}))
        for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: 2 * number for number in range(20)}


def test_a_callback_while_a_cell_is_waiting_is_served_meanwhile(bridge):
    release = asyncio.Event()

    async def free() -> None:
        release.set()

    waiting = threading.Thread(target=lambda: bridge.run(release.wait()))
    waiting.start()
    assert bridge.run(double(1)) == 2
    assert waiting.is_alive()
    bridge.run(free())
    waiting.join()


def test_a_blocking_call_inside_of_the_loop_is_refused(bridge):
    async def inside() -> int:
        return bridge.run(double(1))

    with pytest.raises(EventLoopError, match="use AsyncApp and await it"):
        bridge.run(inside())


def test_context_of_the_caller_is_known_to_the_work(bridge):
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name")
    name.set("cell 7")

    async def which() -> str:
        return name.get()

    assert bridge.run(which()) == "cell 7"


def test_one_thread_serves_all_calls_and_ends_with_the_bridge(bridge):
    async def who() -> threading.Thread:
        return threading.current_thread()

    first, second = bridge.run(who()), bridge.run(who())
    assert first is second
    assert first.daemon
    bridge.close()
    assert not first.is_alive()


def test_after_closing_the_next_call_starts_anew(bridge):
    bridge.run(double(1))
    bridge.close()
    assert bridge.run(double(2)) == 4


def test_closing_ends_what_is_under_way(bridge):
    ended = threading.Event()
    begun = threading.Event()
    raised: list[BaseException] = []

    async def endless() -> None:
        begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    def wait() -> None:
        try:
            bridge.run(endless())
        except BaseException as error:
            raised.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    begun.wait(5)
    bridge.close()
    assert ended.wait(5)
    waiting.join(5)
    assert isinstance(raised[0], EventLoopError)


def test_an_interrupt_cancels_the_work_before_it_is_passed_on(bridge, monkeypatch):
    import concurrent.futures

    ended = threading.Event()

    async def endless() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.05)
            ended.set()

    def interrupted(futures, timeout):
        time.sleep(0.05)
        raise KeyboardInterrupt

    monkeypatch.setattr(concurrent.futures, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bridge.run(endless())
    assert ended.is_set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_the_child_of_a_fork_starts_a_loop_of_its_own(bridge):
    assert bridge.run(double(1)) == 2
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if bridge.run(double(3)) == 6 else 1)
        finally:
            os._exit(2)
    for _ in range(1000):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        time.sleep(0.01)
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        pytest.fail("the child waits for a thread that it does not have")
    assert os.waitstatus_to_exitcode(status) == 0
    assert bridge.run(double(2)) == 4


def test_the_process_has_one_bridge():
    assert shared() is shared()


def test_a_process_that_ends_while_the_loop_runs_ends_quietly():
    code = """
    import asyncio
    from rtkit_explore.api.background_loop import shared

    async def leaves_something() -> None:
        asyncio.get_running_loop().create_task(asyncio.sleep(3600))

    shared().run(leaves_something())
    print("done")
    """
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert done.stdout == "done\n"
    assert done.stderr == ""
