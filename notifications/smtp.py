"""One SMTP connection, opened when needed and used for as many mails as it bears."""

from __future__ import annotations

import re
import smtplib
from contextlib import suppress
from types import TracebackType
from typing import cast

from django.core.mail.backends.smtp import EmailBackend

# What a server answers at RCPT that says nothing of the address (RFC 3463): its policy, relaying included,
# and our own return path, which many check only then.
_NOT_THE_ADDRESS = re.compile(r"5\.(?:7\.\d+|1\.[78])\b")


class ServerUnreachable(Exception):
    """Nobody answers, or not as a mail server that knows us: no recipient is to blame.

    `reason` is what it answered, if it did; `is_final`, when it will have no mail of ours.
    """

    def __init__(self, fact: str, *, reason: str = "", is_final: bool = False) -> None:
        super().__init__(fact)
        self.reason = reason
        self.is_final = is_final


class Deferred(Exception):
    """« Later » : a 4xx answer about this mail, or a line cut in the middle."""

    def __init__(self, reason: str, *, is_domain: bool = False) -> None:
        super().__init__("deferred")
        self.reason = reason
        self.is_domain = is_domain


class Rejected(Exception):
    """« Never » : a 5xx answer, to the address (`is_address`) or to the message."""

    def __init__(self, reason: str, *, is_address: bool) -> None:
        super().__init__("rejected")
        self.reason = reason
        self.is_address = is_address


class Postman:
    """A context manager over the connection of the settings; no word of a mail appears in what it raises."""

    def __init__(self) -> None:
        self._backend: EmailBackend | None = None
        self.connections = 0

    def __enter__(self) -> Postman:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hang_up()

    def connect(self) -> None:
        """Raises ServerUnreachable."""
        if self._backend is not None:
            return
        backend = EmailBackend()
        try:
            backend.open()
        except (OSError, smtplib.SMTPException) as error:
            raise ServerUnreachable(type(error).__name__) from None
        self._backend = backend
        self.connections += 1

    def hang_up(self) -> None:
        if self._backend is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._backend.close()
            self._backend = None

    def hand_over(self, sender: str, recipient: str, message: bytes) -> None:
        """Raises ServerUnreachable, Deferred or Rejected."""
        self.connect()
        assert self._backend is not None
        server = cast("smtplib.SMTP", self._backend.connection)
        try:
            server.sendmail(sender, [recipient], message)
        except smtplib.SMTPRecipientsRefused as refusal:
            code, answer = refusal.recipients[recipient]
            self._refuse(code, answer, is_address=not _NOT_THE_ADDRESS.match(_text(answer)))
        except smtplib.SMTPDataError as refusal:
            self._refuse(refusal.smtp_code, refusal.smtp_error, is_address=False)
        except smtplib.SMTPSenderRefused as refusal:
            self.hang_up()
            code, answer = refusal.smtp_code, refusal.smtp_error
            raise ServerUnreachable(
                f"MAIL FROM: {code}", reason=_readable(code, answer), is_final=code >= 500
            ) from None
        except (OSError, smtplib.SMTPException):
            self.hang_up()
            raise Deferred("La connexion au serveur d’envoi a été coupée.") from None

    def _refuse(self, code: int, answer: bytes | str, *, is_address: bool) -> None:
        reason = _readable(code, answer)
        if code == 421:
            # The server closes the line after it.
            self.hang_up()
            raise Deferred(reason) from None
        if 400 <= code < 500:
            raise Deferred(reason, is_domain=True) from None
        raise Rejected(reason, is_address=is_address) from None


def _readable(code: int, answer: bytes | str) -> str:
    return f"{code} {' '.join(_text(answer).split())}"[:300]


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
