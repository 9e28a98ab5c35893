"""By somebody who knows the family already: FranceConnect, or the ENT of a school."""
