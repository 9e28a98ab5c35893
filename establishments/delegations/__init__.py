"""Who delegates what to whom in an establishment: granting, changing, ending, and the page which tells it."""
