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
# What the house does or tells in the middle of somebody's request, because not all of the rows are theirs to see.
FUNCTIONS = {
    # Whoever ends a body administers it, but not all who hold a role there: those are told by id, and held.
    "hold_holders(uuid[])": """
CREATE FUNCTION hold_holders(bodies uuid[]) RETURNS SETOF uuid LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN QUERY SELECT id FROM account WHERE id IN (
    SELECT account_id FROM role_grant WHERE organisation_id = ANY (bodies) AND ended_at IS NULL)
    ORDER BY id FOR NO KEY UPDATE;
  RETURN QUERY SELECT id FROM api_client WHERE id IN (
    SELECT api_client_id FROM role_grant WHERE organisation_id = ANY (bodies) AND ended_at IS NULL)
    ORDER BY id FOR NO KEY UPDATE;
END $$
""",
    # Whoever renames a topmost body does not administer its successor before their own role has followed.
    "follow_successor(uuid, uuid, date, timestamptz)": """
CREATE FUNCTION follow_successor(
  before uuid, after uuid, day date, moment timestamptz, OUT roles bigint, OUT holders bigint
) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  moved bigint;
BEGIN
  IF NOT EXISTS (
    SELECT FROM organisation place WHERE place.id = before AND place.path && app_ids('administrators')
  ) THEN
    RAISE insufficient_privilege;
  END IF;
  INSERT INTO role_grant
    (id, account_id, api_client_id, role, organisation_id, valid_from, valid_to, granted_by, created_at)
  SELECT gen_random_uuid(), g.account_id, g.api_client_id, g.role, after, greatest(g.valid_from, day), g.valid_to,
         g.granted_by, moment
    FROM role_grant g
   WHERE g.organisation_id = before AND g.ended_at IS NULL AND (g.valid_to IS NULL OR g.valid_to >= day)
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS roles = ROW_COUNT;
  UPDATE account SET organisation_id = after, version = version + 1 WHERE organisation_id = before;
  GET DIAGNOSTICS holders = ROW_COUNT;
  UPDATE api_client SET organisation_id = after, version = version + 1 WHERE organisation_id = before;
  GET DIAGNOSTICS moved = ROW_COUNT;
  holders := holders + moved;
END $$
""",
    # A provider's people are linked and looked after below the organisation that configures it, too.
    "active_provider_id(text)": """
CREATE FUNCTION active_provider_id(named text) RETURNS uuid LANGUAGE sql STABLE
  RETURN (SELECT id FROM identity_provider WHERE key = named AND status = 'active')
""",
    "provider_key(uuid)": """
CREATE FUNCTION provider_key(provider uuid) RETURNS text LANGUAGE sql STABLE
  RETURN (SELECT key FROM identity_provider WHERE id = provider)
""",
}


def upgrade() -> None:
    open_house(op, SERVICE)
    for function, made in FUNCTIONS.items():
        op.execute(made)
        run_as_house(op, SERVICE, function)
    for name in ("account", "api_client"):
        protect(op, SERVICE, name, see=HOLDER, add=ADMINISTERED, change=HOLDER)
    granting = f"({OF_A_HOLDER}) AND {ADMINISTERED}"
    protect(op, SERVICE, "role_grant", see=OF_A_HOLDER, add=granting, change=OF_A_HOLDER)
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
