"""Side-by-side measurements: what we cost beside a plain reference on the same machine in the same minute.

Every module here but `loadgen` has `run() -> dict` with at least name, ratio, budget, holds, ours, reference. A ratio
travels between machines, a number of requests per second does not; none of these is ever asserted in a timed test.
"""

import argparse
import importlib
import json
import pkgutil
import sys
from collections.abc import Sequence
from typing import Any

_NOT_A_MEASUREMENT = {"loadgen"}


def names() -> list[str]:
    """Return the names of all measurements."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in found if name not in _NOT_A_MEASUREMENT and not name.startswith("_"))


def main(chosen: Sequence[str] = (), *, as_json: bool = False) -> int:
    """Run the named measurements (all when none is named), print them, and return 0 only if every budget held."""
    unknown = set(chosen) - set(names())
    if unknown:
        print(f"bench: no measurement called {', '.join(sorted(unknown))}; there are: {', '.join(names())}")
        return 2
    results: list[dict[str, Any]] = []
    for name in chosen or names():
        if not as_json:
            print(f"{name} ...", flush=True)
        try:
            result: dict[str, Any] = importlib.import_module(f"{__name__}.{name}").run()
        except RuntimeError as error:  # a missing tool, said in the tool's own words
            result = {"name": name, "holds": False, "error": str(error)}
        results.append(result)
        if not as_json:
            print(_line(result), flush=True)
    if as_json:
        json.dump(results if len(results) != 1 else results[0], sys.stdout, ensure_ascii=False, indent=1)
        print()
    return 0 if all(result["holds"] for result in results) else 1


def command_line(arguments: Sequence[str] | None = None) -> int:
    """Parse `[NAME ...] [--json]` and run."""
    parser = argparse.ArgumentParser(prog="bench", description="Side-by-side measurements, printed as ratios")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(names())}")
    parser.add_argument("--json", action="store_true", dest="as_json")
    parsed = parser.parse_args(arguments)
    return main(parsed.names, as_json=parsed.as_json)


def _line(result: dict[str, Any]) -> str:
    if "error" in result:
        return f"  not measured: {result['error']}"
    verdict = "holds" if result["holds"] else "DOES NOT HOLD"
    if "summary" in result:
        return f"  {result['summary']}: {verdict}"
    return (
        f"  ratio {result['ratio']:.3f} (budget {result['budget']:.2f}, {verdict}): "
        f"ours {result['ours']:,.0f}/s, reference {result['reference']:,.0f}/s"
    )
