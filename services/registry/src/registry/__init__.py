"""Units and organisations over time, accounts and roles, tokens, calendar, legal rules."""
