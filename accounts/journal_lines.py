"""How the journal tells an event: who, what, on whom, in words that an establishment may read."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

from django.urls import reverse

from accounts.contacts import names_at
from accounts.exports import ListFormat
from accounts.models import Account, AccountKind, Operation
from accounts.profile import deed
from establishments.models import Agent, Delegation, EventKind, Mandate
from establishments.templatetags.french import day, number, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from establishments.access import Access
    from establishments.models import Event

GONE = "un compte qui n’est plus dans l’établissement"


@dataclass(frozen=True, slots=True)
class Subject:
    """On what an act was done: words, what tells them apart, the page which shows it, if it may be seen.

    `detail` is what it adds to the act itself.
    """

    label: str = ""
    identifier: str = ""
    address: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    event: Event
    by: str
    act: str
    detail: str
    subject: Subject
    operation: int | None


NOTHING = Subject()


Target: TypeAlias = tuple[str, int]


def lines_of(
    events: Iterable[Event], access: Access, known: dict[Target, Subject] | None = None
) -> list[Line]:
    """In a number of queries which does not depend on the number of events.

    `known` keeps the subjects found, for who reads one page after the other.
    """
    events = list(events)
    subjects = {} if known is None else known
    _complete(subjects, events, access)
    return [_line(event, subjects[event.target_kind, event.target_id], access) for event in events]


def _line(event: Event, subject: Subject, access: Access) -> Line:
    # A sign-in is to no establishment: it has been found because its agent acts in this one.
    own = event.agent.full_name if event.agent and event.establishment_id is None else ""
    told = deed(event, access.establishment)
    operation = told.operation if event.target_kind == "account" else None
    is_by_oneself = (event.target_kind, event.target_id) == ("agent", event.agent_id)
    return Line(
        event,
        by=own or told.by,
        act=_act(event),
        detail=told.detail or _detail(event) or _reason(event, subject),
        subject=NOTHING if is_by_oneself else subject,
        operation=operation,
    )


_OF_DEPUTIES: dict[str, str] = {
    EventKind.MANDATE_STARTED: "Fonction d’adjoint commencée",
    EventKind.MANDATE_ENDED: "Fonction d’adjoint terminée",
}


def _act(event: Event) -> str:
    """« Notification par feuilles individuelles » rather than « Opération lancée », when that is known."""
    kind = event.data.get("kind")
    if event.kind == EventKind.OPERATION_CONFIRMED and kind in Operation.Kind.values:
        return Operation.Kind(kind).label
    if event.data.get("role") == Mandate.Role.DEPUTY and event.kind in _OF_DEPUTIES:
        return _OF_DEPUTIES[event.kind]
    return str(event.get_kind_display())


def _detail(event: Event) -> str:
    told = _DETAILS.get(EventKind(event.kind))
    return told(event.data) if told else ""


def _reason(event: Event, subject: Subject) -> str:
    """Why the assistance came, said once: when it comes."""
    return subject.detail if event.kind == EventKind.ASSISTANCE_ENTERED else ""


def _of_operation(data: Mapping[str, Any]) -> str:
    count = data.get("accounts")
    if count is None:
        return ""
    ending = plural(count)
    whose = (
        f" d’élève{ending}" if data.get("population") == AccountKind.STUDENT else f" de responsable{ending}"
    )
    reset = ", avec réinitialisation" if data.get("with_reset") else ""
    return f"{number(count)} compte{ending}{whose}{reset}"


def _of_list(data: Mapping[str, Any]) -> str:
    parts = []
    if data.get("format") in ListFormat:
        parts.append(ListFormat(data["format"]).name)
    if (count := data.get("accounts")) is not None:
        parts.append(f"{number(count)} compte{plural(count)}")
    if secrets := data.get("secrets"):
        parts.append(f"{number(secrets)} mot{plural(secrets)} de passe")
    return ", ".join(parts)


_IMPORTED = (
    ("arrived", "élève{s} arrivé{s}"),
    ("left", "élève{s} parti{s}"),
    ("class_changes", "changement{s} de classe"),
    ("corrected", "fiche{s} corrigée{s}"),
    ("links_begun", "lien{s} ouvert{s}"),
    ("links_ended", "lien{s} fermé{s}"),
)


def _of_import(data: Mapping[str, Any]) -> str:
    """« 3 élèves arrivés, 1 changement de classe »."""
    return ", ".join(
        f"{number(count)} {words.format(s=plural(count))}"
        for name, words in _IMPORTED
        if (count := data.get(name))
    )


_SETTINGS = {"mails_a_link": "lien dans les courriels", "sends_reminders": "rappels automatiques"}


def _of_settings(data: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{_SETTINGS.get(name, name)} : {'oui' if value else 'non'}" for name, value in sorted(data.items())
    )


def _of_mandate(data: Mapping[str, Any]) -> str:
    """« selon l’annuaire fédérateur »."""
    source = dict(Mandate.Source.choices).get(data.get("source", ""), "")
    return str(source).lower()


def _of_deputy(data: Mapping[str, Any]) -> str:
    return "peut déléguer" if data.get("may_delegate") else "ne peut plus déléguer"


def _of_delegation(data: Mapping[str, Any]) -> str:
    """« assister, élèves, du 24/11/2026 au 31/08/2027 »: what each act left it to be."""
    names = [
        str(choices(data[name]).label).lower()
        for name, choices in (("profile", Delegation.Profile), ("population", Delegation.Population))
        if data.get(name) in choices.values
    ]
    begins_on, ends_on = data.get("begins_on"), data.get("ends_on")
    if begins_on:
        end = f" au {day(date.fromisoformat(ends_on))}" if ends_on else ", sans fin"
        names.append(f"du {day(date.fromisoformat(begins_on))}{end}")
    return ", ".join(names)


_DETAILS: dict[EventKind, Callable[[Mapping[str, Any]], str]] = {
    EventKind.OPERATION_CONFIRMED: _of_operation,
    EventKind.OPERATION_REPRINTED: _of_operation,
    EventKind.LIST_MADE: _of_list,
    EventKind.LIST_SECRETS_MADE: _of_list,
    EventKind.IMPORT_APPLIED: _of_import,
    EventKind.SETTING_CHANGED: _of_settings,
    EventKind.MANDATE_STARTED: _of_mandate,
    EventKind.MANDATE_ENDED: _of_mandate,
    EventKind.MANDATE_CHANGED: _of_deputy,
    EventKind.DELEGATION_GRANTED: _of_delegation,
    EventKind.DELEGATION_CHANGED: _of_delegation,
    EventKind.DELEGATION_ENDED: _of_delegation,
}


def _complete(subjects: dict[Target, Subject], events: list[Event], access: Access) -> None:
    """Add the targets of `events` which are not there yet; nothing for what is named by the act itself."""
    missing: dict[str, set[int]] = defaultdict(set)
    for event in events:
        target = (event.target_kind, event.target_id)
        if target not in subjects:
            subjects[target] = NOTHING
            missing[event.target_kind].add(event.target_id)
    for kind, keys in missing.items():
        if read := _READ.get(kind):
            subjects.update({(kind, pk): subject for pk, subject in read(keys, access).items()})


def _accounts(keys: set[int], access: Access) -> dict[int, Subject]:
    identifiers = dict(Account.objects.visible_to(access).filter(pk__in=keys).values_list("pk", "identifier"))
    names = names_at(access.establishment, identifiers)
    pages = reverse("account", args=[access.establishment.uai, 0]).removesuffix("0/")
    return {
        pk: Subject(names.get(pk, ""), identifiers[pk], f"{pages}{pk}/")
        if pk in identifiers
        else Subject(GONE)
        for pk in keys
    }


def _operations(keys: set[int], access: Access) -> dict[int, Subject]:
    seen = Operation.objects.visible_to(access).filter(pk__in=keys).values_list("pk", flat=True)
    pages = reverse("operation", args=[access.establishment.uai, 0]).removesuffix("0/")
    return {pk: Subject("Voir l’opération", "", f"{pages}{pk}/") for pk in seen}


def _agents(keys: set[int], access: Access) -> dict[int, Subject]:
    """Those who have ever held something here; others are nobody to this establishment."""
    here = access.establishment
    known = Agent.objects.filter(pk__in=keys)
    known = known.filter(mandates__establishment=here) | known.filter(delegations__establishment=here)
    return {agent.pk: Subject(agent.full_name) for agent in known.distinct()}


def _mandates(keys: set[int], access: Access) -> dict[int, Subject]:
    held = Mandate.objects.filter(pk__in=keys, establishment=access.establishment).select_related("agent")
    return {mandate.pk: Subject(mandate.agent.full_name) for mandate in held}


def _delegations(keys: set[int], access: Access) -> dict[int, Subject]:
    held = Delegation.objects.filter(pk__in=keys, establishment=access.establishment).select_related("agent")
    return {delegation.pk: Subject(delegation.agent.full_name) for delegation in held}


def _visits(keys: set[int], access: Access) -> dict[int, Subject]:
    """The school reads why the assistance came."""
    reasons = access.establishment.visits.filter(pk__in=keys).values_list("pk", "reason")
    return {pk: Subject(detail=f"«\N{NO-BREAK SPACE}{reason}\N{NO-BREAK SPACE}»") for pk, reason in reasons}


_READ: dict[str, Callable[[set[int], Access], dict[int, Subject]]] = {
    "account": _accounts,
    "operation": _operations,
    "agent": _agents,
    "mandate": _mandates,
    "delegation": _delegations,
    "visit": _visits,
}
