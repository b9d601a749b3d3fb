"""`python -m webhooks serve | worker | migrate | rebuild`."""

from servicekit.commands import main
from webhooks.app import SERVICE

main(SERVICE)
