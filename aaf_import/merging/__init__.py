"""From the staged tables of one run to the tables of the application, by sets, inside one transaction."""
