"""The family's side: how an account is activated."""
