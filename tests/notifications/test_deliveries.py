"""What the database itself refuses of a mail's record."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from notifications.models import Delivery

pytestmark = pytest.mark.django_db
Status = Delivery.Status


def deliver(status: str, **fields: Any) -> Delivery:
    """A record that holds what its status asks for, but for `fields`."""
    now = timezone.now()
    has_left = status in {Status.SENT, Status.BOUNCED}
    has_failed = status not in {Status.PENDING, Status.SENT}
    values: dict[str, Any] = {
        "recipient": "claire.martin@example.org",
        "subject": "Votre accès aux services en ligne",
        "status": status,
        "attempts": 0 if status == Status.PENDING else 1,
        "next_attempt_at": now if status == Status.PENDING else None,
        "sent_at": now if has_left else None,
        "last_error": "550 no such user" if has_failed else "",
        "message_id": "<1@example.org>",
        "reference_kind": "operation_item",
        "reference_id": "1",
        "created_at": now,
    }
    with transaction.atomic():
        return Delivery.objects.create(**{**values, **fields})


@pytest.mark.parametrize("status", Status)
def test_each_status_holds_what_it_promises(status: str) -> None:
    assert deliver(status).status == status


@pytest.mark.parametrize(
    ("status", "fields", "constraint"),
    [
        ("lost", {}, "check constraint"),
        (Status.PENDING, {"next_attempt_at": None}, "delivery_next_attempt_only_pending"),
        (Status.SENT, {"next_attempt_at": timezone.now()}, "delivery_next_attempt_only_pending"),
        (Status.SENT, {"sent_at": None}, "delivery_sent_date_once_sent"),
        (Status.PENDING, {"sent_at": timezone.now()}, "delivery_sent_date_once_sent"),
        (Status.FAILED, {"sent_at": timezone.now()}, "delivery_sent_date_once_sent"),
        (Status.SENT, {"attempts": 0}, "delivery_outcome_after_attempt"),
        (Status.FAILED, {"last_error": ""}, "delivery_failure_has_reason"),
        (Status.BOUNCED, {"last_error": ""}, "delivery_failure_has_reason"),
        (Status.REFUSED, {"attempts": 0}, "delivery_outcome_after_attempt"),
        (Status.REFUSED, {"last_error": ""}, "delivery_failure_has_reason"),
        (Status.CANCELLED, {"last_error": ""}, "delivery_failure_has_reason"),
        (Status.SENT, {"leased_until": timezone.now()}, "delivery_next_attempt_only_pending"),
    ],
)
def test_the_database_refuses_a_record_that_contradicts_itself(
    status: str, fields: dict[str, Any], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        deliver(status, **fields)


def test_a_message_is_recorded_once() -> None:
    deliver(Status.PENDING)

    with pytest.raises(IntegrityError, match="message_id"):
        deliver(Status.PENDING)
