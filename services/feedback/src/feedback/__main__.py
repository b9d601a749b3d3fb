"""`python -m feedback serve | worker | migrate | rebuild | openapi`."""

from feedback.app import SERVICE
from servicekit.commands import main

if __name__ == "__main__":
    main(SERVICE)
