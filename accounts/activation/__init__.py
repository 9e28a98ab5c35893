"""The family’s side: a room for each thing it comes for; above them, what the rooms share."""
