"""Texts for errors hold neither tokens nor addresses."""

from __future__ import annotations

import copy
import pickle
import traceback

import pytest

from rtkit_explore.api.scrubbing import scrub
from rtkit_explore.errors import ApiError, NotFoundError
from rtkit_explore.settings import Secret


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("plain words", "plain words"),
        ("token abc123 is bad", "token [token] is bad"),
        ("Authorization: Bearer zzz.yyy-x=", "Authorization: Bearer [token]"),
        ("see https://host.example/a/b?sig=1&x=2 now", "see https://host.example/… now"),
        ("(http://user:pw@host:8080/x)", "(http://host:8080/…"),
        ("two\nlines\tand  gaps", "two lines and gaps"),
    ],
)
def test_secrets_are_taken_out(text, clean):
    assert scrub(text, Secret("abc123")) == clean


def test_long_texts_are_cut():
    assert len(scrub("x" * 10_000)) == 300


def test_a_secret_shows_itself_only_on_request():
    secret = Secret("abc123")
    assert secret.reveal() == "abc123"
    assert "abc123" not in repr(secret) + str(secret) + f"{secret!s:>20}" + repr([secret]) + repr({"a": secret})
    assert secret == Secret("abc123")
    assert secret != Secret("other")
    assert len({secret, Secret("abc123")}) == 1


def test_a_traceback_with_locals_does_not_show_it():
    def fails(secret: Secret) -> None:
        raise ValueError

    with pytest.raises(ValueError) as caught:
        fails(Secret("abc123"))
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "abc123" not in "".join(
        line for line in shown.format() if "Secret('" not in line and "fails(Secret" not in line
    )


def test_errors_keep_what_they_know_when_copied_and_pickled():
    error = NotFoundError("no session", status=404, code=7)
    for copied in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert isinstance(copied, NotFoundError)
        assert (str(copied), copied.status, copied.code) == ("no session", 404, 7)
    assert isinstance(error, ApiError)
