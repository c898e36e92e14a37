"""Samples to facts: increments, rates, delays, gaps and resets. No opinion, no thresholds."""
