"""Where an SMS is handed over: a provider over HTTP, or a folder of this machine; no word of it is logged."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import requests
from django.conf import settings
from django.utils import timezone

# What a provider answers is not read beyond its status.
_TEMPORARY = {408, 425, 429}


class GatewaySilent(Exception):
    """Not now: nobody answered in time, or « later » ; the message tells which, never to whom."""


class SmsRefused(Exception):
    """Never: the gateway will not take this SMS, and would not on another try."""


@dataclass(frozen=True, slots=True)
class Sms:
    """`number` in E.164; `key` names this SMS among all, so that a gateway told twice sends it once."""

    key: str
    number: str = field(repr=False)
    text: str = field(repr=False)


class Gateway(Protocol):
    def send(self, sms: Sms) -> None:
        """Hand `sms` over; raises GatewaySilent or SmsRefused."""


def is_offered() -> bool:
    """Whether SMS can leave at all: without a gateway, no way which needs one is offered."""
    return bool(settings.SMS_GATEWAY_URL or settings.SMS_SPOOL)


def gateway() -> Gateway:
    if settings.SMS_GATEWAY_URL:
        return HttpGateway()
    assert settings.SMS_SPOOL, "no gateway is set"
    return SpoolGateway(Path(settings.SMS_SPOOL))


class HttpGateway:
    """A POST of JSON, signed: any provider, by a few lines of an adapter on its side or the operator's."""

    def send(self, sms: Sms) -> None:
        told = {"to": sms.number, "text": sms.text, "sender": settings.SMS_SENDER}
        body = json.dumps(told, ensure_ascii=False).encode()
        status = _post(body, headers_of(sms.key, body, int(time.time())))
        if status in _TEMPORARY or status >= 500:
            raise GatewaySilent(f"HTTP {status}")
        if not 200 <= status < 300:
            raise SmsRefused(f"HTTP {status}")


def headers_of(key: str, body: bytes, at: int) -> dict[str, str]:
    """What proves to the gateway that `body` is ours and of this moment (docs/operations.md)."""
    return {
        "Content-Type": "application/json; charset=utf-8",
        "Idempotency-Key": key,
        "X-Timestamp": str(at),
        "X-Signature": f"sha256={signature(at, body)}",
    }


def signature(at: int, body: bytes) -> str:
    secret = settings.SMS_GATEWAY_SECRET.encode()
    return hmac.new(secret, str(at).encode() + b"." + body, hashlib.sha256).hexdigest()


def _post(body: bytes, headers: dict[str, str]) -> int:
    """The status answered; neither a redirection is followed nor a proxy of the environment used."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            with session.post(
                settings.SMS_GATEWAY_URL,
                data=body,
                headers=headers,
                timeout=settings.SMS_TIMEOUT,
                allow_redirects=False,
                stream=True,
            ) as response:
                return int(response.status_code)
        except requests.RequestException as error:
            raise GatewaySilent(type(error).__name__) from None


@dataclass(frozen=True, slots=True)
class SpoolGateway:
    """One file an SMS, readable by its owner alone, whole or not there: for development and the demo."""

    folder: Path

    def send(self, sms: Sms) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        told = {"to": sms.number, "text": sms.text, "at": timezone.now().isoformat()}
        unfinished = self.folder / f".{sms.key}.{os.getpid()}"
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(told, file, ensure_ascii=False)
        unfinished.rename(self.folder / f"{sms.key}.json")
