"""The frozen part of a network, computed once per (image content, view, weights, cut) and stored."""
