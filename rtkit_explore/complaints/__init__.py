"""Complaints in a customer's words: what was meant, what the call's reports say to it, and what to reply."""
