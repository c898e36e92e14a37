"""Credentials come from arguments, then the environment; what is missing or makes no sense is said at once."""

from __future__ import annotations

import pickle

import pytest

import rtkit_explore as rtk
from rtkit_explore.errors import InvalidArgumentError, MissingCredentialsError
from rtkit_explore.settings import BASE_URL, Secret, Settings

ENVIRONMENT = {"CLOUDFLARE_API_TOKEN": "env-token", "CLOUDFLARE_ACCOUNT_ID": "env-acc", "RTKIT_APP_ID": "env-app"}


def test_the_environment_is_enough():
    settings = Settings.resolve(environment=ENVIRONMENT)
    assert (settings.account_id, settings.app_id, settings.token) == ("env-acc", "env-app", Secret("env-token"))
    assert settings.base_url == BASE_URL


def test_arguments_go_before_the_environment():
    settings = Settings.resolve(token="t", account_id="a", app_id="b", environment=ENVIRONMENT)
    assert (settings.account_id, settings.app_id, settings.token) == ("a", "b", Secret("t"))


def test_connect_reads_the_process_environment(monkeypatch):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert rtk.connect().settings.app_id == "env-app"


def test_everything_that_is_missing_is_named_with_both_ways_to_give_it():
    with pytest.raises(MissingCredentialsError) as caught:
        Settings.resolve(environment={"CLOUDFLARE_ACCOUNT_ID": " "})
    for word in ("token=", "account_id=", "app_id=", *ENVIRONMENT, "Realtime Admin", "demo()"):
        assert word in str(caught.value)


def test_what_is_there_is_not_called_missing():
    with pytest.raises(MissingCredentialsError) as caught:
        Settings.resolve(token="t", account_id="a", environment={})
    assert "app_id=" in str(caught.value)
    assert "RTKIT_APP_ID" in str(caught.value)
    assert "CLOUDFLARE_ACCOUNT_ID" not in str(caught.value)
    assert "permission" not in str(caught.value)


@pytest.mark.parametrize("pasted", ["  tok-1  ", "Bearer tok-1", "bearer  tok-1\n"])
def test_a_token_that_was_pasted_with_its_surroundings_is_understood(pasted):
    assert Settings.resolve(token=pasted, account_id="a", app_id="b").token == Secret("tok-1")


@pytest.mark.parametrize("token", ["two words", "tök", "line\nbreak"])
def test_a_token_that_cannot_be_one_is_refused_without_being_shown(token):
    with pytest.raises(InvalidArgumentError) as caught:
        Settings.resolve(token=token, account_id="a", app_id="b")
    assert token not in str(caught.value)


@pytest.mark.parametrize("name", ["account_id", "app_id"])
@pytest.mark.parametrize("value", ["a/b", "a b", "a?b", "..", "a\nb"])
def test_an_id_that_would_change_the_address_is_refused(name, value):
    with pytest.raises(InvalidArgumentError, match=name):
        Settings.resolve(**{"token": "t", "account_id": "a", "app_id": "b", name: value})


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("api.example", "must be an address"),
        ("ftp://api.example", "must be an address"),
        ("https://", "must be an address"),
        ("https://api.example/v4?x=1", "without a query"),
        ("https://api.example:port", "must be an address"),
        ("https://user:secret@api.example", "the token is the only credential"),
        ("http://api.example/v4", "unencrypted"),
    ],
)
def test_an_address_that_is_none_or_not_safe_is_refused(url, says):
    with pytest.raises(InvalidArgumentError, match=says) as caught:
        Settings.resolve(base_url=url, environment=ENVIRONMENT)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/v4/", "http://localhost:8000/v4", "https://api.example/v4"])
def test_this_machine_may_be_reached_without_encryption(url):
    assert Settings.resolve(base_url=url, environment=ENVIRONMENT).base_url == url.rstrip("/")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("connect_timeout", 0),
        ("read_timeout", -1),
        ("retries", -1),
        ("retries", 1.5),
        ("in_flight", 0),
        ("in_flight", True),
        ("per_page", 0),
        ("budget_requests", 0),
        ("budget_seconds", 0),
    ],
)
def test_a_number_that_means_nothing_is_refused(name, value):
    with pytest.raises(InvalidArgumentError, match=name):
        Settings("a", "b", **{name: value})


def test_the_prefix_of_every_request_is_quoted():
    assert Settings("a&c", "ä", base_url="https://h/v4/").prefix == "https://h/v4/accounts/a%26c/realtime/kit/%C3%A4"


def test_no_representation_holds_the_token():
    settings = Settings.resolve(token="tok-5ecret", account_id="a", app_id="b")
    app = rtk.connect(token="tok-5ecret", account_id="a", app_id="b")
    for thing in (settings, app, app.awaitable, app.settings, vars(app.awaitable)):
        assert "tok-5ecret" not in repr(thing) + str(thing)


def test_settings_travel_to_another_process_without_the_token():
    settings = Settings.resolve(environment=ENVIRONMENT)
    pickled = pickle.dumps(settings)
    assert settings.token.reveal().encode() not in pickled
    there = pickle.loads(pickled)
    assert (there.prefix, there.retries) == (settings.prefix, settings.retries)
    with pytest.raises(MissingCredentialsError, match="give the credentials again"):
        there.token.reveal()
