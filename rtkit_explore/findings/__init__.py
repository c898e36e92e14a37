"""
What was wrong in a call, with the evidence, and whose side it was on.

The measuring layer states facts; everything that is an opinion lives here: the thresholds (``profiles``), the rules,
the attribution, the verdicts and the words. The same call can be judged again under another profile without being
fetched or measured again.
"""
