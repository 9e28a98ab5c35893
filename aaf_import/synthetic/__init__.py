"""Invented AAF extracts of the genuine shape: schools, families and staff who do not exist (no Django)."""
