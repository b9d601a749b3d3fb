"""What the worker of this service does besides answering requests."""

from webhooks.consumers import CONSUMERS, REFERENCES
from webhooks.jobs import JOBS

__all__ = ["CONSUMERS", "JOBS", "REFERENCES"]
