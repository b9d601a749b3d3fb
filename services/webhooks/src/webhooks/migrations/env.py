from servicekit.migrations import run_environment
from webhooks.tables import Base

run_environment(Base.metadata)
