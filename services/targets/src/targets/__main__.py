"""`python -m targets serve | worker | migrate | rebuild | openapi`."""

from servicekit.commands import main
from targets.app import SERVICE

main(SERVICE)
