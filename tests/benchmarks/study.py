"""
One study twice: by hand, with the tables of each call alone, and with metrics, rules and an archive.

``python -m tests.benchmarks study``. A share of audio that was patched and a MOS of one's own are held against ratings;
the share becomes a rule in the story of the worst call; everything is kept as Parquet, asked in SQL, and done again as
on the next day. ``--small`` takes a day of the demo instead of its month.
"""

from __future__ import annotations

import inspect
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

import rtkit_explore as rtk
from rtkit_explore.simulator import SimulatedApp

QUERY = "select day, count(*) as intervals, avg(loss_pct) as loss from quality group by day order by day"


def ratings(since: str, people: pd.DataFrame) -> pd.DataFrame:
    """
    Make ratings of 1 to 5 up, from what really happened: whoever noticed a fault is less content, and all by chance.

    A person who joined a call twice gives one rating.
    """
    simulated, rng = SimulatedApp(), np.random.default_rng(7)
    worse = {"warn": 0.6, "bad": 2.0}
    spoilt: dict[tuple[str, str], float] = {}
    for session in simulated.session_ids:
        for cause in simulated.truth(session):
            for name in cause["noticed_by"]:
                key = (session, name)
                spoilt[key] = max(spoilt.get(key, 0.0), worse.get(cause["severity"], 0.0))
    rated = people[["session_id", "user_id", "display_name"]].drop_duplicates(["session_id", "user_id"])
    rated = rated.sort_values(["session_id", "user_id"], ignore_index=True)
    lost = [spoilt.get((row.session_id, row.display_name), 0.0) for row in rated.itertuples()]
    rated["rating"] = np.clip(np.round(4.5 - np.array(lost) + rng.normal(0, 0.6, len(rated))), 1, 5)
    return rated.drop(columns="display_name")


# fmt: off
def in_few_lines(app: Any, folder: Path, since: str | None, labels: pd.DataFrame) -> tuple[Any, ...]:
    archive = rtk.archive_calls(app, folder, since=since, progress=False)
    @rtk.metric(media="audio", direction="consumer", unit="share", worse="high")
    def glitch(i):
        return (i["concealment_events"] * 0.08 / i["interval_s"]).clip(upper=1)
    @rtk.metric(media="audio", direction="consumer", unit="1 to 5", worse="low")
    def my_mos(i):
        return rtk.mos(i["loss_pct"], (i["rtt_ms"] + i["other_rtt_ms"]) / 2 + i["buffer_ms"])
    people = [one(archive, by="person", how="worst_tenth") for one in (glitch, my_mos)]
    judged = rtk.evaluate(people, labels, bad="<= 3")
    patched = rtk.rule(glitch, warn=0.05, bad=0.2, lasting="14s", source="our support agreement")
    return people, judged, archive.call(archive.worst(1)["session_id"][0]).story(patched), archive.sql(QUERY)


def by_hand(app: Any, folder: Path, since: str | None, labels: pd.DataFrame) -> tuple[Any, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    sessions = app.sessions(status="ENDED", start_time=since)
    rows = []
    for session in sessions.itertuples():
        path = folder / f"{session.session_id}.parquet"
        call = app.call(session.session_id)
        quality = call.quality.astype({"media": "object", "direction": "object"})
        quality.assign(day=session.started_at.strftime("%Y-%m-%d")).to_parquet(path)
        for flag in ("first", "gap", "reset"):
            quality = quality[~quality[flag].fillna(False).astype(bool)]
        audio = quality[quality["media"] == "audio"]
        heard = audio[(audio["direction"] == "consumer") & audio["end"].notna()].copy()
        if heard.empty:
            continue
        ahead = rtk.measures.clock_offsets(call.quality, call.participants, call.events).set_index("peer_id")["offset_s"]
        trips = quality[(quality["direction"] == "producer") & quality["rtt_ms"].notna() & quality["end"].notna()].copy()
        trips["when"] = trips["end"] - pd.to_timedelta(trips["peer_id"].map(ahead).fillna(0.0), unit="s")
        heard["when"] = heard["end"] - pd.to_timedelta(heard["peer_id"].map(ahead).fillna(0.0), unit="s")
        trips, heard = trips.sort_values("when"), heard.sort_values("when")
        joined = []
        for (peer, other), pair in heard.groupby(["peer_id", "remote_peer_id"], dropna=False):
            part = pair
            for who, name in ((peer, "own_rtt"), (other, "their_rtt")):
                theirs = trips.loc[trips["peer_id"] == who, ["when", "rtt_ms"]].rename(columns={"rtt_ms": name})
                if theirs.empty:
                    part = part.assign(**{name: np.nan})
                    continue
                part = pd.merge_asof(part, theirs, on="when", direction="nearest", tolerance=pd.Timedelta("15s"))
            joined.append(part)
        heard = pd.concat(joined)
        heard["glitch"] = (heard["concealment_events"] * 0.08 / heard["interval_s"]).clip(upper=1)
        delay = (heard["own_rtt"] + heard["their_rtt"]) / 2 + heard["buffer_ms"]
        rating = 93.2 - 0.024 * delay - 0.11 * (delay - 177.3) * (delay > 177.3)
        rating = rating - 95 * heard["loss_pct"] / (heard["loss_pct"] + 10)
        heard["my_mos"] = (1 + 0.035 * rating + 7e-6 * rating * (rating - 60) * (100 - rating)).clip(1, 4.5)
        users = call.participants.dropna(subset=["peer_id"]).set_index("peer_id")["user_id"].to_dict()
        heard["user_id"] = heard["peer_id"].map(users)
        rows.append(heard[["session_id", "user_id", "peer_id", "display_name", "stream_id", "start", "end",
                           "interval_s", "glitch", "my_mos"]])
    table = pd.concat(rows, ignore_index=True)
    found = []
    for (session_id, user), part in table.groupby(["session_id", "user_id"]):
        person = {"session_id": session_id, "user_id": user}
        for name, worst_first in (("glitch", False), ("my_mos", True)):
            known = part.dropna(subset=[name]).sort_values(name, ascending=worst_first)
            weight, left = known["interval_s"].to_numpy(), 0.1 * known["interval_s"].sum()
            taken = np.clip(left - (np.cumsum(weight) - weight), 0, weight)
            person[name] = float((known[name] * taken).sum() / taken.sum()) if taken.sum() else np.nan
        found.append(person)
    people = pd.DataFrame(found)
    matched = people.merge(labels, on=["session_id", "user_id"]).dropna()
    rng, figures = np.random.default_rng(0), {}
    for name in ("glitch", "my_mos"):
        groups = [part for _, part in matched.groupby("session_id")]
        drawn = []
        for _ in range(1000):
            again = pd.concat([groups[k] for k in rng.integers(0, len(groups), len(groups))])
            drawn.append(again[name].rank().corr(again["rating"].rank()))
        low, high = np.nanquantile(drawn, [0.025, 0.975])
        figures[name] = (matched[name].rank().corr(matched["rating"].rank()), low, high)
    worst = people.sort_values("glitch").iloc[-1]["session_id"]
    story = []
    spoilt = table[table["session_id"] == worst].sort_values("start")
    for (who, _), part in spoilt.groupby(["display_name", "stream_id"]):
        over = part["glitch"] > 0.05
        for _, run in part[over].groupby((over != over.shift()).cumsum()[over]):
            if run["interval_s"].sum() >= 13.5 and len(run) > 1:
                story.append(f"{who} got audio with {100 * run['glitch'].mean():.0f} % patched from {run['start'].min()}")
    asked = duckdb.sql(QUERY.replace("quality", f"read_parquet('{folder}/*.parquet')")).df()
    return people, figures, "\n".join(story), asked
# fmt: on


def lines_of(function: Any) -> int:
    return len(inspect.getsource(function).strip().splitlines()) - 1


def timed(what: str, work: Any) -> Any:
    begin = time.perf_counter()
    result = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{what:<58} {time.perf_counter() - begin:8.2f} s   largest so far {peak:.2f} GB", flush=True)
    return result


def main(*, small: bool = False) -> None:
    """Print how long both take, and that they agree."""
    since = "2026-11-19" if small else None
    with tempfile.TemporaryDirectory() as folder, rtk.demo(progress=False) as app:
        place = Path(folder)
        sessions = app.sessions(status="ENDED", start_time=since)
        listed = pd.concat([app.participants(session) for session in sessions["session_id"]], ignore_index=True)
        labels = ratings(since or "", listed)
        many = lines_of(in_few_lines)
        people, judged, story, asked = timed(
            f"in {many} lines, the first time", lambda: in_few_lines(app, place / "archive", since, labels)
        )
        print(judged)
        print(next((line for line in story.splitlines() if "glitch" in line), "no glitch in the worst call"))
        timed("the next day: the same again", lambda: in_few_lines(app, place / "archive", since, labels))
        timed("of that the archive", lambda: rtk.archive_calls(app, place / "archive", since=since, progress=False))
        theirs, figures, _, theirs_asked = timed(
            f"by hand, in {lines_of(by_hand)} lines", lambda: by_hand(app, place / "hand", since, labels)
        )
        print(figures)
        both = people[0].merge(people[1], on=["session_id", "user_id"]).merge(
            theirs, on=["session_id", "user_id"], suffixes=("", "_by_hand")
        )  # fmt: skip
        for name in ("glitch", "my_mos"):
            apart = (both[name] - both[f"{name}_by_hand"]).abs().max()
            print(f"{name}: {len(both)} people, at most {apart:.2g} apart")
            # The MOS rests on round trips, which are joined in other ways; nothing is joined for the share.
            assert name != "glitch" or apart < 1e-9
        print("SQL agrees:", bool((asked["intervals"] == theirs_asked["intervals"]).all()))
