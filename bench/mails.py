"""2,000 mails to a local SMTP server over one connection, and the preview of 5,000."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing import Event, Process, Value
from multiprocessing.synchronize import Event as EventType
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.test import Client, override_settings
from django.urls import reverse

from accounts import mailing, operations
from accounts.models import Operation
from bench.database import fresh_database
from bench.figures import Figure
from bench.notify import drafted_operation
from bench.population import Population, populate
from educonnect_admin.demo.ports import any_free_port
from establishments.models import Establishment, Responsable
from notifications import deliveries, sending
from notifications.models import Delivery
from notifications.smtp import Postman
from statistics import median

MAILS = 2_000
SELECTION = 5_000
PREVIEWS = 10


class Letterbox:
    """What a server in a process of its own was given, counted across the two."""

    def __init__(self) -> None:
        self.connections, self.mails = Value("i", 0), Value("i", 0)

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections.value += 1
        session.host_name = hostname
        return responses

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.mails.value += 1
        return "250 OK"


def measure() -> Iterator[Figure]:
    with fresh_database(), _letterbox() as letterbox:
        school = populate(Population(schools=2, pupils=4_000))
        yield Figure("Preview of a notification by mail of 5,000 accounts", _preview(school), "ms", limit=300)
        Responsable.objects.filter(mail="").update(mail="famille@example.org")
        operation = drafted_operation(school, MAILS, Operation.Kind.NOTIFY_MAIL)
        operations.confirm(operation, {"sheets": True})
        started = time.perf_counter()
        operations.run(operation.pk)
        yield Figure("Notify 2,000 accounts by mail, mails queued", time.perf_counter() - started, "s")
        yield from _send(letterbox)


def _send(letterbox: Letterbox) -> Iterator[Figure]:
    queued = Delivery.objects.filter(status=Delivery.Status.PENDING).count()
    with (
        _timed(deliveries, "claim", "mark_sent"),
        _timed(mailing.Composer, "__call__"),
        _timed(sending, "as_bytes"),
        _timed(Postman, "hand_over"),
    ):
        started = time.perf_counter()
        turn = sending.send_due(mailing.Composer(), turn_lasts=600)
        seconds = time.perf_counter() - started
    assert turn.sent == letterbox.mails.value == queued, (turn, letterbox.mails.value, queued)
    yield Figure(f"{queued:,} mails to a local SMTP server", seconds, "s", limit=20)
    yield Figure("… connections opened", letterbox.connections.value, "", limit=1)
    for what, spent in SPENT.items():
        yield Figure(f"… {what}, a mail", 1000 * spent / queued, "ms")


def _preview(school: Establishment) -> float:
    """Of the whole page, in milliseconds, once warm."""
    operation = drafted_operation(school, SELECTION, Operation.Kind.NOTIFY_MAIL)
    assert operation.items.count() == SELECTION
    client = Client(HTTP_HOST="localhost")
    client.force_login(operation.agent)
    address = reverse("operation", args=[school.uai, operation.pk])
    durations = []
    for _ in range(PREVIEWS + 2):
        started = time.perf_counter()
        assert client.get(address).status_code == 200
        durations.append((time.perf_counter() - started) * 1000)
    return median(durations[2:])


SPENT: dict[str, float] = {}
NAMES = {
    "claim": "claim, with its commit",
    "mark_sent": "mark as sent, with its commit",
    "__call__": "read the account and write the words",
    "as_bytes": "build the message",
    "hand_over": "the SMTP dialogue",
}


@contextmanager
def _timed(owner: Any, *names: str) -> Iterator[None]:
    """Add the seconds spent in those functions of `owner` to SPENT."""
    kept = {name: getattr(owner, name) for name in names}
    for name, function in kept.items():
        setattr(owner, name, _counting(function, NAMES[name]))
    try:
        yield
    finally:
        for name, function in kept.items():
            setattr(owner, name, function)


def _counting(function: Callable[..., Any], what: str) -> Callable[..., Any]:
    def counted(*arguments: Any) -> Any:
        started = time.perf_counter()
        try:
            return function(*arguments)
        finally:
            SPENT[what] = SPENT.get(what, 0) + time.perf_counter() - started

    return counted


@contextmanager
def _letterbox() -> Iterator[Letterbox]:
    """An SMTP server on a free port, the one of the settings; nothing is held nor slowed."""
    letterbox, port, listening = Letterbox(), any_free_port(), Event()
    server = Process(target=_serve, args=(letterbox, port, listening), daemon=True)
    server.start()
    listening.wait()
    try:
        with override_settings(MAIL_RATE=0, MAIL_HOLD=timedelta(0), EMAIL_HOST="127.0.0.1", EMAIL_PORT=port):
            yield letterbox
    finally:
        server.terminate()


def _serve(letterbox: Letterbox, port: int, listening: EventType) -> None:
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    Controller(letterbox, hostname="127.0.0.1", port=port).start()
    listening.set()
    threading.Event().wait()
