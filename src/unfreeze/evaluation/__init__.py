"""One table of predictions, and what can be said from it."""
