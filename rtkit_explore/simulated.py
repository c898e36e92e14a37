"""The simulated app and single simulated calls, as users hold them: with `app` all that opens the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rtkit_explore.app import App
from rtkit_explore.call import Call
from rtkit_explore.simulator import SimulatedApp, simulate_documents
from rtkit_explore.simulator.transport import SimulatedTransport
from rtkit_explore.store.documents import CallDocuments, Failure
from rtkit_explore.tables.frames import TEXT, TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx
    import pandas as pd

    from rtkit_explore.simulator import Person, Scenario, SimulatedCall

TRUTH_COLUMNS = ("what", "who", "peer_id", "side", "sides", "start", "end", "rules", "also", "severity")


class Simulated(NamedTuple):
    """
    A simulated call and what really happened in it.

    Attributes
    ----------
    call
        The call, made of nothing but its documents.
    truth
        One row a cause: ``what`` (the scenario), ``who`` (display name), ``peer_id``, ``side`` (as in findings),
        ``sides`` (all that would be right), ``start`` and ``end`` (datetime64[us, UTC]), ``rules`` (any of which names
        the cause), ``also`` (rules that may fire as its consequence) and ``severity`` (none, note, warn or bad). It is
        no part of the documents.
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


class _Admitted(SimulatedTransport):
    """A simulated app that knows its caller: presents the token, as long as it is the API that is asked."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        if "/realtime/kit/" in request.url.path:
            request.headers["Authorization"] = f"Bearer {self.app.token}"
        return await super().handle_async_request(request)


def simulate(
    scenario: str | Scenario | Sequence[str | Scenario] = "clean",
    *,
    participants: int | Sequence[str | Person] = 4,
    minutes: float = 6.0,
    seed: int = 0,
    direct: bool = False,
    simulcast: bool = False,
) -> Simulated:
    """
    Simulate one call with a known cause.

    Parameters
    ----------
    scenario
        What happens: a name (``rtk.scenarios()`` lists them), several joined by ``+``, or a list of them.
    participants
        How many people, or their names.
    minutes
        Length of the call.
    seed
        Of everything that is left to chance.
    direct
        Two people without a media server between them.
    simulcast
        Cameras send three layers.

    Returns
    -------
    Simulated
        The call and the truth.

    Raises
    ------
    InvalidArgumentError
        Where a scenario is unknown, people are too few, or the length is no length.

    Examples
    --------
    >>> call, truth = rtk.simulate("lossy_uplink", participants=["Alma", "Boris", "Chen"])  # doctest: +SKIP
    """
    made = simulate_documents(
        scenario, participants=participants, minutes=minutes, seed=seed, direct=direct, simulcast=simulcast
    )
    return Simulated(Call(documents_of(made)), truth_table(made.truth))


def documents_of(made: SimulatedCall) -> CallDocuments:
    """Return the documents of a simulated call, those that the API would not have left out."""
    return CallDocuments(
        session=made.session,
        participants=made.participants,
        reports=dict(made.reports),
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
    for name in ("what", "who", "peer_id", "side", "severity"):
        frame[name] = frame[name].astype(TEXT)
    for name in ("start", "end"):
        frame[name] = pd.to_datetime(frame[name], utc=True).astype(TIME)
    return frame


def scenarios() -> pd.DataFrame:
    """
    List what can be simulated.

    Returns
    -------
    pandas.DataFrame
        ``scenario`` and ``says`` (what happens), one row each.
    """
    import pandas as pd

    from rtkit_explore.simulator import SCENARIOS

    rows = [{"scenario": name, "says": scenario.says} for name, scenario in SCENARIOS.items()]
    return pd.DataFrame(rows, columns=["scenario", "says"]).astype(TEXT)
