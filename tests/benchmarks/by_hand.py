"""What one would write oneself without the package: pandas and matplotlib as most people would begin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from tests.benchmarks.tables import by_normalize

if TYPE_CHECKING:
    from collections.abc import Iterable

STREAM = ["peer_id", "media", "direction", "stream_id", "ssrc"]
MEASURES = ("bitrate_kbps", "loss_pct", "jitter_ms", "rtt_ms")
_NAMES = {"display_name", "name", "title", "custom_participant_id", "user_id", "email", "label", "ip", "address"}


def reports_of(call: Any) -> list[bytes]:
    return [call.documents.reports[peer] for peer in call.documents.reports]


def sessions_of(folder: Path) -> pd.DataFrame:
    """List saved calls: one file a folder."""
    return pd.json_normalize([json.loads(path.read_bytes())["data"] for path in Path(folder).glob("*/session.json")])


def from_files(paths: Iterable[Path]) -> pd.DataFrame:
    return by_normalize([path.read_bytes() for path in paths])


def loss_by_stream(reports: list[bytes]) -> pd.DataFrame:
    """Sum packets and losses by stream, from the documents."""
    samples = by_normalize(reports)
    return samples.groupby(["series", "ssrc"])[["packets_lost", "packets_received", "packets_sent"]].agg(["min", "max"])


def differences(samples: pd.DataFrame) -> pd.DataFrame:
    """Turn counters into what was counted since the sample before, and into rates."""
    samples = samples.sort_values([*STREAM, "timestamp"])
    streams = samples.groupby(STREAM, observed=True, sort=False)
    seconds = streams["timestamp"].diff().dt.total_seconds()
    numbers = samples.select_dtypes("number").columns.difference(["ssrc"])
    counted = streams[list(numbers)].diff()
    return counted.assign(seconds=seconds).join(counted.div(seconds, axis=0).add_suffix("_per_s"))


def lossy(quality: pd.DataFrame) -> pd.DataFrame:
    """List the streams that lost more than 5 % in some sample, and for how long."""
    bad = quality.assign(bad=quality["loss_pct"] > 5)
    return bad.groupby(STREAM, observed=True).agg(bad=("bad", "sum"), worst=("loss_pct", "max"), first=("start", "min"))


def heatmap(call: Any) -> Any:
    from matplotlib import pyplot as plt

    table = call.quality
    grid = table.assign(at=table["end"].dt.floor("10s")).pivot_table(
        index="stream_id", columns="at", values="loss_pct", aggfunc="mean", observed=True
    )
    _, ax = plt.subplots()
    ax.imshow(grid.to_numpy(), aspect="auto")
    ax.set_yticks(range(len(grid)), grid.index)
    return ax


def quality(call: Any) -> Any:
    """Draw a line a stream in a panel a measure."""
    from matplotlib import pyplot as plt

    _, axes = plt.subplots(len(MEASURES), sharex=True)
    for _, rows in call.quality.groupby(STREAM, observed=True):
        for ax, measure in zip(axes, MEASURES, strict=True):
            ax.plot(rows["end"], rows[measure])
    return axes


def redacted(reports: list[bytes]) -> list[bytes]:
    """Walk through the documents and replace the values of keys that hold a name or an address."""

    def clean(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: clean(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [clean(each, key) for each in value]
        return "removed" if key in _NAMES and isinstance(value, str) else value

    return [json.dumps(clean(json.loads(body))).encode() for body in reports]


def page(call: Any, path: Path) -> None:
    """Write a page of a few pictures and tables: the worst streams, and four panels of three people."""
    import base64
    import io

    from matplotlib import pyplot as plt

    parts = [lossy(call.quality).reset_index().to_html(), call.participants.to_html(), call.device_changes.to_html()]
    for _, rows in list(call.quality.groupby("peer_id", observed=True))[:3]:
        figure, axes = plt.subplots(len(MEASURES), sharex=True, figsize=(9.5, 8))
        for name, stream in rows.groupby("stream_id", observed=True):
            for ax, measure in zip(axes, MEASURES, strict=True):
                ax.plot(stream["end"], stream[measure], label=name[:8])
        axes[-1].legend(fontsize=6, ncols=4)
        made = io.BytesIO()
        figure.savefig(made, dpi=110)
        plt.close(figure)
        parts.append(f'<img src="data:image/png;base64,{base64.b64encode(made.getvalue()).decode()}">')
    Path(path).write_text("\n".join(parts))
