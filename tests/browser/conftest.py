"""JupyterLab on this machine's loopback, and a Chromium that looks at it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NO_NEWS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
SLOW_MS = 60_000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Lab:
    """A running JupyterLab."""

    def __init__(self, folder: Path, address: str):
        self.folder, self.address = folder, address

    def write(self, name, cells):
        """Write a notebook of these cells into its folder."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source, id=f"cell-{n}") for n, source in enumerate(cells)],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        nbformat.write(notebook, self.folder / name)

    def open(self, page, name):
        """Open a notebook and wait until its kernel is ready."""
        page.goto(f"{self.address}/lab/workspaces/{name.split('.')[0]}/tree/{name}?reset")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=SLOW_MS)
        page.wait_for_function(
            """() => { const panel = window.jupyterapp && window.jupyterapp.shell.currentWidget;
                       const kernel = panel && panel.sessionContext && panel.sessionContext.session
                                      && panel.sessionContext.session.kernel;
                       return kernel && kernel.status === 'idle'; }""",
            timeout=SLOW_MS,
        )
        # The sidebar would take a third of the width.
        page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")

    def run_all(self, page):
        """Run all cells, to the end."""
        page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        page.wait_for_function(
            """() => { const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                       const prompts = [...document.querySelectorAll('.jp-InputPrompt')].map(p => p.textContent);
                       return kernel.status === 'idle' && !prompts.some(p => p.includes('*')); }""",
            timeout=SLOW_MS,
        )


@contextmanager
def running_lab(home, module="jupyterlab"):
    """Run JupyterLab, or Notebook 7, on loopback, its settings and notebooks in a folder of its own."""
    folder = home / "notebooks"
    folder.mkdir()
    settings = home / "settings"
    for plugin, values in NO_NEWS.items():
        package, name = plugin.split(":")
        target = settings / package / f"{name}.jupyterlab-settings"
        target.parent.mkdir(parents=True)
        target.write_text(json.dumps(values))
    port = free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    command = [sys.executable, "-m", module, "--no-browser", "--allow-root", "--expose-app-in-browser"]
    command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    command += [f"--ServerApp.root_dir={folder}", "--IdentityProvider.token="]
    with (home / "log.txt").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_for(f"{address}/api/status", server, home / "log.txt")
            yield Lab(folder, address)
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(5)


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    with running_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


def _wait_for(address, server, log):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


# A module at a time: while Playwright's blocking face is open, this thread counts as one with a running event loop, and
# tests of other folders in the same process could not run one.
@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed here")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path_factory.mktemp("chromium")),
            executable_path=CHROMIUM,
            args=ARGUMENTS,
            viewport={"width": 1200, "height": 1500},
        )
        context.set_default_timeout(20_000)
        yield context
        context.close()


@pytest.fixture
def page(browser):
    made = browser.new_page()
    yield made
    made.close()


@pytest.fixture
def shoot(request, tmp_path):
    """Take a picture, into the folder that RTKIT_SHOTS names, else into the test's own."""
    folder = Path(os.environ.get("RTKIT_SHOTS") or tmp_path)

    def take(page, name):
        page.screenshot(path=folder / f"{name}.png")

    return take


def pytest_collection_modifyitems(items):
    """Leave aside what Playwright and Jupyter's server do not close: it is not this package's to close."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))
