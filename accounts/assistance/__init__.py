"""Helping a family that cannot get in: finding it, saying why, what to do and what to say (guide, 2.2)."""
