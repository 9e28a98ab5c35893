"""What a family answered so far, step after step, in its session: nothing is written before the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accounts.activation.session import FamilyRequest

_KEY = "family_steps"
_LOST = "Vos réponses n’ont pas été gardées assez longtemps. Recommencez : cela prend deux minutes."


class StartAgain(Exception):
    """A step was opened without those before it: led to the start, or to `to`, with a sentence."""

    def __init__(self, sentence: str = _LOST, to: str = "activation") -> None:
        super().__init__(sentence)
        self.sentence, self.to = sentence, to


def begin(request: FamilyRequest, way: str, **answers: Any) -> None:
    """Start `way` over, under a new key of the session; the answers of any other way are forgotten."""
    request.family.pop(_KEY, None)
    if request.account is None:
        request.family.cycle_key()
    request.family[_KEY] = {"way": way, **answers}


def answers(request: FamilyRequest, way: str, *needed: str) -> dict[str, Any]:
    """What was answered so far; raises StartAgain when another way, or none, was begun, or one is missing.

    Who is in already and goes back to a step is led to the account, which says where it stands.
    """
    kept: dict[str, Any] = request.family.get(_KEY, {})
    if kept.get("way") != way or any(name not in kept for name in needed):
        raise StartAgain if request.account is None else StartAgain("", "family_home")
    return kept


def keep(request: FamilyRequest, way: str, **more: Any) -> None:
    request.family[_KEY] = answers(request, way) | more


def end(request: FamilyRequest) -> None:
    request.family.pop(_KEY, None)
