"""Talking to RealtimeKit: documents in, nothing about tables."""
