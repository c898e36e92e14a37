"""The simulated app and single simulated calls, as users hold them: with `app` all that opens the simulator."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

from rtkit_explore.app import App
from rtkit_explore.call import Call
from rtkit_explore.settings import check_arguments
from rtkit_explore.simulator import SimulatedApp, simulate_documents
from rtkit_explore.simulator.transport import SimulatedTransport
from rtkit_explore.store.documents import CallDocuments, Failure
from rtkit_explore.store.report_bytes import ReportBytes
from rtkit_explore.tables.frames import TEXT, TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import httpx
    import pandas as pd

    from rtkit_explore.simulator import SimulatedCall

P = ParamSpec("P")
R = TypeVar("R")

TRUTH_COLUMNS = (
    "what", "who", "peer_id", "side", "sides", "start", "end", "rules", "also", "severity",
    "level", "unit", "magnitude", "noticed_by", "explanation",
)  # fmt: skip


class Simulated(NamedTuple):
    """
    A simulated call and what really happened in it.

    Attributes
    ----------
    call
        The call, made of nothing but its documents.
    truth
        One row a cause: ``what`` (the scenario), ``who`` (display name), ``peer_id``, ``side`` (as in findings, the one
        right answer), ``sides`` (that, and "between" and "unknown" where the documents cannot tell), ``start`` and
        ``end`` (datetime64[us, UTC]), ``rules`` (any of which names the cause), ``also`` (rules that may fire as its
        consequence), ``severity`` (none, note, warn or bad), ``level`` with its ``unit``, ``magnitude`` (the same in
        words), ``noticed_by`` (display names) and ``explanation`` (plain words). It is no part of the documents.
    """

    call: Call
    truth: pd.DataFrame


def demo(*, seed: int = 0, progress: bool = True) -> App:
    """
    Open a simulated app: a month of sessions with known causes, without network or credentials.

    Parameters
    ----------
    seed
        Which one; the same seed gives the same app, to the byte.
    progress
        False shows no bars.

    Returns
    -------
    App
        The same class that ``connect`` gives. Its clock stands still, so that what it shows can be shown again.
    """
    # No request budget: nobody's limit is used up by a simulation in this process.
    simulated = SimulatedApp(seed, account_id="local", app_id="local")
    return App.from_transport(_Admitted(simulated), source=f"the demo, seed {seed}", progress=progress)


def demo_complaints(*, seed: int = 0) -> pd.DataFrame:
    """
    List what people complained of in the demo's month, and what was behind it.

    Parameters
    ----------
    seed
        Which demo: as in :func:`demo`.

    Returns
    -------
    pandas.DataFrame
        One row a complaint: ``session_id``, ``title``, ``kind`` (meeting, webinar or breakout), ``who`` complains,
        ``says``, ``about`` (the person it is about), ``at`` (datetime64[us, UTC]), ``cause`` (a scenario, missing where
        nothing in the call explains it), ``side`` and ``culprit``. The last three are the truth: nothing of the app
        says them.

    Examples
    --------
    >>> app, said = rtk.demo(), rtk.demo_complaints()  # doctest: +SKIP
    >>> call = app.call(said.loc[0, "session_id"])  # doctest: +SKIP
    """
    import pandas as pd

    rows = SimulatedApp(seed).complaints()
    columns = ["session_id", "title", "kind", "who", "says", "about", "at", "cause", "side", "culprit"]
    frame = pd.DataFrame(rows, columns=columns)
    texts = dict.fromkeys([name for name in columns if name != "at"], TEXT)
    return frame.astype(texts).assign(at=pd.to_datetime(frame["at"], utc=True).astype(TIME))


class _Admitted(SimulatedTransport):
    """A simulated app that knows its caller: presents the token, as long as it is the API that is asked."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        if "/realtime/kit/" in request.url.path:
            request.headers["Authorization"] = f"Bearer {self.app.token}"
        return await super().handle_async_request(request)


def _takes_what(other: Callable[P, object]) -> Callable[[Callable[..., R]], Callable[P, R]]:
    """Give a function the parameters of another one, to which it hands them on."""

    def give(function: Callable[..., R]) -> Callable[P, R]:
        returned = inspect.signature(function).return_annotation
        signature = inspect.signature(other).replace(return_annotation=returned)

        @functools.wraps(function)
        def checked(*args: P.args, **options: P.kwargs) -> R:
            check_arguments(function.__name__, signature, args, options)
            return function(*args, **options)

        checked.__signature__ = signature  # type: ignore[attr-defined]
        return checked

    return give


@_takes_what(simulate_documents)
def simulate(*scenario: Any, **options: Any) -> Simulated:
    """
    Simulate one call with a known cause.

    Parameters
    ----------
    scenario
        What happens: a name (``rtk.scenarios()`` lists them), several joined by ``+``, or a list of them.
    on
        Whom it happens to, a display name; None leaves it to the seed, as it does with the next three.
    start
        When it begins: seconds since the session began, or "1:30".
    seconds
        How long it lasts, s.
    level
        How bad it is: a number in the scenario's unit (loss as a share, delays in ms, rates in kbit/s), a number with
        its unit ("5 %", "400 ms", "200 kbit/s"), or "mild", "moderate", "severe".
    participants
        How many people, or their names.
    minutes
        Length of the call.
    seed
        Of everything that is left to chance. Person, time and level are drawn independently.
    direct
        Two people without a media server between them.
    simulcast
        Cameras send three layers.
    shape
        Which camera: "camera", or the name of another encoder of :mod:`rtkit_explore.simulator`.
    started
        When the session begins, seconds since 1970.
    title
        Title of the meeting.

    Returns
    -------
    Simulated
        The call and the truth.

    Raises
    ------
    InvalidArgumentError
        Where a scenario is unknown, people are too few, a scenario has no level or no time to choose, or the length is
        no length.

    Examples
    --------
    >>> call, truth = rtk.simulate("lossy_uplink", participants=["Alma", "Boris", "Chen"])  # doctest: +SKIP
    >>> rtk.simulate("lossy_uplink", on="Alma", start="1:00", seconds=60, level="5 %")  # doctest: +SKIP

    Two causes at once, to different people; a dictionary says what is meant for which:

    >>> rtk.simulate("lossy_uplink+outage", on={"outage": "Chen"}, level={"lossy_uplink": "mild"})  # doctest: +SKIP
    """
    made = simulate_documents(*scenario, **options)
    return Simulated(Call(documents_of(made)), truth_table(made.truth))


def documents_of(made: SimulatedCall) -> CallDocuments:
    """Return the documents of a simulated call, those that the API would not have left out."""
    return CallDocuments(
        session=made.session,
        participants=made.participants,
        reports=ReportBytes(made.reports),
        failures=[
            Failure("peer-report", "the API has no report of this participant", peer, missing=True)
            for peer in made.missing
        ],
        chat=made.chat,
        transcript=made.transcripts.get("CSV"),
        transcript_format="CSV",
        summary=made.summary,
        session_id=made.session_id,
    )


def truth_table(truth: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Make a table of what really happened."""
    import pandas as pd

    frame = pd.DataFrame([{name: cause.get(name) for name in TRUTH_COLUMNS} for cause in truth], columns=TRUTH_COLUMNS)
    for name in ("what", "who", "peer_id", "side", "severity", "unit", "magnitude", "explanation"):
        frame[name] = frame[name].astype(TEXT)
    frame["level"] = frame["level"].astype(float)
    for name in ("start", "end"):
        frame[name] = pd.to_datetime(frame[name], utc=True).astype(TIME)
    return frame


def scenarios() -> pd.DataFrame:
    """
    List what can be simulated.

    Returns
    -------
    pandas.DataFrame
        One row each: ``scenario``, ``says`` (what happens), ``side`` (where the fault lies), ``people`` (how many it
        takes), and of its level, where it has one, what is ``measured``, the ``unit`` of a plain number, and what
        ``mild``, ``moderate`` and ``severe`` stand for.
    """
    import pandas as pd

    from rtkit_explore.simulator import SCENARIOS

    rows = []
    for name, scenario in SCENARIOS.items():
        part = scenario.parts[0] if scenario.parts else None
        scale = part.scale if part else None
        words = {word: scale.words(getattr(scale, word)) if scale else None for word in ("mild", "moderate", "severe")}
        if scale and scale.each_other:
            words = {word: f"{text} for each other person" for word, text in words.items()}
        rows.append(
            {
                "scenario": name,
                "says": scenario.says,
                "side": part.side if part else None,
                "people": scenario.fewest,
                "measured": scale.of if scale else None,
                "unit": scale.unit if scale else None,
                **words,
            }
        )
    frame = pd.DataFrame(rows)
    return frame.astype({name: TEXT for name in frame.columns if name != "people"})
