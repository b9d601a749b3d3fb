"""`python -m devstack`, which the bash file `nhipcau` runs: the one command of the house."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from devstack import ops, paths
from devstack.ops.options import Data, PortBase, default_data
from devstack.ports import Ports
from devstack.processes import StackError
from devstack.stack import Stack

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Nhịp Cầu on one machine. Every command says more with --help.",
)
app.add_typer(ops.build(), name="ops")

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""Everything after the command belongs to the program it starts, --help too."""


@app.command()
def up(
    data: Data = default_data(),
    port_base: PortBase = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Logs go to files only.")] = False,
) -> None:
    """Set up what is missing, start everything, serve until Ctrl-C.

    DATABASE_URL (postgresql://…, an administrator's) and NATS_URL (an administrator's) replace the embedded engines;
    <NAME>_PORT sets one port.
    """
    asyncio.run(_up(data, Ports.chosen(port_base), quiet=quiet))


async def _up(data: Path, ports: Ports, *, quiet: bool) -> None:
    began = time.monotonic()
    stop = asyncio.Event()
    here = asyncio.current_task()
    started = False

    def interrupted() -> None:
        if started or here is None:
            stop.set()
        else:
            here.cancel()  # Ctrl-C while starting: what runs already is stopped

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, interrupted)
    stack = Stack(
        data,
        ports,
        database_url=os.environ.get("DATABASE_URL"),
        nats_url=os.environ.get("NATS_URL"),
        shown=not quiet,
        report=_progress,
    )
    try:
        async with stack:
            started = True
            _progress(f"everything is ready after {time.monotonic() - began:.1f} s: {stack.base_url}")
            _progress(f"administrator: {stack.admin_user}, password in {stack.credentials.folder / 'admin_password'}")
            _progress(f"its one-time code: ./nhipcau ops code --data {stack.data} (--app for an authenticator app)")
            _progress("Ctrl-C stops everything")
            await stop.wait()
            _progress("stopping …")
    except asyncio.CancelledError:
        raise typer.Exit(130) from None
    _progress("stopped")


def _progress(text: str) -> None:
    mark = "\033[1m» \033[0m" if sys.stdout.isatty() else "» "
    print(mark + text, flush=True)


@app.command(context_settings=PASS_ON)
def demo(context: typer.Context) -> None:
    """The main journey on a throwaway data folder; --json prints what happened."""
    raise typer.Exit(_delegate("devstack.demo.main", "main", context.args))


@app.command(context_settings=PASS_ON)
def bench(context: typer.Context) -> None:
    """Side-by-side measurements, printed as ratios."""
    raise typer.Exit(_delegate("devstack.bench", "command_line", context.args))


def _delegate(module: str, function: str, arguments: list[str]) -> int:
    # Imported only when asked for: `up` should not wait for what only the demo needs.
    return int(getattr(import_module(module), function)(arguments) or 0)


@app.command(context_settings=PASS_ON)
def test(context: typer.Context) -> None:
    """Every test, two files at a time; what follows is given to pytest instead."""
    os.chdir(paths.REPOSITORY)
    # In the order of `testpaths`: whole houses last, for they run until the end, and the longest of those first.
    arguments = context.args or ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "-q"]
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])


# What installs packages, and what tries the check below on spoiled files.
_LEFT_TO_TEST = [f"--ignore=tests/architecture/{name}.py" for name in ("test_packages_alone", "test_generated")]


@app.command()
def check() -> None:
    """Lint, format, types, the rules of the house, generated files; writes nothing."""
    commands = [
        ["ruff", "check"],
        ["ruff", "format", "--check"],
        ["mypy"],
        ["lint-imports"],
        ["pytest", "-q", "-n", "2", "tests/architecture", *_LEFT_TO_TEST],
    ]
    failed = [name for command in commands if not _run(name := " ".join(command), _tool(command))]
    if not _generated("--check"):
        failed.append("generated files")
    if failed:
        print("failed: " + ", ".join(failed))
        raise typer.Exit(1)
    print("all checks passed")


@app.command()
def fix() -> None:
    """What can be put right without thinking: lint fixes, format, generated files."""
    commands = [["ruff", "check", "--fix"], ["ruff", "format"]]
    results = [_run(" ".join(command), _tool(command)) for command in commands]
    results.append(_generated("--write"))
    raise typer.Exit(0 if all(results) else 1)


def _tool(command: list[str]) -> list[str]:
    return [os.path.join(os.path.dirname(sys.executable), command[0]), *command[1:]]


def _generated(flag: str) -> bool:
    return _run(f"generated files {flag}", [sys.executable, "-m", "devstack.generated", flag])


def _run(name: str, command: list[str]) -> bool:
    print(f"» {name}", flush=True)
    return subprocess.run(command, cwd=paths.REPOSITORY, check=False).returncode == 0


def main() -> None:
    """Run the command line; what a person can put right is one sentence and exit 1, not a stack trace."""
    try:
        app(prog_name="nhipcau")
    except PermissionError as refused:
        print(f"nhipcau: {refused}. Does it belong to another user? Choose another folder with --data", file=sys.stderr)
        sys.exit(1)
    except (StackError, LookupError) as refused:
        print(f"nhipcau: {refused}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
