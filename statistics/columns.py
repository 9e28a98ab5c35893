"""The columns of a count: the states and origins an account can have together (its CHECK constraints)."""

from __future__ import annotations

from accounts.transitions import Origin, State

# Every account is in one of them.
COLUMNS: dict[str, tuple[State, Origin | None]] = {
    "not_notified": (State.NOT_NOTIFIED, None),
    "notified": (State.NOTIFIED, None),
    "activating": (State.ACTIVATING, None),
    "active_establishment": (State.ACTIVE, Origin.ESTABLISHMENT),
    "active_responsable": (State.ACTIVE, Origin.RESPONSABLE),
    "active_franceconnect": (State.ACTIVE, Origin.FRANCECONNECT),
    "active_ent": (State.ACTIVE, Origin.ENT),
    "active_aten": (State.ACTIVE, Origin.ATEN),
}
_NUMBERED = list(enumerate(COLUMNS.items()))


def _condition(state: State, origin: Origin | None) -> str:
    return f"account.state = '{state}'" + (f" AND account.origin = '{origin}'" if origin else "")


# In SQL: the number of an account's column, then how many rows have each number.
PLACE = f"CASE {' '.join(f'WHEN {_condition(*held)} THEN {number}' for number, (_, held) in _NUMBERED)} END"
COUNTS = ", ".join(f"count(*) FILTER (WHERE place = {number}) AS {name}" for number, (name, _) in _NUMBERED)


def each_column(pattern: str) -> str:
    """`pattern` for each of the columns, between commas."""
    return ", ".join(pattern.format(name=name) for name in COLUMNS)
