"""The resolution as data: its exact words, its comparators, what it leaves open; schema and code agree."""

import asyncio
import re
import unicodedata
from importlib.resources import files
from typing import Any

import pytest
from targets_house import BOARD, House

from devstack.databases import Database as MadeDatabase
from servicekit import migrations
from targets.domain.event_rules import RULES
from targets.seeds.event_indicators import event_indicator_rows
from targets.seeds.resolution import read_seeds

SEEDS = read_seeds()
CODES = {given["code"]: given for given in SEEDS["indicators"]}


def normal(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip()


RESOLUTION = normal(files("targets.seeds").joinpath("resolution-08-NQ-TU.txt").read_text("utf-8"))


@pytest.mark.parametrize("row", event_indicator_rows(), ids=lambda row: row["code"])
def test_indicators_from_events_quote_the_resolution_and_have_a_rule(row: dict[str, Any]) -> None:
    assert normal(row["quote"]) in RESOLUTION
    assert row["code"] in RULES


@pytest.mark.parametrize("code", CODES)
def test_a_quote_is_the_resolution_s_own_wording(code: str) -> None:
    assert normal(CODES[code]["quote"]) in RESOLUTION
    assert "quote" not in CODES[code]["questions"][0]


def test_the_copied_text_is_the_resolution() -> None:
    assert "Số 08-NQ/TU" in RESOLUTION
    assert "ngày 27 tháng 12 năm 2021" in RESOLUTION
    assert len(RESOLUTION) > 20_000


def test_comparators_follow_the_words() -> None:
    target = {code: given["targets"][0] for code, given in CODES.items()}
    assert "trên 74%" in CODES["TGT-01"]["quote"]
    assert (target["TGT-01"]["comparator"], target["TGT-01"]["value"]) == (">", "74")
    assert "từ 02 tổ chức/năm trở lên" in CODES["TGT-02"]["quote"]
    assert (target["TGT-02"]["comparator"], target["TGT-02"]["value"]) == (">=", "2")
    assert "value" not in target["TGT-03"]  # the text names no percentage: none is invented
    assert "value" not in target["GEN-04"]


@pytest.mark.parametrize(
    ("code", "keys"),
    [
        ("TGT-01", {"age_band", "counting_method", "after_2025", "minimum_coverage"}),
        ("TGT-02", {"aggregation_scope", "eligible_enterprises"}),
        ("TGT-03", {"target_value", "key_officials", "both_conditions"}),
        ("GEN-04", {"proxy", "second_round"}),
    ],
)
async def test_what_the_text_leaves_open_is_in_the_answer(house: House, code: str, keys: set[str]) -> None:
    officer = house.person(("monitoring_officer", BOARD))
    answer = (await officer.get(f"/indicators/{code}")).json()
    assert {question["key"] for question in answer["open_questions"]} == keys
    assert all(question["question_vi"] and question["answer_vi"] for question in answer["open_questions"])
    assert answer["quote"] == CODES[code]["quote"]
    assert answer["instrument"] == "08-NQ/TU"
    assert answer["targets"][0]["decision"] == "08-NQ/TU"


async def test_the_list_of_indicators(house: House) -> None:
    officer = house.person(("monitoring_officer", BOARD))
    page = (await officer.get("/indicators", limit=6)).json()
    rest = (await officer.get("/indicators", limit=6, cursor=page["next_cursor"])).json()
    expected = sorted({*CODES, *(row["code"] for row in event_indicator_rows())})
    assert [item["code"] for item in page["items"] + rest["items"]] == expected
    assert rest["next_cursor"] is None


async def test_the_schema_agrees_with_the_code(made: MadeDatabase) -> None:
    assert await asyncio.to_thread(migrations.check_drift, "targets", made.owner_url) == []
