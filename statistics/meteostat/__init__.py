"""MétéoStat: the accounts of each territory, and how they were activated, over time: counts, no name."""
