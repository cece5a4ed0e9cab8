"""Pictures on disk to a table of (path, label, split, content hash)."""
