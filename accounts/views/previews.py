"""What each kind of draft shows before it is confirmed, and the form of what its author may choose."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render

from accounts import exports, leaflets, operations, reports
from accounts.campaigns import MAILED
from accounts.contacts import reach
from accounts.exports import ListFormat
from accounts.forms import ListForm
from accounts.models import Operation
from accounts.paper_forms import PaperForm, paper_form
from establishments.access import Right

if TYPE_CHECKING:
    from django.http import QueryDict

    from establishments.access import Access
    from establishments.requests import ConsoleRequest

OptionsForm = PaperForm | ListForm
# How each kind is computed, those which are not named by what they would change.
_PREVIEWS: dict[str, Callable[[Operation], Any]] = {
    Operation.Kind.LEAFLET: leaflets.preview,
    Operation.Kind.LIST: exports.preview,
}


def options_form(
    request: ConsoleRequest, access: Access, operation: Operation, data: QueryDict | None = None
) -> OptionsForm | None:
    """What the author of a draft may choose; None for the kinds which ask nothing."""
    if operation.kind != Operation.Kind.LIST:
        return paper_form(operation, data)
    may_export = access.can(Right.EXPORT_SECRETS, operation.population)
    return ListForm(data, format=_format(request, operation), may_export=may_export)


def _format(request: ConsoleRequest, operation: Operation) -> ListFormat:
    """That of the address, or of the draft."""
    asked = request.GET.get("format", "")
    return ListFormat(asked if asked in ListFormat.values else operation.options["format"])


def preview_page(
    request: ConsoleRequest,
    access: Access,
    operation: Operation,
    form: OptionsForm | None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "access": access,
        "operation": operation,
        "section": "operations",
        "only": reports.only_account(operation),
        "preview": _PREVIEWS.get(operation.kind, operations.preview)(operation),
        "form": form,
    }
    if operation.kind == Operation.Kind.LIST:
        context |= {
            "chosen": _format(request, operation),
            "formats": ListFormat,
            "may_export": access.can(Right.EXPORT_SECRETS, operation.population),
        }
    if operation.kind in MAILED:
        minutes = int(settings.MAIL_HOLD.total_seconds() // 60)
        context |= {"reach": reach(operation), "hold_minutes": minutes}
    if operation.kind == Operation.Kind.RELAUNCH:
        context |= {"link_days": settings.ACTIVATION_LINK_LIFETIME.days}
    template = f"accounts/previews/{operation.kind.lower()}.html"
    return render(request, template, context, status=status)
