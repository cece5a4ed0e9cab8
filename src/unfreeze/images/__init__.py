"""Pictures in a folder, a CSV file or lists to a table of (path, label, split, content hash)."""
