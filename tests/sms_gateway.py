"""A real SMS gateway on a port of its own, which checks signatures and answers as a test asks."""

import hashlib
import hmac
import json
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

SECRET = "shared-with-the-gateway"


@dataclass
class SmsGateway:
    """`answers` are given in turn, the last one for ever: an HTTP status, or None to never answer."""

    answers: list[int | None] = field(default_factory=lambda: [200])
    taken: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    forged: int = 0
    url: str = ""
    is_over: threading.Event = field(default_factory=threading.Event)

    def answer(self) -> int | None:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def _handler_of(gateway: SmsGateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            signed = self.headers["X-Timestamp"].encode() + b"." + body
            expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
            if self.headers["X-Signature"] != f"sha256={expected}":
                gateway.forged += 1
                self.send_error(401)
                return
            gateway.keys.append(self.headers["Idempotency-Key"])
            status = gateway.answer()
            if status is None:
                gateway.is_over.wait()
                return
            if status == 200:
                gateway.taken.append(json.loads(body))
            self.send_response(status)
            self.send_header("Location", gateway.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on the terminal."""

    return Handler


@pytest.fixture
def sms_gateway(settings: Any) -> Generator[SmsGateway, None, None]:
    """Running, and the one of the settings."""
    gateway = SmsGateway()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(gateway))
    server.daemon_threads = True
    gateway.url = f"http://127.0.0.1:{server.server_address[1]}/envoi"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.SMS_GATEWAY_URL, settings.SMS_GATEWAY_SECRET = gateway.url, SECRET
    settings.SMS_SPOOL = ""
    yield gateway
    gateway.is_over.set()
    server.shutdown()
    server.server_close()
