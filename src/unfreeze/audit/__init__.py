"""What is wrong with a collection, found before training."""
