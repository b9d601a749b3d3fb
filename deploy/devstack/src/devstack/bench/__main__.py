"""`python -m devstack.bench [NAME ...] [--json]`."""

import sys

from devstack.bench import command_line

sys.exit(command_line())
