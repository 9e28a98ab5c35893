"""The demonstration: a console on invented schools, with every process it needs, in one terminal."""
