"""The score card of mystery calls: a small local file, one line an answer."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rtkit_explore.paths import user_path


def score_file() -> Path:
    """Return where the score card is kept: in the user's data folder."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "rtkit-explore" / "mystery-scores.jsonl"


def keep_score(row: dict[str, Any], path: Path | None = None) -> None:
    """Add a line to the score card; a disk that refuses it costs the score, not the lesson."""
    target = score_file() if path is None else path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), **row}) + "\n")
    except OSError:
        return


def _is_score(row: dict[str, Any]) -> bool:
    """Tell a line of the score card from one that something else wrote."""
    numbers = all(isinstance(row.get(name), int) and abs(row[name]) < 10**9 for name in ("level", "hints"))
    return numbers and isinstance(row.get("case"), str) and isinstance(row.get("grade"), str)


def score_card(path: str | Path | None = None) -> Any:
    """
    Return the score card: how many cases of each level were solved, and with how many hints.

    Returns
    -------
    pandas.DataFrame
        One row a level: ``level``, ``cases``, ``solved``, ``hints`` (mean a solved case), ``tries`` (answers given).
    """
    import pandas as pd

    target = score_file() if path is None else user_path(path, "the score card's file")
    rows: list[dict[str, Any]] = []
    if target.is_file():
        for line in target.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(row, dict) and _is_score(row):
                rows.append(row)
    columns = ["level", "cases", "solved", "hints", "tries"]
    if not rows:
        return pd.DataFrame(columns=columns).astype(
            {name: "float64" if name == "hints" else "int64" for name in columns}
        )
    frame = pd.DataFrame(rows)
    solved = frame[frame["grade"] == "right"].drop_duplicates(["level", "case"])
    made = pd.DataFrame(
        {
            "cases": frame.groupby("level")["case"].nunique(),
            "solved": solved.groupby("level")["case"].nunique(),
            "hints": solved.groupby("level")["hints"].mean(),
            "tries": frame.groupby("level").size(),
        }
    )
    made["solved"] = made["solved"].fillna(0).astype("int64")
    return made.reset_index()[columns]
