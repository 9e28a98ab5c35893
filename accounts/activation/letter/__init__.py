"""By the letter: its identifiant, the steps of a first sign-in, the mail which ends them."""
