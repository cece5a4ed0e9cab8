"""Bulk work: predictions of any number of pictures in parts that are written once, here or on a cluster."""
