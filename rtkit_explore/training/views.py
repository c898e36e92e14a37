"""The widget faces of lessons and mystery calls, for people who write no code."""

from __future__ import annotations

import io
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.table_schema.glossary_entries import TERMS
from rtkit_explore.tables.scope import call_span
from rtkit_explore.training.cases import ABOUT, SIDES

if TYPE_CHECKING:
    from collections.abc import Callable

    import ipywidgets as widgets

    from rtkit_explore.training.lessons import Lesson
    from rtkit_explore.training.mystery import Case

_WIDGET = "application/vnd.jupyter.widget-view+json"


def bundle_of(shown: widgets.Widget, text: str, still: str) -> dict[str, Any]:
    """Return what a cell shows: the widgets, and a text and a still for where none run."""
    return {
        "text/plain": text,
        "text/html": still,
        **{k: v for k, v in (shown._repr_mimebundle_() or {}).items() if k == _WIDGET},
    }


def lesson_view(lesson: Lesson) -> widgets.VBox:
    """
    Make the widgets of a lesson: text, slider, plots, figures, question.

    The plots are rendered with a Figure of their own into an image, so that they work in every front end and in
    callbacks from another thread.
    """
    import ipywidgets as widgets

    plan, slider = lesson.plan, lesson.slider
    options = [(slider.says(value), value) for value in slider.values()]
    knob = widgets.SelectionSlider(
        options=options,
        value=min(slider.values(), key=lambda one: abs(one - slider.first)),
        description=slider.label,
        continuous_update=False,
        style={"description_width": "initial"},
        layout=widgets.Layout(width="620px"),
    )
    picture = widgets.Image(format="png", layout=widgets.Layout(max_width="100%"))
    figures = widgets.HTML()

    def paint(_: object = None) -> None:
        value = knob.value
        made = lesson.draw(value)
        file = io.BytesIO()
        made.savefig(file, dpi=84)
        picture.alt = f"{plan.title}: {slider.label} {slider.says(value)}"
        table = lesson.figures(value)
        rows = "".join(
            f"<tr><td>{escape(str(row.what))}</td><td><b>{escape(str(row.figure))}</b></td></tr>"
            for row in table.itertuples()
        )
        picture.value = file.getvalue()
        figures.value = f"<table>{rows}</table>"

    knob.observe(paint, names="value")
    asked = plan.question
    field = widgets.RadioButtons(options=asked.choices, value=None, layout=widgets.Layout(width="max-content"))
    said = widgets.HTML()
    check = widgets.Button(description="Check", tooltip="Check the answer")

    def judge(_: object = None) -> None:
        if field.value in (None, ""):
            said.value = "Choose an answer first."
            return
        try:
            good, words = lesson.check(field.value)
        except InvalidArgumentError as error:
            said.value = escape(str(error))
            return
        said.value = f"<b>{'●' if good else '○'}</b> {escape(words)}"

    check.on_click(judge)
    words = " ".join(TERMS[term].html for term in plan.terms if term in TERMS)
    paint()
    return widgets.VBox(
        [
            widgets.HTML(f"<h3>{escape(plan.title)}</h3><p style='max-width:48em'>{escape(plan.text)}</p>"),
            knob,
            picture,
            figures,
            widgets.HTML(f"<p><b>Question.</b> {escape(asked.asks)}</p>"),
            field,
            check,
            said,
            widgets.HTML(f"<details><summary>Words</summary>{words}</details>"),
        ]
    )


_SIDE_WORDS = {
    "sender_uplink": "uplink: what this person sends",
    "receiver_downlink": "downlink: what this person receives",
    "connection": "own connection, both ways",
    "machine": "machine, device or browser",
    "shared": "server or service",
    "between": "cannot be told",
    "nobody": "nobody: no fault",
}
_LOOKS: dict[str, tuple[str, ...]] = {
    "who was there, and events": (),
    "packet loss": ("loss_pct", "concealment_events"),
    "delay": ("rtt_ms", "jitter_ms", "buffer_ms"),
    "bitrate and frame rate": ("bitrate_kbps", "fps"),
    "packets per second": ("packets_per_s",),
    "network paths": (),
    "list of events": (),
    "list of devices": (),
    "what the package found": (),
}
"""What can be looked at by mouse, with the measures that it draws."""
_MOST_ROWS = 60


def mystery_view(case: Case, *, again: Callable[[int], Case] | None = None) -> widgets.VBox:
    """
    Make the widget face of a mystery call: the complaint, what to look at, the four questions, hints and result.

    Parameters
    ----------
    case
        The case.
    again
        Draws another case of a level, for the button that does; None for no such button.
    """
    import ipywidgets as widgets

    body = widgets.VBox(_case_face(case))
    if again is None or not case.level:
        return body
    draw = again
    level = widgets.Dropdown(
        options=[(f"level {one}", one) for one in (1, 2, 3, 4)],
        value=case.level,
        layout=widgets.Layout(width="110px"),
    )
    other = widgets.Button(description="Another call", tooltip="Draw another call of this level")

    def change(_: object = None) -> None:
        other.disabled = True
        try:
            body.children = _case_face(draw(level.value))
        finally:
            other.disabled = False

    other.on_click(change)
    return widgets.VBox([widgets.HBox([level, other]), body])


def _case_face(case: Case) -> tuple[Any, ...]:
    """Make the rows of the face of one case."""
    import ipywidgets as widgets

    names = list(dict.fromkeys(str(name) for name in case.call.participants["display_name"].dropna()))
    wide = {"style": {"description_width": "60px"}, "layout": widgets.Layout(width="340px")}
    who = widgets.Dropdown(
        options=[("", None), *((name, name) for name in names), ("nobody in particular", "nobody")],
        description="Who",
        **wide,
    )
    side = widgets.Dropdown(
        options=[("", None), *((_SIDE_WORDS[one], one) for one in SIDES)], description="Side", **wide
    )
    about = widgets.Dropdown(options=[("", None), *((one, one) for one in ABOUT)], description="What", **wide)
    begin, end = call_span(case.call)
    minutes = pd.date_range(pd.Timestamp(begin).floor("min"), end, freq="min").strftime("%H:%M")
    at = widgets.Dropdown(options=[("", None), *((f"{one} (UTC)", one) for one in minutes)], description="When", **wide)
    said = widgets.HTML()
    hint = widgets.Button(description="Hint", tooltip="Show the next hint")
    check = widgets.Button(description="Check", tooltip="Check the answer", button_style="primary")
    hints: list[str] = []

    def give_hint(_: object = None) -> None:
        told = case.hint()
        if told not in hints:
            hints.append(told)
        said.value = "<br>".join(escape(f"{number}. {one}") for number, one in enumerate(hints, 1))

    def judge(_: object = None) -> None:
        try:
            judged = case.answer(who=who.value, side=side.value, about=about.value, at=at.value)
        except InvalidArgumentError as error:
            said.value = escape(
                "Choose an answer first." if not any((who.value, side.value, about.value, at.value)) else str(error)
            )
            return
        said.value = judged._repr_html_()

    hint.on_click(give_hint)
    check.on_click(judge)
    complaint = widgets.HTML(
        f"<p><b>Mystery call, level {case.level}</b></p><p style='font-size:110%'>“{escape(case.complaint)}”</p>"
        if case.level
        else f"<p><b>Mystery call</b></p><p style='font-size:110%'>“{escape(case.complaint)}”</p>"
    )
    asked = widgets.HTML("<p><b>Whose trouble was it, on which side, what was it, and when?</b></p>")
    questions = widgets.HBox([widgets.VBox([who, side]), widgets.VBox([about, at])])
    return (complaint, _looking_glass(case, names), asked, questions, widgets.HBox([check, hint]), said)


def _looking_glass(case: Case, names: list[str]) -> widgets.VBox:
    """Make what shows a case by mouse: what to look at, of whom, and the picture or list of it."""
    import ipywidgets as widgets

    what = widgets.Dropdown(options=list(_LOOKS), description="Look at", layout=widgets.Layout(width="340px"))
    whom = widgets.Dropdown(
        options=[("everybody", None), *((name, name) for name in names)],
        description="of",
        layout=widgets.Layout(width="340px"),
    )
    picture = widgets.Image(format="png", layout=widgets.Layout(max_width="100%"))
    listed = widgets.HTML()

    def paint(_: object = None) -> None:
        shown = _looked_at(case, what.value, whom.value)
        if isinstance(shown, bytes):
            picture.alt = f"{what.value}: {whom.value or 'everybody'}"
            picture.value, picture.layout.display, listed.value = shown, "", ""
        else:
            listed.value, picture.layout.display = shown, "none"

    for knob in (what, whom):
        knob.observe(paint, names="value")
    paint()
    return widgets.VBox([widgets.HBox([what, whom]), picture, listed])


def _looked_at(case: Case, what: str, who: str | None) -> bytes | str:
    """Return a picture as PNG, or a list as HTML."""
    call = case.call
    if what == "what the package found":
        found = call.findings(participant=who)
        return _html_list(
            [(row.severity, row.story) for row in found.itertuples()],
            "Nothing was found" + (f" of {who}." if who else "."),
        )
    if what in ("list of events", "list of devices"):
        rows = call.events if what == "list of events" else call.device_changes
        if who is not None:
            rows = rows[rows["display_name"] == who]
        columns = ["timestamp", "name"] if what == "list of events" else ["timestamp", "kind", "change", "label"]
        ordered = rows.sort_values("timestamp")
        listed = [
            (f"{row['timestamp']:%H:%M:%S}", row["display_name"], *(row[name] for name in columns[1:]))
            for row in ordered.to_dict("records")
        ]
        return _html_list(listed, "There are none.")
    from matplotlib.figure import Figure

    from rtkit_explore import plot

    rows_drawn = len(_LOOKS[what]) or 1
    figure = Figure(figsize=(9.6, 1.2 + 2.2 * rows_drawn) if _LOOKS[what] else (9.6, 3.6), layout="constrained")
    if _LOOKS[what]:
        plot.quality(call, metrics=list(_LOOKS[what]), participant=who, ax=figure)
    elif what == "network paths":
        plot.candidate_pairs(call, participants=who, ax=figure)
    else:
        plot.timeline(call, participants=who, ax=figure)
    file = io.BytesIO()
    figure.savefig(file, dpi=84)
    return file.getvalue()


def _html_list(rows: list[tuple[Any, ...]], nothing: str) -> str:
    """Return rows as a table; a long one is cut with a line that says so."""
    if not rows:
        return f"<p>{escape(nothing)}</p>"
    cells = "".join(
        "<tr>" + "".join(f"<td style='padding-right:1em'>{escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows[:_MOST_ROWS]
    )
    more = f"<p>… and {len(rows) - _MOST_ROWS} more: choose one person.</p>" if len(rows) > _MOST_ROWS else ""
    return f"<table>{cells}</table>{more}"
