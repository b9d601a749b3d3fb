"""Deadlines by the registry's rules and calendar, from the copy in memory: no statement, counted once per day."""

from collections.abc import Collection
from datetime import date

from servicekit.deadlines import Counted, RuleVersion, count, read_rule, rule_on, rule_version
from servicekit.errors import Unavailable
from servicekit.reference_book import ReferenceBook
from servicekit.working_days import Calendar, read_calendar


class Law:
    """Follows a reference book; what was counted is kept until a fact of the registry changes.

    `keys` are the rules this service counts by; `unknown` is raised (503) while one of them is not here.
    """

    def __init__(self, book: ReferenceBook, keys: Collection[str], unknown: type[Unavailable] = Unavailable) -> None:
        self._book = book
        self._keys = frozenset(keys)
        self._unknown = unknown
        self._revision = -1
        self._rules: list[RuleVersion] = []
        self._calendar = Calendar()
        self._counted: dict[tuple[RuleVersion, date], Counted] = {}

    @property
    def calendar(self) -> Calendar:
        """Return the work calendar as far as it is known."""
        self._follow()
        return self._calendar

    def rule_on(self, key: str, day: date) -> RuleVersion:
        """Return the newest version of a rule that holds on a day. Raises `unknown` when none has come yet."""
        self._follow()
        rule = rule_on(self._rules, key, day)
        if rule is None:
            raise self._unknown
        return rule

    def due(self, key: str, anchor: date) -> Counted:
        """Count the rule in force on the anchor day. Raises `unknown` while the registry's rules are not here."""
        return self.count(self.rule_on(key, anchor), anchor)

    def pinned(self, key: str, version: int) -> RuleVersion | None:
        """Return exactly this version of a rule; None when the registry does not tell of it."""
        self._follow()
        return rule_version(self._rules, key, version)

    def explain(self, key: str, version: int, anchor: date) -> Counted | None:
        """Count the very version a case was opened with; None when the registry does not tell of it any more."""
        rule = self.pinned(key, version)
        return self.count(rule, anchor) if rule is not None else None

    def count(self, rule: RuleVersion, anchor: date) -> Counted:
        """Count a rule, one of the registry's or a pinned copy, from a day."""
        self._follow()
        place = (rule, anchor)
        known = self._counted.get(place)
        if known is None:
            known = self._counted[place] = count(self._calendar, rule, anchor)
        return known

    def _follow(self) -> None:
        if self._revision == self._book.revision:
            return
        self._revision = self._book.revision
        facts = self._book.all("deadline_rule").values()
        self._rules = [read_rule(fact) for fact in facts if fact["key"] in self._keys]
        self._calendar = read_calendar(
            self._book.all("calendar_day").values(), self._book.all("calendar_year").values()
        )
        self._counted.clear()
