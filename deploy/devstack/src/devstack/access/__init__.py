"""Who may do what: the reviewed table (docs/access.csv), the scene it is tried on, and the comparison of the two."""
