"""SIGKILL while archiving: nothing lost, nothing twice. The benchmark ``archive`` does it fifty times."""

from __future__ import annotations

import os

import pytest

from tests.archive.killing import killed_again_and_again


@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX systems do")
def test_killed_at_random_moments_it_ends_as_if_undisturbed(recordings, tmp_path):
    outcome = killed_again_and_again(recordings, tmp_path, sessions=12, kills=2, seed=7, longest_s=0.6)
    assert outcome.starts >= 2
