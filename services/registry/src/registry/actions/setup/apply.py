"""Apply a whole set-up file in one transaction, or only show what it would change."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from registry.actions.publish_rule import RuleContent
from registry.actions.set_calendar import DayContent
from registry.actions.setup.change import Change, Setting
from registry.actions.setup.clients import WantedClient, apply_clients
from registry.actions.setup.departments import WantedDepartment, apply_departments
from registry.actions.setup.law import WantedYear, apply_days, apply_rules, apply_years
from registry.actions.setup.people import WantedPerson, apply_people
from registry.actions.setup.places import Place, Places
from registry.domain.errors import HouseMatter
from registry.queries.administering import any_topmost
from servicekit.working_days import local_date


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a file lists, section by section."""

    departments: Sequence[WantedDepartment] = ()
    people: Sequence[WantedPerson] = ()
    clients: Sequence[WantedClient] = ()
    years: Sequence[WantedYear] = ()
    days: Sequence[tuple[date, DayContent]] = ()
    rules: Sequence[RuleContent] = ()

    def places(self) -> Iterator[Place]:
        """Return every body the file names."""
        for department in self.departments:
            yield department.place
            yield department.under
        for person in self.people:
            yield person.organisation
            yield from (role.at for role in person.roles)
        for client in self.clients:
            yield client.organisation


async def apply(setting: Setting, wanted: Wanted, *, dry_run: bool) -> list[Change]:
    """Make the house as the file says and return line by line what changed; a dry run takes all of it back.

    A dry run goes the whole way, so it fails where the real one would. Raises HouseMatter and what the single actions
    raise.
    """
    administers = setting.actor.organisations("administrator")
    today = local_date(setting.now)
    if (wanted.years or wanted.days or wanted.rules) and not await any_topmost(setting.session, administers, today):
        raise HouseMatter
    step = await setting.session.begin_nested()
    places = await Places.find(setting.session, wanted.places(), today)
    changes = [
        *await apply_departments(setting, wanted.departments, places),
        *await apply_people(setting, wanted.people, places),
        *await apply_clients(setting, wanted.clients, places),
        *await apply_years(setting, wanted.years),
        *await apply_days(setting, wanted.days),
        *await apply_rules(setting, wanted.rules),
    ]
    await (step.rollback() if dry_run else step.commit())
    return changes
