"""Documents on disk: the layout of saved calls. Knows no table."""
