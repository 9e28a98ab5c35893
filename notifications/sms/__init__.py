"""SMS to families: promised sealed, claimed by a worker, handed to a gateway, then forgotten."""
