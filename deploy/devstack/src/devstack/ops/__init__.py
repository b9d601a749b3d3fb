"""`./nhipcau ops`: what an administrator does besides starting and stopping.

Each module of this package listed in `MODULES` has `register(app)`, which adds its commands.
"""

from importlib import import_module
from importlib.util import find_spec

import typer

MODULES = ("doctor", "backup", "outbox", "reconcile", "figures", "dlq", "audit", "keys", "code", "apply")


def build() -> typer.Typer:
    """The command group with the commands of every module that is there."""
    app = typer.Typer(no_args_is_help=True, help="Backup, restore, repair and checks.")
    for name in MODULES:
        if find_spec(f"{__name__}.{name}") is not None:
            import_module(f"{__name__}.{name}").register(app)
    return app
