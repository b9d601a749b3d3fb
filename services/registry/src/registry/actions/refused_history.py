"""What PostgreSQL refuses about units and bodies over time, as the error people see."""

from sqlalchemy.exc import DBAPIError

from registry.domain.history_errors import REFUSED_BY_DATABASE


def told(error: DBAPIError) -> Exception:
    """Return the error of the rule the database refused by, or its own when that was none of ours."""
    cause = getattr(error.orig, "__cause__", None)
    refused = REFUSED_BY_DATABASE.get(str(getattr(cause, "constraint_name", "")))
    return refused() if refused else error
