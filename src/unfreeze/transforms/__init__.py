"""One picture and one view number to a square (3, S, S) uint8 array."""
