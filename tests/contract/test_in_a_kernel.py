"""The app in a real Jupyter kernel: cells with a running loop, callbacks beside them, interrupts, nested loops."""

from __future__ import annotations

import time
from queue import Empty

import pytest

import rtkit_explore as rtk
from tests.contract.server import ACCOUNT, APP, TOKEN, Fault

jupyter_client = pytest.importorskip("jupyter_client")
pytest.importorskip("ipykernel")

CALLS = len(list(rtk.sample_calls().iterdir()))


@pytest.fixture(scope="module")
def kernel():
    manager, client = jupyter_client.manager.start_new_kernel(kernel_name="python3", startup_timeout=60)
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture
def cell(kernel, saved):
    """Run a cell and return what it printed; an error fails the test unless it is expected."""
    _, client = kernel

    def run(code: str, *, fails: str | None = None) -> str:
        return finish(client, client.execute(code), fails)

    run(
        "import rtkit_explore as rtk\n"
        f"app = rtk.connect(token={TOKEN!r}, account_id={ACCOUNT!r}, app_id={APP!r}, base_url={saved.url!r}, retries=0)"
    )
    return run


def finish(client, asked: str, fails: str | None = None) -> str:
    printed, error = "", ""
    while True:
        message = client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") != asked:
            continue
        content = message["content"]
        if message["msg_type"] == "stream":
            printed += content["text"]
        elif message["msg_type"] == "error":
            error = content["ename"]
        elif message["msg_type"] == "status" and content["execution_state"] == "idle":
            break
    assert (error or None) == fails, printed
    return printed


def test_a_cell_gets_tables_although_a_loop_is_running(cell):
    # A cell that awaits something runs in the kernel's loop.
    code = "import asyncio\nawait asyncio.sleep(0)\nprint(asyncio.get_running_loop().is_running(), len(app.sessions()))"
    assert cell(code) == f"True {CALLS}\n"


def test_a_cell_may_await_the_other_face(cell):
    assert cell("print(len(await app.awaitable.sessions()))") == f"{CALLS}\n"


def test_a_callback_in_another_thread_gets_tables(cell):
    code = (
        "import threading\nfound = []\n"
        "work = threading.Thread(target=lambda: found.append(len(app.sessions())))\nwork.start()\nwork.join()\nprint(found)"
    )
    assert cell(code) == f"[{CALLS}]\n"


def test_interrupting_the_kernel_stops_the_requests(cell, kernel, saved):
    manager, client = kernel
    cell("app.sessions()")
    saved.faults.append(Fault("slow", path="/sessions$", times=9, seconds=15))
    before = len(saved.requests)
    asked = client.execute("app.sessions()")
    deadline = time.monotonic() + 20
    while len(saved.requests) == before and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    began = time.monotonic()
    manager.interrupt_kernel()
    finish(client, asked, fails="KeyboardInterrupt")
    assert time.monotonic() - began < 12
    saved.faults.clear()
    left = "async def left():\n    import asyncio\n    return len(asyncio.all_tasks()) - 1\nprint(app.run(left()), len(app.sessions()))"
    assert cell(left) == f"0 {CALLS}\n"


def test_a_slow_request_shows_a_bar_in_the_cell_that_waits(cell, kernel, saved):
    _, client = kernel
    saved.make_participants("big", 30)
    saved.faults.append(Fault("slow", path="peer-report", times=30, seconds=0.5))
    asked = client.execute("call = app.call('big')")
    shown = ""
    while True:
        try:
            message = client.get_iopub_msg(timeout=30)
        except Empty:
            pytest.fail("the cell did not end")
        if message["parent_header"].get("msg_id") != asked:
            continue
        if message["msg_type"] in {"display_data", "stream"}:
            content = message["content"]
            shown += str(content.get("data", "")) + content.get("text", "")
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            break
    assert "call big" in shown or "HBox" in shown or "widget-view" in shown


def test_nested_loops_work_on_demand(cell):
    code = (
        "import asyncio\nprint(rtk.allow_nested_loops())\n"
        "async def mine():\n    await asyncio.sleep(0.01)\n    return len(app.sessions())\n"
        "print(asyncio.run(mine()))"
    )
    assert cell(code) == f"nest_asyncio2\n{CALLS}\n"
