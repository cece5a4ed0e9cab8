"""The page on which a person goes through what is doubtful about a run's pictures, and what it writes."""
