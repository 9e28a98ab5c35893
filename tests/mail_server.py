"""A real SMTP server on a port of its own, which takes mails, or behaves as badly as a test asks."""

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Received:
    sender: str
    recipient: str
    content: bytes

    @property
    def message(self) -> EmailMessage:
        return cast(EmailMessage, message_from_bytes(self.content, policy=policy.default))

    @property
    def text(self) -> str:
        return self.message.get_body(("plain",)).get_content()

    @property
    def html(self) -> str:
        return self.message.get_body(("html",)).get_content()


@dataclass
class MailServer:
    """What to reply: `to_sender` to each return path (MAIL), `answers` to each recipient (RCPT), `after_data`
    to each message; None: accepted.

    `connections` counts the lines opened. `hold` seconds pass before each message is accepted.
    """

    received: list[Received] = field(default_factory=list)
    connections: int = 0
    hold: float = 0
    to_sender: Callable[[str], str | None] = lambda sender: None
    answers: Callable[[str], str | None] = lambda recipient: None
    after_data: Callable[[str], str | None] = lambda recipient: None
    drops_after_data: bool = False

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refusal := self.to_sender(address):
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refusal := self.answers(address):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        [recipient] = envelope.rcpt_tos
        if self.hold:
            # A slow server: its own thread sleeps, no test waits on a clock for it.
            time.sleep(self.hold)
        if refusal := self.after_data(recipient):
            return refusal
        if self.drops_after_data:
            server.transport.abort()
            return "250 never read"
        self.received.append(Received(envelope.mail_from, recipient, cast(bytes, envelope.content)))
        return "250 OK"

    @property
    def recipients(self) -> list[str]:
        return sorted(mail.recipient for mail in self.received)


class _Controller(Controller):
    """Port 0: any free one, read once it listens."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def mail_server(settings: Any) -> Generator[MailServer, None, None]:
    """Running, and the one of the settings; `mail_server_url` tells it to a worker."""
    handler = MailServer()
    controller = _Controller(handler, hostname="127.0.0.1", port=0)
    controller.start()
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.MAIL_RATE = 0
    handler.url = f"smtp://127.0.0.1:{controller.port}"  # type: ignore[attr-defined]
    handler.stop = controller.stop  # type: ignore[attr-defined]
    yield handler
    if controller.server is not None:
        controller.stop(no_assert=True)
