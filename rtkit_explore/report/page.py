"""The report: one HTML file that needs nothing else, to send, to print and to keep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from rtkit_explore import __version__
from rtkit_explore.errors import InvalidArgumentError
from rtkit_explore.plot.time_axis import zone
from rtkit_explore.report import plots, sections
from rtkit_explore.report.files import check_arguments, write_whole
from rtkit_explore.report.html import Html, joined, tag
from rtkit_explore.report.html_tables import Shown
from rtkit_explore.report.style import STYLE

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Callable

    from rtkit_explore.call import Call
    from rtkit_explore.findings.profiles import ProfileLike

_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_START: Final = "<!doctype html>"
_MOST_ROWS: Final = 150


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

    The file needs no network, no script and no other file; it follows the reader's light or dark setting and prints.
    Links and tokens are in none of it, nor is anything that was said, typed or transcribed.

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

    Examples
    --------
    >>> import rtkit_explore as rtk
    >>> rtk.write_report(call, "call.html", tz="Europe/Berlin")  # doctest: +SKIP
    """
    check_arguments(call, path, "write_report", "the file's path")
    target = Path(path).expanduser()
    _check(target, overwrite=overwrite)
    where = zone(tz)
    shown = call.redact() if redacted else call
    subject = sections.ReportContext(shown, profile, where)
    content = _page(subject, title=title or f"Call report: {shown.title}", redacted=redacted)
    write_whole(target, content.encode("utf-8"))
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


def _page(subject: sections.ReportContext, *, title: str, redacted: bool) -> str:
    parts: list[tuple[str, str, Callable[[], Html]]] = [
        ("story", "What happened", lambda: sections.story(subject)),
        ("findings", "Findings", lambda: joined(plots.findings(subject), _all_findings(subject))),
        ("figures", "Side by side", lambda: sections.figures(subject)),
        ("people", "Who was there", lambda: joined(plots.timeline(subject), sections.people(subject))),
        ("quality", "Over time", lambda: plots.over_time(subject)),
        ("devices", "Devices", lambda: joined(plots.device_changes(subject), sections.devices(subject))),
        ("paths", "Network paths", lambda: joined(plots.candidate_pairs(subject), sections.paths(subject))),
        ("problems", "Not fetched or not readable", lambda: sections.problems(subject)),
        ("unmeasured", "What is not measured", lambda: sections.unmeasured(subject)),
        ("method", "How this was judged", lambda: sections.method(subject, version=__version__)),
        ("text", "As text", lambda: sections.ticket(subject)),
    ]
    links = [tag("li", tag("a", name, href=f"#{key}")) for key, name, _ in parts]
    body = [
        tag("section", tag("h2", name, id=f"{key}-title"), make(), id=key, aria_labelledby=f"{key}-title")
        for key, name, make in parts
    ]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name_="color-scheme", content="light dark"),
        tag("meta", name_="robots", content="noindex"),
        tag("title", title),
        tag("style", Html(STYLE)),
    )
    page = tag(
        "html",
        head,
        tag(
            "body",
            tag("header", sections.heading(subject, title=title, redacted=redacted)),
            tag("nav", tag("ul", *links), aria_label="Sections"),
            tag("main", *body),
            tag("footer", f"rtkit_explore {__version__}"),
        ),
        lang="en",
    )
    return f"{_START}\n{page}\n"


def _all_findings(subject: sections.ReportContext) -> Html:
    """List every finding, the drawn ones included."""
    made = subject.findings.copy()
    made["who"] = [subject.name(peer) for peer in made["peer_id"]]
    made["whose"] = [subject.side(row) for row in sections.records(made)]
    made["limit"] = [plots.measure(*pair) for pair in zip(made["threshold"], made["unit"], strict=True)]
    made["rule"] = made["rule"].str.replace("_", " ")
    return subject.writer.table(
        made,
        (
            Shown("severity", "Severity", "badge"),
            Shown("rule", "Rule"),
            Shown("who", "Participant"),
            Shown("start", "From", "clock"),
            Shown("end", "To", "clock"),
            Shown("story", "What happened", "wide"),
            Shown("limit", "Threshold"),
            Shown("whose", "Side", "middling"),
            Shown("confidence", "Confidence"),
        ),
        caption=f"All findings, worst first; times in {subject.zone_name}, in the sentences UTC",
        empty="There are no findings, not even notes.",
        most=_MOST_ROWS,
        rest="call.findings()",
    )
