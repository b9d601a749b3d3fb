"""The attack of a reader with a calculator: everything that follows from what was published, by sums and differences.

Written apart from the code it attacks: it gets the published figures, knows which of them add up, and nothing else.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

Key = tuple[str, str]
OTHERS, UNSTATED, OWN = "(others)", "(unstated)", "(own)"


@dataclass(frozen=True)
class Truth:
    """What is true: counts by organisation and measure, the tree, and the categories by dimension."""

    parents: Mapping[str, str | None]
    dimensions: Mapping[str, tuple[str, ...]]
    counts: Mapping[Key, int]

    def closed(self) -> dict[Key, int]:
        """Return every count, also those that only follow: others, unstated, a body's own."""
        found = dict(self.counts)
        for row in self.parents:
            if (row, "denominator") in found and (row, "numerator") in found:
                found[row, OTHERS] = found[row, "denominator"] - found[row, "numerator"]
            for dimension, names in self.dimensions.items():
                told = sum(found.get((row, name), 0) for name in names)
                found[row, UNSTATED + dimension] = found[row, "numerator"] - told
        for row in list(self.parents):
            below = [name for name, above in self.parents.items() if above == row]
            if below:
                for column in {column for name, column in found if name == row}:
                    found[row + OWN, column] = found[row, column] - sum(found.get((b, column), 0) for b in below)
        # What is nothing by structure everybody knows to be nothing; that all were counted (no others) is a finding.
        made = {key for key in found if key not in self.counts and found[key] == 0 and key[1] != OTHERS}
        return {key: value for key, value in found.items() if key not in made}

    def sums(self) -> list[tuple[Key, list[Key]]]:
        """Return the sums everybody may take for granted."""
        closed = self.closed()
        rows = {row for row, _ in closed}
        found: list[tuple[Key, list[Key]]] = []
        for row in rows:
            found.append(((row, "denominator"), [(row, "numerator"), (row, OTHERS)]))
            for dimension, names in self.dimensions.items():
                found.append(((row, "numerator"), [(row, n) for n in (*names, UNSTATED + dimension)]))
        for row, column in closed:
            below = [name for name, above in self.parents.items() if above == row]
            if below:
                found.append(((row, column), [(name, column) for name in (*below, row + OWN)]))
        known = [(whole, [part for part in parts if part in closed]) for whole, parts in found if whole in closed]
        return [(whole, parts) for whole, parts in known if parts]


def attack(truth: Truth, published: Iterable[Key], k: int = 10) -> set[str]:
    """Return what the published cells give away: counts, or sums of counts, of 1 to k - 1."""
    closed, sums = truth.closed(), truth.sums()
    known = {key: closed[key] for key in published}
    return {
        *(f"read {key}" for key, value in known.items() if 0 < value < k),
        *_differences(known, sums, k),
        *_elimination(known, sums, k),
        *_intervals(closed, known, sums, k),
    }


def attack_releases(
    before: Truth, shown: Iterable[Key], after: Truth, published: Iterable[Key], k: int = 10
) -> set[str]:
    """Return what two publications give away together: the second alone, what changed, unchanged cells filled in."""
    first, second = before.closed(), after.closed()
    shown, published = set(shown), set(published)
    found = attack(after, published, k)
    for key in shown & published:
        if 0 < abs(first[key] - second[key]) < k:
            found.add(f"changed {key}")
    for whole, parts in after.sums():
        rest = {part for part in parts if part not in published}
        same = rest == {part for part in parts if part not in shown} and all(part in first for part in parts)
        moved = sum(second[part] - first[part] for part in rest) if same else 0
        if whole in shown & published and 0 < abs(moved) < k:
            found.add(f"left out under {whole}: {moved}")
    # Most reports do not change: take what was shown before as still true, and what is shown now as true before.
    still = {key for key in shown if second.get(key) == first[key]}
    found |= {f"with the earlier: {one}" for one in attack(after, published | still, k)}
    already = {key for key in published if first.get(key) == second[key]}
    found |= {f"with the later: {one}" for one in attack(before, shown | already, k)}
    return found


def attack_periods(
    truths: Mapping[str, Truth],
    made_of: Mapping[str, Mapping[str, Iterable[str]]],
    published: Mapping[str, Iterable[Key]],
    k: int = 10,
) -> set[str]:
    """Return what the publications of several periods give away together.

    `made_of` says for a longer period of which shorter ones each organisation's figures are the sum.
    """
    closed = {(row, f"{column}@{period}"): value for period, truth in truths.items()
              for (row, column), value in truth.closed().items()}  # fmt: skip
    sums = [
        ((whole[0], f"{whole[1]}@{period}"), [(row, f"{column}@{period}") for row, column in parts])
        for period, truth in truths.items()
        for whole, parts in truth.sums()
    ]
    for period, rows in made_of.items():
        for row, column in truths[period].closed():
            parts = [(row, f"{column}@{one}") for one in rows[row.removesuffix(OWN)]]
            sums.append(((row, f"{column}@{period}"), [part for part in parts if part in closed]))
    known = {(row, f"{column}@{period}"): closed[row, f"{column}@{period}"] for period, keys in published.items()
             for row, column in keys}  # fmt: skip
    return {
        *(f"read {key}" for key, value in known.items() if 0 < value < k),
        *_differences(known, sums, k),
        *_elimination(known, sums, k),
        *_intervals(closed, known, sums, k),
    }


def _differences(known: Mapping[Key, int], sums: list[tuple[Key, list[Key]]], k: int) -> Iterator[str]:
    """Every total minus every published part of it, one at a time and all together, through any depth."""
    below: dict[Key, set[Key]] = {}

    def parts_of(whole: Key) -> set[Key]:
        if whole not in below:
            below[whole] = set()
            for one, parts in sums:
                if one == whole:
                    for part in parts:
                        below[whole] |= {part} | parts_of(part)
        return below[whole]

    for whole in known:
        for part in parts_of(whole) & known.keys():
            if 0 < known[whole] - known[part] < k:
                yield f"{whole} - {part}"
    for whole, parts in sums:
        if whole in known:
            rest = known[whole] - sum(known[part] for part in parts if part in known)
            if any(part not in known for part in parts) and 0 < rest < k:
                yield f"{whole} - shown parts"


def _elimination(known: Mapping[Key, int], sums: list[tuple[Key, list[Key]]], k: int) -> Iterator[str]:
    """Gauss over the hidden cells: single ones that come out, and sums of them."""
    reduced: dict[Key, dict[Key, Fraction]] = {}
    rights: dict[Key, Fraction] = {}
    for whole, parts in sums:
        row: dict[Key, Fraction] = {}
        right = Fraction(0)
        for key, sign in ((whole, -1), *((part, 1) for part in parts)):
            if key in known:
                right -= sign * known[key]
            else:
                row[key] = row.get(key, Fraction(0)) + sign
        for pivot in [key for key in row if key in reduced]:
            factor = row.get(pivot, Fraction(0))
            right -= factor * rights[pivot]
            _subtract(row, reduced[pivot], factor)
        if not row:
            continue
        pivot = next(iter(row))
        factor = row[pivot]
        row = {key: value / factor for key, value in row.items()}
        right /= factor
        for other, entries in reduced.items():
            if pivot in entries:
                rights[other] -= entries[pivot] * right
                _subtract(entries, row, entries[pivot])
        reduced[pivot], rights[pivot] = row, right
    for pivot, entries in reduced.items():
        for sign in (1, -1):
            if all(sign * value > 0 for value in entries.values()) and 0 < sign * rights[pivot] < k:
                yield f"eliminated {sorted(entries)} = {sign * rights[pivot]}"


def _subtract(row: dict[Key, Fraction], other: Mapping[Key, Fraction], factor: Fraction) -> None:
    for key, value in other.items():
        left = row.get(key, Fraction(0)) - factor * value
        if left:
            row[key] = left
        else:
            row.pop(key, None)


def _intervals(
    closed: Mapping[Key, int], known: Mapping[Key, int], sums: list[tuple[Key, list[Key]]], k: int
) -> Iterator[str]:
    """Counts are whole and not negative: narrow every hidden cell until nothing moves."""
    top = max(known.values(), default=10**9)
    low = {key: known.get(key, 0) for key in closed}
    high = {key: known.get(key, 10**9 if top == 10**9 else 10 * top + 10**6) for key in closed}
    for _ in range(60):
        moved = False
        for whole, parts in sums:
            lows, highs = sum(low[p] for p in parts), sum(high[p] for p in parts)
            steps = [(whole, lows, highs)]
            steps += [(p, low[whole] - (highs - high[p]), high[whole] - (lows - low[p])) for p in parts]
            for key, least, most in steps:
                if least > low[key] or most < high[key]:
                    low[key], high[key] = max(low[key], least), min(high[key], most)
                    moved = True
        if not moved:
            break
    for key in closed:
        assert low[key] <= closed[key] <= high[key], "the attack itself is wrong"
        if key not in known and low[key] >= 1 and high[key] < k:
            yield f"between {low[key]} and {high[key]}: {key}"


def leaves_summed(
    leaves: Mapping[str, Mapping[str, int]],
    parents: Mapping[str, str | None],
    dimensions: Mapping[str, tuple[str, ...]],
) -> Truth:
    """Return the truth in which every organisation holds the sum of what is at and below it.

    A dimension nobody reports does not exist for the reader.
    """
    counts: dict[Key, int] = {}
    for leaf, measures in leaves.items():
        for column, value in measures.items():
            at: str | None = leaf
            while at is not None:
                counts[at, column] = counts.get((at, column), 0) + value
                at = parents[at]
    told = {column for _, column in counts}
    return Truth(parents, {name: names for name, names in dimensions.items() if told & set(names)}, counts)
