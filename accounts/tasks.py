"""What workers do: each task takes a primary key, may be killed at any moment and be run again."""

from collections.abc import Callable
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from accounts import (
    closing,
    erasure,
    exports,
    issue_printing,
    leaflets,
    lifecycle,
    mailing,
    operations,
    password_links,
    printing,
    reminders,
)
from accounts.activation import session
from accounts.activation.keeping import family_links, recovering
from accounts.models import Operation, OperationPart
from notifications import deliveries, retention, sending

# How each kind of operation settles its accounts, those which are not named by acting on them.
_RUNS: dict[str, Callable[[int], bool | None]] = {
    Operation.Kind.LEAFLET: leaflets.run,
    Operation.Kind.LIST: exports.make_list,
    Operation.Kind.ISSUE_LIST: issue_printing.make,
}


@shared_task(name="accounts.run_operation")
def run_operation(pk: int) -> None:
    kind = Operation.objects.filter(pk=pk).values_list("kind", flat=True).first()
    if _RUNS.get(kind or "", operations.run)(pk):
        printing.plan_sheets(pk)
        enqueue_sheets(pk)
        if deliveries.has_due():
            send_mails.delay()


@shared_task(name="accounts.start_scheduled_operations")
def start_scheduled_operations() -> None:
    for operation in operations.scheduled_until(timezone.now()):
        if operations.end_hold(operation, by=None):
            run_operation.delay(operation.pk)


@shared_task(name="accounts.sweep_family_sessions")
def sweep_family_sessions() -> None:
    """Forget old sessions, and what nobody answered."""
    session.sweep()
    recovering.forget(timezone.now())
    family_links.forget(timezone.now())


@shared_task(name="accounts.answer_recovery")
def answer_recovery(pk: str) -> None:
    recovering.answer(UUID(pk))
    if deliveries.has_due():
        send_mails.delay()


@shared_task(name="accounts.send_mails")
def send_mails() -> None:
    deliveries.give_up_on_old(timezone.now())
    if not sending.send_due(mailing.Composer()).is_over:
        send_mails.delay()


def enqueue_sheets(pk: int) -> None:
    """One task for each part still missing, or the joining when there is none."""
    missing = printing.missing_parts(pk)
    for part in missing:
        render_part.delay(part)
    if not missing:
        assemble_sheets.delay(pk)


@shared_task(name="accounts.render_part")
def render_part(pk: int) -> None:
    operation = OperationPart.objects.filter(pk=pk).values_list("operation_id", flat=True).first()
    if operation is None:
        return
    try:
        printing.render_part(pk)
    except Exception:
        printing.give_up(operation)
        raise
    operations.beat(operation)
    if not printing.missing_parts(operation):
        assemble_sheets.delay(operation)


@shared_task(name="accounts.assemble_sheets")
def assemble_sheets(pk: int) -> None:
    try:
        printing.assemble(pk)
    except Exception:
        printing.give_up(pk)
        raise


@shared_task(name="accounts.resume_stalled_operations")
def resume_stalled_operations() -> None:
    for operation in operations.stalled():
        if operation.status == Operation.Status.RENDERING:
            enqueue_sheets(operation.pk)
        else:
            run_operation.delay(operation.pk)


@shared_task(name="accounts.purge_expired_secrets")
def purge_expired_secrets() -> None:
    lifecycle.erase_dead_secrets()
    operations.purge_drafts()


@shared_task(name="accounts.promise_reminders")
def promise_reminders() -> None:
    if reminders.promise_due(timezone.now()):
        send_mails.delay()


@shared_task(name="accounts.forget_mails")
def forget_mails() -> None:
    now = timezone.now()
    retention.forget_mails(now)
    password_links.forget(now)


@shared_task(name="accounts.end_accounts")
def end_accounts() -> None:
    """What has come back first, so that nothing of it is closed nor erased."""
    now = timezone.now()
    closing.reopen_returned()
    closing.note_absences(now)
    closing.close_abandoned(now)
    # Whose child an import brought back while they were being closed.
    closing.reopen_returned()
    erasure.anonymise_closed(now)
    erasure.erase_records(now)
