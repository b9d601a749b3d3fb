"""What a resolution leaves open, and the answer an installation uses: data, with the choices beside it.

A question may set something that judging uses; then answering it makes a new target version, so that what was judged
stays as it was. `other` is a choice whose words the person who answers writes.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from targets.domain.figures import plain
from targets.domain.resolution_refusals import UnknownAnswer, WordsMissing

TARGET_FIELDS: Final = ("value", "minimum_coverage", "counting_method", "aggregation_scope")
"""What an answer can set on a target version."""
SETS: Final = (*TARGET_FIELDS, "period_kind")
OTHER: Final = "other"
NONE: Final = "none"
_NUMBER: Final = re.compile(r"[0-9]{1,18}(\.[0-9]{1,10})?")


def answered(question: Mapping[str, Any], answer: str) -> dict[str, Any]:
    """Return a question of a document as it is stored, with the words of the answer in use."""
    option = choice(question, answer)
    return {
        "key": question["key"],
        "question_vi": question["question_vi"],
        "question_en": question["question_en"],
        "answer": answer,
        "answer_vi": option["vi"] if option else answer,
        "answer_en": option["en"] if option else answer,
        "options": [dict(option) for option in question["options"]],
        "number": question.get("number", False),
        "sets": question.get("sets"),
        "decision": None,
        "decided_on": None,
    }


def choice(question: Mapping[str, Any], answer: str) -> Mapping[str, Any] | None:
    """Return the option an answer is, None when it is none of them."""
    return next((option for option in question["options"] if option["answer"] == answer), None)


def as_number(answer: str) -> Decimal | None:
    """Return the exact number an answer is, None when it is none or longer than a stored figure."""
    return Decimal(answer) if _NUMBER.fullmatch(answer) else None


def decide_answer(
    question: Mapping[str, Any], answer: str, answer_vi: str | None, answer_en: str | None
) -> dict[str, str]:
    """Return the answer with its words. Raises UnknownAnswer or WordsMissing.

    The words of a choice are the question's own; those of `other` and of a figure of one's own come from the person.
    """
    option = choice(question, answer)
    number = as_number(answer) if question["number"] else None
    if option is None and number is None:
        raise UnknownAnswer(known=", ".join(one["answer"] for one in question["options"]))
    if number is not None:
        answer = plain(number)
    if option is not None and answer != OTHER:
        return {"answer": answer, "answer_vi": option["vi"], "answer_en": option["en"]}
    if answer_vi is None or answer_en is None:
        raise WordsMissing(
            errors=[
                {"field": name, "code": "missing", "vi": "Thiếu nội dung.", "en": "The text is missing."}
                for name, given in (("answer_vi", answer_vi), ("answer_en", answer_en))
                if given is None
            ]
        )
    return {"answer": answer, "answer_vi": answer_vi, "answer_en": answer_en}


def set_value(sets: str, answer: str) -> Any:
    """Return what an answer puts into a target version: a figure, nothing, or a word."""
    if sets in ("value", "minimum_coverage"):
        return None if answer == NONE else Decimal(answer)
    return answer
