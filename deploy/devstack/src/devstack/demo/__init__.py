"""The main journey, all through the gateway with real tokens; `./nhipcau demo` runs it."""
