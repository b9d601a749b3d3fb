"""What PostgreSQL itself refuses about units and bodies over time, as deferred constraint triggers (migration 0007).

Deferred, because one restructuring passes through states that its end does not have. Every refusal names its rule as
the constraint (`CONSTRAINT`) and the row as the detail, which `actions/restructure.py` turns into the error people see.

A chain of successions cannot come back to where it began: each predecessor ends the day before its successor stands
on, so ends only grow along the chain. A body cannot be its own ancestor: its path is its parent's and itself.
"""

from typing import Final

_SPAN: Final = "daterange({0}.valid_from, {0}.valid_to, '[]')"


def _refuse(condition: str, rule: str, detail: str = "own.id") -> str:
    return (
        f"  IF {condition} THEN\n"
        f"    RAISE EXCEPTION 'impossible history: {rule}'"
        f" USING ERRCODE = '23514', CONSTRAINT = '{rule}', DETAIL = {detail}::text;\n"
        "  END IF;\n"
    )


def _outside(inner: str, outer: str) -> str:
    return f"NOT {_SPAN.format(outer)} @> {_SPAN.format(inner)}"


def _some(table: str, condition: str) -> str:
    return f"EXISTS (SELECT 1 FROM {table} x WHERE {condition})"


def _row_rules(thing: str) -> str:
    """The rules of one row of `unit` or `organisation`, looked at from both sides of every relation it has."""
    own, succession = _SPAN.format("own"), f"{thing}_succession"
    rules = (
        f"  SELECT * INTO own FROM {thing} WHERE id = NEW.id;\n"
        "  IF NOT FOUND THEN RETURN NULL; END IF;\n"
        "  IF own.parent_id IS NULL THEN\n" + _refuse("own.path <> ARRAY[own.id]", "path_follows_parent") + "  ELSE\n"
        # The lock waits for whoever is ending the parent at this moment, and shows the row as they left it.
        f"  SELECT * INTO above FROM {thing} WHERE id = own.parent_id FOR SHARE;\n"
        + _refuse("own.path <> above.path || own.id", "path_follows_parent")
        + _refuse(_outside("own", "above"), "parent_stands_all_the_time")
        + "  END IF;\n"
        + _refuse(_some(thing, "x.parent_id = own.id AND x.path <> own.path || x.id"), "path_follows_parent")
        + _refuse(_some(thing, f"x.parent_id = own.id AND {_outside('x', 'own')}"), "parent_stands_all_the_time")
        + _refuse(
            _some(
                succession,
                "x.predecessor_id = own.id AND (own.valid_to IS NULL OR own.valid_to + 1 <> x.happened_on)",
            ),
            "predecessor_ends_the_day_before",
        )
        + _refuse(
            _some(succession, f"x.successor_id = own.id AND NOT {own} @> x.happened_on"),
            "successor_stands_on_the_day",
        )
    )
    if thing == "unit":
        return rules + _refuse(
            _some("organisation", f"x.unit_id = own.id AND {_outside('x', 'own')}"), "unit_stands_all_the_time"
        )
    return (
        rules
        + "  SELECT * INTO place FROM unit WHERE id = own.unit_id FOR SHARE;\n"
        + _refuse(_outside("own", "place"), "unit_stands_all_the_time")
    )


def _succession_rules(thing: str) -> str:
    """The rules of one row of a succession table."""
    succession = f"{thing}_succession"
    whole = "x.share IN ('whole', 'unchanged')" if thing == "unit" else "x.kind <> 'SPLIT'"
    return (
        f"  SELECT * INTO edge FROM {succession}"
        " WHERE predecessor_id = NEW.predecessor_id AND successor_id = NEW.successor_id;\n"
        "  IF NOT FOUND THEN RETURN NULL; END IF;\n"
        # Two who add shares of one predecessor go one after the other, so that each sees the other's.
        f"  SELECT * INTO own FROM {thing} WHERE id = edge.predecessor_id FOR NO KEY UPDATE;\n"
        f"  SELECT * INTO above FROM {thing} WHERE id = edge.successor_id FOR SHARE;\n"
        + _refuse(
            "own.valid_to IS NULL OR own.valid_to + 1 <> edge.happened_on", "predecessor_ends_the_day_before", "own.id"
        )
        + _refuse(f"NOT {_SPAN.format('above')} @> edge.happened_on", "successor_stands_on_the_day", "above.id")
        + _refuse(
            f"(SELECT coalesce(sum(x.ratio), 0) > 1 OR (count(*) > 1 AND bool_or({whole}))"
            f" FROM {succession} x WHERE x.predecessor_id = own.id)",
            "shares_make_at_most_the_whole",
            "own.id",
        )
    )


def statements() -> list[str]:
    """Return the functions and triggers, in the order in which to create them."""
    made: list[str] = []
    for thing in ("unit", "organisation"):
        place = "" if thing == "unit" else " place unit%ROWTYPE;"
        columns = "parent_id, path, valid_from, valid_to" + ("" if thing == "unit" else ", unit_id")
        made += [
            f"CREATE FUNCTION check_{thing}() RETURNS trigger LANGUAGE plpgsql AS $$\n"
            f"DECLARE own {thing}%ROWTYPE; above {thing}%ROWTYPE;{place}\nBEGIN\n{_row_rules(thing)}"
            "  RETURN NULL;\nEND $$",
            f"CREATE FUNCTION check_{thing}_succession() RETURNS trigger LANGUAGE plpgsql AS $$\n"
            f"DECLARE own {thing}%ROWTYPE; above {thing}%ROWTYPE; edge {thing}_succession%ROWTYPE;\n"
            f"BEGIN\n{_succession_rules(thing)}  RETURN NULL;\nEND $$",
            f"CREATE CONSTRAINT TRIGGER possible_{thing} AFTER INSERT OR UPDATE OF {columns} ON {thing}"
            f" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_{thing}()",
            f"CREATE CONSTRAINT TRIGGER possible_{thing}_succession AFTER INSERT OR UPDATE ON {thing}_succession"
            f" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_{thing}_succession()",
        ]
    return made
