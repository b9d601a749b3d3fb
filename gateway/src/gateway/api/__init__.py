"""The few pages the gateway serves itself."""
