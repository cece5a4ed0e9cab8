"""Plots. Each draws on axes that it is given and returns them; matplotlib is loaded where a figure is made."""
