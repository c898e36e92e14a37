"""Who is called something, and which rows of participants are one person's."""

from __future__ import annotations

import pandas as pd
import pytest

from rtkit_explore.tables.participant_lookup import is_called, person_key

ALMA = {"peer_id": "p1", "user_id": "u1", "custom_participant_id": "c1", "display_name": "Alma Okafor"}


@pytest.mark.parametrize("text", ["alma", "OKAFOR", "p1", "U1", "c1"])
def test_a_part_of_the_name_or_a_whole_id_is_enough(text):
    assert is_called(text, ALMA)
    assert is_called(text, {"id" if name == "peer_id" else name: value for name, value in ALMA.items()})


@pytest.mark.parametrize("text", ["Boris", "p", "u", "1"])
def test_a_part_of_an_id_is_not(text):
    assert not is_called(text, ALMA)


@pytest.mark.parametrize("missing", [None, pd.NA, float("nan"), [], {}])
def test_what_is_missing_or_no_text_is_nobodys_name(missing):
    assert not is_called("na", dict.fromkeys(ALMA, missing))
    assert person_key(dict.fromkeys(ALMA, missing)) == ("nobody", "")


def test_rows_of_one_person_agree_in_the_best_id_that_they_have():
    again = ALMA | {"peer_id": "p2", "display_name": "Alma (phone)"}
    assert person_key(again) == person_key(ALMA)
    without = {"user_id": None, "custom_participant_id": None}
    by_name = [{**ALMA, **without, "peer_id": peer} for peer in ("p1", "p2")]
    assert person_key(by_name[0]) == person_key(by_name[1]) != person_key(ALMA)
    nameless = [{**row, "display_name": ""} for row in by_name]
    assert person_key(nameless[0]) != person_key(nameless[1])
