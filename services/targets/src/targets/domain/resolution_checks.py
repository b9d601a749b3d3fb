"""Every problem of a resolution as data, each with its place: "indicators[3].quote". Loading wants none."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from targets.domain.resolution_document import Document, as_set, complete
from targets.domain.resolution_problems import problem
from targets.domain.resolution_questions import as_number, choice
from targets.domain.target_checks import target_problems

Problem = dict[str, str]
_SPACE: Final = re.compile(r"\s+")


def check_document(document: Document, *, taken: Collection[str], text: str | None = None) -> list[Problem]:
    """Return every problem, in the order of the document.

    `taken`: codes of indicators that are stored already. `text`: the resolution's own text, if it was sent along;
    then headings and quotations are held against it word for word.
    """
    made = complete(document)
    return [
        *_shared(document),
        *_parts(made["parts"]),
        *_codes(made["indicators"], taken),
        *_references(document, made),
        *_indicators(made["indicators"]),
        *_words(made, text),
    ]


def normal(text: str) -> str:
    """Return a text with its white space made single: what a quotation is compared in."""
    return _SPACE.sub(" ", unicodedata.normalize("NFC", text)).strip()


def part_of(clause: str) -> str:
    """Return the path of the part a clause lies in: "II.2.2, gạch đầu dòng 9" lies in II.2.2."""
    return clause.partition(",")[0].strip()


def _shared(document: Document) -> Iterator[Problem]:
    for name in ("bodies", "breakdowns", "questions"):
        yield from _twice(name, [one["key"] for one in document.get(name, ())], "key")


def _parts(parts: Sequence[Document]) -> Iterator[Problem]:
    paths = [part["path"] for part in parts]
    yield from _twice("parts", paths, "path")
    for place, path in enumerate(paths):
        above = path.rpartition(".")[0]
        if above and above not in paths[:place]:
            yield problem(f"parts[{place}].path", "parent_part_missing", part=above)


def _codes(indicators: Sequence[Document], taken: Collection[str]) -> Iterator[Problem]:
    if not indicators:
        yield problem("indicators", "no_indicators")
    codes = [one["code"] for one in indicators]
    yield from _twice("indicators", codes, "code")
    for place, one in enumerate(indicators):
        if one["code"] in taken:
            yield problem(f"indicators[{place}].code", "code_taken", indicator=one["code"])
        if one["under"] is not None and one["under"] not in codes[:place]:
            yield problem(f"indicators[{place}].under", "under_unknown", indicator=one["under"])


def _references(document: Document, made: Document) -> Iterator[Problem]:
    paths = {part["path"] for part in made["parts"]}
    known = {
        "responsible": {one["key"] for one in document.get("bodies", ())},
        "breakdowns": {one["key"] for one in document.get("breakdowns", ())},
        "shared_questions": {one["key"] for one in document.get("questions", ())},
    }
    for place, given in enumerate(document.get("indicators", ())):
        if part_of(given["clause"]) not in paths:
            yield problem(f"indicators[{place}].clause", "part_unknown", part=part_of(given["clause"]))
        for name, keys in known.items():
            for number, key in enumerate(given.get(name) or ()):
                if key not in keys:
                    yield problem(f"indicators[{place}].{name}[{number}]", "reference_unknown", key=key)
        asked = {question["key"] for question in made["indicators"][place]["open_questions"]}
        for key in given.get("answers") or {}:
            if key not in asked:
                yield problem(f"indicators[{place}].answers.{key}", "reference_unknown", key=key)


def _indicators(indicators: Sequence[Document]) -> Iterator[Problem]:
    for place, one in enumerate(indicators):
        at = f"indicators[{place}]"
        for name, code, broken in _RULES:
            if broken(one):
                yield problem(f"{at}.{name}", code)
        yield from _twice(f"{at}.questions", [question["key"] for question in one["open_questions"]], "key")
        yield from _breakdowns(at, one["breakdowns"])
        yield from _questions(at, one)
        yield from target_problems(f"{at}.targets", one["targets"], kind=one["kind"])


def _breakdowns(at: str, breakdowns: Sequence[Document]) -> Iterator[Problem]:
    for one in breakdowns:
        keys = [category["key"] for category in one["categories"]]
        yield from _twice(f"{at}.breakdowns.{one['key']}", keys, "key")


def _questions(at: str, one: Document) -> Iterator[Problem]:
    for question in one["open_questions"]:
        place, answer, sets = f"{at}.questions.{question['key']}", question["answer"], question["sets"]
        if choice(question, answer) is None and not (question["number"] and as_number(answer) is not None):
            yield problem(place, "answer_unknown", answer=answer)
        elif sets and not _same(answer, as_set(one, sets)):
            yield problem(place, "answer_contradicts", answer=answer, sets=sets)


def _same(answer: str, stored: str | None) -> bool:
    left, right = as_number(answer), None if stored is None else as_number(stored)
    return answer == stored if left is None or right is None else left == right


def _words(made: Document, text: str | None) -> Iterator[Problem]:
    if text is None:
        return
    whole = normal(text)
    for place, part in enumerate(made["parts"]):
        if part.get("heading") and normal(part["heading"]) not in whole:
            yield problem(f"parts[{place}].heading", "not_in_text")
    for place, one in enumerate(made["indicators"]):
        if normal(one["quote"]) not in whole:
            yield problem(f"indicators[{place}].quote", "not_in_text")


def _twice(at: str, keys: Sequence[str], name: str) -> Iterator[Problem]:
    counted = Counter(keys)
    for place, key in enumerate(keys):
        if counted[key] > 1 and keys.index(key) != place:
            yield problem(f"{at}[{place}].{name}", "given_twice", key=key)


def _reported(one: Document) -> bool:
    return bool(one["source"] == "reports")


_RULES: Final[Sequence[tuple[str, str, Callable[[Mapping[str, Any]], bool]]]] = (
    ("unit", "unit_missing", lambda one: not one["unit"]),
    ("numerator_vi", "numerator_missing", lambda one: not (one["numerator_vi"] and one["numerator_en"])),
    (
        "denominator_vi",
        "denominator_missing",
        lambda one: one["kind"] == "ratio" and not (one["denominator_vi"] and one["denominator_en"]),
    ),
    (
        "denominator_vi",
        "denominator_not_used",
        lambda one: one["kind"] != "ratio" and bool(one["denominator_vi"] or one["denominator_en"]),
    ),
    ("reporter_kinds", "reporters_missing", lambda one: _reported(one) and not one["reporter_kinds"]),
    ("reporting_kinds", "reporting_kinds_missing", lambda one: _reported(one) and not one["reporting_kinds"]),
    ("reporting_kinds", "not_reported", lambda one: not _reported(one) and bool(one["reporting_kinds"])),
    ("formula", "formula_missing", lambda one: one["source"] == "formula" and not one["formula"]),
    ("formula", "formula_not_used", lambda one: one["source"] != "formula" and bool(one["formula"])),
    (
        "lower_bound",
        "bounds_crossed",
        lambda one: None not in (one["lower_bound"], one["upper_bound"]) and one["lower_bound"] > one["upper_bound"],
    ),
)
