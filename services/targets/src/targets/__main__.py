"""`python -m targets serve | worker | migrate | rebuild | recompute | refetch | recalculate | openapi`."""

from servicekit.commands import main
from targets.app import SERVICE

main(SERVICE)
