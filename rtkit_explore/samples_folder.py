"""Where the recorded calls are that come with the package."""

from __future__ import annotations

from pathlib import Path


def sample_calls() -> Path:
    """
    Return the folder of the recorded calls that come with the package.

    Returns
    -------
    pathlib.Path
        A folder of session folders for ``rtk.replay``: calls of real browsers over links that were impaired on
        purpose. Each has a ``truth.json`` that says what was done to the link, and when.
    """
    return Path(__file__).parent / "sample_calls"
