"""Deadlines by the registry's rules and calendar, from the copy in memory: no statement, counted once per day."""

from datetime import date

from feedback.domain.deadlines import Counted, RuleVersion, calendar_from, count, in_force, rules_from
from servicekit.errors import Unavailable
from servicekit.reference import ReferenceBook
from servicekit.working_days import Calendar


class Law:
    """Counts deadlines; what was counted is kept until a fact of the registry changes."""

    def __init__(self, book: ReferenceBook) -> None:
        self._book = book
        self._revision = -1
        self._rules: list[RuleVersion] = []
        self._calendar = Calendar()
        self._counted: dict[tuple[str, int, date], Counted] = {}

    def due(self, key: str, anchor: date) -> Counted:
        """Count the rule in force on the anchor day. Raises Unavailable while the registry's rules are not here."""
        self._follow()
        rule = in_force(self._rules, key, anchor)
        if rule is None:
            raise Unavailable
        return self._count(rule, anchor)

    def explain(self, key: str, version: int, anchor: date) -> Counted | None:
        """Count the very version a case was opened with; None when the registry does not tell of it any more."""
        self._follow()
        for rule in self._rules:
            if rule.key == key and rule.version == version:
                return self._count(rule, anchor)
        return None

    def _count(self, rule: RuleVersion, anchor: date) -> Counted:
        place = (rule.key, rule.version, anchor)
        known = self._counted.get(place)
        if known is None:
            known = self._counted[place] = count(self._calendar, rule, anchor)
        return known

    def _follow(self) -> None:
        if self._revision == self._book.revision:
            return
        self._revision = self._book.revision
        self._rules = rules_from(self._book.all("deadline_rule").values())
        self._calendar = calendar_from(
            self._book.all("calendar_day").values(), self._book.all("calendar_year").values()
        )
        self._counted.clear()
