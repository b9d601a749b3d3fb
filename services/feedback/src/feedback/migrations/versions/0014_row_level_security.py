"""Row-level security: whoever may not see a submission finds no row of it, whatever a statement forgets to ask."""

from alembic import op

from servicekit.row_security import open_house, protect, within

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None

SERVICE = "feedback"
STAFF = f"({within('front_organisation_id', 'staff')} OR {within('holder_organisation_id', 'staff')})"
TICKET = "secret_hmac = (SELECT app_secret('ticket'))"
"""The transaction was shown the code and secret of exactly this submission."""
UPLOADED = "id = ANY ((SELECT app_ids('uploads'))::uuid[])"
"""The transaction was shown the id of exactly this photo, which only its sender knows."""
OF_A_VISIBLE_ONE = "EXISTS (SELECT FROM submission seen WHERE seen.id = submission_id)"
REVEALED = (
    "EXISTS (SELECT FROM submission seen WHERE seen.id = submission_id"
    f" AND {within('seen.front_organisation_id', 'revealers')})"
)
# Who knows a secret opens with it what it belongs to, until the transaction ends. Functions, because the setting has to
# stand before the first row is looked at; volatile, so that the planner never asks them at another moment.
BY_TICKET = """
CREATE FUNCTION submission_of_ticket(ticket bytea) RETURNS SETOF submission LANGUAGE plpgsql VOLATILE ROWS 1 AS $$
BEGIN
  PERFORM set_config('app.ticket', encode(ticket, 'hex'), true);
  RETURN QUERY SELECT * FROM submission WHERE secret_hmac = ticket;
END $$
"""
BY_UPLOADS = """
CREATE FUNCTION uploads_named(uploads uuid[]) RETURNS SETOF attachment LANGUAGE plpgsql VOLATILE ROWS 4 AS $$
BEGIN
  PERFORM set_config('app.uploads', CAST(uploads AS text), true);
  RETURN QUERY SELECT * FROM attachment WHERE id = ANY (uploads);
END $$
"""


def upgrade() -> None:
    open_house(op, SERVICE)
    protect(
        op,
        SERVICE,
        "submission",
        see=f"{TICKET} OR {STAFF}",
        add="status = 'submitted' AND version = 1",
        change=f"{TICKET} OR {STAFF}",
    )
    protect(
        op,
        SERVICE,
        "submission_line",
        see=OF_A_VISIBLE_ONE,
        add=f"(action = 'submit' AND version = 1) OR {OF_A_VISIBLE_ONE}",
    )
    protect(op, SERVICE, "identity_vault", see=REVEALED, add="true")
    protect(
        op,
        SERVICE,
        "attachment",
        see=f"{UPLOADED} OR {OF_A_VISIBLE_ONE}",
        add="submission_id IS NULL",
        change=f"{UPLOADED} AND submission_id IS NULL",
    )
    protect(op, SERVICE, "deadline_change", see="EXISTS (SELECT FROM submission seen WHERE seen.id = item_id)")
    op.execute('REVOKE ALL ON recount_mark FROM "feedback"')
    op.execute(BY_TICKET)
    op.execute(BY_UPLOADS)
