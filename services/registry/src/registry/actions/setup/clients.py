"""The section `clients`: other systems by client id, with exactly the operations that are listed."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from registry.actions.change_client import NewClient, change_scopes, create_client
from registry.actions.change_credential import NewCredential, insert_credential
from registry.actions.grant_role import NewGrant
from registry.actions.setup.change import Change, Difference, Kind, Setting
from registry.actions.setup.places import Place, Places
from registry.queries.administering import administered_clients_named

_SECTION = "clients"
_ROLE = "integrating_system"


@dataclass(frozen=True, slots=True)
class WantedClient:
    """A client as it should be; what it may call reaches its organisation and all below."""

    client_id: str
    name: str
    organisation: Place
    scopes: tuple[str, ...]


async def apply_clients(setting: Setting, wanted: Sequence[WantedClient], places: Places) -> list[Change]:
    """Make clients with a first secret, and set what they may call. Raises what the single actions raise."""
    known = await administered_clients_named(setting.session, setting.actor, [one.client_id for one in wanted])
    changes = []
    for number, one in enumerate(wanted):
        client = known.get(one.client_id)
        before = set(client.scopes) if client else set()
        differences = (
            *(Difference("scope", None, name) for name in sorted(set(one.scopes) - before)),
            *(Difference("scope", name, None) for name in sorted(before - set(one.scopes))),
        )
        if client is None:
            secret = await _add(setting, one, places, f"body.clients.{number}.organisation")
            changes.append(Change(_SECTION, one.client_id, "add", differences, {"client_secret": secret}))
            continue
        if differences:
            await change_scopes(
                setting.session,
                client.id,
                one.scopes,
                expected=client.version,
                actor=setting.actor,
                now=setting.now,
            )
        kind: Kind = "change" if differences else "same"
        changes.append(Change(_SECTION, one.client_id, kind, differences))
    return changes


async def _add(setting: Setting, one: WantedClient, places: Places, field: str) -> str:
    organisation = places.id_of(one.organisation, field)
    new = NewClient(one.client_id, one.name, organisation, one.scopes, (NewGrant(_ROLE, organisation),))
    client = await create_client(setting.session, new, row_id=uuid4(), actor=setting.actor, now=setting.now)
    secret = secrets.token_urlsafe(32)
    credential = NewCredential(secret_hash=setting.hasher.hash(secret, "client"))
    await insert_credential(setting.session, client, credential, actor=setting.actor, now=setting.now)
    return secret
