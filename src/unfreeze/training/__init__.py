"""Schedules, the LR finder, the one epoch loop, and what training leaves behind."""
