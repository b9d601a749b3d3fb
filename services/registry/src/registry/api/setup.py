"""The house as one declared file says it should be, with the difference shown."""

from fastapi import Depends

from registry.actions.setup.apply import apply
from registry.actions.setup.change import Setting
from registry.api.access import Administrator, Keys, Process, Secrets
from registry.api.dry_run import DryRun, claim_unless_dry
from registry.api.setup_models import SetupAnswer, SetupRequest, setup_answer
from registry.domain.errors import (
    HouseMatter,
    ManagedBySettings,
    OutsideYourOrganisations,
    OwnAccount,
    RoleNotGrantable,
    RuleNotNewer,
    UnknownOperation,
    UnknownOrganisation,
)
from registry.domain.history_errors import ALL
from servicekit.clock import Now
from servicekit.db import WriteSession
from servicekit.errors import AlreadyExists, Conflict, StaleVersion
from servicekit.routes import answers, new_router

router = new_router("registry", "setup")


@router.post(
    "/setup",
    dependencies=[Depends(claim_unless_dry)],
    **answers(
        AlreadyExists,
        Conflict,
        HouseMatter,
        OwnAccount,
        UnknownOperation,
        StaleVersion,
        ManagedBySettings,
        OutsideYourOrganisations,
        RoleNotGrantable,
        RuleNotNewer,
        UnknownOrganisation,
        *ALL,
    ),
)
async def apply_setup(
    body: SetupRequest,
    session: WriteSession,
    actor: Administrator,
    now: Now,
    keys: Keys,
    hasher: Secrets,
    process: Process,
    dry_run: DryRun = False,
) -> SetupAnswer:
    """Bring departments, people, clients, calendar and rules in line with a file, all of it or nothing.

    What the file does not list is left alone; a listed person or client has exactly the listed roles or operations
    afterwards. The same file again changes nothing.
    """
    setting = Setting(session, actor, now, keys, hasher)
    changes = await apply(setting, body.wanted(), dry_run=dry_run)
    process.verifier.revocations.want()
    return setup_answer(changes, dry_run=dry_run)
