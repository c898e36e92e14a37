"""The explorer where no kernel runs: printed, reopened, exported, on a code host."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING, Final

from rtkit_explore.widgets.explorer_picture import picture_of
from rtkit_explore.widgets.item_labels import SIGNS

if TYPE_CHECKING:
    from rtkit_explore.widgets.explorer_model import ExplorerModel

MOST_FINDINGS: Final = 6
# JupyterLab says "Loading widget" or "model not found" in place of a widget whose kernel is gone. If our static view
# follows, an output that holds only such a line is hidden.
HIDE_NOTICE: Final = (
    "<style>.jp-OutputArea-child:has(+ .jp-OutputArea-child .rtk-still) > .jp-OutputArea-output:not(:has(*)),"
    ".rtk-live .rtk-still{display:none}</style>"
)


def lines_of_still(model: ExplorerModel) -> tuple[str, str, list[tuple[bool, str]], int]:
    """Return title, verdict, the first findings (chosen, text), and how many more there are."""
    page = model.page()
    if not page:
        return "Explorer", model.problem or "No call is chosen.", [], 0
    heads = [one for one in page["findings"] if one["head"] == one["key"] or one["key"] == model.choice.finding]
    listed = [
        (one["key"] == model.choice.finding, f"{SIGNS.get(one['severity'], '')} {one['severity']}: {one['text']}")
        for one in heads[:MOST_FINDINGS]
    ]
    verdict = page["verdictText"] or (
        "The call is going on: what was wrong can be said of those who have left." if page["live"] else ""
    )
    return page["title"], f"{page['verdict']}. {verdict}".strip(". ") + ".", listed, len(heads) - len(listed)


def still_text(model: ExplorerModel) -> str:
    """Return the static view as plain text."""
    title, verdict, findings, more = lines_of_still(model)
    lines = [f"{title}: {verdict}", *(f"  {'>' if chosen else ' '} {text}" for chosen, text in findings)]
    lines += [f"    … and {more} more"] if more > 0 else []
    return "\n".join([*lines, *(f"  {line}" for line in model.to_code().splitlines())])


def still_html(model: ExplorerModel) -> str:
    """Return the static view as HTML with its image; a live widget in the same output hides it."""
    title, verdict, findings, more = lines_of_still(model)
    listed = "".join(
        f"<li>{f'<b>{escape(text)}</b>' if chosen else escape(text)}</li>" for chosen, text in findings
    ) + (f"<li>… and {more} more</li>" if more > 0 else "")
    picture = ""
    if model.opened is not None:
        data = base64.b64encode(picture_of(model).encode()).decode()
        words = escape(f"{title}: {verdict}", quote=True)
        picture = f'<img alt="{words}" style="max-width:100%" src="data:image/svg+xml;base64,{data}">'
    return (
        f'{HIDE_NOTICE}<div class="rtk-still"><p><b><bdi>{escape(title)}</bdi></b>: {escape(verdict)}</p>'
        f'<ul style="list-style:none;padding-left:1em">{listed}</ul>{picture}'
        f"<p><small>A still of the explorer: run the cell to use it.</small></p>"
        f"<pre>{escape(model.to_code())}</pre></div>"
    )
