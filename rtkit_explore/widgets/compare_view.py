"""Two calls side by side: the widget, and what mirrors the models in it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from rtkit_explore.errors import RtkitError
from rtkit_explore.widgets.compare_model import LETTERS, CompareModel
from rtkit_explore.widgets.explorer_still import still_html, still_text
from rtkit_explore.widgets.explorer_view import ExplorerView
from rtkit_explore.widgets.fallback import bundle_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    import pandas as pd

    from rtkit_explore.call import Call


class Comparison:
    """
    Two calls side by side on call time: one cursor and one zoom over both, the same measures on the same scales.

    Shown as the last line of a cell; ``value`` and ``to_code()`` give what was chosen to the next cell.

    Attributes
    ----------
    model
        What it knows and what is chosen, in plain Python.

    Notes
    -----
    ``host`` is a widget of an explorer that shows both calls in its own place, and goes on to live after them.
    """

    def __init__(self, model: CompareModel, *, host: Any = None) -> None:
        self.model = model
        self._lock = threading.RLock()
        self._host = host
        self._widget: Any = None
        self._views: list[ExplorerView] = []

    @property
    def calls(self) -> tuple[Call, Call]:
        """The two calls."""
        return self.model.calls

    @property
    def table(self) -> pd.DataFrame:
        """Their figures against each other: what ``rtk.compare_calls`` gives."""
        from rtkit_explore.findings.compare import compare_calls

        return compare_calls(*self.calls)

    @property
    def value(self) -> dict[str, Any]:
        """
        What is chosen.

        ``session_ids``, ``metrics``, ``window`` (seconds since the start of each call; None for all of it) and
        ``findings`` (of each call the row in ``call.findings()``, or None).
        """
        model = self.model
        model.complete()
        return {
            "session_ids": [call.session_id for call in model.calls],
            "metrics": model.measures,
            "window": model.window,
            "findings": [side.choice.finding for side in model.sides],
        }

    def to_code(self) -> str:
        """Return the lines that show the same without widgets; they need ``rtk`` and ``app`` and nothing else."""
        return self.model.to_code()

    @property
    def widget(self) -> Any:
        """The widget, made when it is first asked for, to be put beside others."""
        with self._lock:
            if self._widget is None:
                self._make()
            return self._widget

    def begin(self) -> None:
        """Show both calls, in the widget of the host where there is one."""
        with self._lock:
            if self._widget is None:
                self._make()

    def _make(self) -> None:
        from rtkit_explore.widgets.explorer_widget import CompareWidget

        self.model.complete()
        shared = {"letters": list(LETTERS), "table": self.model.table()}
        self._widget = CompareWidget(shared=shared) if self._host is None else self._host
        # A choice on one side is followed on the other, so that neither may be in the midst of something else.
        lock = threading.RLock()
        for number, side in enumerate(self.model.sides):
            part = SidePart(self._widget, number)
            self._views.append(ExplorerView(side, widget=part.begin, lock=lock))
        self._widget.on_msg(self._heard)
        if self._host is not None:
            self._host.shared = shared  # last, since the browser then shows both sides

    def _heard(self, _: object, content: Mapping[str, Any], __: object) -> None:
        if content.get("side") is None and content.get("do") == "both code":
            try:
                text = self.to_code()
            except RtkitError as error:
                text = f"# {error}"
            self._widget.send({"kind": "both code", "text": text})

    def close(self) -> None:
        """Take its widget off the screen and out of the kernel."""
        with self._lock:
            for view in self._views:
                view.close()
            if self._host is not None:
                self._host.on_msg(self._heard, remove=True)
                self._host.shared = {}
            elif self._widget is not None:
                layout = getattr(self._widget, "layout", None)
                if layout is not None:
                    layout.close()
                self._widget.close()
            self._views, self._widget = [], None

    def __repr__(self) -> str:
        """Return the static view as text."""
        self.model.complete()
        parts = [f"{letter}. {still_text(side)}" for letter, side in zip(LETTERS, self.model.sides, strict=True)]
        return "\n".join([*parts, *(f"  {line}" for line in self.to_code().splitlines())])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:  # noqa: ARG002
        return bundle_of(self.widget, repr(self), self._still())

    def _still(self) -> str:
        sides = zip(LETTERS, self.model.sides, strict=True)
        return "".join(
            f'<div class="rtk-still"><p><b>{letter}</b></p>{still_html(side)}</div>' for letter, side in sides
        )

    def _ipython_display_(self) -> None:
        """Show the widget, and in an output of its own the static view, which the widget hides while it is alive."""
        from IPython.display import display

        display(bundle_of(self.widget, "Two calls"), raw=True)  # type: ignore[no-untyped-call]
        display({"text/plain": repr(self), "text/html": self._still()}, raw=True)  # type: ignore[no-untyped-call]


class SidePart:
    """
    One side of the widget, as a view uses a widget of its own: every name has the side's number behind it.

    Parameters
    ----------
    widget
        The widget of both sides.
    side
        0 or 1.
    """

    def __init__(self, widget: Any, side: int) -> None:
        self.__dict__.update(_widget=widget, _side=side)

    def begin(self, **state: Any) -> SidePart:
        """Set the first state."""
        for name, value in state.items():
            setattr(self, name, value)
        return self

    def __getattr__(self, name: str) -> Any:
        """Return a part of the state."""
        return getattr(self._widget, f"{name}_{self._side}")

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a part of the state."""
        setattr(self._widget, f"{name}_{self._side}", value)

    def hold_sync(self) -> AbstractContextManager[None]:
        """Send what is set meanwhile in one message."""
        held: AbstractContextManager[None] = self._widget.hold_sync()
        return held

    def send(self, content: Mapping[str, Any], buffers: list[bytes] | None = None) -> None:
        """Send a message to this side."""
        self._widget.send({**content, "side": self._side}, buffers)

    def on_msg(self, heard: Callable[[object, Mapping[str, Any], object], None]) -> None:
        """Hear the messages of this side."""

        def of_this_side(widget: object, content: Mapping[str, Any], buffers: object) -> None:
            if content.get("side") == self._side:
                heard(widget, {name: value for name, value in content.items() if name != "side"}, buffers)

        self.__dict__["_heard"] = of_this_side
        self._widget.on_msg(of_this_side)

    @property
    def layout(self) -> None:
        """None: the layout belongs to the widget of both sides."""

    def close(self) -> None:
        """Stop hearing; the widget of both sides is closed as a whole."""
        if "_heard" in self.__dict__:
            self._widget.on_msg(self.__dict__.pop("_heard"), remove=True)
