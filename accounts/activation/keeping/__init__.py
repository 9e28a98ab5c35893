"""« Mon compte »: signing in, finding the account again, changing what it holds."""
