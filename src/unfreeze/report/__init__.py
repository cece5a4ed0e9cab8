"""Plots, and a self-contained HTML page."""
