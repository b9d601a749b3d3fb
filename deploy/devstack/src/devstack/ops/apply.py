"""`ops apply`: bring the house in line with one YAML file, after showing the difference.

The file becomes one request to the registry, in one transaction: all of it or nothing. Invitation codes and secrets of
new people and systems are shown once, or written with `--secrets-to`, and are kept nowhere else.
"""

import asyncio
import json
import os
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import httpx
import typer
import yaml

from devstack.ops.administrator import Against, Door, Insecure, administrator, the_door
from devstack.ops.options import Data, PortBase, default_data
from devstack.processes import StackError

SIGNS = {"add": "+", "change": "~", "end": "-", "same": " "}


def register(app: typer.Typer) -> None:
    """Add `apply`."""
    app.command("apply")(apply)


def apply(
    file: Annotated[Path, typer.Argument(help="YAML: departments, people, clients, years, days, rules.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show the difference; exit 1 when there is one.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    secrets_to: Annotated[
        Path | None, typer.Option("--secrets-to", help="New file for invitation codes and client secrets (mode 600).")
    ] = None,
    against: Against = None,
    insecure: Insecure = False,
    data: Data = default_data(),
    port_base: PortBase = None,
) -> None:
    """Make departments, people, clients, calendar and rules as FILE says; what it does not list is left alone."""
    if secrets_to is not None and secrets_to.exists():
        raise StackError(f"{secrets_to} exists already; name a new file")
    door = the_door(against, data.absolute(), port_base, insecure=insecure)
    raise typer.Exit(asyncio.run(bring_in_line(door, read(file), dry_run=dry_run, yes=yes, secrets_to=secrets_to)))


def read(file: Path) -> dict[str, Any]:
    """Return the file's document; dates become text again, as JSON has none. StackError when it cannot be read."""
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        raise StackError(f"there is no file {file}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StackError(f"{file} is not readable YAML: {error}") from None
    if not isinstance(document, dict):
        raise StackError(f"{file} must hold sections (people:, clients:, …), not {type(document).__name__}")
    plain: dict[str, Any] = json.loads(json.dumps(document, default=str))
    return plain


async def bring_in_line(
    door: Door, document: dict[str, Any], *, dry_run: bool, yes: bool, secrets_to: Path | None
) -> int:
    """Show the difference, ask, apply; the exit status."""
    async with administrator(door) as client:
        shown = await _ask(client, document, dry_run=True)
        differing = show(shown["changes"])
        if not differing:
            print("nothing to do: the house is as the file says")
            return 0
        if dry_run:
            return 1
        if not yes:
            typer.confirm(f"Make these {differing} changes?", abort=True)
        done = await _ask(client, document, dry_run=False)
    if secrets_to is None:
        show(done["changes"], only_secrets=True)
    else:
        _write_secrets(secrets_to, done["changes"])
    print(f"{differing} changes made")
    return 0


async def _ask(client: httpx.AsyncClient, document: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
    response = await client.post(
        "/registry/setup",
        params={"dry_run": str(dry_run).lower()},
        json=document,
        headers={"Idempotency-Key": str(uuid4())},
    )
    body: dict[str, Any] = response.json()
    if response.status_code != 200:
        fields = "".join(f"\n  {one.get('field', '')}: {one.get('code', '')}" for one in body.get("errors", ()))
        raise StackError(f"refused ({body.get('code', response.status_code)}): {body.get('detail', '')}{fields}")
    return body


def show(changes: list[dict[str, Any]], *, only_secrets: bool = False) -> int:
    """Print one line for each thing that differs; the number of them."""
    differing = [one for one in changes if one["kind"] != "same"]
    for one in differing:
        for name, value in one["shown_once"].items():
            print(f"{one['section']} {one['key']}: {name} {value}")
        if only_secrets or one["shown_once"]:
            continue
        print(f"{SIGNS[one['kind']]} {one['section']} {one['key']}")
        for each in one["differences"]:
            print(f"    {each['name']}: {each['before'] or '-'} → {each['after'] or '-'}")
    return len(differing)


def _write_secrets(file: Path, changes: list[dict[str, Any]]) -> None:
    lines = [
        f"{one['section']} {one['key']} {name} {value}\n"
        for one in changes
        for name, value in one["shown_once"].items()
    ]
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.writelines(lines)
    print(f"{len(lines)} codes and secrets are in {file}; hand them over and delete it")
