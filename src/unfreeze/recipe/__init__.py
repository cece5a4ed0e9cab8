"""The eight steps, from a folder of pictures to a run folder."""
