"""The command ``rtkit-explore``: what it takes, and the commands that open or serve something."""

from __future__ import annotations

import argparse
import importlib.util
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rtkit_explore import __version__
from rtkit_explore.cli_queries import add_command, add_queries, add_source, open_source
from rtkit_explore.errors import InvalidArgumentError, MissingExtraError, RtkitError
from rtkit_explore.resources import INCIDENT, copy_notebooks

if TYPE_CHECKING:
    from collections.abc import Sequence

_CELL_TIMEOUT_S = 300


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run the command.

    Returns
    -------
    int
        0 where it went well, 1 where it did not, 2 for words that it does not know, 3 where it went well but something
        could not be had, 130 after Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        # Names come from outside: what a terminal's encoding cannot show is shown as its code, and is no error.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    parser = _parser()
    words = parser.parse_args(argv)
    if words.run is None:
        parser.print_help()
        return 2
    try:
        return int(words.run(words) or 0)
    except RtkitError as error:
        print(f"rtkit-explore: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read along (head, less) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rtkit-explore",
        description="Investigate Cloudflare RealtimeKit calls: tables, plots, findings.",
        epilog="start here:\n"
        "  rtkit-explore demo                              the example notebooks, without credentials\n"
        "  rtkit-explore sessions --demo                   what there is\n"
        '  rtkit-explore explain Boris "Alma was choppy" --on 2026-11-19 --demo\n\n'
        "exit codes: 0 well; 1 not, and it says why; 2 words it does not know; 3 well, but something could not be had",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(title="commands", metavar="")
    add_queries(commands)
    _add_demo(commands)
    _add_serve(commands)
    _add_app(commands)
    _add_report(commands)
    return parser


def _add_demo(commands: Any) -> None:
    demo = add_command(
        commands,
        "demo",
        "open the example notebooks in JupyterLab, with a simulated app behind them",
        "Opens JupyterLab on copies of the example notebooks: no network, no credentials.",
        "  rtkit-explore demo                    copies them to rtkit-demo and opens JupyterLab\n"
        "  rtkit-explore demo --headless         runs the incident notebook and writes it as a page",
    )
    demo.add_argument("folder", nargs="?", default="rtkit-demo", help="where to put the copies (default: %(default)s)")
    demo.add_argument("--headless", action="store_true", help="run the incident notebook, write it as HTML, say where")
    demo.add_argument("--notebook", default=INCIDENT, help="with --headless: which one (default: %(default)s)")
    demo.add_argument("--no-browser", action="store_true", help="start JupyterLab without opening a browser")
    demo.add_argument("--port", type=int, help="port of JupyterLab")
    demo.set_defaults(run=_demo)


def _add_serve(commands: Any) -> None:
    serve = add_command(
        commands,
        "serve",
        "serve the simulated app over HTTP on this machine",
        "Speaks the sessions API on 127.0.0.1, for trying out a client. Stop it with Ctrl-C.",
        "  rtkit-explore serve --port 0          prints the address, and how to connect to it",
    )
    serve.add_argument("--port", type=int, default=8787, help="port (default: %(default)s; 0 picks a free one)")
    serve.add_argument("--seed", type=int, default=0, help="which simulated app (default: %(default)s)")
    serve.set_defaults(run=_serve)


def _add_app(commands: Any) -> None:
    page = add_command(
        commands,
        "app",
        "serve the explorer as a page in the browser, for support staff",
        "Serves the explorer without a notebook, on this machine alone unless --host says otherwise; on "
        "any other address a token is asked for, which is part of the address that is printed. Stop it with Ctrl-C.",
        "  rtkit-explore app --demo              look at it with simulated calls\n"
        "  rtkit-explore app --host 0.0.0.0      for colleagues; the address holds the token",
    )
    add_source(page, archive=False)
    page.add_argument("--host", default="127.0.0.1", help="address to serve on (default: %(default)s)")
    page.add_argument("--port", type=int, default=8866, help="port (default: %(default)s)")
    page.add_argument("--tz", default="UTC", help="time zone at first (default: %(default)s)")
    page.add_argument("--no-browser", action="store_true", help="do not open a browser")
    page.set_defaults(run=_app)


def _add_report(commands: Any) -> None:
    report = add_command(
        commands,
        "report",
        "write the one-file HTML report of a call",
        "Judges a call and writes one self-contained HTML file. Names, addresses and device labels are replaced.",
        "  rtkit-explore report 4f6e9385-d898-54df-aad3-9cccacc1c490 --demo\n"
        "  rtkit-explore report SESSION incident.html --archive calls\n"
        "  rtkit-explore report calls/SESSION     a folder that call.save() wrote",
    )
    report.add_argument("call", help="session id, or the folder of one saved call")
    report.add_argument("output", nargs="?", default="call.html", help="file to write (default: %(default)s)")
    report.add_argument("--profile", default="default", help="thresholds to judge by (rtk.profiles() lists them)")
    report.add_argument(
        "--with-personal-data", action="store_true", help="keep names, addresses and device labels (default: redacted)"
    )
    add_source(report)
    report.set_defaults(run=_report)


def _need(extra: str, *modules: str) -> None:
    absent = [name for name in modules if importlib.util.find_spec(name) is None]
    if absent:
        msg = f'This needs {", ".join(absent)}. Install the extra: pip install "rtkit-explore[{extra}]"'
        raise MissingExtraError(msg)


def _demo(words: argparse.Namespace) -> int:
    wanted = ("nbclient", "nbconvert", "ipykernel") if words.headless else ("jupyterlab", "ipykernel")
    copied, kept = copy_notebooks(words.folder)
    folder = Path(words.folder).resolve()
    print(f"{len(copied)} example notebooks copied to {folder}" + (f", {len(kept)} were there already" if kept else ""))
    try:
        _need("lab", *wanted)
    except MissingExtraError as error:
        if words.notebook != INCIDENT:
            raise
        # Installed without Jupyter, as uvx does it: the incident as a page is better than a refusal.
        return _demo_page(folder, str(error), browser=not (words.headless or words.no_browser))
    if words.headless:
        return _run_headless(folder / words.notebook)
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}"]
    command.append(f"--LabApp.default_url=/lab/tree/{INCIDENT}")
    if words.no_browser:
        command.append("--no-browser")
    if words.port is not None:
        command.append(f"--port={words.port}")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    print(f"Opening {INCIDENT} in JupyterLab; stop it with Ctrl-C.", flush=True)
    return subprocess.call(command)  # noqa: S603 - our own words


def _demo_page(folder: Path, missing: str, *, browser: bool) -> int:
    """Answer the incident's complaint, and write the report of its call where no Jupyter is installed."""
    import webbrowser

    from rtkit_explore.report.page import write_report
    from rtkit_explore.simulated import demo

    with demo(progress=False) as app:
        answer = app.explain("Boris", "Alma was choppy", on="2026-11-19", tz="Europe/Berlin")
        print(answer)
        print(f"Reply: {answer.reply}")
        page = write_report(answer.call, folder / "incident.html")
    print(f"Written: {page}")
    print(f"The notebooks need JupyterLab. {missing}")
    if browser:
        webbrowser.open(page.as_uri())
    return 0


def _run_headless(notebook: Path) -> int:
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from nbconvert import HTMLExporter
    from tqdm import tqdm

    if not notebook.is_file():
        there = ", ".join(sorted(path.name for path in notebook.parent.glob("*.ipynb")))
        msg = f"There is no notebook {notebook.name!r}. There are: {there}."
        raise InvalidArgumentError(msg)
    document = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    code = sum(cell.cell_type == "code" for cell in document.cells)
    with tqdm(total=code, desc=notebook.stem, unit="cell") as bar:

        def advance(**_: Any) -> None:
            bar.update()

        client = NotebookClient(
            document,
            timeout=_CELL_TIMEOUT_S,
            store_widget_state=False,  # the page is to be read without a server: pickers as their still picture
            kernel_name="python3",
            resources={"metadata": {"path": str(notebook.parent)}},
            on_cell_executed=advance,
        )
        failed = None
        try:
            client.execute(env={**os.environ, "PYTHONPATH": _importable()})
        except CellExecutionError as error:
            failed = error
    exporter = HTMLExporter(template_name="lab")  # type: ignore[no-untyped-call]
    page, _ = exporter.from_notebook_node(document)
    target = notebook.with_suffix(".html")
    # The page's scripts from elsewhere (formulas, old widgets) are of no use to these notebooks: it opens offline.
    page = re.sub(r'<script[^>]*\ssrc="https?:[^"]*"[^>]*>\s*</script>', "", page)
    target.write_text(page, encoding="utf-8")
    print(f"Written: {target}")
    if failed is not None:
        print(f"rtkit-explore: a cell failed, the page shows where: {failed.ename}: {failed.evalue}", file=sys.stderr)
        return 1
    return 0


def _importable() -> str:
    """Let the kernel find this package also where it runs from a checkout."""
    here = str(Path(__file__).resolve().parent.parent)
    return os.pathsep.join(part for part in (here, os.environ.get("PYTHONPATH", "")) if part)


def _serve(words: argparse.Namespace) -> int:
    from rtkit_explore.simulator.server import serve

    try:
        server = serve(port=words.port, seed=words.seed)
    except (OSError, OverflowError) as error:
        msg = f"Port {words.port} cannot be used ({error}). Name another one; --port 0 picks a free one."
        raise InvalidArgumentError(msg) from None
    print(f"Serving {server.url} (account {server.app.account_id}, app {server.app.app_id}, token {server.app.token})")
    print(f"rtk.connect(base_url={server.url!r}, account_id=…, app_id=…, token=…) opens it.")
    print("Stop it with Ctrl-C.", flush=True)
    server.run_forever()
    return 0


def _app(words: argparse.Namespace) -> int:
    _need("app", "voila", "ipykernel", "nbformat")
    from rtkit_explore.app import connect, replay
    from rtkit_explore.explorer_app import is_loopback, serve_page
    from rtkit_explore.widgets.time_range import TimeRange

    # What is wrong with folder, credentials or zone is better said here than on a page that stays empty.
    TimeRange(None, None, tz=words.tz)
    if words.replay is not None:
        replay(words.replay).close()
    elif not words.demo:
        connect().close()
    where = f"http://{words.host}:{words.port}/"
    if is_loopback(words.host):
        print(f"The explorer is at {where}; stop it with Ctrl-C.", flush=True)
    else:
        print(f"The explorer is at {where} for whoever has the token below; stop it with Ctrl-C.", flush=True)
    return serve_page(
        replay=words.replay,
        demo=words.demo,
        host=words.host,
        port=words.port,
        browser=not words.no_browser,
        tz=words.tz,
        environment={"PYTHONPATH": _importable()},
    )


def _report(words: argparse.Namespace) -> int:
    from rtkit_explore.app import replay
    from rtkit_explore.report.page import write_report

    named = words.archive or words.demo or words.replay
    if not named and os.path.isdir(words.call):  # noqa: PTH112 - False for what can be no path, where Path raises
        with replay(words.call) as app:
            sessions = app.sessions()
            if len(sessions) != 1:
                there = ", ".join(sessions["session_id"].dropna())
                msg = f"{words.call!r} holds {len(sessions)} calls; name the folder of one of them. Sessions: {there}."
                raise InvalidArgumentError(msg)
            call = app.call(str(sessions["session_id"].iloc[0]))
    else:
        with open_source(words) as source:
            call = source.call(words.call)
    print(f"Written: {write_report(call, words.output, redacted=not words.with_personal_data, profile=words.profile)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
