"""What is public of each case and recommendation is shown to the house's services."""

from alembic import op

from servicekit.row_security import run_as_house

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SERVICE = "oversight"
# Past the row-level security, because they tell no more than the events of the same things do.
CASES = """
CREATE FUNCTION public_case_facts(after uuid, take int) RETURNS TABLE (id uuid, version int, data jsonb)
LANGUAGE sql STABLE AS $$
  SELECT c.id, c.sequence, jsonb_build_object(
           'presiding_organisation_id', c.presiding_organisation_id,
           'planned_on', c.plan_date,
           'concluded_on', c.conclusion_date)
    FROM oversight_case c WHERE after IS NULL OR c.id > after ORDER BY c.id LIMIT take
$$
"""
RECOMMENDATIONS = """
CREATE FUNCTION public_recommendation_facts(after uuid, take int) RETURNS TABLE (id uuid, version int, data jsonb)
LANGUAGE sql STABLE AS $$
  SELECT r.id, r.sequence, jsonb_build_object(
           'case_id', r.case_id,
           'presiding_organisation_id', c.presiding_organisation_id,
           'served_on', r.served_on,
           'addressees', (
             SELECT jsonb_agg(jsonb_build_object(
                      'organisation_id', a.organisation_id,
                      'due_on', a.reply_due_on,
                      'replied_on', a.replied_on,
                      'disposition', a.disposition,
                      'verified_on', a.verified_on,
                      'ended_on', a.ended_on,
                      'end_reason', a.end_reason) ORDER BY a.id)
               FROM addressee a WHERE a.recommendation_id = r.id))
    FROM recommendation r JOIN oversight_case c ON c.id = r.case_id
   WHERE after IS NULL OR r.id > after ORDER BY r.id LIMIT take
$$
"""


def upgrade() -> None:
    # The owner may not even plan a query over rows that policies hide; the house, which runs them, may.
    op.execute("SET LOCAL check_function_bodies = off")
    for text, name in ((CASES, "public_case_facts"), (RECOMMENDATIONS, "public_recommendation_facts")):
        op.execute(text)
        run_as_house(op, SERVICE, f"{name}(uuid, int)")
