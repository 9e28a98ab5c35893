"""The page « Délégations » of an establishment and those below it: for who may delegate there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from establishments.access import Access, Right
from establishments.delegations import deputies, ending, granting, people
from establishments.delegations.forms import InvitationForm, TermsForm
from establishments.delegations.recap import recap_of
from establishments.delegations.terms import Terms
from establishments.guards import needs
from establishments.models import Delegation

if TYPE_CHECKING:
    from establishments.requests import ConsoleRequest

_CHANGED_MEANWHILE = (
    "Quelqu’un d’autre vient de modifier cette délégation : rien de ce que vous aviez saisi n’est enregistré."
)
_ALREADY_OVER = "Cette délégation est déjà terminée."


def _open_delegation(access: Access, pk: int) -> Delegation:
    """One of this establishment which is not over, granted here; Http404 for any other."""
    found = Delegation.objects.not_over().filter(
        establishment=access.establishment, source=Delegation.Source.GRANTED, pk=pk
    )
    delegation = found.select_related("agent", "granted_by", "establishment__feed__academy").first()
    if delegation is None:
        raise Http404
    return delegation


def _former_terms(access: Access, key: str) -> Terms | None:
    """The terms to grant again, begun today: those of a delegation of this establishment."""
    if not key.isascii() or not key.isdigit() or len(key) > 18:
        return None
    former = access.establishment.delegations.filter(pk=key).first()
    if former is None:
        return None
    today = access.establishment.academy.local_date()
    ends_on = former.ends_on if former.ends_on is None or former.ends_on >= today else None
    return Terms(former.profile, former.population, max(former.begins_on, today), ends_on)


@require_safe
@needs(Right.DELEGATE)
def delegations(request: ConsoleRequest, uai: str) -> HttpResponse:
    access = request.access
    recap = recap_of(access.establishment)
    left = [(each, people.key_of(each.delegation.agent, access.establishment)) for each in recap.left]
    context = {"access": access, "recap": recap, "left": left, "section": "delegations"}
    return render(request, "establishments/delegations.html", context)


@require_safe
@needs(Right.DELEGATE)
def delegation_search(request: ConsoleRequest, uai: str) -> HttpResponse:
    access = request.access
    query = request.GET.get("q", "").replace("\0", "").strip()[:254]
    place = access.establishment
    found = people.find(query, place)
    directing = set(place.mandates.in_force().values_list("agent", flat=True))
    open_ones = dict(
        place.delegations.not_over()
        .filter(source=Delegation.Source.GRANTED)
        .exclude(pk__in=place.delegations.orphaned())
        .order_by("-begins_on", "-pk")
        .values_list("agent", "pk")
    )
    results = [
        (agent, people.key_of(agent, place), agent.pk in directing, open_ones.get(agent.pk))
        for agent in found
    ]
    context = {"access": access, "query": query, "results": results, "section": "delegations"}
    return render(request, "establishments/delegation_search.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Right.DELEGATE)
def delegation_grant(request: ConsoleRequest, uai: str, key: str) -> HttpResponse:
    access = request.access
    agent = people.agent_of(key, access.establishment)
    data = request.POST if request.method == "POST" else None
    form = TermsForm(
        data, establishment=access.establishment, terms=_former_terms(access, request.GET.get("comme", ""))
    )
    if form.is_valid():
        try:
            granting.grant(agent, form.terms, by=access)
        except granting.DelegationRefused as refusal:
            form.explain(refusal)
            return _form_page(request, access, form, agent=agent, refusal=refusal)
        messages.success(
            request, f"Délégation accordée à {agent.full_name}. Un courriel vous le confirme à tous deux."
        )
        return redirect("delegations", access.establishment.uai)
    return _form_page(request, access, form, agent=agent)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Right.DELEGATE)
def delegation_invite(request: ConsoleRequest, uai: str) -> HttpResponse:
    access = request.access
    data = request.POST if request.method == "POST" else None
    form = InvitationForm(data, establishment=access.establishment, mail=request.GET.get("mail", "")[:254])
    if form.is_valid():
        try:
            delegation = granting.invite_and_grant(**form.person, terms=form.terms, by=access)
        except granting.DelegationRefused as refusal:
            form.explain(refusal)
            return _form_page(request, access, form, refusal=refusal)
        agent = delegation.agent
        messages.success(
            request, f"Délégation accordée à {agent.full_name}, qui reçoit une invitation à {agent.email}."
        )
        return redirect("delegations", access.establishment.uai)
    return _form_page(request, access, form)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Right.DELEGATE)
def delegation_change(request: ConsoleRequest, uai: str, pk: int) -> HttpResponse:
    access = request.access
    delegation = _open_delegation(access, pk)
    data = request.POST if request.method == "POST" else None
    form = TermsForm(data, establishment=access.establishment, terms=Terms.of(delegation))
    if form.is_valid():
        seen = request.POST.get("version", "")
        delegation.version = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 9 else -1
        try:
            is_changed = granting.change(delegation, form.terms, by=access)
        except granting.ChangedMeanwhile:
            messages.warning(request, _CHANGED_MEANWHILE)
            return redirect("delegation_change", access.establishment.uai, pk)
        except granting.DelegationRefused as refusal:
            form.explain(refusal)
            return _form_page(request, access, form, delegation=delegation, refusal=refusal)
        told = (
            "Délégation modifiée. Un courriel le dit aux personnes concernées."
            if is_changed
            else "Rien n’a changé."
        )
        messages.success(request, told)
        return redirect("delegations", access.establishment.uai)
    return _form_page(request, access, form, delegation=delegation)


def _form_page(
    request: ConsoleRequest,
    access: Access,
    form: TermsForm,
    *,
    agent: object = None,
    delegation: Delegation | None = None,
    refusal: Exception | None = None,
) -> HttpResponse:
    """One page for the three ways: a known agent, someone to invite, a delegation to change."""
    context = {
        "access": access,
        "form": form,
        "agent": delegation.agent if delegation else agent,
        "delegation": delegation,
        "may_invite_again": bool(delegation and granting.awaits(delegation.agent)),
        "other": refusal.other if isinstance(refusal, granting.Overlaps) else None,
        "section": "delegations",
    }
    status = 422 if form.is_bound else 200
    return render(request, "establishments/delegation_form.html", context, status=status)


@require_POST
@needs(Right.DELEGATE)
def delegation_invite_again(request: ConsoleRequest, uai: str, pk: int) -> HttpResponse:
    access = request.access
    delegation = _open_delegation(access, pk)
    if granting.invite_again(delegation):
        messages.success(request, f"Une nouvelle invitation part à {delegation.agent.email}.")
    else:
        messages.info(request, "Cette personne a déjà choisi son mot de passe.")
    return redirect("delegations", access.establishment.uai)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Right.DELEGATE)
def delegation_end(request: ConsoleRequest, uai: str, pk: int) -> HttpResponse:
    access = request.access
    if request.method != "POST":
        context = {"access": access, "delegation": _open_delegation(access, pk), "section": "delegations"}
        return render(request, "establishments/delegation_end.html", context)
    found = access.establishment.delegations.filter(source=Delegation.Source.GRANTED, pk=pk)
    delegation = found.select_related("agent").first()
    if delegation is None:
        raise Http404
    if ending.end(delegation, by=access):
        messages.success(request, f"La délégation de {delegation.agent.full_name} est terminée.")
    else:
        messages.info(request, _ALREADY_OVER)
    return redirect("delegations", access.establishment.uai)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Right.APPOINT)
def deputy(request: ConsoleRequest, uai: str, pk: int) -> HttpResponse:
    """Whether a deputy may delegate: the director says."""
    access = request.access
    agent = deputies.deputies_of(access.establishment).filter(pk=pk).first()
    if agent is None:
        raise Http404
    mandates = agent.mandates.which_may_delegate().filter(establishment=access.establishment)
    if request.method == "POST":
        allowed = request.POST.get("allowed") == "1"
        if deputies.let_delegate(agent, allowed, by=access):
            told = (
                "peut désormais accorder des délégations"
                if allowed
                else "ne peut plus accorder de délégations"
            )
            messages.success(request, f"{agent.full_name} {told}.")
        return redirect("delegations", access.establishment.uai)
    context = {
        "access": access,
        "deputy": agent,
        "may_delegate": mandates.exists(),
        "granted": list(deputies.granted_by(agent, access.establishment)),
        "section": "delegations",
    }
    return render(request, "establishments/delegation_deputy.html", context)
