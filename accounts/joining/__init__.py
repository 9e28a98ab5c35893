"""Bringing together the records and accounts of one person, and taking them apart again."""
