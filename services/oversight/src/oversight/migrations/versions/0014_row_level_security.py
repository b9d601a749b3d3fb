"""Row-level security: case files for the presiding side, recommendations also for the body they were served on."""

from alembic import op

from servicekit.row_security import open_house, protect, run_as_house, within

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None

SERVICE = "oversight"
PRESIDED = within("presiding_organisation_id", "case_readers")
# A case is seen by its addressees, an addressee by its case: one direction has to be told past the policies, or they
# would ask each other for ever. It tells ids only, and only of what was served on the asking organisations.
SERVED_ON_US = """
CREATE FUNCTION {name}() RETURNS uuid[] LANGUAGE sql STABLE AS $$
  SELECT array_agg(DISTINCT r.{column}) FROM addressee a JOIN recommendation r ON r.id = a.recommendation_id
   WHERE a.organisation_id = ANY (ARRAY(
     SELECT id FROM reference WHERE kind = 'organisation' AND path && (SELECT app_ids('reply_readers'))))
$$
"""
CASE_SEEN = f"{PRESIDED} OR id = ANY ((SELECT cases_served_on_us())::uuid[])"
CASE_PRESIDED = f"EXISTS (SELECT FROM oversight_case c WHERE c.id = case_id AND {PRESIDED})"
RECOMMENDATION_SEEN = f"{CASE_PRESIDED} OR id = ANY ((SELECT recommendations_served_on_us())::uuid[])"
PART_PRESIDED = (
    "EXISTS (SELECT FROM recommendation r JOIN oversight_case c ON c.id = r.case_id"
    f" WHERE r.id = recommendation_id AND {PRESIDED})"
)
PART_SEEN = f"{within('organisation_id', 'reply_readers')} OR {PART_PRESIDED}"


def upgrade() -> None:
    open_house(op, SERVICE)
    for name, column in (("cases_served_on_us", "case_id"), ("recommendations_served_on_us", "id")):
        op.execute(SERVED_ON_US.format(name=name, column=column))
        run_as_house(op, SERVICE, f"{name}()")
    protect(op, SERVICE, "feedback_item", see=within("front_organisation_id", "case_readers"))
    protect(op, SERVICE, "oversight_case", see=CASE_SEEN, add=PRESIDED, change=PRESIDED)
    protect(op, SERVICE, "recommendation", see=RECOMMENDATION_SEEN, add=CASE_PRESIDED, change=RECOMMENDATION_SEEN)
    protect(op, SERVICE, "addressee", see=PART_SEEN, add=PART_PRESIDED, change=PART_SEEN)
    protect(op, SERVICE, "deadline_change", see="EXISTS (SELECT FROM addressee seen WHERE seen.id = item_id)")
    op.execute('REVOKE ALL ON recount_mark FROM "oversight"')
