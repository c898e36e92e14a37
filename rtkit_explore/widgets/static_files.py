"""The scripts and style sheets that travel with the package: our own, and uPlot as published on npm."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def static_text(name: str) -> str:
    """
    Return a file of ``widgets/static`` as text.

    Parameters
    ----------
    name
        File name, such as "uPlot.iife.min.js" (defines the global ``uPlot``) or "uPlot.min.css".
        ``vendored.json`` beside them says version, licence, origin and SHA-256 of what is not ours.
    """
    return (files("rtkit_explore.widgets") / "static" / name).read_text(encoding="utf-8")
