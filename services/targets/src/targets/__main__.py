"""`python -m targets serve | worker | migrate | rebuild | openapi | recalculate`."""

from servicekit.commands import main
from targets.app import SERVICE

main(SERVICE)
