"""A self-contained HTML page."""
