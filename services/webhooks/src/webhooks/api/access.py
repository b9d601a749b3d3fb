"""Who may call, and what of the process a route needs."""

from typing import Annotated

from fastapi import Depends, Request

from servicekit.encryption import Keyring
from servicekit.identity import Actor, allow
from webhooks.domain.endpoint_steps import OWNERS
from webhooks.sending.guard import Guard

Owner = Annotated[Actor, allow(*sorted(OWNERS))]
"""An integrating system (hệ thống tích hợp) or an administrator, for endpoints of the own organisations."""


async def _keyring(request: Request) -> Keyring:
    keyring: Keyring = request.app.state.runtime.keyring
    return keyring


async def _guard(request: Request) -> Guard:
    guard: Guard = request.app.state.runtime.part("guard")
    return guard


Keys = Annotated[Keyring, Depends(_keyring)]
TargetGuard = Annotated[Guard, Depends(_guard)]
