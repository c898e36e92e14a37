"""Files that come with the package: recorded calls and example notebooks."""

from __future__ import annotations

import shutil
from pathlib import Path

from rtkit_explore.errors import SavedCallError

INCIDENT = "02-incident.ipynb"
"""The main notebook: an incident investigated from the complaint to the cause."""


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


def notebooks_folder() -> Path:
    """
    Return the folder of the example notebooks.

    Returns
    -------
    pathlib.Path
        Inside the package where it was installed, beside it in a checkout.

    Raises
    ------
    SavedCallError
        Where neither is there.
    """
    here = Path(__file__).resolve().parent
    for folder in (here / "notebooks", here.parent / "notebooks"):
        if (folder / INCIDENT).is_file():
            return folder
    msg = "The example notebooks did not come with this installation; install the package again from its wheel."
    raise SavedCallError(msg)


def copy_notebooks(folder: str | Path) -> tuple[list[Path], list[Path]]:
    """
    Copy the example notebooks into a folder; what is there already is left as it is.

    Parameters
    ----------
    folder
        Made where it does not exist.

    Returns
    -------
    tuple of list of pathlib.Path
        Those copied now, and those that were there already.

    Raises
    ------
    SavedCallError
        Where the folder cannot be written.
    """
    target = Path(folder)
    copied: list[Path] = []
    kept: list[Path] = []
    try:
        target.mkdir(parents=True, exist_ok=True)
        for source in sorted(notebooks_folder().glob("*.ipynb")):
            copy = target / source.name
            if copy.exists():
                kept.append(copy)
            else:
                shutil.copyfile(source, copy)
                copied.append(copy)
    except OSError as error:
        msg = f"The folder {str(target)!r} cannot be written ({error.strerror}). Name another one."
        raise SavedCallError(msg) from error
    return copied, kept
