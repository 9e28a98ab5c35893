"""What each page asks of who opens it: said beside its view, checked here, told in docs/access.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseBase
from django.utils import timezone

from establishments.access import Right, enter
from establishments.models import AcademyRole
from establishments.requests import ConsoleRequest

# What a need may be about, beside one population: the establishment, whichever population gives the right;
# or an object, whose population the view reads, then gives to `admit`.
WHOLE, OBJECT = "WHOLE", "OBJECT"
# The role of who reads the statistics of a territory, beside those in académies (AcademyRole.Kind).
STATISTICS = "STATISTICS"
View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Need:
    """A right, for a population or what holds for one; where the kind of object matters, a right for each.

    `rights` is read by kind, all under "" when it does not matter.
    """

    rights: Mapping[str, Right]
    of: str


def needs(right: Right | Mapping[Any, Right], of: str = WHOLE) -> Callable[[View], View]:
    """The view is for agents of the establishment who hold `right`; it finds their `request.access`.

    A mapping gives the right for each kind of object. A population which is a part of the address, the
    argument `population`, is what the need is of.
    """
    need = Need(right if isinstance(right, Mapping) else {"": right}, of)

    def declare(view: View) -> View:
        @wraps(view)
        def guarded(request: ConsoleRequest, uai: str, **kwargs: Any) -> HttpResponseBase:
            request.access, request.need = enter(request, uai), need
            asked = kwargs.get("population", of)
            if asked == WHOLE:
                if not request.access.holds(need.rights[""]):
                    raise PermissionDenied
            elif asked != OBJECT:
                admit(request, asked)
            return view(request, uai, **kwargs)

        guarded.need = need  # type: ignore[attr-defined]
        return guarded

    return declare


def admit(request: ConsoleRequest, population: str, kind: str = "") -> None:
    """The agent holds what the view declared, for an object of `population`.

    Raises Http404 for a population they do not see, PermissionDenied for a right they lack.
    """
    request.access.require(request.need.rights[kind], population)


def for_assistance(view: View) -> View:
    """The view is for the assistance of académies; for others it does not exist."""
    return _for_role(view, AcademyRole.Kind.ASSISTANCE)


def for_imports(view: View) -> View:
    """The view is for those who follow the imports of académies; for others it does not exist."""
    return _for_role(view, AcademyRole.Kind.IMPORTS)


def _for_role(view: View, kind: AcademyRole.Kind) -> View:
    @wraps(view)
    def guarded(request: ConsoleRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        roles = request.user.academy_roles.in_force().filter(kind=kind)
        role = roles.select_related("academy").order_by("pk").first()
        if role is None:
            raise Http404
        timezone.activate(role.academy.zone)
        return view(request, *args, **kwargs)

    return declare_role(guarded, kind)


def declare_role(guarded: View, role: str) -> View:
    """Says of a page outside establishments the one role it is for, which `guarded` checks."""
    guarded.role = role  # type: ignore[attr-defined]
    return guarded
