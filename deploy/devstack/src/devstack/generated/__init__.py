"""Files that are written by the code they describe: state diagrams, event catalogue, error list, schemas.

`python -m devstack.generated` writes them, `--check` only compares and names what is stale.
"""
