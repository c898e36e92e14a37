"""The widget faces of lessons and mystery calls, for people who write no code."""

from __future__ import annotations

import io
from html import escape
from typing import TYPE_CHECKING, Any

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.training.glossary_terms import TERMS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import ipywidgets as widgets

    from rtkit_explore.training.lessons import Lesson
    from rtkit_explore.training.mystery import Case


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
    field: Any = (
        widgets.RadioButtons(options=asked.choices, value=None, layout=widgets.Layout(width="max-content"))
        if asked.choices
        else widgets.Text(placeholder="a number", layout=widgets.Layout(width="160px"))
    )
    said = widgets.HTML()
    check = widgets.Button(description="Check", tooltip="Check the answer")

    def judge(_: object = None) -> None:
        if field.value in (None, ""):
            said.value = "Choose or write an answer first."
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


def mystery_view(case: Case, *, sides: Iterable[str], about_what: Iterable[str]) -> widgets.VBox:
    """Make the widget face of a mystery call: the complaint, what to look at, the four questions, hints and result."""
    import ipywidgets as widgets

    wide = {"style": {"description_width": "90px"}, "layout": widgets.Layout(width="340px")}
    side_words = {"sender_uplink": "uplink", "receiver_downlink": "downlink", "connection": "own connection, both ways",
             "machine": "machine, device or browser", "shared": "server or service", "between": "cannot be told", "nobody": "nobody: no fault"}  # fmt: skip
    who = widgets.Dropdown(
        options=[("", None), *((name, name) for name in case.call.names.values()), ("nobody alone", "nobody")],
        description="Who",
        **wide,
    )
    side = widgets.Dropdown(
        options=[("", None), *((side_words[one], one) for one in sides)], description="Side", **wide
    )
    about = widgets.Dropdown(options=[("", None), *((one, one) for one in about_what)], description="What", **wide)
    at = widgets.Text(placeholder="12:31 (UTC)", description="When", **wide)
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
            judged = case.answer(who=who.value, side=side.value, about=about.value, at=at.value or None)
        except InvalidArgumentError as error:
            said.value = escape(str(error))
            return
        said.value = judged._repr_html_()

    hint.on_click(give_hint)
    check.on_click(judge)
    return widgets.VBox(
        [
            widgets.HTML(
                f"<p><b>Mystery call, level {case.level}</b></p><p style='font-size:110%'>“{escape(case.complaint)}”</p>"
            ),
            widgets.HBox([widgets.VBox([who, side]), widgets.VBox([about, at])]),
            widgets.HBox([check, hint]),
            said,
        ]
    )
