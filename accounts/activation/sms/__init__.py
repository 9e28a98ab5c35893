"""By SMS: a mobile proven by a code, whose children; the way in which needs nothing else."""
