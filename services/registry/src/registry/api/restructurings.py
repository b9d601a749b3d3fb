"""Restructurings of units and bodies, for administrators; reading the outcome is in `territory` and `history`."""

from datetime import timedelta

from fastapi import Depends, Response

from registry.actions.restructure import Restructuring, restructure
from registry.api.access import Administrator
from registry.api.dry_run import DryRun, claim_unless_dry
from registry.api.restructuring_answers import RestructuringAnswer, ended_answer, link_answers, started_answer
from registry.api.restructuring_models import RestructuringRequest
from registry.domain.errors import OutsideYourOrganisations
from registry.domain.history_errors import ALL
from servicekit.clock import Now
from servicekit.db import WriteSession
from servicekit.routes import answers, new_router

router = new_router("registry", "restructurings")


@router.post(
    "/restructurings",
    status_code=201,
    dependencies=[Depends(claim_unless_dry)],
    **answers(OutsideYourOrganisations, *ALL),
)
async def restructure_all(
    body: RestructuringRequest,
    session: WriteSession,
    actor: Administrator,
    response: Response,
    now: Now,
    dry_run: DryRun = False,
) -> RestructuringAnswer:
    """Create, rename, move, merge, split, absorb and dissolve units and bodies on one day, all of it or nothing.

    Every unit and body touched must be at or below an organisation you administer (a unit: its people's committee).
    What stands below something that ends is named too, or follows (`children_follow`). A dry run answers 200.
    """
    changes = tuple(change.to_change(place) for place, change in enumerate(body.changes))
    wanted = Restructuring(body.happened_on, body.legal_basis, body.confidence, changes)
    made, rows = await restructure(session, wanted, dry_run=dry_run, actor=actor, now=now)
    if dry_run:
        response.status_code = 200
    last_day = body.happened_on - timedelta(days=1)
    return RestructuringAnswer(
        happened_on=body.happened_on,
        legal_basis=body.legal_basis,
        stored=not dry_run,
        ended=[ended_answer(row, last_day) for row in made.ended],
        started=[started_answer(row, made) for row in made.started],
        successions=link_answers(made, rows),
    )
