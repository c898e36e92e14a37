"""Learning with simulated and recorded calls: lessons, mystery calls, and the words of the field."""
