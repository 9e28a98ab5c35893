"""Signing in by an identity provider (FIM / ARENA, ProConnect): who comes in, and what that opens."""
