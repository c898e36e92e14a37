"""The columns of every table, declared once, by subject."""
