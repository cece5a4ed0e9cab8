"""Exit codes that several commands share."""

UNREAD_CODE = 3
"""Some pictures could not be read, the others are predicted."""

INTERRUPTED = 130
"""What a shell returns for a program that Ctrl-C stopped."""
