from servicekit.migrations import run_environment

from registry.tables import metadata

run_environment(metadata)
