"""Every document of the simulated app passes the API's published contract."""

from __future__ import annotations

import copy
import json

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from rtkit_explore.simulator import SCENARIOS, SimulatedApp, simulate_documents

HEADERS = {"authorization": "Bearer demo-token"}
BASE = "/accounts/demo-account/realtime/kit/demo-app/sessions"
TEMPLATE = "/accounts/{account_id}/realtime/kit/{app_id}/sessions"


def as_json_schema(node):
    """OpenAPI 3.0 says ``nullable`` where JSON Schema lists null among the types."""
    if isinstance(node, list):
        return [as_json_schema(child) for child in node]
    if not isinstance(node, dict):
        return node
    made = {key: as_json_schema(child) for key, child in node.items()}
    if made.pop("nullable", False):
        if isinstance(made.get("type"), str):
            made["type"] = [made["type"], "null"]
        if "enum" in made:
            made["enum"] = [*made["enum"], None]
    return made


@pytest.fixture(scope="module")
def contract(domain):
    return as_json_schema(json.loads((domain / "realtimekit-openapi.json").read_text()))


def validator(contract, path, method="get"):
    answer = contract["paths"][path][method]["responses"]["200"]
    while "$ref" in answer:
        target = contract
        for part in answer["$ref"].lstrip("#/").split("/"):
            target = target[part]
        answer = target
    registry = Registry().with_resource("urn:api", DRAFT202012.create_resource(copy.deepcopy(contract)))

    def absolute(node):
        if isinstance(node, list):
            return [absolute(child) for child in node]
        if not isinstance(node, dict):
            return node
        return {
            key: f"urn:api{child}" if key == "$ref" and child.startswith("#") else absolute(child)
            for key, child in node.items()
        }

    return Draft202012Validator(absolute(answer["content"]["application/json"]["schema"]), registry=registry)


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_documents_of_every_scenario_keep_the_contract(contract, name):
    call = simulate_documents(name, participants=3, minutes=2, seed=2)
    report = validator(contract, f"{TEMPLATE}/peer-report/{{peer_id}}")
    for body in call.reports.values():
        if name == "broken_report" and body == min(call.reports.values(), key=len):
            continue
        report.validate(json.loads(body))
    validator(contract, f"{TEMPLATE}/{{session_id}}").validate(json.loads(call.session))
    validator(contract, f"{TEMPLATE}/{{session_id}}/participants").validate(json.loads(call.participants))


@pytest.mark.parametrize("simulcast", [False, True])
def test_a_report_has_no_key_that_the_contract_does_not_know(contract, simulcast):
    call = simulate_documents("static_screen_share + network_switch", seed=1, simulcast=simulcast)
    schemas = contract["components"]["schemas"]
    names = {
        "audio_producer": "AudioProducerStats",
        "audio_consumer": "AudioConsumerStats",
        "video_producer": "VideoProducerStats",
        "video_consumer": "VideoConsumerStats",
        "screenshare_video_producer": "VideoProducerStats",
        "screenshare_video_consumer": "VideoConsumerStats",
    }
    for body in call.reports.values():
        participant = json.loads(body)["data"]["participant"]
        assert not set(participant) - set(schemas["realtimekit_PeerParticipantDetails"]["properties"])
        report = participant["peer_report"]
        assert not set(report["metadata"]) - set(schemas["realtimekit_PeerReportMetadata"]["properties"])
        for pairs in report["metadata"]["candidate_pairs"].values():
            for pair in pairs:
                assert not set(pair) - set(schemas["realtimekit_CandidatePairStats"]["properties"])
        for key, schema in names.items():
            for row in report["quality"][key]:
                assert not set(row) - set(schemas[f"realtimekit_{schema}"]["properties"]), key
            block = report["quality"][f"{key}_cumulative"]
            assert not set(block) - set(schemas[f"realtimekit_{schema}Cumulative"]["properties"]), key


def test_the_apps_answers_keep_the_contract(contract):
    app = SimulatedApp(3, days=4)

    def ask(rest, method="GET", **query):
        answer = app.answer(method, BASE + rest, query, HEADERS)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    session_id = app.main_incident
    peer_id = ask(f"/{session_id}/participants")["data"]["participants"][0]["id"]
    asked = {
        "": ask(""),
        "/{session_id}": ask(f"/{session_id}", include_breakout_rooms="true"),
        "/{session_id}/participants": ask(f"/{session_id}/participants", include_peer_events="true"),
        "/{session_id}/participants/{participant_id}": ask(
            f"/{session_id}/participants/{peer_id}", include_peer_events="true"
        ),
        "/peer-report/{peer_id}": ask(f"/peer-report/{peer_id}", include_peer_events="true"),
        "/{session_id}/chat": ask(f"/{session_id}/chat"),
    }
    for rest, document in asked.items():
        validator(contract, TEMPLATE + rest).validate(document)
    posted = ask(f"/{session_id}/summary", method="POST")
    validator(contract, f"{TEMPLATE}/{{session_id}}/summary", "post").validate(posted)


def test_error_answers_have_the_documented_form(contract):
    answer = SimulatedApp(days=1).answer("GET", f"{BASE}/nowhere", {}, HEADERS)
    schema = contract["components"]["schemas"]["realtimekit_ErrorResponse"]
    Draft202012Validator({**schema}).validate(json.loads(answer.body))


def test_the_contract_would_notice_a_wrong_value(contract):
    call = simulate_documents("clean", participants=2, minutes=2)
    document = json.loads(next(iter(call.reports.values())))
    quality = document["data"]["participant"]["peer_report"]["quality"]
    quality["audio_producer"][0]["packets_sent"] = "many"
    assert not validator(contract, f"{TEMPLATE}/peer-report/{{peer_id}}").is_valid(document)
