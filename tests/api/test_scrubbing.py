"""Texts for errors hold neither tokens nor URLs."""

from __future__ import annotations

import copy
import json
import pickle
import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtkit_explore.api.scrubbing import scrub, without_secrets
from rtkit_explore.errors import ApiError, NotFoundError
from rtkit_explore.settings import Secret
from tests.timing import assert_linear


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


def test_a_secret_as_short_as_a_word_leaves_other_words_alone():
    assert scrub("a call that Anna made, token a", Secret("a")) == "[token] call that Anna made, token [token]"
    assert scrub("(pass-word: pass) surpassed", Secret("pass")) == "([token]-word: [token]) surpassed"
    assert scrub("x0123456789y", Secret("0123456789")) == "x[token]y"
    assert scrub("price (.*) is $", Secret("$")) == "price (.*) is [token]"


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


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("see https://a.example/b?c=d now", "see https://a.example/… now"),
        ("wss://user:pw@a.example", "wss://a.example/…"),
        ("https://user:p/w@a.example/x", "https://…/…"),
        ("http://a.example and https://[::1]:8080 stay", "http://a.example and https://[::1]:8080 stay"),
        ("Authorization: Bearer abcdefghijkl", "Authorization: Bearer [token]"),
        ("Authorization: Token 5ecret", "Authorization: Token [token]"),
        ("authorization: Digest username=5ecret, response=5ecret\nnext", "authorization: Digest [token]\nnext"),
        ("Set-Cookie: a=5ecret; b=5ecret", "Set-Cookie: [token]"),
        ("Token 5ecret5ecret5ecret", "Token [token]"),
        ("token expired yesterday", "token expired yesterday"),
        ("basic knowledge", "basic knowledge"),
        ("eyJhbGciOiJI.eyJzdWIi.abc", "[token]"),
        ("?X-Amz-Signature=5ecret&x=1", "?X-Amz-Signature=[token]&x=1"),
        ("X-Amz-Signature%3D5ecret", "X-Amz-Signature%3D[token]"),
        ("blob?sv=1&sig=5ecret&se=2", "blob?sv=1&sig=[token]&se=2"),
        ('{"token": "5ecret", "a": 1}', '{"token": "[token]", "a": 1}'),
        ('{"token":"5e\\"cret"}', '{"token":"[token]"}'),
        ('{"auth_token": 123456, "a": 1}', '{"auth_token": "[token]", "a": 1}'),
        ('{"a": {"token": 123456}}', '{"a": {"token": "[token]"}}'),
        ('{"tokens": ["5ecret", {"a": "5ecret"}], "b": 1}', '{"tokens": "[token]", "b": 1}'),
        ('"{\\"token\\": \\"5ecret\\", \\"a\\": 1}"', '"{\\"token\\": \\"[token]\\", \\"a\\": 1}"'),
        ("{'password': '5ecret'}", "{'password': '[token]'}"),
        ("password = 5ecret", "password = [token]"),
        ("10 % of 350 packets, 23:40:46 UTC", "10 % of 350 packets, 23:40:46 UTC"),
        ("a signal: strong, design=x", "a signal: strong, design=x"),
        ("token: [token]", "token: [token]"),
    ],
)
def test_links_lose_their_path_and_tokens_go(text, clean):
    assert without_secrets(text) == clean
    assert without_secrets(clean) == clean
    assert "5ecret" not in without_secrets(text)


@settings(max_examples=300, deadline=None)
@given(
    before=st.text(max_size=20),
    key=st.sampled_from(["token", "X-Amz-Signature", "client_secret", "Authorization", "api-key"]),
    secret=st.text("abcdefghij0123456789_-", min_size=6, max_size=30),
)
def test_the_value_of_a_secret_key_in_json_never_stays(before, key, secret):
    document = {before: 1, key: f"qz{secret}", "list": [{key: f"qz{secret}"}], "deep": json.dumps({key: f"qz{secret}"})}
    clean = without_secrets(json.dumps(document))
    assert f"qz{secret}" not in clean
    json.loads(clean)


LONG = {
    "one word": lambda n: "a" * n,
    "words that speak of secrets": lambda n: "token-" * (n // 6),
    "keys without values": lambda n: "signature_" * (n // 10) + " " * n,
    "keys and values": lambda n: "token=x " * (n // 8),
    "schemes": lambda n: "bearer " * (n // 7),
    "beginnings of tokens": lambda n: "eyJaaaaaaaaa-" * (n // 13),
    "beginnings of links": lambda n: "http://" * (n // 7),
    "users of links": lambda n: "http://" + "u@" * (n // 2),
    "brackets that nothing closes": lambda n: "token:" + "[" * n,
    "quotes that nothing closes": lambda n: 'token="' + "\\" * n,
    "escapes": lambda n: "token" + "\\" * n,
}


@pytest.mark.parametrize("kind", LONG)
def test_time_grows_no_faster_than_the_text(kind):
    """A display name of 2,000 characters once took half a minute."""
    assert_linear(without_secrets, LONG[kind], 2_000)
