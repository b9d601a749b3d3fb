"""How bodies follow when their units do."""


def organisation_succession_kind(share: str, predecessors: int) -> str:
    """Return MERGE, SPLIT, RENAME or CONTINUE for the bodies of a unit of which `share` went to a successor.

    `predecessors` counts all units the successor was formed from.
    """
    if share == "unchanged":
        return "CONTINUE"
    if share in ("part", "remainder"):
        return "SPLIT"
    return "MERGE" if predecessors > 1 else "RENAME"
