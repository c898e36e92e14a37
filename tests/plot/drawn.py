"""Small tables whose plots can be worked out by hand, and what tests ask of drawn plots."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.dates import date2num

from rtkit_explore.table_schema.describe import TABLES
from rtkit_explore.tables.frames import empty

START = pd.Timestamp("2026-11-20 22:40:00Z")


def table(name, rows):
    """Make a table of the package from rows that name some of its columns."""
    shape = empty(TABLES[name])
    frame = pd.DataFrame(rows)
    columns = {}
    for column in shape.columns:
        dtype = shape[column].dtype
        values = frame[column] if column in frame else pd.Series([None] * len(frame))
        if isinstance(dtype, pd.DatetimeTZDtype):
            columns[column] = pd.to_datetime(values, utc=True).astype(dtype)
        elif str(dtype) == "float64":
            columns[column] = pd.to_numeric(values).astype(dtype)
        else:
            columns[column] = values.astype(object).where(values.notna(), None).astype(dtype)
    return pd.DataFrame(columns)


def at(seconds):
    """Moment of the tables made by hand."""
    return START + pd.Timedelta(seconds=seconds)


def samples(values, metric="loss_pct", *, gaps=(), resets=(), peer="p1", **keys):
    """Rows of ``quality`` every 7 s, the first without an interval."""
    keys = {"media": "audio", "direction": "producer", "stream_id": f"{peer}-a", "display_name": "Alma"} | keys
    rows = []
    for i, value in enumerate(values):
        rows.append(
            {
                "session_id": "s",
                "peer_id": peer,
                **keys,
                "ssrc": 1,
                "start": at(7 * (i - 1)) if i else None,
                "end": at(7 * i),
                "interval_s": 7.0 if i else None,
                metric: value,
                "first": i == 0,
                "gap": i in gaps,
                "reset": i in resets,
            }
        )
    return table("quality", rows)


def marked(ax, gid):
    """Artists of an Axes that carry a gid, or one that begins with it."""
    return [one for one in ax.get_children() if (one.get_gid() or "").startswith(gid)]


def message(ax):
    """What an Axes says instead of drawing."""
    return " ".join(one.get_text() for one in marked(ax, "message"))


def line(ax, stream):
    """The line of a stream: x in days, y."""
    (found,) = marked(ax, f"stream {stream}")
    return np.asarray(found.get_xdata()), np.asarray(found.get_ydata())


def days(*moments):
    return [float(date2num(moment.tz_convert("UTC").tz_localize(None).to_numpy())) for moment in moments]


def near(x, day):
    """Whether positions on a time axis are the same to a millisecond."""
    return np.isclose(x, day, rtol=0, atol=1e-8)


def legend(ax):
    return [one.get_text() for one in ax.get_legend().get_texts()]


def overlaps(boxes):
    """Pairs of boxes that cover each other by more than a pixel."""
    return [
        (i, j)
        for i, one in enumerate(boxes)
        for j, two in enumerate(boxes[:i])
        if min(one.x1, two.x1) - max(one.x0, two.x0) > 1 and min(one.y1, two.y1) - max(one.y0, two.y0) > 1
    ]


def renderer_of(figure):
    """Draw a figure and return what knows how large its texts are."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return canvas.get_renderer()


def texts(figure):
    """Texts that a figure shows, with their boxes."""
    from matplotlib.axis import Axis
    from matplotlib.text import Text

    renderer = renderer_of(figure)
    unseen = set()
    for axis in figure.findobj(Axis):
        low, high = sorted(axis.get_view_interval())
        for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
            if not low <= tick.get_loc() <= high or not axis.get_visible():
                unseen |= {tick.label1, tick.label2}
            unseen |= {
                label for label, on in ((tick.label1, tick.label1.get_visible()), (tick.label2, False)) if not on
            }
    return [
        (one.get_text(), one.get_window_extent(renderer))
        for one in figure.findobj(Text)
        if one not in unseen and one.get_visible() and one.get_text().strip()
    ]
