"""`python -m registry serve | worker | migrate | rebuild | openapi`."""

from registry.app import SERVICE
from servicekit.commands import main

if __name__ == "__main__":
    main(SERVICE)
