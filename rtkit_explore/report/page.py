"""The report: one HTML file that needs nothing else, to send, to print and to keep."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.local_time import time_zone
from rtkit_explore.paths import user_path
from rtkit_explore.report.contents import ReportContext, report_of
from rtkit_explore.report.files import check_arguments, check_place, write_whole
from rtkit_explore.report.shown import shown
from rtkit_explore.report.words import Words

if TYPE_CHECKING:
    import datetime as dt
    import os
    from pathlib import Path

    import jinja2
    from markupsafe import Markup

    from rtkit_explore.call import Call
    from rtkit_explore.findings.profiles import ProfileLike
    from rtkit_explore.report.view import Report


def write_report(
    call: Call,
    path: str | os.PathLike[str],
    *,
    redacted: bool = True,
    profile: ProfileLike = "default",
    title: str | None = None,
    tz: str | dt.tzinfo = "UTC",
    overwrite: bool = True,
) -> Path:
    """
    Write what happened in a call into one HTML file: story, verdicts, findings with plots, timelines, tables.

    The file needs no network and no other file; it follows the reader's light or dark setting and prints. Plots over
    time can be zoomed and show values under the cursor; where scripts are off, pictures stand in their place. URLs and
    tokens are in none of it, nor is anything that was said, typed or transcribed.

    Parameters
    ----------
    call
        The call.
    path
        The file to write; one that holds another kind of document is never replaced.
    redacted
        Whether people, devices and addresses get stand-ins, as by ``call.redact()``.
    profile
        Name of a profile, or thresholds of one's own, as for ``call.findings()``.
    title
        Heading of the report; the title of the meeting (which redaction hides) where None.
    tz
        Time zone of the report, such as "Europe/Berlin".
    overwrite
        Whether a report that is there already may be replaced.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InvalidArgumentError
        Where the profile or time zone does not exist, the file cannot be written there, or ``call`` is no Call.
    NotEnoughMemoryError
        For a large call that does not fit into the memory that is free; nothing has been begun then.

    Examples
    --------
    >>> import rtkit_explore as rtk
    >>> rtk.write_report(call, "call.html", tz="Europe/Berlin")  # doctest: +SKIP
    """
    check_arguments(call, path, "write_report", "the file's path")
    target = user_path(path, "the file to write")
    _check(target, overwrite=overwrite)
    check_place(target)
    where = time_zone(tz)
    call.check_room(f"A report of {len(call.documents.reports)} reports", redacted=redacted, metrics=True)
    shown = call.redact() if redacted else call
    context = ReportContext(shown, profile, where)
    page = render(report_of(context, title=title or f"Call report: {shown.title}", redacted=redacted))
    write_whole(target, page.encode("utf-8"))
    return target


def _check(target: Path, *, overwrite: bool) -> None:
    if target.is_dir():
        msg = f'{target} is a folder: name a file in it, such as "{target / "call.html"}".'
        raise InvalidArgumentError(msg)
    if not target.exists():
        return
    if not overwrite:
        msg = f"{target} exists already: name another file, or leave out overwrite=False."
        raise InvalidArgumentError(msg)
    with target.open("rb") as file:
        start = file.read(200)
    if start.strip() and not start.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        msg = f"{target} is no HTML file, so it is not replaced: name another file."
        raise InvalidArgumentError(msg)


# The page -------------------------------------------------------------------------------------------------------------


def render(report: Report) -> str:
    """Write the page; every text of the view is scrubbed and escaped here."""
    return environment().get_template("report.html.j2").render(report=report, words=Words(shown)).lstrip()


@cache
def environment() -> jinja2.Environment:
    """Return the templates; jinja2 is loaded when the first report is written."""
    import jinja2
    from markupsafe import Markup

    made = jinja2.Environment(
        loader=jinja2.FunctionLoader(_part),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else shown(value),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    scripts = [_vendored("uPlot.LICENSE.txt", "uPlot.iife.min.js"), _part("plots.js")]
    made.globals.update(
        style=Markup(_static("uPlot.min.css") + _part("style.css")),  # noqa: S704 - our own files
        scripts=[Markup(script) for script in scripts],  # noqa: S704
        script_hashes=[_hash(script) for script in scripts],
    )
    made.filters.update(data=data, ready=Markup)  # a data URL holds nothing that ends an attribute
    return made


def data(value: Any) -> Markup:
    """Return data as JSON for a script element, which ends at the first "</": its texts are scrubbed as all are."""
    from markupsafe import Markup

    text = json.dumps(_shown_inside(value), separators=(",", ":"), allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - nothing in it can end the element


def _shown_inside(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shown_inside(each) for key, each in value.items()}
    if isinstance(value, list):  # a tuple is a column of numbers, which are most of it
        return [_shown_inside(each) for each in value]
    return shown(value) if isinstance(value, str) else value


def _part(name: str) -> str:
    return (files("rtkit_explore.report") / "templates" / name).read_text(encoding="utf-8")


def _static(name: str) -> str:
    # By path: importing ``widgets`` would load what draws in notebooks.
    return (files("rtkit_explore") / "widgets" / "static" / name).read_text(encoding="utf-8")


def _vendored(licence: str, script: str) -> str:
    return f"/*\n{_static(licence).strip()}\n*/\n{_static(script)}"


def _hash(script: str) -> str:
    """Return what the content security policy lets run: this script and no other."""
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
