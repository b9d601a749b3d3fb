"""`ops code`: the present one-time code of the first administrator, from the secrets of this installation."""

import time
from typing import Annotated

import typer
from pyotp import TOTP

from devstack.ops.options import Data, default_data
from devstack.processes import StackError


def register(app: typer.Typer) -> None:
    """Add `code`."""
    app.command("code")(show_code)


def show_code(
    app: Annotated[bool, typer.Option("--app", help="The otpauth address for an authenticator app instead.")] = False,
    data: Data = default_data(),
) -> None:
    """Print the present one-time code of quantri, good once; with docker compose add --data deploy."""
    file = data / "secrets" / "admin_totp_secret"
    if not file.is_file():
        raise StackError(f"there is no {file}: start the stack once, or name its folder with --data")
    codes = TOTP(file.read_text().strip())
    if app:
        print(codes.provisioning_uri(name="quantri", issuer_name="Nhịp Cầu"))
        return
    left = codes.interval - int(time.time()) % codes.interval
    print(f"{codes.now()}  (for {left} more seconds)")
