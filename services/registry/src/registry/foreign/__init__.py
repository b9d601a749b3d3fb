"""What others sign: assertions of clients, tokens of identity providers. No database."""
