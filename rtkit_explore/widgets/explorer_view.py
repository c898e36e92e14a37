"""The explorer: linked pickers above live plots."""

from __future__ import annotations

import inspect
import io
import threading
from html import escape
from typing import TYPE_CHECKING, Any

from rtkit_explore.errors import InvalidArgumentError, RtkitError
from rtkit_explore.widgets import remembered as memory
from rtkit_explore.widgets.explorer_model import Exploration
from rtkit_explore.widgets.picker import WIDGET

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from rtkit_explore.app import App
    from rtkit_explore.call import Call

    Drawing = Callable[[Any], object]

DPI = 100
NARROW = "37em"
"""Width of a list, so that two fit side by side; on a narrow screen they stand below one another."""


def png_of(draw: Drawing) -> bytes:
    """
    Draw on a Figure that pyplot knows nothing of, and return it as PNG.

    No global state is touched, so that it works in any thread, and no figure pops up in a cell by itself.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained", dpi=DPI)
    draw(figure)
    out = io.BytesIO()
    canvas: Any = FigureCanvasAgg(figure)
    canvas.print_png(out)  # a quarter faster than savefig, which goes over the figure twice
    return out.getvalue()


class Explorer:
    """
    Pickers for session, participants, stream, window and measures, and the plots of what they choose.

    Shown as the last line of a cell; ``call``, ``value`` and ``to_code()`` give what was chosen to the next cell.
    """

    def __init__(self, exploration: Exploration) -> None:
        self.exploration = exploration
        self._view: ExplorerView | None = None
        self._lock = threading.RLock()

    @property
    def call(self) -> Call | None:
        """The call of the chosen session; None where there is none, or it could not be had."""
        return self.exploration.call

    @property
    def value(self) -> dict[str, Any]:
        """What is chosen: session_id, participants (peer ids), stream_id (None: all), window, metrics."""
        state = self.exploration
        return {
            "session_id": state.session.value,
            "participants": state.participants.value,
            "stream_id": state.stream_id,
            "window": state.window.value,
            "metrics": list(state.measures.selected),
        }

    @property
    def quality(self) -> pd.DataFrame | None:
        """The rows of ``call.quality`` that are looked at, the window aside; None without a call."""
        return self.exploration.quality

    def to_code(self) -> str:
        """Return the lines that show the same without widgets; ``app`` is the name they give the app."""
        return self.exploration.to_code()

    @property
    def view(self) -> ExplorerView:
        """The view, made when it is first asked for."""
        with self._lock:
            if self._view is None:
                self._view = ExplorerView(self.exploration)
            return self._view

    @property
    def widget(self) -> Any:
        """The ipywidgets box."""
        return self.view.widget

    def close(self) -> None:
        """Take its widgets off the screen and out of the kernel."""
        with self._lock:
            if self._view is not None:
                self._view.close()
                self._view = None
            self.exploration.close()

    def __repr__(self) -> str:
        """Return the still as text."""
        return self.exploration.still().text()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:  # noqa: ARG002
        still = self.exploration.still()
        shown = self.widget._repr_mimebundle_()
        return {"text/plain": still.text(), "text/html": still.html(), WIDGET: shown[WIDGET]}


class ExplorerView:
    """Mirror an exploration in widgets, and draw what is chosen."""

    def __init__(self, state: Exploration) -> None:
        import ipywidgets as widgets

        from rtkit_explore.widgets.list_view import ListView

        self.state = state
        self._drawing = threading.RLock()
        for picker in (state.session, state.participants, state.stream):
            picker.width = NARROW
        self.measures = ListView(state.measures, title="Measures", empty="none.", rows=5, width=NARROW)
        self.status = widgets.HTML()
        self.timeline = self._picture(widgets)
        self.quality = self._picture(widgets)
        side_by_side = widgets.Layout(flex_flow="row wrap", align_items="flex-start")
        self.widget = widgets.VBox(
            [
                widgets.HBox([state.session.widget, state.participants.widget], layout=side_by_side),
                widgets.HBox([state.stream.widget, self.measures.widget], layout=side_by_side),
                state.window.widget,
                self.status,
                self.timeline,
                self.quality,
            ]
        )
        self._unsubscribe = state.subscribe(self._heard)
        self._heard("loaded")

    @staticmethod
    def _picture(widgets: Any) -> Any:
        layout = widgets.Layout(width="100%", max_width="74em", margin="12px 0 0 0", display="none")
        return widgets.Image(format="png", layout=layout)

    def _heard(self, what: str) -> None:
        with self._drawing:
            if what == "loading":
                self.status.value = "Fetching the call …"
                return
            refused = ""
            if what == "loaded":
                refused = self._show(self.timeline, self._timeline())
            refused = self._show(self.quality, self._quality()) or refused
            self.status.value = self._say() or escape(refused)

    def _say(self) -> str:
        state = self.state
        if state.problem:
            return f"<b>The call could not be had.</b> {escape(state.problem)}"
        if state.call is None:
            return "Choose a session to see its call."
        if not state.measures.selected:
            return "Choose a measure to see how the streams went."
        if state.quality is None or state.quality.empty:
            return "Nobody is chosen who has samples: choose participants above."
        return ""

    @staticmethod
    def _show(picture: Any, drawing: Drawing | None) -> str:
        """Draw into a picture; returns why that was refused, "" where it was not."""
        refused = ""
        try:
            if drawing is not None:
                picture.value = png_of(drawing)
        except RtkitError as error:  # a window of no length, for one
            drawing, refused = None, str(error)
        picture.layout.display = "none" if drawing is None else None
        return refused

    def _timeline(self) -> Drawing | None:
        from rtkit_explore import plot

        call, tz = self.state.call, self.state.tz
        return None if call is None else lambda figure: plot.timeline(call, ax=figure, tz=tz)

    def _quality(self) -> Drawing | None:
        from rtkit_explore import plot

        state = self.state
        call, table = state.call, state.quality
        if call is None or table is None or table.empty or not state.measures.selected:
            return None
        tables = {"quality": table, "participants": call.participants, "events": call.events}
        return lambda figure: plot.quality(
            tables, metrics=list(state.measures.selected), window=state.window.value, tz=state.tz, ax=figure
        )

    def close(self) -> None:
        """Stop mirroring, and take all widgets out of the kernel's registry."""
        from rtkit_explore.widgets.list_view import close_all

        self._unsubscribe()
        self.measures.close()
        close_all(self.widget)


def explorer(app: App, *, name: str = "", remember: bool = True, tz: str = "UTC", **query: Any) -> Explorer:
    """
    Explore an app's calls: pickers for session, participants, stream, window and measures, above live plots.

    Parameters
    ----------
    app
        An app (``rtk.connect``, ``rtk.replay``). The call of the first session, or of the one that was chosen
        before, is fetched now.
    name, remember, tz
        As in :func:`pick_session`; all choices are remembered, those within a call for each session.
    **query
        Passed on to ``app.sessions``.

    Returns
    -------
    Explorer
        Shown as the last line of a cell. ``call`` is the chosen call, ``value`` all that is chosen.

    Raises
    ------
    InvalidArgumentError
        Where ``app`` is no app.
    """
    fetch = getattr(app, "sessions", None)
    if not callable(fetch) or inspect.iscoroutinefunction(fetch):
        msg = f"explorer takes an App (rtk.connect, rtk.replay, rtk.demo), not something of type {type(app).__name__}."
        raise InvalidArgumentError(msg)
    made = Explorer(Exploration(app, tz=tz, remember=remember, name=name, query=query))
    memory.take_place(("explorer", name, ""), made)
    return made
