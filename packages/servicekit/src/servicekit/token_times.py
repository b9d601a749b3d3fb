"""How long access tokens live: one place for who issues them and who judges them."""

from typing import Final

TOKENS_LIVE_SECONDS: Final = 600
LEEWAY_SECONDS: Final = 30
"""How far the clocks of two machines of the house may be apart."""
