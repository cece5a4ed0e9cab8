"""The face for notebooks: pictures and a network in, training and evaluation by hand."""
