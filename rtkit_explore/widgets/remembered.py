"""What was chosen, kept in the kernel: a cell that runs again finds the choice that was made before."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from typing import Any, Protocol

Key = tuple[str, str, str]
"""Kind of picker, its name, and the session that it is about."""


class Closable(Protocol):
    """What can be closed."""

    def close(self) -> None:
        """Release what is held."""


@dataclass(frozen=True)
class Cell:
    """A run of a notebook cell."""

    cell_id: str
    run: str


_lock = threading.Lock()
_remembered: dict[Key, tuple[Any, Any]] = {}
_on_screen: dict[Key, tuple[Cell, Closable]] = {}


def recall(key: Key, given: Any) -> Any:
    """
    Return what was chosen before, or None.

    Parameters
    ----------
    key
        Which picker.
    given
        What the code asks to be selected. A cell that has been edited to ask for something else gets that: only
        what was chosen after the same request is recalled.
    """
    with _lock:
        asked, choice = _remembered.get(key, (None, None))
    return choice if asked == given else None


def keep(key: Key, given: Any, choice: Any) -> None:
    """Remember a choice together with what the code had asked for."""
    with _lock:
        _remembered[key] = (given, choice)


def forget() -> None:
    """Forget every choice: pickers made from now on start as if for the first time."""
    with _lock:
        _remembered.clear()


def take_place(key: Key, picker: Closable) -> None:
    """
    Close the picker that an earlier run of the same cell made.

    Its output is gone from the page, but the kernel would keep its widgets forever. Pickers of other cells stay,
    and so do those of the same run. If the frontend does not say which cell is running, nothing is closed.
    """
    cell = running_cell()
    if cell is None:
        return
    with _lock:
        before = _on_screen.get(key)
        _on_screen[key] = (cell, picker)
    if before is not None and before[0].cell_id == cell.cell_id and before[0].run != cell.run:
        before[1].close()


def running_cell() -> Cell | None:
    """Return which cell is running, as far as the frontend has told the kernel."""
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive is not None else None
    parent = shell.get_parent() if shell is not None and hasattr(shell, "get_parent") else {}
    cell_id = (parent.get("metadata") or {}).get("cellId")
    run = (parent.get("header") or {}).get("msg_id")
    return Cell(str(cell_id), str(run)) if cell_id and run else None
