"""Row-level security: accounts, clients, roles and sessions for their holders and for those who administer them."""

from alembic import op

from servicekit.row_security import open_house, protect, run_as_house

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SERVICE = "registry"
OWN = "= ANY ((SELECT app_ids('actor'))::uuid[])"
ADMINISTERED = (
    "EXISTS (SELECT FROM organisation place WHERE place.id = organisation_id"
    " AND place.path && (SELECT app_ids('administrators')))"
)
HOLDER = f"id {OWN} OR {ADMINISTERED}"
OF_A_HOLDER = (
    "EXISTS (SELECT FROM account seen WHERE seen.id = account_id)"
    " OR EXISTS (SELECT FROM api_client seen WHERE seen.id = api_client_id)"
)
OF_AN_ACCOUNT = "EXISTS (SELECT FROM account seen WHERE seen.id = account_id)"
OF_A_SESSION = "EXISTS (SELECT FROM sign_in_session seen WHERE seen.id = session_id)"


OF_A_CLIENT = "EXISTS (SELECT FROM api_client seen WHERE seen.id = api_client_id)"
# Whoever ends a body administers it, but not all who hold a role there: those are told by id, and held.
HOLDERS = """
CREATE FUNCTION hold_holders(bodies uuid[]) RETURNS SETOF uuid LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN QUERY SELECT id FROM account WHERE id IN (
    SELECT account_id FROM role_grant WHERE organisation_id = ANY (bodies) AND ended_at IS NULL)
    ORDER BY id FOR NO KEY UPDATE;
  RETURN QUERY SELECT id FROM api_client WHERE id IN (
    SELECT api_client_id FROM role_grant WHERE organisation_id = ANY (bodies) AND ended_at IS NULL)
    ORDER BY id FOR NO KEY UPDATE;
END $$
"""


def upgrade() -> None:
    open_house(op, SERVICE)
    op.execute(HOLDERS)
    run_as_house(op, SERVICE, "hold_holders(uuid[])")
    for name in ("account", "api_client"):
        protect(op, SERVICE, name, see=HOLDER, add=ADMINISTERED, change=HOLDER)
    held = f"{OF_A_HOLDER} OR {ADMINISTERED}"
    protect(op, SERVICE, "role_grant", see=held, add=OF_A_HOLDER, change=held)
    # Signing in and refreshing are done by the house, before anybody is known; ending a session is not.
    protect(op, SERVICE, "sign_in_session", see=OF_AN_ACCOUNT, change=OF_AN_ACCOUNT)
    protect(op, SERVICE, "refresh_token", see=OF_A_SESSION)
    protect(op, SERVICE, "access_code", see=OF_AN_ACCOUNT, add=OF_AN_ACCOUNT, change=OF_AN_ACCOUNT)
    for name in ("recovery_code", "foreign_identity"):
        protect(op, SERVICE, name, see=OF_AN_ACCOUNT, add=OF_AN_ACCOUNT, change=OF_AN_ACCOUNT, remove=OF_AN_ACCOUNT)
    protect(op, SERVICE, "api_client_credential", see=OF_A_CLIENT, add=OF_A_CLIENT, change=OF_A_CLIENT)
    protect(op, SERVICE, "identity_provider", see=ADMINISTERED, add=ADMINISTERED, change=ADMINISTERED)
    for name in ("sign_in_throttle", "client_assertion", "foreign_sign_in"):
        op.execute(f'REVOKE ALL ON {name} FROM "registry"')
