"""All that is held on one person, for whoever asks for it (RGPD, article 15)."""
