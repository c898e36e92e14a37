"""The commands that answer questions: sessions, call, explain, archive, sql; as tables, JSON or CSV."""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import sys
import textwrap
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal

from rtkit_explore.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

INCOMPLETE: Final = 3
"""Exit code: it went well, but something could not be had; what it was has been said."""
_SALT: Final = "RTKIT_SALT"
_WIDTH: Final = 100
_SESSION_COLUMNS: Final = ("session_id", "meeting_display_name", "status", "started_at", "ended_at",
                           "max_concurrent_participants")  # fmt: skip
_FINDING_COLUMNS: Final = ("severity", "display_name", "rule", "media", "start", "value", "unit", "side")
"""What of a table is listed in a terminal; JSON and CSV hold every column."""


def add_queries(commands: Any) -> None:
    """Add the commands to a parser's."""
    _add_sessions(commands)
    _add_call(commands)
    _add_explain(commands)
    _add_archive(commands)
    _add_sql(commands)


def add_command(commands: Any, name: str, help_: str, description: str, examples: str) -> argparse.ArgumentParser:
    """Add a command with its help: one line in the list, a description, and examples to copy."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help_,
        description=textwrap.fill(description, _WIDTH),
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def add_source(parser: argparse.ArgumentParser, *, archive: bool = True) -> None:
    """Add the options that say where calls come from; :func:`open_source` reads them."""
    group = parser.add_argument_group(
        "where from",
        "Your own app by default: CLOUDFLARE_API_TOKEN, CLOUDFLARE_ACCOUNT_ID and RTKIT_APP_ID name it.",
    ).add_mutually_exclusive_group()
    group.add_argument("--demo", action="store_true", help="the simulated app: no network, no credentials")
    group.add_argument("--replay", metavar="FOLDER", help="saved calls")
    if archive:
        group.add_argument("--archive", metavar="PLACE", help="an archive: a folder or a URL such as s3://bucket/calls")


def _add_form(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("in which form", "A table to read by default.").add_mutually_exclusive_group()
    group.add_argument("--json", action="store_const", const="json", dest="form", help="a JSON list of rows")
    group.add_argument("--csv", action="store_const", const="csv", dest="form", help="CSV, every column")


def _add_range(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", metavar="TIME", help="calls from then on: 2026-11-19 or 2026-11-19T15:00 (UTC)")
    parser.add_argument("--until", metavar="TIME", help="calls before then")


def _add_sessions(commands: Any) -> None:
    parser = add_command(
        commands,
        "sessions",
        "list sessions",
        "Lists the sessions of an app, saved calls or an archive, the newest first.",
        "  rtkit-explore sessions --demo --since 2026-11-19\n"
        "  rtkit-explore sessions --status ENDED --csv > sessions.csv",
    )
    _add_range(parser)
    parser.add_argument("--status", choices=("LIVE", "ENDED"), help="only these")
    parser.add_argument("--search", metavar="TEXT", help="part of a title or of an id")
    parser.add_argument("--limit", type=int, metavar="N", help="at most so many")
    add_source(parser)
    _add_form(parser)
    parser.set_defaults(run=_sessions)


def _add_call(commands: Any) -> None:
    parser = add_command(
        commands,
        "call",
        "say what happened in one call",
        "Tells the story of a call and lists its findings, or prints one of its tables.",
        "  rtkit-explore call 4f6e9385-d898-54df-aad3-9cccacc1c490 --demo\n"
        "  rtkit-explore call SESSION --table quality --csv > quality.csv\n"
        "  rtkit-explore call SESSION --save calls/SESSION",
    )
    parser.add_argument("session", help="session id (rtkit-explore sessions lists them)")
    parser.add_argument("--table", metavar="NAME", help="this table instead: quality, participants, device_changes, …")
    parser.add_argument("--profile", default="default", help="thresholds to judge by (default: %(default)s)")
    parser.add_argument("--save", metavar="FOLDER", help="keep the documents there as well; they hold personal data")
    add_source(parser)
    _add_form(parser)
    parser.set_defaults(run=_call)


def _add_explain(commands: Any) -> None:
    parser = add_command(
        commands,
        "explain",
        "answer a complaint",
        "Finds the call that a complaint is about, and says whether the data shows it and whose side it was on.",
        '  rtkit-explore explain Boris "Alma was choppy" --on 2026-11-19 --demo\n'
        "  rtkit-explore explain Chen froze --on yesterday --at 15:00 --to 15:20 --tz Europe/Berlin",
    )
    parser.add_argument("person", help="who complains: a name, a part of it, or an id")
    parser.add_argument("symptom", help='what they say, such as "froze" or "can\'t hear Alma"')
    parser.add_argument("--on", metavar="DAY", help="2026-11-17, yesterday, Tuesday afternoon")
    parser.add_argument("--at", metavar="TIME", help="about when on that day: 15:00; with --to, from then")
    parser.add_argument("--to", metavar="TIME", help="until when: 15:20")
    parser.add_argument("--about", metavar="PERSON", help="whom it is about, where the words do not say it")
    parser.add_argument("--tz", default="UTC", help="time zone of what was said (default: %(default)s)")
    parser.add_argument("--profile", default="default", help="thresholds to judge by (default: %(default)s)")
    add_source(parser, archive=False)
    _add_form(parser)
    parser.set_defaults(run=_explain, archive=None)


def _add_archive(commands: Any) -> None:
    parser = add_command(
        commands,
        "archive",
        "keep every ended call, before the API forgets it",
        "Archives ended calls: their documents untouched, their tables as Parquet. What is there is not fetched again, "
        "so run it every day; it may be interrupted at any moment. The archive holds personal data unless --redacted.",
        "  rtkit-explore archive calls --since 2026-11-01\n"
        "  rtkit-explore archive s3://bucket/calls --redacted    (credentials of the store from the environment)\n"
        "  rtkit-explore archive demo-calls --demo",
    )
    parser.add_argument("place", help="folder or URL")
    _add_range(parser)
    parser.add_argument(
        "--redacted", action="store_true", help=f"replace personal data; with {_SALT} set, alike in all calls"
    )
    for name in ("chat", "transcript", "summary"):
        parser.add_argument(f"--{name}", action="store_true", help=f"keep the {name} as well")
    parser.add_argument("--verify", action="store_true", help="check every file that is there by its checksum")
    parser.add_argument("--retry", action="store_true", help="ask at once for what was missing or broken before")
    parser.add_argument("--workers", type=int, metavar="N", help="processes that make tables (default: one a core)")
    add_source(parser, archive=False)
    parser.set_defaults(run=_archive, archive=None)


def _add_sql(commands: Any) -> None:
    parser = add_command(
        commands,
        "sql",
        "ask an archive in SQL",
        "Asks an archive in SQL (DuckDB). Tables: sessions, participants, quality, findings, verdicts and the others "
        "of rtk.schema(); each has a column day.",
        '  rtkit-explore sql calls "select day, avg(loss_pct) from quality group by day order by day"\n'
        "  rtkit-explore sql calls \"select * from verdicts where verdict = 'bad'\" --json",
    )
    parser.add_argument("place", help="the archive: folder or URL")
    parser.add_argument("query", help="a SELECT; - reads it from standard input")
    _add_range(parser)
    _add_form(parser)
    parser.set_defaults(run=_sql)


# Running --------------------------------------------------------------------------------------------------------------


@contextmanager
def open_source(words: argparse.Namespace) -> Iterator[Any]:
    """Open what was named: an app, or an archive."""
    if words.archive:
        from rtkit_explore.archive.archive import open_archive

        yield open_archive(words.archive)
        return
    if words.demo:
        from rtkit_explore.simulated import demo

        app = demo(progress=sys.stderr.isatty())
    elif words.replay:
        from rtkit_explore.app import replay

        app = replay(words.replay, progress=sys.stderr.isatty())
    else:
        from rtkit_explore.app import connect

        app = connect(progress=sys.stderr.isatty())
    with app:
        yield app


def _sessions(words: argparse.Namespace) -> int:
    with open_source(words) as source:
        if words.archive:
            table = source.table("sessions", since=words.since, until=words.until)
            if words.status:
                table = table[table["status"] == words.status]
            if words.search:
                found = table["meeting_display_name"].str.contains(words.search, case=False, regex=False, na=False)
                table = table[found | (table["session_id"] == words.search)]
        else:
            table = source.sessions(
                start_time=words.since, end_time=words.until, status=words.status, search=words.search
            )
        table = table.sort_values("started_at", ascending=False, kind="stable", ignore_index=True)
    if words.limit is not None:
        if words.limit < 1:
            msg = "--limit takes a number of at least 1."
            raise InvalidArgumentError(msg)
        table = table.head(words.limit)
    show(table, words.form, columns=_SESSION_COLUMNS)
    return 0


def _call(words: argparse.Namespace) -> int:
    from rtkit_explore.table_schema.describe import TABLES

    with open_source(words) as source:
        call = source.call(words.session)
    if words.save:
        print(f"Saved: {call.save(words.save)}", file=sys.stderr)
    if words.table:
        there = [name for name in TABLES if name not in ("downloads", "summary_jobs")]
        if words.table not in there:
            msg = f"There is no table {words.table!r}; there are {', '.join(there)}."
            raise InvalidArgumentError(msg)
        table = getattr(call, words.table)
        show(table(words.profile) if callable(table) else table, words.form)
    elif words.form:
        show(call.findings(words.profile), words.form)
    else:
        print(printable(call.story(words.profile)))
        print()
        show(call.findings(words.profile), None, columns=_FINDING_COLUMNS, none="No findings.")
    lost = call.participants["report"].astype("object").eq("failed").sum()
    if lost:
        print(f"rtkit-explore: {lost} report(s) could not be fetched; try again", file=sys.stderr)
        return INCOMPLETE
    return 0


def _explain(words: argparse.Namespace) -> int:
    window = (words.at, words.to) if words.to else words.at
    with open_source(words) as source:
        answer = source.explain(
            words.person, words.symptom, on=words.on, window=window, about=words.about, tz=words.tz,
            profile=words.profile,
        )  # fmt: skip
    if words.form:
        show(answer.findings, words.form)
    else:
        print(printable(str(answer)))
    return 0


def _archive(words: argparse.Namespace) -> int:
    import pandas as pd

    from rtkit_explore.archive.writer import archive_calls

    salt = os.environ.get(_SALT) if words.redacted else None
    with open_source(words) as source:
        archive = archive_calls(
            source, words.place, since=words.since, until=words.until, redacted=words.redacted, salt=salt or None,
            chat=words.chat, transcript=words.transcript, summary=words.summary, verify=words.verify,
            retry=words.retry, workers=words.workers, progress=sys.stderr.isatty(),
        )  # fmt: skip
    print(f'{len(archive)} calls are in {archive.place}. Ask: rtkit-explore sql {words.place} "select …"')
    failures = archive.failures
    if len(failures):
        print(f"rtkit-explore: of {len(failures)} call(s) something could not be fetched and is tried again:",
              file=sys.stderr)  # fmt: skip
        for failure in failures.to_dict("records"):
            due = failure["next_try"]
            when = "by the next run" if pd.isna(due) else f"after {due:%Y-%m-%d %H:%M} UTC"
            print(f"  {failure['session_id']} ({when}): {printable(str(failure['message']))}", file=sys.stderr)
        return INCOMPLETE
    return 0


def _sql(words: argparse.Namespace) -> int:
    from rtkit_explore.archive.archive import open_archive

    try:
        query = sys.stdin.read() if words.query == "-" else words.query
    except UnicodeDecodeError as error:
        msg = "The query on standard input is not text in UTF-8."
        raise InvalidArgumentError(msg) from error
    show(open_archive(words.place).sql(query, since=words.since, until=words.until), words.form)
    return 0


# Showing --------------------------------------------------------------------------------------------------------------


def show(table: pd.DataFrame, form: str | None, *, columns: tuple[str, ...] = (), none: str = "Nothing.") -> None:
    """
    Print a table: for people, or whole as JSON or CSV.

    Parameters
    ----------
    table
        What to print.
    form
        "json", "csv" (what a spreadsheet would take for a formula begins with an apostrophe), or None for people.
    columns
        Which ones people see; all by default.
    none
        What people see where there are no rows.
    """
    if form == "json":
        sys.stdout.write((table.to_json(orient="records", date_format="iso", date_unit="us") or "[]") + "\n")
    elif form == "csv":
        from rtkit_explore.report.exports import without_formulas

        # Names and texts come from outside; whoever opens the file in a spreadsheet must not run them.
        safe, broken_lines = without_formulas(table)
        quoting: Literal[0, 2] = csv.QUOTE_NONNUMERIC if broken_lines else csv.QUOTE_MINIMAL
        sys.stdout.write(safe.to_csv(index=False, lineterminator="\n", quoting=quoting))
    elif table.empty:
        print(none)
    else:
        import pandas as pd

        shown = table[[name for name in columns if name in table.columns]] if columns else table
        shown = shown.apply(_for_people)
        width = shutil.get_terminal_size((160, 24)).columns
        with pd.option_context("display.max_colwidth", 60):
            print(shown.to_string(index=False, na_rep="", max_rows=None, line_width=max(width, 80)))
        print(f"\n{len(table)} row(s){', more columns with --json or --csv' if columns else ''}")


def _for_people(column: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.map(lambda value: "" if pd.isna(value) else value.strftime("%Y-%m-%d %H:%M:%S"))
    if column.dtype.kind == "f":
        return column.map(lambda value: "" if pd.isna(value) else f"{value:.6g}")
    return column.astype("object").map(lambda value: "" if pd.isna(value) else printable(str(value)))


def printable(text: str) -> str:
    """Return a text without what could steer a terminal; names come from outside."""
    return "".join(
        letter if letter.isprintable() or letter in "\n\t" else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
