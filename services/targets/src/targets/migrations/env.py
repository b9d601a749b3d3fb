from servicekit.migrations import run_environment
from targets.tables import metadata

run_environment(metadata)
