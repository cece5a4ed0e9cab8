"""Speed, as ratios of two things run side by side in the same process and the same minutes."""
