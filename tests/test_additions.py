"""What CONTRIBUTING promises: a new counter of the samples and a new measure take a few declarations, nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "rtkit_explore"

# In each file, the lines that are added after a line that stands there.
COUNTER = {
    "table_schema/media.py": [
        ('    "pli_count": "requests",\n', '    "nack_count": "requests",\n'),
        ('        "key_frames_encoded",\n        "packets_sent",\n', '        "nack_count",\n'),
        (
            '        derived("fir", "Full intra requests in the interval.", "requests", title="FIR per interval", worse="high"),\n',
            '        derived("nacks", "Packets asked for again.", "packets", title="resent packets", worse="high"),\n',
        ),
    ],
    "measures/quality.py": [
        ('            "pli": steps["pli_count"],\n', '            "nacks": steps["nack_count"],\n')
    ],
}
MEASURE = {
    "table_schema/media.py": [
        (
            '        derived("fir", "Full intra requests in the interval.", "requests", title="FIR per interval", worse="high"),\n',
            '        derived("packet_bytes", "Bytes of a packet, on average.", "B", title="packet size", worse="low"),\n',
        ),
    ],
    "measures/quality.py": [
        ('            "pli": steps["pli_count"],\n', '            "packet_bytes": _ratio(octets, packets, known),\n')
    ],
}
USED = """
import json, sys
import numpy as np
from matplotlib.figure import Figure
import rtkit_explore as rtk
from rtkit_explore.call import Call

made, name, unit, title = sys.argv[1:]
call = rtk.simulate("clean", participants=2, minutes=3, seed=1).call
for peer, body in call.documents.reports.items():
    document = json.loads(body)
    for sample in document["data"]["participant"]["peer_report"]["quality"]["video_producer"]:
        sample["nack_count"] = 3
    call.documents.reports[peer] = json.dumps(document).encode()
call = Call(call.documents)
sent = (call.quality["media"] == "video") & (call.quality["direction"] == "producer")
values = call.quality.loc[sent, name].to_numpy()[1:]
assert np.nanmin(values) > 0, values
if made == "counter":
    assert np.nanmax(values) == 3
    assert (call.samples.loc[sent.to_numpy(), "nack_count"] == 3).all()
    assert call.quality.loc[~sent, name].isna().all()
    assert "nack_count" in set(call.counter_readings["counter"])
    assert not call.problems["path"].str.contains("nack_count").any()
    assert (call.redact().samples["nack_count"].dropna() == 3).all()
listed = rtk.schema("quality").set_index("column").loc[name]
assert listed["unit"] == unit
figure = Figure(figsize=(6, 4))
axes = rtk.plot.quality(call, metrics=name, media="video", direction="producer", ax=figure)
label = axes[0].get_ylabel().replace(chr(10), " ")
assert label == f"{title} ({unit})", label
assert axes[0].lines or axes[0].collections
found = rtk.plot.heatmap(call, metric=name, ax=Figure().subplots())
"""


@pytest.mark.parametrize(
    ("added", "arguments"),
    [
        (COUNTER, ("counter", "nacks", "packets", "resent packets")),
        (MEASURE, ("measure", "packet_bytes", "B", "packet size")),
    ],
    ids=["counter", "measure"],
)
def test_a_few_declarations_add_it_everywhere(added, arguments, tmp_path):
    assert sum(line.count("\n") for places in added.values() for _, line in places) <= 10
    shutil.copytree(PACKAGE, tmp_path / "rtkit_explore", ignore=shutil.ignore_patterns("__pycache__"))
    for file, places in added.items():
        path = tmp_path / "rtkit_explore" / file
        text = path.read_text()
        for after, line in places:
            assert text.count(after) == 1, (file, after)
            text = text.replace(after, after + line)
        path.write_text(text)
    script = tmp_path / "used.py"
    script.write_text(USED)
    done = subprocess.run(
        [sys.executable, script, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(tmp_path), "MPLBACKEND": "agg", "PATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
