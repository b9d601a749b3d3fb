"""What a set-up file may say, and the shown difference."""

from typing import Annotated, Literal

from pydantic import Field

from registry.actions.publish_rule import RuleContent
from registry.actions.set_calendar import DayContent
from registry.actions.setup.apply import Wanted
from registry.actions.setup.change import Change
from registry.actions.setup.clients import WantedClient
from registry.actions.setup.departments import WantedDepartment
from registry.actions.setup.law import WantedYear
from registry.actions.setup.people import WantedPerson, WantedRole
from registry.actions.setup.places import Place
from registry.api.account_models import PersonRole, Username
from registry.api.calendar import DayRequest, Year
from registry.api.client_models import Scopes
from registry.api.law import RuleText
from registry.api.territory_answers import Kind, UnitCode
from servicekit.text import Answer, ApiModel, Flag, LegalDate, PersonName, SafeLine

_MANY = 5000


class PlaceRequest(ApiModel):
    """A body by its kind and the code its unit bears today; a department by its name as well."""

    kind: Kind
    unit_code: UnitCode
    name: SafeLine | None = None

    def place(self) -> Place:
        """Return it for the action; only departments are told apart by name."""
        return Place(self.kind, self.unit_code, self.name if self.kind == "department" else None)


class DepartmentRequest(ApiModel):
    """A department under a body of the same unit."""

    name: SafeLine
    under: PlaceRequest
    since: LegalDate
    source: SafeLine
    confidence: Literal["confirmed", "unconfirmed"] = "unconfirmed"

    def wanted(self) -> WantedDepartment:
        """Return it for the action."""
        under = self.under.place()
        place = Place("department", under.unit_code, self.name)
        return WantedDepartment(place, under, self.since, self.source, self.confidence)


class HeldRoleRequest(ApiModel):
    """A role; at the person's own organisation unless another is named."""

    role: PersonRole
    at: PlaceRequest | None = None
    until: LegalDate | None = None


class PersonRequest(ApiModel):
    """An account with exactly these roles; a new one gets an invitation."""

    username: Username
    name: PersonName
    organisation: PlaceRequest
    roles: Annotated[list[HeldRoleRequest], Field(max_length=20, default_factory=list)]
    locked: Flag = False

    def wanted(self) -> WantedPerson:
        """Return it for the action."""
        own = self.organisation.place()
        roles = tuple(WantedRole(one.role, one.at.place() if one.at else own, one.until) for one in self.roles)
        return WantedPerson(self.username, self.name, own, roles, self.locked)


class SystemRequest(ApiModel):
    """A client for another system, limited to these operations at its organisation and below."""

    client_id: Username
    name: SafeLine
    organisation: PlaceRequest
    scopes: Scopes

    def wanted(self) -> WantedClient:
        """Return it for the action."""
        return WantedClient(self.client_id, self.name, self.organisation.place(), tuple(self.scopes))


class CalendarYearRequest(ApiModel):
    """Whether the official notice of a year's days off is known."""

    year: Year
    confirmed: Flag
    source: SafeLine


class CalendarDayRequest(DayRequest):
    """What a day is."""

    date: LegalDate


class SetupRequest(ApiModel):
    """A set-up file: what is listed is made so, what is not listed is left alone."""

    departments: Annotated[list[DepartmentRequest], Field(max_length=_MANY, default_factory=list)]
    people: Annotated[list[PersonRequest], Field(max_length=_MANY, default_factory=list)]
    clients: Annotated[list[SystemRequest], Field(max_length=_MANY, default_factory=list)]
    years: Annotated[list[CalendarYearRequest], Field(max_length=_MANY, default_factory=list)]
    days: Annotated[list[CalendarDayRequest], Field(max_length=_MANY, default_factory=list)]
    rules: Annotated[list[RuleText], Field(max_length=_MANY, default_factory=list)]

    def wanted(self) -> Wanted:
        """Return it for the action."""
        return Wanted(
            departments=[one.wanted() for one in self.departments],
            people=[one.wanted() for one in self.people],
            clients=[one.wanted() for one in self.clients],
            years=[WantedYear(one.year, one.confirmed, one.source) for one in self.years],
            days=[(one.date, DayContent(one.kind, one.name, one.source, one.confirmed)) for one in self.days],
            rules=[RuleContent(**one.model_dump()) for one in self.rules],
        )


class DifferenceAnswer(Answer):
    """One field before and after."""

    name: str
    before: str | None
    after: str | None


class ChangeAnswer(Answer):
    """One line of the difference; `shown_once` holds an invitation code or a client's secret."""

    section: str
    key: str
    kind: Literal["add", "change", "end", "same"]
    differences: list[DifferenceAnswer]
    shown_once: dict[str, str]


class SetupAnswer(Answer):
    """What was changed, or would be."""

    dry_run: bool
    changes: list[ChangeAnswer]


def setup_answer(changes: list[Change], *, dry_run: bool) -> SetupAnswer:
    """Build the answer; codes and secrets of a dry run were never good and are left out."""
    return SetupAnswer(
        dry_run=dry_run,
        changes=[
            ChangeAnswer(
                section=one.section,
                key=one.key,
                kind=one.kind,
                differences=[DifferenceAnswer.model_validate(each) for each in one.differences],
                shown_once={} if dry_run else dict(one.shown_once),
            )
            for one in changes
        ],
    )
