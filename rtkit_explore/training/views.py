"""The widget faces of lessons and mystery calls, for people who write no code."""

from __future__ import annotations

import io
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.table_schema.labels import device_kind_words, event_words
from rtkit_explore.tables.scope import call_span
from rtkit_explore.training.cases import ABOUT, SIDES

if TYPE_CHECKING:
    from collections.abc import Callable

    import ipywidgets as widgets
    from matplotlib.figure import Figure

    from rtkit_explore.training.lessons import Lesson
    from rtkit_explore.training.mystery import Case


def _words(html: str) -> str:
    """Return HTML as text to be read: a widget's lines stand as far apart as its buttons are high."""
    return f"<div style='line-height:1.45'>{html}</div>"


def _picture_layout() -> widgets.Layout:
    import ipywidgets as widgets

    return widgets.Layout(max_width="100%", align_self="flex-start")


def show_picture(widget: widgets.Image, figure: Figure) -> None:
    """Put a figure into an image widget: as SVG, which is sharp and soon made, where all of it can be written so."""
    from rtkit_explore.report.svg import DPI, UnknownArtistError, svg_of

    try:
        kind, value = "svg+xml", svg_of(figure).text.encode()
    except UnknownArtistError:
        file = io.BytesIO()
        figure.savefig(file, dpi=DPI)
        kind, value = "png", file.getvalue()
    with widget.hold_sync():
        widget.format, widget.value = kind, value


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
    picture = widgets.Image(format="svg+xml", layout=_picture_layout())
    figures = widgets.HTML()

    def paint(_: object = None) -> None:
        value = knob.value
        picture.alt = f"{plan.title}: {slider.label} {slider.says(value)}"
        table = lesson.figures(value)
        rows = "".join(
            f"<tr><td style='padding-right:1.5em;vertical-align:top'>{escape(str(row.what))}</td>"
            f"<td><b>{escape(str(row.figure))}</b></td></tr>"
            for row in table.itertuples()
        )
        show_picture(picture, lesson.draw(value))
        figures.value = _words(f"<table>{rows}</table>")

    knob.observe(paint, names="value")
    asked = plan.question
    field = widgets.RadioButtons(options=asked.choices, value=None, layout=widgets.Layout(width="max-content"))
    said = widgets.HTML()
    check = widgets.Button(description="Check", tooltip="Check the answer")

    def judge(_: object = None) -> None:
        if field.value in (None, ""):
            said.value = _words("Choose an answer first.")
            return
        try:
            good, words = lesson.check(field.value)
        except InvalidArgumentError as error:
            said.value = _words(escape(str(error)))
            return
        said.value = _words(f"<b>{'●' if good else '○'}</b> {escape(words)}")

    check.on_click(judge)
    words = " ".join(term.html for term in lesson.words)
    paint()
    return widgets.VBox(
        [
            widgets.HTML(_words(f"<h3>{escape(plan.title)}</h3><p style='max-width:60em'>{escape(plan.text)}</p>")),
            knob,
            figures,
            picture,
            widgets.HTML(_words(f"<p><b>Question.</b> {escape(asked.asks)}</p>")),
            field,
            check,
            said,
            widgets.HTML(_words(f"<details><summary>The words that are used here</summary>{words}</details>")),
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
    "pictures and losses": ("fps", "loss_pct"),
    "network paths": (),
    "list of events": (),
    "list of devices": (),
    "what the package found": (),
}
"""What can be looked at by mouse, with the measures that it draws."""
_LOOK_OF: dict[str, str] = {
    "loss": "packet loss",
    "narrow": "bitrate and frame rate",
    "delay": "delay",
    "outage": "packets per second",
    "device": "list of devices",
    "permission": "list of events",
    "machine": "pictures and losses",
    "server": "packet loss",
    "no fault": "list of events",
}
"""Of each cause what shows it, or refutes it."""
_ABOUT_WORDS: dict[str, str] = {
    "loss": "packets were lost",
    "narrow": "too little bandwidth",
    "delay": "everything came late, or unevenly",
    "outage": "the connection was gone for a while",
    "device": "a device vanished",
    "permission": "microphone or camera was refused",
    "machine": "the computer was too busy",
    "server": "the server had trouble",
    "no fault": "nothing was wrong: switched off, or hidden",
}
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
    about = widgets.Dropdown(
        options=[("", None), *((_ABOUT_WORDS[one], one) for one in ABOUT)], description="What", **wide
    )
    begin, end = call_span(case.call)
    minutes = pd.date_range(pd.Timestamp(begin).floor("min"), end, freq="min").strftime("%H:%M")
    at = widgets.Dropdown(options=[("", None), *((f"{one} (UTC)", one) for one in minutes)], description="When", **wide)
    said, hinted = widgets.HTML(), widgets.HTML()
    hint = widgets.Button(description="Hint", tooltip="Show the next hint")
    check = widgets.Button(description="Check", tooltip="Check the answer", button_style="primary")
    show = widgets.Button(description="Show me", layout=widgets.Layout(width="max-content", display="none"))
    glass = _looking_glass(case, names)
    what, whom = glass.children[0].children
    hints: list[str] = []

    def give_hint(_: object = None) -> None:
        told = case.hint()
        if told not in hints:
            hints.append(told)
        listed = "<br>".join(escape(f"{number}. {one}") for number, one in enumerate(hints, 1))
        hinted.value = _words(f"<b>Hints</b><br>{listed}")

    def judge(_: object = None) -> None:
        show.layout.display = "none"
        try:
            judged = case.answer(who=who.value, side=side.value, about=about.value, at=at.value)
        except InvalidArgumentError as error:
            nothing = not any((who.value, side.value, about.value, at.value))
            said.value = _words(escape("Choose an answer first." if nothing else str(error)))
            return
        told = "<br>".join(escape(line) for line in judged.text.split("\n"))
        said.value = _words(f"<b>{judged.mark} {judged.grade.capitalize()}.</b> {told}")
        cause, person = judged.look
        show.look = (_LOOK_OF[cause] if cause else "who was there, and events", person)
        show.description = f"Show me: {show.look[0]}" + (f", of {person}" if person else "")
        show.layout.display = ""

    def show_it(_: object = None) -> None:
        what.value, whom.value = show.look[0], show.look[1] or ""

    hint.on_click(give_hint)
    check.on_click(judge)
    show.on_click(show_it)
    level = f", level {case.level}" if case.level else ""
    complaint = widgets.HTML(
        _words(f"<p><b>Mystery call{level}</b></p><p style='font-size:110%'>“{escape(case.complaint)}”</p>")
    )
    asked = widgets.HTML(_words("<p><b>Whose trouble was it, on which side, what was it, and when?</b></p>"))
    questions = widgets.HBox([widgets.VBox([who, side]), widgets.VBox([about, at])])
    return (complaint, glass, asked, questions, widgets.HBox([check, hint, show]), said, hinted)


def _looking_glass(case: Case, names: list[str]) -> widgets.VBox:
    """Make what shows a case by mouse: what to look at, of whom, and the picture or list of it."""
    import ipywidgets as widgets

    what = widgets.Dropdown(options=list(_LOOKS), description="Look at", layout=widgets.Layout(width="340px"))
    whom = widgets.Dropdown(
        options=[("everybody", ""), *((name, name) for name in names)],  # a dropdown shows nothing for None
        value="",
        description="of",
        layout=widgets.Layout(width="340px"),
    )
    picture = widgets.Image(format="svg+xml", layout=_picture_layout())
    listed = widgets.HTML()

    def paint(_: object = None) -> None:
        shown = _looked_at(case, what.value, whom.value or None)
        if isinstance(shown, str):
            listed.value, picture.layout.display = _words(shown), "none"
        else:
            picture.alt = f"{what.value}: {whom.value or 'everybody'}"
            show_picture(picture, shown)
            picture.layout.display, listed.value = "", ""

    for knob in (what, whom):
        knob.observe(paint, names="value")
    paint()
    return widgets.VBox([widgets.HBox([what, whom]), picture, listed])


def _looked_at(case: Case, what: str, who: str | None) -> Figure | str:
    """Return a figure, or a list as HTML."""
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
        listed = [
            (f"{row['timestamp']:%H:%M:%S}", row["display_name"], *_told_of(row))
            for row in rows.sort_values("timestamp").to_dict("records")
        ]
        return _html_list(listed, "There are none.")
    from matplotlib.figure import Figure

    from rtkit_explore import plot

    rows_drawn = len(_LOOKS[what]) or 1
    figure = Figure(figsize=(8.4, 1.2 + 1.9 * rows_drawn) if _LOOKS[what] else (8.4, 3.4))
    if _LOOKS[what]:
        plot.quality(call, metrics=list(_LOOKS[what]), participant=who, ax=figure)
    elif what == "network paths":
        plot.candidate_pairs(call, participants=who, ax=figure)
    else:
        plot.timeline(call, participants=who, ax=figure)
    return figure


def _told_of(row: dict[Any, Any]) -> tuple[str, ...]:
    """Say an event, or a change of a device, in words."""
    if "name" in row:
        return (event_words(row["name"]),)
    return (device_kind_words(row["kind"]), str(row["change"]), str(row["label"]))


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
