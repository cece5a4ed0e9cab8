"""A pretrained network as an ordered list of named stages in named layer groups."""
