"""Row-level security: endpoints for those whose organisations own them, and what was sent there for the same."""

from alembic import op

from servicekit.row_security import open_house, protect, within

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None

SERVICE = "webhooks"
OWNED = within("owner_organisation_id", "owners")
TO_OURS = "EXISTS (SELECT FROM endpoint e WHERE e.id = endpoint_id)"
SENT_TO_OURS = "EXISTS (SELECT FROM delivery d WHERE d.message_id = message.id)"


def upgrade() -> None:
    open_house(op, SERVICE)
    protect(op, SERVICE, "endpoint", see=OWNED, add=OWNED, change=OWNED)
    protect(op, SERVICE, "delivery", see=TO_OURS, add=TO_OURS, change=TO_OURS)
    protect(op, SERVICE, "message", see=SENT_TO_OURS, add="true")
    protect(op, SERVICE, "attempt", see="EXISTS (SELECT FROM delivery d WHERE d.id = delivery_id)")
