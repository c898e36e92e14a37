"""The explorer: one page for a call, from who was there to the sample that shows what was wrong."""

from __future__ import annotations

import inspect
import io
import tempfile
import threading
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from rtkit_explore.call import Call, check_call
from rtkit_explore.errors import InvalidArgumentError, RtkitError
from rtkit_explore.table_schema.glossary_entries import TERMS
from rtkit_explore.table_schema.glossary_terms import NOT_LINKED
from rtkit_explore.widgets import remembered as memory
from rtkit_explore.widgets.explorer_model import ExplorerModel
from rtkit_explore.widgets.explorer_picture import picture_of
from rtkit_explore.widgets.explorer_still import still_html, still_text
from rtkit_explore.widgets.explorer_tables import table_of, tables_there
from rtkit_explore.widgets.fallback import bundle_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from rtkit_explore.app import App

WriteReport: TypeAlias = "Callable[[Call, Path], Path]"
PutBeside: TypeAlias = "Callable[[Any, Call, Call, str], Any]"
"""Shows two calls in the widget that is given, with a time zone; ``close()`` of what it returns ends that."""
STILL_DELAY_S: Final = 1.5
"""Seconds without a change after which the static view in the notebook's output follows a choice."""
ASK_AGAIN: Final = "Choose again, or reload the page."


class Explorer:
    """
    One page for a call: who was there, what was wrong, and the measures that show it, linked.

    Shown as the last line of a cell; ``call``, ``value`` and ``to_code()`` give what was chosen to the next cell.

    Attributes
    ----------
    model
        What it knows and what is chosen, in plain Python.
    """

    def __init__(
        self,
        model: ExplorerModel,
        *,
        download: bool = False,
        report: WriteReport | None = None,
        beside: PutBeside | None = None,
    ) -> None:
        self.model = model
        self._download, self._report, self._beside = download, report, beside
        self._view: ExplorerView | None = None
        self._still: Still | None = None
        self._lock = threading.RLock()

    @property
    def call(self) -> Call | None:
        """The chosen call; None where there is none, or it could not be had."""
        return self.model.call

    @property
    def value(self) -> dict[str, Any]:
        """What is chosen: session_id, finding (its row in ``call.findings()``), participants, window, metrics."""
        model = self.model
        model.complete()
        return {
            "session_id": model.session_id,
            "finding": model.choice.finding,
            "participants": model.participants,
            "window": model.window,
            "metrics": list(model.choice.measures),
        }

    @property
    def finding(self) -> pd.Series[Any] | None:
        """The chosen finding, a row of ``call.findings()``; None where none is chosen."""
        self.model.complete()
        key, call = self.model.choice.finding, self.call
        return None if key is None or call is None else call.findings().iloc[key]

    def to_code(self) -> str:
        """Return the lines that show the same without widgets; they need ``rtk`` and ``app`` and nothing else."""
        self.model.complete()
        return self.model.to_code()

    @property
    def view(self) -> ExplorerView:
        """The view, made when it is first asked for."""
        with self._lock:
            if self._view is None:
                self._view = ExplorerView(self.model, download=self._download, report=self._report, beside=self._beside)
            return self._view

    @property
    def widget(self) -> Any:
        """The widget, to be put beside others."""
        return self.view.widget

    def close(self) -> None:
        """Take its widget off the screen and out of the kernel."""
        with self._lock:
            if self._still is not None:
                self._still.close()
                self._still = None
            if self._view is not None:
                self._view.close()
                self._view = None

    def __repr__(self) -> str:
        """Return the static view as text."""
        self.model.complete()
        return still_text(self.model)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:  # noqa: ARG002
        self.view.complete()
        return bundle_of(self.widget, still_text(self.model), still_html(self.model))

    def _ipython_display_(self) -> None:
        """
        Show the widget, and its static view in an output of its own.

        Front ends prefer the widget over the HTML of the same output, also where the kernel that knew the widget is
        gone; the widget hides the static view beside it for as long as it is alive.
        """
        from IPython.display import display

        display(bundle_of(self.widget, "Explorer"), raw=True)  # type: ignore[no-untyped-call]
        self.view.complete()
        if self._download:  # a page is never reopened without its kernel
            return
        with self._lock:
            if self._still is not None:
                self._still.close()
            self._still = Still(self.model)


class Still:
    """The static view in the notebook that remains when no kernel runs; it follows the choice, a moment later."""

    def __init__(self, model: ExplorerModel) -> None:
        from IPython.display import display

        self._model = model
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()
        self._handle = display(self._bundle(), raw=True, display_id=True)  # type: ignore[no-untyped-call]
        self._unsubscribe = model.subscribe(lambda _: self._later())

    def _bundle(self) -> dict[str, str]:
        return {"text/plain": still_text(self._model), "text/html": still_html(self._model)}

    def _later(self) -> None:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = threading.Timer(STILL_DELAY_S, self._update)
            self._timer.daemon = True
            self._timer.start()

    def _update(self) -> None:
        if self._handle is not None and self._model.is_complete:
            self._handle.update(self._bundle(), raw=True)

    def close(self) -> None:
        """Stop following."""
        self._unsubscribe()
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()


class ExplorerView:
    """
    Mirror the model in the widget, and hand what is done there on to the model.

    Parameters
    ----------
    model
        The model.
    download
        Whether files go to the browser instead of the kernel's folder.
    report
        Writes the report of a call into a file.
    beside
        Puts another call beside the chosen one; without it that is not offered.
    widget
        Makes what is mirrored in, of its first state; an ExplorerWidget by default.
    lock
        Held while something is done; views of models that follow each other share one.
    """

    def __init__(
        self,
        model: ExplorerModel,
        *,
        download: bool = False,
        report: WriteReport | None = None,
        beside: PutBeside | None = None,
        widget: Callable[..., Any] | None = None,
        lock: threading.RLock | None = None,
    ) -> None:
        if widget is None:
            from rtkit_explore.widgets.explorer_widget import ExplorerWidget

            widget = ExplorerWidget
        self.model = model
        self._download, self._write_report, self._put_beside = download, report, beside
        self._pair: Any = None
        self._lock = threading.RLock() if lock is None else lock
        self._asked_at: float | None = None
        self._handlers: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "open": self._open,
            "finding": self._finding,
            "filter": self._filter,
            "window": self._window,
            "zone": self._zone,
            "table": self._table,
            "ask": self._ask,
            "people": self._people,
            "ask_calls": self._ask_calls,
            "code": lambda _: self._reply("code", text=model.to_code(), view=model.to_view_code()),
            "report": self._report,
            "save": self._save,
            "picture": self._picture,
            "compare": self._compare,
            "one": lambda _: self._end_pair(),
            "refresh": lambda _: model.refresh(),
        }
        scene = model.scene()
        self.widget = widget(
            calls=model.calls(),
            page=model.page(),
            scene=scene.data,
            columns=scene.buffer,
            said=self._said(),
            options={
                "calls": model.sessions is not None,
                "people": model.finds_people,
                "compare": beside is not None and model.sessions is not None,
                "zone": model.tz,
                "tables": tables_there(),
                "download": download,
                "terms": glossary_terms(),
            },
        )
        self.widget.on_msg(self._heard)
        self._unsubscribe = model.subscribe(self._changed)

    def complete(self) -> None:
        """Read what takes longer, once who was there is on the screen."""
        self.model.complete()

    # To the browser -----------------------------------------------------------------------------------------------

    def _said(self) -> dict[str, str]:
        model = self.model
        busy = "" if model.opened is None or model.is_complete else "Reading the samples and judging them …"
        return {"busy": busy, "problem": model.problem}

    def _changed(self, what: str) -> None:
        with self._lock:
            begin = time.perf_counter()
            changes: dict[str, Any] = {"said": self._said()}
            if what == "calls":
                changes["calls"] = self.model.calls()
            if what == "call":
                changes["page"] = self.model.page()
                changes["calls"] = self.model.calls()
            judged = time.perf_counter()
            scene = self.model.scene()
            buffer = scene.buffer
            end = time.perf_counter()
            waited = 0.0 if self._asked_at is None else begin - self._asked_at
            scene.data["cost"] = {
                "model": round(1000 * waited, 1),
                "page": round(1000 * (judged - begin), 1),
                "tables": round(1000 * (end - judged), 1),
            }
            self.show(**changes, scene=scene.data, columns=buffer)
        if what == "call" and not self.model.is_complete:
            self.model.complete()

    def show(self, **changes: Any) -> None:
        """Send changes in one message, and tell the browser to paint."""
        with self.widget.hold_sync():
            for name, value in changes.items():
                setattr(self.widget, name, value)
            self.widget.tick += 1

    def _reply(self, kind: str, *, files: list[bytes] | None = None, **content: Any) -> None:
        self.widget.send({"kind": kind, **content}, files)

    # From the browser ---------------------------------------------------------------------------------------------

    def _heard(self, _: object, content: Mapping[str, Any], __: object) -> None:
        what = str(content.get("do"))
        handler = self._handlers.get(what)
        if content.get("side") is not None:  # meant for one of two calls beside each other
            return
        about = content.get("session")
        # A click on an item of the previous call may arrive late.
        if handler is None or (about is not None and what != "open" and about != self.model.session_id):
            return
        with self._lock:
            self._asked_at = time.perf_counter()
            try:
                handler(content)
            except RtkitError as error:
                self._reply("refused", about=what, text=str(error))
            except Exception as error:
                self._reply("refused", about=what, text=f"That did not work ({type(error).__name__}). {ASK_AGAIN}")
                raise
            finally:
                self._asked_at = None

    def _open(self, content: Mapping[str, Any]) -> None:
        self.show(said={"busy": "Fetching the call …", "problem": ""})
        self.model.open(str(content["session"]))

    def _finding(self, content: Mapping[str, Any]) -> None:
        key = content.get("key")
        self.model.choose_finding(None if key is None else int(key))

    def _filter(self, content: Mapping[str, Any]) -> None:
        given = {
            name: content[name]
            for name in ("people", "media", "directions", "measures", "all_lines")
            if name in content
        }
        self.model.choose(**given)

    def _window(self, content: Mapping[str, Any]) -> None:
        self.model.choose_window(content.get("start"), content.get("end"))

    def _zone(self, content: Mapping[str, Any]) -> None:
        self.model.choose_zone(str(content["zone"]))
        self.show(options={**self.widget.options, "zone": self.model.tz}, page=self.model.page())

    def _table(self, content: Mapping[str, Any]) -> None:
        self._reply("table", **table_of(self.model, str(content["name"])))

    def _ask(self, content: Mapping[str, Any]) -> None:
        self._answer(self.model.ask(str(content["who"]), str(content["text"]), in_view=bool(content.get("in_view"))))

    def _ask_calls(self, content: Mapping[str, Any]) -> None:
        day = str(content.get("day") or "")
        self.show(said={"busy": "Asking the calls of this person …", "problem": ""})
        try:
            answer = self.model.ask_calls(str(content["who"]), str(content["text"]), day=day)
        finally:
            self.show(said=self._said())
        self._answer(answer)

    def _answer(self, answer: Any) -> None:
        """Show what a complaint was answered with, and the finding that answers it on the plots."""
        key = same_finding(self.model, answer.findings.iloc[0]) if len(answer.findings) else None
        if key is not None:
            self.model.choose_finding(key)
        self._reply(
            "answer",
            status=answer.status,
            person=answer.person,
            asked=answer.asked,
            headline=answer.headline,
            text=str(answer),
            reply=answer.reply,
            finding=key,
        )

    def _people(self, content: Mapping[str, Any]) -> None:
        person, day = str(content["person"]), str(content.get("day") or "")
        self._reply("people", person=person, day=day, **self.model.calls_of(person, day=day))

    def _report(self, _: Mapping[str, Any]) -> None:
        call = self._call()
        if self._write_report is None:
            msg = "No report can be written from here: rtk.write_report(call, path) writes it."
            raise InvalidArgumentError(msg)
        name = f"call-{(call.session_id or 'report')[:8]}.html"
        with tempfile.TemporaryDirectory() as folder:
            page = Path(self._write_report(call, Path(folder) / name)).read_bytes()
        self._reply("file", files=[page], name=name, mime="text/html", text="Report, without personal data")

    def _save(self, _: Mapping[str, Any]) -> None:
        call = self._call()
        folder = f"call-{(call.session_id or 'saved')[:8]}"
        if self._download:
            with tempfile.TemporaryDirectory() as temporary:
                kept = call.save(Path(temporary) / folder)
                packed = io.BytesIO()
                with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                    for path in sorted(kept.rglob("*")):
                        archive.write(path, path.relative_to(temporary))
            words = "The call, as the API gave it: names and addresses are in it"
            self._reply("file", files=[packed.getvalue()], name=f"{folder}.zip", mime="application/zip", text=words)
            return
        saved = call.save(Path("calls") / folder)
        words = f"Saved in {saved}, names and addresses included. rtk.replay({str(saved)!r}) opens it."
        self._reply("note", text=words)

    def _picture(self, content: Mapping[str, Any]) -> None:
        hidden = {int(key) for key in content.get("hidden", ())}
        picture = picture_of(self.model, hidden=hidden)
        name = f"call-{(self.model.session_id or 'picture')[:8]}"
        kind = "png" if content.get("kind") == "png" else "svg"
        self._reply("picture", files=[picture.encode()], name=f"{name}.{kind}", as_kind=kind)

    def _compare(self, content: Mapping[str, Any]) -> None:
        if self._put_beside is None:
            msg = "No other call can be put beside this one here."
            raise InvalidArgumentError(msg)
        self._end_pair()
        self.show(said={"busy": "Fetching and judging the other call …", "problem": ""})
        try:
            other = self.model.other_call(str(content["other"]))
            self._pair = self._put_beside(self.widget, self._call(), other, self.model.tz)
        finally:
            self.show(said=self._said())

    def _end_pair(self) -> None:
        if self._pair is not None:
            self._pair.close()
            self._pair = None

    def _call(self) -> Call:
        call = self.model.call
        if call is None:
            msg = self.model.problem or "No call is chosen."
            raise InvalidArgumentError(msg)
        return call

    def close(self) -> None:
        """Stop mirroring, and take the widget out of the kernel's registry."""
        self._end_pair()
        self._unsubscribe()
        layout = getattr(self.widget, "layout", None)
        if layout is not None:
            layout.close()
        self.widget.close()


def glossary_terms() -> list[dict[str, Any]]:
    """List the words of the field: what each means, and what else it is called."""
    return [
        {
            "term": one.term,
            "says": one.says,
            "names": [name for name in (one.term, *one.also) if name.casefold() not in NOT_LINKED],
        }
        for one in TERMS.values()
    ]


def same_finding(model: ExplorerModel, row: pd.Series[Any]) -> int | None:
    """Find a row of findings among those that the explorer lists."""
    if model.opened is None:
        return None
    names = ("rule", "peer_id", "stream_id", "start")
    table = model.opened.call.findings()
    for key in range(len(table)):
        mine = table.iloc[key]
        if all(str(mine.get(name)) == str(row.get(name)) for name in names):
            return key
    return None


def open_explorer(
    source: App | Call,
    *,
    name: str = "",
    remember: bool = True,
    tz: str = "UTC",
    session: str | None = None,
    view: Mapping[str, Any] | None = None,
    download: bool = False,
    report: WriteReport | None = None,
    beside: PutBeside | None = None,
    query: Mapping[str, Any] | None = None,
) -> Explorer:
    """
    Make an explorer: what ``rtk.explorer`` does, with the parts that stand below the widgets given.

    Parameters
    ----------
    source, name, remember, tz, session, view, download, query
        As in ``rtk.explorer``.
    report
        Writes the report of a call into a file.
    beside
        Puts another call beside the chosen one.

    Returns
    -------
    Explorer
        Shown as the last line of a cell.
    """
    if not isinstance(source, Call):
        fetch = getattr(source, "sessions", None)
        if not callable(fetch) or inspect.iscoroutinefunction(fetch):
            check_call(source, "explorer", also="an App (rtk.connect, rtk.replay, rtk.demo)")
    elif query:
        msg = f"One Call is not searched, so {', '.join(query)} cannot be used with it."
        raise InvalidArgumentError(msg)
    model = ExplorerModel(source, tz=tz, remember=remember, name=name, session=session, view=view, query=query)
    made = Explorer(model, download=download, report=report, beside=beside)
    memory.take_place(("explorer", name, "" if not isinstance(source, Call) else str(source.session_id)), made)
    return made
