"""Code of the user's own has a fingerprint only where nothing that it rests on can change unseen."""

from __future__ import annotations

import math
import sys
import types

import numpy as np
import pytest

import rtkit_explore as rtk
from rtkit_explore.archive.fingerprint import fingerprint

HEAD = "import math\nimport numpy as np\nimport rtkit_explore as rtk\n"


def made(source: str, name: str = "f"):
    """Define a function as a notebook cell does."""
    cell = {"__name__": "__main__"}
    exec(HEAD + source, cell)
    return cell[name]


def test_the_same_code_written_again_has_the_same_one():
    source = "LIMIT = 3\ndef half(x):\n    return x / 2\ndef f(i):\n    return np.where(half(i) > LIMIT, math.pi, [1, 2][0])\n"
    one = fingerprint(made(source))
    assert one is not None
    assert one == fingerprint(made("\n\n" + source))
    assert one == fingerprint(made(source))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f(i): return i * 2", "def f(i): return i * 3"),
        ("def f(i): return i['loss_pct']", "def f(i): return i['rtt_ms']"),
        ("K = 1\ndef f(i): return i * K", "K = 2\ndef f(i): return i * K"),
        ("def g(i): return i\ndef f(i): return g(i)", "def g(i): return -i\ndef f(i): return g(i)"),
        ("def f(i, k=1): return i * k", "def f(i, k=2): return i * k"),
        ("def f(i): return i.map(lambda x: x + 1)", "def f(i): return i.map(lambda x: x + 2)"),
        ("def m(k):\n    return lambda i: i * k\nf = m(1)", "def m(k):\n    return lambda i: i * k\nf = m(2)"),
        ("W = np.array([1.0, 2.0])\ndef f(i): return W", "W = np.array([1.0, 3.0])\ndef f(i): return W"),
        ("def f(i): return np.minimum(i, 1)", "def f(i): return np.maximum(i, 1)"),
    ],
)  # fmt: skip
def test_other_code_has_another_one(before, after):
    one, other = fingerprint(made(before)), fingerprint(made(after))
    assert one is not None
    assert other is not None
    assert one != other


@pytest.mark.parametrize(
    "source",
    [
        "def f(i): return i * float(open('/tmp/limit').read())",
        "class Model:\n    k = 2\nmodel = Model()\ndef f(i): return i * model.k",
        "import pandas as pd\nW = pd.DataFrame({'a': [1]})\ndef f(i): return W",
        "def f(i):\n    global count\n    count = 1\n    return i",
        "def f(i): return eval('i')",
        "def f(i):\n    import work_in_progress\n    return work_in_progress.score(i)",
    ],
)
def test_what_may_change_unseen_has_none(source):
    assert fingerprint(made(source)) is None


def test_a_module_under_development_cannot_be_seen_into(tmp_path, monkeypatch):
    (tmp_path / "work_in_progress.py").write_text("def score(i):\n    return i\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert fingerprint(made("import work_in_progress\ndef f(i): return work_in_progress.score(i)")) is None
    sys.modules.pop("work_in_progress", None)
    assert fingerprint(types.ModuleType("nowhere_at_all")) is None


def test_a_function_that_calls_itself_ends():
    assert fingerprint(made("def f(i):\n    return i if i < 1 else f(i - 1)")) is not None


def test_a_rule_is_told_by_its_metric_and_thresholds():
    def rule(body: str, **limits):
        metric = made(f"f = rtk.metric(lambda i: {body}, name='own', media='audio', direction='consumer')")
        return rtk.rule(metric, **limits)

    one = fingerprint(rule("i['loss_pct']", warn=1, bad=2))
    assert one is not None
    assert one == fingerprint(rule("i['loss_pct']", warn=1, bad=2))
    assert one != fingerprint(rule("i['loss_pct']", warn=1, bad=3))
    assert one != fingerprint(rule("i['loss_pct'] + 1", warn=1, bad=2))


def test_values_are_told_apart():
    seen = [fingerprint(value) for value in (1, 1.0, "1", True, (1,), {1}, {1: 2}, np.float64(1), math.inf, None, b"1")]
    assert len(set(seen)) == len(seen)
    assert None not in seen
    assert fingerprint({"b", "a"}) == fingerprint({"a", "b"})
