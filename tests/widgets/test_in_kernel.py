"""The pickers in a real kernel, with messages as the browser sends them."""

from __future__ import annotations

import ast
import os
import time
from importlib.metadata import version
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager

ROOT = Path(__file__).resolve().parents[2]

SETUP = """
import pandas as pd, rtkit_explore as rtk
table = pd.DataFrame({"session_id": [f"s-{n}" for n in range(12)], "meeting_display_name": ["Stand-up"] * 12})
"""
PICK = "picker = rtk.pick_session(table)\npicker"


class Kernel:
    """A running kernel, spoken to as a frontend speaks to it."""

    def __init__(self, client):
        self.client = client

    def wait_for(self, message_id, seconds=60, until=None):
        """Return what a request put out: text, displayed bundles, updates of widgets; to its end, or up to a text."""
        said, shown, updates = [], [], {}
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            message = self.client.get_iopub_msg(timeout=seconds)
            if message["parent_header"].get("msg_id") != message_id:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                said.append(content["text"])
                if until is not None and until in content["text"]:
                    return "".join(said), shown, updates
            elif kind == "error":
                pytest.fail("\n".join(content["traceback"]))
            elif kind == "execute_result":
                shown.append(content["data"])
            elif kind == "comm_msg":
                updates.setdefault(content["comm_id"], {}).update(content["data"].get("state", {}))
            elif kind == "status" and content["execution_state"] == "idle":
                return "".join(said), shown, updates
        return pytest.fail("the kernel did not finish")

    def send(self, kind, content, *, metadata=None, subshell=None):
        message = self.client.session.msg(kind, content, metadata=metadata)
        message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def start(self, code, cell=None, subshell=None):
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        return self.send("execute_request", content, metadata={"cellId": cell} if cell else None, subshell=subshell)

    def run(self, code, cell=None):
        return self.wait_for(self.start(code, cell))

    def value(self, expression):
        said, _, _ = self.run(f"print(repr({expression}))")
        return ast.literal_eval(said)

    def browser(self, model, state, subshell=None):
        """Change a widget's state from the other side."""
        data = {"method": "update", "state": state, "buffer_paths": []}
        return self.send("comm_msg", {"comm_id": model, "data": data}, subshell=subshell)


@pytest.fixture(scope="module")
def kernel():
    manager = KernelManager(kernel_name="python3")
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    manager.start_kernel(env={**os.environ, "PYTHONPATH": paths})
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    found = Kernel(client)
    found.run(SETUP)
    yield found
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_a_cell_shows_a_widget_and_what_can_be_read_without(kernel):
    kernel.run("rtk.widgets.forget()")
    _, shown, _ = kernel.run(PICK)
    bundle = shown[0]
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == kernel.value("picker.widget.model_id")
    assert bundle["text/plain"].startswith("Session: 1 of 12 chosen")
    assert "Stand-up" in bundle["text/html"]


def test_a_search_and_a_click_reach_the_next_cell(kernel):
    kernel.run(f"rtk.widgets.forget()\n{PICK}")
    said, _, updates = kernel.wait_for(kernel.browser(kernel.value("picker.view.search.model_id"), {"value": "s-1"}))
    assert said == ""
    assert updates[kernel.value("picker.view.count.model_id")]["value"] == "3 of 12"
    assert kernel.value("picker.value") == "s-0"
    kernel.wait_for(kernel.browser(kernel.value("picker.view.select.model_id"), {"index": 2}))
    assert kernel.value("picker.value") == "s-11"


def test_running_the_cell_again_keeps_the_choice_and_no_old_widgets(kernel):
    kernel.run(f"rtk.widgets.forget()\n{PICK}", cell="cell-a")
    kernel.run("from ipywidgets.widgets.widget import _instances")
    kernel.wait_for(kernel.browser(kernel.value("picker.view.select.model_id"), {"index": 3}))
    before = kernel.value("len(_instances)")
    for _ in range(3):
        kernel.run(PICK, cell="cell-a")
    assert kernel.value("picker.value") == "s-3"
    assert kernel.value("picker.view.select.index") == 3
    assert kernel.value("len(_instances)") == before


@pytest.mark.skipif(version("ipykernel").startswith("6."), reason="ipykernel 6 has no subshells")
def test_a_click_while_a_cell_is_running_arrives_in_it(kernel):
    created = kernel.client.session.msg("create_subshell_request", {})
    kernel.client.control_channel.send(created)
    subshell = kernel.client.control_channel.get_msg(timeout=30)["content"]["subshell_id"]
    # ipykernel hands messages to the subshell that the widget was last heard of from.
    kernel.wait_for(kernel.start(f"rtk.widgets.forget()\n{PICK}", subshell=subshell))
    model = kernel.value("picker.view.select.model_id")
    kernel.run(
        "import threading, time\nthreads = set()\n"
        "picker.observe(lambda value: threads.add(threading.current_thread() is threading.main_thread()))\n"
    )
    running = kernel.start(
        "print('waiting', flush=True)\nend = time.monotonic() + 20\n"
        "while not threads and time.monotonic() < end: time.sleep(0.01)\n"
        "print(picker.value, threads)"
    )
    kernel.wait_for(running, until="waiting")
    kernel.browser(model, {"index": 5}, subshell=subshell)
    said, _, _ = kernel.wait_for(running)
    assert said.strip() == "s-5 {False}"
