"""What users would pick instead, a small script each. They run in an environment of their own and know nothing of ours.

Each takes a folder with `train/CLASS/*` and `valid/CLASS/*`, and prints one line of JSON: seconds by phase, accuracy
and mean loss on the validation pictures.
"""
