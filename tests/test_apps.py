"""An app gives tables and calls, blocking or awaited, over whatever answers."""

from __future__ import annotations

import asyncio
import inspect
import json
import shutil
import subprocess
import sys

import httpx
import pandas as pd
import pytest

import rtkit_explore as rtk
from rtkit_explore.errors import (
    BadRequestError,
    InvalidArgumentError,
    NotADocumentError,
    NotFoundError,
    PartialResultWarning,
    PermissionDeniedError,
    SavedCallError,
)
from rtkit_explore.store.replay import ReplayTransport

METHODS = [
    "sessions", "session", "participants", "participant", "peer_events", "peer_report", "chat", "transcript", "summary",
    "generate_summary", "downloads", "find", "call", "explain", "rooms", "follow",
]  # fmt: skip


@pytest.fixture
def folder(recordings, tmp_path):
    """A copy of three sample calls, one of them with downloads."""
    for name in ("clean", "loss", "sfu-clean"):
        shutil.copytree(recordings / name, tmp_path / name)
    clean = tmp_path / "clean"
    header = "id,participantId,sessionId,meetingId,displayName,pinned,isEdited,payloadType,payload,createdAt"
    (clean / "chat.csv").write_text(
        f"{header}\nm1,p,s,m,Alma,false,false,TEXT_MESSAGE,hello,2026-11-20T22:59:00.000Z\n"
    )
    (clean / "transcript.vtt").write_text("WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nAlma: Hello there\n")
    (clean / "summary.md").write_text("They said hello.")
    return tmp_path


@pytest.fixture
def app(folder):
    return rtk.replay(folder)


def session_of(folder, name) -> str:
    return json.loads((folder / name / "session.json").read_bytes())["data"]["id"]


def app_over(folder, answer) -> rtk.App:
    """An app whose answers come from ``answer`` where that gives one, else from saved calls."""
    saved = ReplayTransport(folder)

    class Over(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return answer(request) or await saved.handle_async_request(request)

    app = rtk.App.from_transport(Over(), progress=False)
    object.__setattr__(app.settings, "retries", 0)
    return app


def refusing(status: int, *endings: str):
    def answer(request: httpx.Request) -> httpx.Response | None:
        if any(request.url.path.endswith(ending) for ending in endings):
            return httpx.Response(status, json={"success": False, "errors": [{"code": status, "message": "made to"}]})
        return None

    return answer


# Tables


def test_sessions_participants_and_the_like_are_tables(app, folder):
    session_id = session_of(folder, "clean")
    sessions = app.sessions()
    assert set(sessions["meeting_display_name"]) == {"recording sfu-clean", "recording loss", "recording clean"}
    assert list(app.session(session_id)["session_id"]) == [session_id]
    people = app.participants(session_id)
    assert set(people["display_name"]) == {"Alma", "Boris"}
    assert set(people["session_id"]) == {session_id}
    one = app.participant(session_id, people["peer_id"][0])
    assert list(one["peer_id"]) == [people["peer_id"][0]]
    assert list(one["session_id"]) == [session_id]


def test_parameters_reach_the_api(app):
    assert list(app.sessions(search="loss")["meeting_display_name"]) == ["recording loss"]
    assert len(app.sessions(limit=2)) == 2
    assert len(app.sessions(status="LIVE")) == 0


def test_downloads_are_read(app, folder):
    session_id = session_of(folder, "clean")
    assert list(app.chat(session_id)["payload"]) == ["hello"]
    assert list(app.transcript(session_id, format="VTT")["text"]) == ["Hello there"]
    assert app.summary(session_id) == "They said hello."
    available = app.downloads(session_id)
    assert list(available["kind"]) == ["chat", "summary"]
    assert set(available["session_id"]) == {session_id}
    assert available["expires_at"].notna().all()
    assert not available.astype(str).apply(lambda column: column.str.contains("http")).any().any()


def test_downloads_of_no_session_are_an_error_and_of_a_bare_one_an_empty_table(app, folder):
    assert len(app.downloads(session_of(folder, "loss"))) == 0
    with pytest.raises(NotFoundError, match="no session nowhere"):
        app.downloads("nowhere")


def test_a_summary_is_asked_for(folder):
    def answer(request):
        if request.method == "POST":
            return httpx.Response(200, json={"success": True, "data": {"session_id": "s", "status": "PENDING"}})
        return None

    jobs = app_over(folder, answer).generate_summary("s")
    assert jobs.to_dict("records") == [{"session_id": "s", "status": "PENDING"}]


def test_lifecycle_events_are_a_table(app, folder):
    path = folder / "clean" / "participants.json"
    answer = json.loads(path.read_bytes())
    answer["data"]["participants"][0]["peer_events"] = [{"id": "e1", "event_name": "PEER_JOINING"}]
    path.write_text(json.dumps(answer))
    events = app.peer_events(session_of(folder, "clean"))
    assert list(events["event_name"]) == ["PEER_JOINING"]


# Calls


def test_a_call_holds_everyone_and_the_documents_as_they_came(app, folder):
    call = app.call(session_of(folder, "sfu-clean"))
    assert set(call.participants["report"]) == {"read"}
    assert len(call.participants) == 3
    assert call.documents.session == (folder / "sfu-clean" / "session.json").read_bytes()
    assert call.documents.participants == (folder / "sfu-clean" / "participants.json").read_bytes()
    assert call.documents.failures == []
    assert len(call.samples) > 0


def test_a_call_brings_chat_transcript_and_summary_where_asked(app, folder):
    call = app.call(session_of(folder, "clean"), chat=True, transcript=True, summary=True)
    assert list(call.chat["payload"]) == ["hello"]
    assert list(call.transcript["text"]) == ["Hello there"]
    assert call.documents.transcript_format == "VTT"
    assert call.documents.summary == "They said hello."
    assert call.documents.failures == []


def test_downloads_that_do_not_exist_are_problems_of_the_call(app, folder):
    call = app.call(session_of(folder, "loss"), chat=True, transcript="SRT", summary=True)
    failures = {(failure.source, failure.missing) for failure in call.documents.failures}
    assert failures == {("chat", True), ("transcript", True), ("summary", True)}
    assert len(call.problems) >= 3


def test_a_report_that_is_missing_and_one_that_fails_are_told_apart(folder):
    session_id = session_of(folder, "sfu-clean")
    peers = [path.stem.removeprefix("peer-report-") for path in sorted((folder / "sfu-clean").glob("peer-report-*"))]
    missing, failing = refusing(404, peers[0]), refusing(503, peers[1])
    call = app_over(folder, lambda request: missing(request) or failing(request)).call(session_id)
    states = call.participants.set_index("peer_id")["report"].astype(str).to_dict()
    assert states == {peers[0]: "missing", peers[1]: "failed", peers[2]: "read"}
    assert set(call.problems["peer_id"].dropna()) >= {peers[0], peers[1]}


def test_a_list_of_participants_that_fails_is_a_problem(folder):
    call = app_over(folder, refusing(500, "/participants")).call(session_of(folder, "clean"))
    assert [failure.source for failure in call.documents.failures] == ["participants"]
    assert len(call.sessions) == 1


def test_a_session_that_fails_for_a_moment_does_not_cost_the_reports(folder):
    session_id = session_of(folder, "clean")
    call = app_over(folder, refusing(500, session_id)).call(session_id)
    assert [failure.source for failure in call.documents.failures] == ["session"]
    assert set(call.participants["report"]) == {"read"}
    assert call.session_id == session_id


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, PermissionDeniedError), (403, PermissionDeniedError), (404, NotFoundError), (400, BadRequestError)],
)
def test_a_session_that_is_refused_or_absent_is_an_error(folder, status, kind):
    session_id = session_of(folder, "clean")
    with pytest.raises(kind):
        app_over(folder, refusing(status, session_id)).call(session_id, chat=True)


def test_a_session_of_which_nothing_can_be_had_is_an_error(folder):
    session_id = session_of(folder, "clean")
    with pytest.raises(rtk.errors.ServerError):
        app_over(folder, refusing(502, session_id, "/participants")).call(session_id)


def test_participants_without_an_id_are_a_problem(folder):
    body = {"success": True, "data": {"participants": [{"display_name": "Ghost"}, {"id": 7}]}}

    def answer(request):
        return httpx.Response(200, json=body) if request.url.path.endswith("/participants") else None

    call = app_over(folder, answer).call(session_of(folder, "clean"))
    assert "2 participant(s) have no id" in call.documents.failures[0].message


def test_a_peer_report_alone_is_a_call_of_one(app, folder):
    path = next((folder / "clean").glob("peer-report-*"))
    call = app.peer_report(path.stem.removeprefix("peer-report-"))
    assert len(call.participants) == 1
    assert call.session_id == session_of(folder, "clean")
    assert len(call.samples) > 0


def test_a_call_that_was_saved_is_replayed_as_it_was(app, folder, tmp_path):
    call = app.call(session_of(folder, "clean"), chat=True, transcript="VTT", summary=True)
    saved = call.save(tmp_path / "elsewhere" / "mine")
    again = rtk.replay(saved).call(call.session_id, chat=True, transcript="VTT", summary=True)
    for name in ("session", "participants", "reports", "chat", "transcript", "summary"):
        assert getattr(again.documents, name) == getattr(call.documents, name)
    pd.testing.assert_frame_equal(again.samples, call.samples)


# Finding people


@pytest.mark.parametrize("person", ["alma", "ALM", "Alma", " alma "])
def test_somebody_is_found_by_a_part_of_the_name(app, person):
    found = app.find(person)
    assert set(found["meeting_display_name"]) == {"recording sfu-clean", "recording loss", "recording clean"}
    assert set(found["display_name"]) == {"Alma"}
    assert found["started_at"].is_monotonic_decreasing


@pytest.mark.parametrize("column", ["peer_id", "user_id", "custom_participant_id"])
def test_somebody_is_found_by_a_whole_id(app, folder, column):
    person = app.participants(session_of(folder, "loss"))[column][0]
    found = app.find(person)
    assert person in set(found[column])
    assert "recording loss" in set(found["meeting_display_name"])
    assert len(app.find(person[:-1])) == 0


def test_nobody_is_an_empty_table_with_the_same_columns(app):
    nobody, alma = app.find("nobody at all"), app.find("alma")
    assert len(nobody) == 0
    assert list(nobody.columns) == list(alma.columns)
    assert nobody.dtypes.to_dict() == alma.dtypes.to_dict()


def test_no_session_at_all_is_an_empty_table_with_the_same_columns(app):
    none, alma = app.find("alma", end_time="2001-01-01"), app.find("alma")
    assert list(none.columns) == list(alma.columns)
    assert none.dtypes.to_dict() == alma.dtypes.to_dict()


def change(folder, name, **values):
    path = folder / name / "session.json"
    answer = json.loads(path.read_bytes())
    answer["data"].update(values)
    path.write_text(json.dumps(answer))


def test_only_sessions_that_were_going_on_at_the_time_are_looked_at(app, folder):
    change(folder, "clean", started_at="2026-11-01T10:00:00.000Z", ended_at="2026-11-01T11:00:00.000Z")
    change(folder, "loss", started_at="2026-11-01T11:30:00.000Z", ended_at="2026-11-01T13:00:00.000Z")
    change(folder, "sfu-clean", started_at="2026-11-01T09:00:00.000Z", ended_at=None, status="LIVE")

    def found(**times) -> set[str]:
        return set(app.find("alma", **times)["meeting_display_name"].str.removeprefix("recording "))

    assert found(start_time="2026-11-01T12:00", end_time="2026-11-01T18:00") == {"loss", "sfu-clean"}
    assert found(start_time="2026-11-01T10:30", end_time="2026-11-01T10:45") == {"clean", "sfu-clean"}
    assert found(end_time="2026-11-01T09:30") == {"sfu-clean"}
    assert found(start_time="2026-11-01T13:01") == {"sfu-clean"}


def test_sessions_that_cannot_be_searched_are_told(folder):
    session_id = session_of(folder, "loss")
    app = app_over(folder, refusing(500, f"{session_id}/participants"))
    with pytest.warns(PartialResultWarning, match="1 of 3 sessions could not be searched"):
        found = app.find("alma")
    assert len(found) == 2


def test_a_search_in_which_everything_fails_is_an_error(folder):
    with pytest.raises(PermissionDeniedError):
        app_over(folder, refusing(403, "/participants")).find("alma")


def test_a_session_that_is_gone_by_then_is_passed_over(folder):
    app = app_over(folder, refusing(404, f"{session_of(folder, 'loss')}/participants"))
    assert len(app.find("alma")) == 2


@pytest.mark.parametrize("person", ["", "  ", None, 7])
def test_somebody_has_to_be_named(app, person):
    with pytest.raises(InvalidArgumentError, match="person is"):
        app.find(person)


def test_a_list_that_does_not_add_up_is_told(folder):
    rows = [{"id": "a"}, {"id": "b"}]

    def answer(request):
        if request.url.path.endswith("/sessions"):
            return httpx.Response(200, json={"success": True, "data": {"sessions": rows}, "paging": {"total_count": 3}})
        return None

    with pytest.warns(PartialResultWarning, match="counts 3 sessions"):
        assert list(app_over(folder, answer).sessions()["session_id"]) == ["a", "b"]


# Faces


@pytest.mark.parametrize("name", METHODS)
def test_both_faces_have_the_same_methods_with_true_signatures_and_documentation(name):
    blocking, awaited = getattr(rtk.App, name), getattr(rtk.AsyncApp, name)
    assert inspect.signature(blocking) == inspect.signature(awaited)
    assert blocking.__doc__ == awaited.__doc__
    assert len(blocking.__doc__) > 40
    assert not inspect.iscoroutinefunction(blocking)
    assert inspect.iscoroutinefunction(awaited)
    optional = list(inspect.signature(blocking).parameters.values())[1:]
    assert all(item.kind is item.KEYWORD_ONLY for item in optional if item.default is not item.empty)


def test_a_query_parameter_that_there_is_not_is_named_beside_those_that_there_are(folder):
    transport, wrong = ReplayTransport(folder), json.loads('{"serch": "x"}')
    awaited = rtk.AsyncApp.from_transport(transport)
    said = r"sessions\(\) got an unexpected keyword argument 'serch'; it takes page_no, per_page"
    with pytest.raises(TypeError, match="AsyncApp." + said):
        asyncio.run(awaited.sessions(**wrong))
    with rtk.App.from_transport(transport) as app, pytest.raises(TypeError, match="^" + said):
        app.sessions(**wrong)


def test_every_public_coroutine_has_its_blocking_form():
    awaited = {name for name, member in inspect.getmembers(rtk.AsyncApp, inspect.iscoroutinefunction) if name[0] != "_"}
    assert awaited - {"aclose"} == set(METHODS)


def test_the_awaited_face_gives_the_same_tables(app, folder):
    async def ask():
        async with rtk.AsyncApp.from_transport(ReplayTransport(folder)) as awaited:
            sessions, found = await asyncio.gather(awaited.sessions(), awaited.find("boris"))
            return sessions, found, await awaited.call(sessions["session_id"][0])

    sessions, found, call = asyncio.run(ask())
    pd.testing.assert_frame_equal(sessions, app.sessions())
    pd.testing.assert_frame_equal(found, app.find("boris"))
    assert call.session_id == app.sessions()["session_id"][0]


def test_one_awaited_app_serves_one_loop_after_another(folder):
    app = rtk.AsyncApp.from_transport(ReplayTransport(folder))
    assert [len(asyncio.run(app.sessions())) for _ in range(3)] == [3, 3, 3]


def test_an_app_is_a_context_manager_and_can_be_used_again(folder):
    with rtk.replay(folder) as app:
        assert len(app.sessions()) == 3
    app.close()
    assert len(app.sessions()) == 3


def test_apps_say_which_they_are(folder):
    assert repr(rtk.replay(folder)) == f"<App replaying {folder}>"
    assert repr(rtk.connect(token="t", account_id="a", app_id="my-app")) == "<App app my-app>"
    assert repr(rtk.AsyncApp(token="t", account_id="a", app_id="my-app")) == "<AsyncApp app my-app>"


def test_a_transport_that_is_given_carries_the_requests():
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200, json={"success": True, "data": {"sessions": []}, "paging": {"total_count": 0}})

    app = rtk.connect(
        token="t", account_id="a", app_id="b", base_url="https://api.example/v9/", transport=httpx.MockTransport(answer)
    )
    assert len(app.sessions(search="x")) == 0
    assert seen == ["https://api.example/v9/accounts/a/realtime/kit/b/sessions?search=x&per_page=100"]


def test_a_transport_that_is_none_is_refused_with_what_it_can_be(folder):
    with pytest.raises(InvalidArgumentError, match=r"httpx.AsyncBaseTransport"):
        rtk.connect(token="t", account_id="a", app_id="b", transport=object()).sessions()


def test_replay_of_nothing_is_an_error(tmp_path):
    with pytest.raises(SavedCallError):
        rtk.replay(tmp_path)


def test_load_reads_reports_alone(recordings):
    call = rtk.load(recordings / "sfu-clean")
    assert len(call.participants) == 3
    assert set(call.participants["report"]) == {"read"}
    assert len(rtk.load(str(recordings / "clean" / "peer-report-*.json")).participants) == 2
    with pytest.raises(NotADocumentError, match="belong to"):
        rtk.load(str(recordings / "*" / "peer-report-*.json"))


def test_importing_and_opening_an_app_needs_no_pandas():
    code = (
        "import sys, rtkit_explore as rtk; app = rtk.connect(token='t', account_id='a', app_id='b');"
        "print('pandas' in sys.modules, 'matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False False\n"


# What is not one id


@pytest.mark.parametrize("method", ["call", "session", "participants", "peer_events", "downloads", "chat", "summary"])
def test_a_table_in_place_of_an_id_is_refused_by_its_type_and_without_what_is_in_it(app, method):
    table = pd.DataFrame({"session_id": ["one-id"], "display_name": ["Alma Okafor"], "user_id": ["alma@example.org"]})
    for wrong, kind in ((table, "a DataFrame"), (table["display_name"], "a Series"), (["Alma Okafor"], "a list")):
        with pytest.raises(InvalidArgumentError) as error:
            getattr(app, method)(wrong)
        assert f"not {kind}: take one id, for example table['session_id'].iloc[0]" in str(error.value)
        assert "Alma" not in str(error.value)
        assert "example.org" not in str(error.value)


def test_no_other_argument_tells_what_is_in_a_table_either(app):
    table = pd.DataFrame({"display_name": ["Alma Okafor"]})
    for ask in (
        lambda: app.peer_report(table),
        lambda: app.find(table),
        lambda: app.sessions(search=table),
        lambda: app.sessions(status=table),
        lambda: app.sessions(start_time=table),
        lambda: app.sessions(associated_id=table["display_name"]),
    ):
        with pytest.raises(InvalidArgumentError, match=r"a DataFrame|a Series") as error:
            ask()
        assert "Alma" not in str(error.value)


@pytest.mark.parametrize("start", ["2026-11-21T10:00", "2026-12-24"])
def test_looking_for_somebody_until_before_the_start_is_refused(app, start):
    with pytest.raises(InvalidArgumentError, match="lies before start_time"):
        app.find("Alma", start_time=start, end_time="2026-11-21T09:59")


def test_a_wrong_argument_is_named_with_the_method_and_what_it_takes(app):
    with pytest.raises(TypeError, match=r"^sessions\(\) .*'begin'; it takes page_no, .*start_time") as error:
        app.sessions(begin="2026-11-01")
    assert "AsyncApp" not in str(error.value)
    with pytest.raises(TypeError, match=r"^call\(\) missing .*'session_id'"):
        app.call()


@pytest.mark.parametrize(
    "content", [b'{"success": true, "data": {"id', b"", b"\x00\xff", b'{"success": true, "data": null}']
)
def test_a_damaged_file_of_a_replay_is_named_and_the_network_is_not(folder, content):
    session_id = session_of(folder, "loss")
    report = next((folder / "loss").glob("peer-report-*.json"))
    for file in (folder / "loss" / "session.json", report):
        file.write_bytes(content)
    app = rtk.replay(folder)
    problems = app.call(session_id).problems
    said = problems.loc[problems["source"].isin(["session", "peer-report"]), "message"].tolist()
    assert len(said) == 2
    for name, message in zip(("session.json", report.name), said, strict=True):
        assert f"the saved file loss/{name} is damaged" in message
        assert "proxy" not in message
        assert "base_url" not in message
    with pytest.warns(PartialResultWarning, match=r"loss/session\.json is damaged"):
        listed = app.sessions()
    assert session_id in listed["session_id"].tolist()


def test_a_damaged_list_of_a_replay_is_named_whatever_is_asked(folder):
    (folder / "loss" / "participants.json").write_bytes(b"{")
    app, session_id = rtk.replay(folder), session_of(folder, "loss")
    with pytest.warns(PartialResultWarning, match=r"loss/participants\.json is damaged"):
        assert len(app.participants(session_id)) == 2
    for report in (folder / "loss").glob("peer-report-*"):
        report.unlink()
    for ask in (lambda: app.participants(session_id), lambda: app.participant(session_id, "p")):
        with pytest.raises(rtk.RtkitError, match=r"loss/participants\.json is damaged"):
            ask()


def test_an_absent_report_is_explained_by_its_usual_reasons_first():
    answer = refusing(404, "/sessions/peer-report/p", "/sessions/s")
    over = httpx.MockTransport(lambda request: answer(request) or httpx.Response(500))
    app = rtk.connect(token="t", account_id="acc", app_id="app", transport=over, progress=False)
    with pytest.raises(NotFoundError) as error:
        app.peer_report("p")
    said = str(error.value)
    order = [said.index(reason) for reason in ("React Native", "still live", "check it", "another app", "older than")]
    assert order == sorted(order)
    with pytest.raises(NotFoundError, match=r"check the id; if it is right") as error:
        app.session("s")
    assert "React Native" not in str(error.value)


def test_a_replay_brings_along_what_is_saved_and_complains_of_nothing_else(folder, app):
    call = app.call(session_of(folder, "clean"))
    assert (len(call.chat), len(call.transcript), call.summary) == (1, 1, "They said hello.")
    bare = app.call(session_of(folder, "loss"))
    assert (len(bare.chat), len(bare.transcript), bare.summary) == (0, 0, None)
    assert not bare.problems["source"].isin(["chat", "transcript", "summary"]).any()


def test_what_is_not_wanted_of_a_replay_stays_out(folder, app):
    call = app.call(session_of(folder, "clean"), chat=False, transcript=False, summary=False)
    assert (len(call.chat), len(call.transcript), call.summary) == (0, 0, None)


def test_over_the_network_downloads_are_fetched_only_on_request(folder):
    asked = []
    app = app_over(folder, lambda request: asked.append(request.url.path))
    session_id = session_of(folder, "clean")
    assert app.call(session_id).chat.empty
    assert not [path for path in asked if path.endswith(("/chat", "/transcript", "/summary"))]
    assert len(app.call(session_id, chat=True).chat) == 1
