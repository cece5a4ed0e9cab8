"""The studies of `docs/research`: each row of their tables is trained anew by these modules."""
