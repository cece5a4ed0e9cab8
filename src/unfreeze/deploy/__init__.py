"""The model bundle, and a predictor that needs no torch."""
