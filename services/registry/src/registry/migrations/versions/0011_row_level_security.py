"""Row-level security: accounts, clients, roles and sessions for their holders and for those who administer them."""

from alembic import op

from servicekit.row_security import open_house, protect

revision = "0011"
down_revision = "0006"
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


def upgrade() -> None:
    open_house(op, SERVICE)
    for name in ("account", "api_client"):
        protect(op, SERVICE, name, see=HOLDER, add=ADMINISTERED, change=HOLDER)
    protect(op, SERVICE, "role_grant", see=OF_A_HOLDER, add=OF_A_HOLDER, change=OF_A_HOLDER)
    # Signing in and refreshing are done by the house, before anybody is known; ending a session is not.
    protect(op, SERVICE, "sign_in_session", see=OF_AN_ACCOUNT, change=OF_AN_ACCOUNT)
    protect(op, SERVICE, "refresh_token", see=OF_A_SESSION)
    op.execute('REVOKE ALL ON sign_in_throttle FROM "registry"')
