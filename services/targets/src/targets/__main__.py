"""`python -m targets serve | worker | migrate | rebuild | recompute | refetch | openapi`."""

from servicekit.commands import main
from targets.app import SERVICE

main(SERVICE)
