"""What the services' tests share: a migrated database a test, the registry's tokens and facts, secrets.

For tests only; no process of the house imports it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from joserfc import jwt
from joserfc.jwk import OKPKey
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from devstack import paths
from devstack.credentials import new_key, new_keyring
from devstack.databases import Database
from devstack.engines import Engines
from servicekit import migrations
from servicekit.identity import TokenVerifier
from servicekit.revocations import Batch, Revocations
from servicekit.tables import reference, reference_source

ISSUER: Final = "nhipcau/test"
"""Who the tokens of a test are from; it goes with `deployment` "test"."""


async def nothing_revoked(_: str | None) -> Batch:
    """Answer as a registry in which nobody lost access."""
    return Batch([], "0")


class Issuer:
    """Signs tokens as the registry would, with a key of its own."""

    def __init__(self) -> None:
        self.key = OKPKey.generate_key("Ed25519", {"kid": "test", "use": "sig"})

    async def keys(self) -> dict[str, Any]:
        """Return the key set as the registry publishes it."""
        return {"keys": [self.key.as_dict(private=False)]}

    def verifier(self) -> TokenVerifier:
        """Return what verifies these tokens and no others."""
        return TokenVerifier(self.keys, issuer=ISSUER, revocations=Revocations(nothing_revoked))

    def token(
        self, *grants: tuple[str, UUID], subject: UUID | None = None, kind: str = "person", scopes: Iterable[str] = ()
    ) -> str:
        """Return an access token of ten minutes; `grants` are (role, organisation), `scopes` a client's operations."""
        now = datetime.now(UTC)
        claims = {
            "iss": ISSUER,
            "aud": "nhipcau",
            "sub": str(subject or uuid4()),
            "kind": kind,
            "sid": str(uuid4()),
            "jti": str(uuid4()),
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(minutes=10)).timestamp()),
            "grants": [{"role": role, "organisation": str(where)} for role, where in grants],
            "scope": " ".join(scopes),
        }
        return jwt.encode({"alg": "EdDSA", "typ": "at+jwt", "kid": "test"}, claims, self.key, algorithms=["EdDSA"])


def new_secrets() -> dict[str, Any]:
    """Return the settings every service has to have beside its port and addresses."""
    return {
        "deployment": "test",
        "client_secret": "not-used-here",
        "keyring": new_keyring(),
        "index_key": new_key(),
        "registry_url": "http://127.0.0.1:9",  # nobody answers there
    }


@contextmanager
def migrated_engines(service: str, services: Sequence[str] = paths.SERVICES) -> Iterator[Engines]:
    """Start PostgreSQL and NATS with `<service>_migrated`, the template of every test's own database."""
    running = Engines(services=services).start_now()
    try:
        made = asyncio.run(running.create_database(f"{service}_migrated", service=service))
        migrations.upgrade(service, made.owner_url)
        yield running
    finally:
        running.stop_now()


@asynccontextmanager
async def fresh_database(engines: Engines, service: str) -> AsyncIterator[Database]:
    """Make a copy of the template and delete it afterwards, whoever is still connected."""
    name = f"{service}_{uuid4().hex[:10]}"
    made = await engines.create_database(name, service=service, template=f"{service}_migrated")
    try:
        yield made
    finally:
        await engines.drop_database(name)


async def tell_facts(session: AsyncSession, facts: Iterable[Mapping[str, Any]], now: datetime) -> None:
    """Write copies of the registry's facts, {"id", "kind", "data"}, as if their events had come."""
    rows = [
        {"version": 1, "path": [UUID(str(step)) for step in fact["data"].get("path", ())], "changed_at": now, **fact}
        for fact in facts
    ]
    await session.execute(insert(reference), rows)


async def tell_complete(session: AsyncSession, kinds: Iterable[str], now: datetime) -> None:
    """Note that every fact of these kinds has been copied once."""
    await session.execute(insert(reference_source), [{"kind": kind, "complete_at": now} for kind in kinds])
