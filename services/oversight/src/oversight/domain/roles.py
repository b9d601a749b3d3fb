"""Which roles of the house take part in oversight, and from which side."""

from typing import Final

PRESIDING: Final = frozenset({"front_officer"})
"""Those who act for the presiding Front committee (chủ thể giám sát)."""

ADDRESSED: Final = frozenset({"head", "handler"})
"""Those who answer for a body on which a recommendation was served (đối tượng, cơ quan có thẩm quyền)."""

CASE_READERS: Final = PRESIDING | {"head", "intake_officer", "monitoring_officer", "auditor", "integrating_system"}
"""Those who may read a case file of an organisation they are responsible for."""

RECOMMENDATION_READERS: Final = CASE_READERS | ADDRESSED
"""Those who may read what was recommended, by their side's visibility."""

GROUPS: Final = {"case_readers": CASE_READERS, "reply_readers": RECOMMENDATION_READERS}
"""What the row-level security asks by."""
