"""The first administrator's way to an installation's API: who, where, and signed in with a one-time code."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx
import typer

from devstack.ports import Ports
from devstack.processes import StackError

Against = Annotated[
    str | None, typer.Option("--against", metavar="URL", help="This installation; with compose also --data deploy.")
]
Insecure = Annotated[bool, typer.Option("--insecure", help="With --against: accept any certificate.")]


@dataclass(frozen=True)
class Door:
    """Where the API is, and the secrets of the first administrator."""

    url: str
    password: str
    totp_secret: str
    verify: bool


def the_door(against: str | None, data: Path, port_base: int | None, *, insecure: bool) -> Door:
    """Return the door of the stack on `data`, or of another installation whose secrets lie in `data/secrets`."""
    url = against or f"http://127.0.0.1:{Ports.chosen(port_base).gateway}"
    try:
        password, totp = (
            (data / "secrets" / name).read_text().strip() for name in ("admin_password", "admin_totp_secret")
        )
    except FileNotFoundError as missing:
        raise StackError(f"there is no {missing.filename}: name the folder that holds secrets/ with --data") from None
    return Door(url.rstrip("/"), password, totp, not insecure)


@asynccontextmanager
async def administrator(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    """Sign in (a one-time code that was used already is waited out) and give a client of the API."""
    from devstack.demo.client import Client, Unexpected
    from devstack.demo.people import sign_in_administrator

    nobody = Client(door.url, verify=door.verify)
    try:
        admin = await sign_in_administrator(nobody, door.password, door.totp_secret)
    except Unexpected as refused:
        raise StackError(f"the first administrator could not sign in at {door.url}: {refused}") from None
    finally:
        await nobody.close()
    await admin.close()
    headers = {"Authorization": f"Bearer {admin.token}"}
    async with httpx.AsyncClient(
        base_url=f"{door.url}/api/v1", headers=headers, timeout=120, verify=door.verify
    ) as client:
        yield client
