"""`python -m oversight serve | worker | migrate | rebuild | openapi`."""

from oversight.app import SERVICE
from servicekit.commands import main

main(SERVICE)
