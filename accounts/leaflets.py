"""Leaflets: how families may register by themselves. Nothing of any account is on them, none changes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.letters import holders, sender_of, service_address
from accounts.models import Holding, Operation, OperationItem, OperationPart
from accounts.operations import told
from accounts.rows import RowQuerySet
from accounts.transitions import SecretEffect
from establishments.models import Event, EventKind
from notifications.leaflets import render_leaflets
from notifications.sheet_data import Leaflet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.letters import Recipient
    from establishments.models import Establishment

KEY = "leaflet"
COPIES_A_PART = 25
# One page for everybody, to photocopy or to publish; or a copy for each responsable, class after class.
SINGLE, BY_CLASS = "single", "class"
LONGEST_PARAGRAPH = 600
_Status = Operation.Status


@dataclass(frozen=True, slots=True)
class LeafletChoice:
    """`only_able` keeps the copies for those who can register: a mobile, an account not yet activated."""

    copies: str = BY_CLASS
    only_able: bool = True
    paragraph: str = ""

    @property
    def is_limited(self) -> bool:
        """A page without name is for everybody."""
        return self.only_able and self.copies == BY_CLASS

    @property
    def options(self) -> dict[str, Any]:
        return {KEY: asdict(self)}


@dataclass(frozen=True, slots=True)
class LeafletPreview:
    """In numbers of accounts; those left out of a copy `only_able` are active, or have no mobile."""

    total: int
    able: int
    active: int
    without_mobile: int
    left_aside: int = 0

    @property
    def acted_on(self) -> int:
        return self.total


def choice_of(operation: Operation) -> LeafletChoice:
    """What was chosen for the operation; for a draft, the words which its school wrote last."""
    if KEY in operation.options:
        return LeafletChoice(**operation.options[KEY])
    return LeafletChoice(paragraph=_last_paragraph(operation.establishment))


def _last_paragraph(establishment: Establishment) -> str:
    confirmed = Operation.objects.filter(
        establishment=establishment, kind=Operation.Kind.LEAFLET, confirmed_at__isnull=False
    )
    last = confirmed.order_by("-confirmed_at", "-pk").values_list("options", flat=True).first()
    return str((last or {}).get(KEY, {}).get("paragraph", ""))


def preview(operation: Operation) -> LeafletPreview:
    rows = _rows(operation, operation.items.values_list("account_id", flat=True))
    able = rows.able_to_register().accounts()
    active = rows.in_states(["ACTIVE"]).accounts()
    total = rows.accounts()
    return LeafletPreview(len(total), len(able), len(active), len(total - able - active))


def _rows(operation: Operation, accounts: Iterable[int]) -> RowQuerySet:
    here = RowQuerySet(Holding).filter(establishment=operation.establishment)
    return here.filter(account__in=accounts, account__closed_at__isnull=True)


@transaction.atomic
def run(pk: int) -> bool:
    """Settle who gets a copy, once; True when the copies can be printed."""
    operation = (
        Operation.objects.select_for_update(of=("self",))
        .select_related("establishment", "agent")
        .filter(pk=pk, status__in=[_Status.QUEUED, _Status.RUNNING])
        .first()
    )
    if operation is None:
        return False
    if operation.status == _Status.QUEUED:
        _record(operation)
    _settle(operation)
    operation.status, operation.heartbeat_at = _Status.RUNNING, timezone.now()
    operation.save(update_fields=["status", "heartbeat_at"])
    return True


def _record(operation: Operation) -> None:
    Event.objects.create(
        kind=EventKind.OPERATION_CONFIRMED,
        establishment=operation.establishment,
        actor=Event.Actor.AGENT,
        agent=operation.agent,
        target_kind="operation",
        target_id=operation.pk,
        data={"operation": operation.pk, **told(operation)},
    )


def _settle(operation: Operation) -> None:
    pending = operation.items.filter(status=OperationItem.Status.PENDING)
    rows = _rows(operation, pending.values_list("account_id", flat=True))
    here = rows.accounts()
    given = rows.able_to_register().accounts() if choice_of(operation).is_limited else here
    aside = {"status": OperationItem.Status.LEFT_ASIDE}
    pending.filter(account__in=given).update(status=OperationItem.Status.DONE, effect=SecretEffect.KEPT)
    pending.filter(account__in=here - given).update(**aside, reason=OperationItem.Reason.UNABLE)
    pending.update(**aside, reason=OperationItem.Reason.GONE)


def cut(operation: Operation) -> list[OperationPart]:
    """One part for a single page; else a part for a run of copies."""
    given = operation.items.filter(status=OperationItem.Status.DONE).values_list("account_id", flat=True)
    accounts = [each.account.pk for each in holders(operation.establishment, given)]
    if choice_of(operation).copies == SINGLE:
        return [OperationPart(operation=operation, position=0, accounts=[])] if accounts else []
    starts = range(0, len(accounts), COPIES_A_PART)
    return [
        OperationPart(operation=operation, position=n, accounts=accounts[start : start + COPIES_A_PART])
        for n, start in enumerate(starts)
    ]


def leaflets_of(part: OperationPart) -> bytes | None:
    """The part's copies, or None when those they are for have all left."""
    operation = part.operation
    choice = choice_of(operation)
    if choice.copies == SINGLE:
        return render_leaflets([_leaflet(operation, choice)])
    found = holders(operation.establishment, part.accounts)
    return render_leaflets([_leaflet(operation, choice, each) for each in found]) if found else None


def _leaflet(operation: Operation, choice: LeafletChoice, recipient: Recipient | None = None) -> Leaflet:
    establishment = operation.establishment
    pupil = recipient.eldest.student if recipient else None
    return Leaflet(
        sender=sender_of(establishment),
        service_address=service_address(),
        activation_url=settings.ACTIVATION_URL,
        made_on=establishment.academy.local_date(),
        paragraph=choice.paragraph,
        has_ent=establishment.is_second_degree,
        class_label=str(pupil.school_class or "") if pupil else "",
        handed_to=pupil.full_name if pupil else "",
        addressee=recipient.addressee if recipient else "",
    )
