"""The variables under which the demo's processes run, and its secrets, drawn once."""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet

from educonnect_admin.embedded import VAR

MAILS = VAR / "mail"
SMS = VAR / "sms"
LOGS = VAR / "log"
EXTRACTS = VAR / "aaf"
NIGHTS = VAR / "aaf-nuit"
DOCUMENTS = VAR / "documents"
INBOX = VAR / "inbox"
BEAT_SCHEDULE = VAR / "beat-schedule"
SECRETS = VAR / "demo-secrets.json"
DEFAULT_PORT = 8000


def demo_secrets() -> dict[str, str]:
    """SECRET_KEY and SECRETS_KEYS, kept in a file only its owner reads; given ones are used instead."""
    if not SECRETS.exists():
        drawn = {"SECRET_KEY": secrets.token_urlsafe(50), "SECRETS_KEYS": Fernet.generate_key().decode()}
        _write_private(SECRETS, json.dumps(drawn))
    kept: dict[str, str] = json.loads(SECRETS.read_text())
    return {name: os.environ.get(name) or value for name, value in kept.items()}


def _write_private(path: Path, text: str) -> None:
    """Whole or not at all, and never readable by others, not even for an instant."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    unfinished.rename(path)


def demo_environment(
    servers: Mapping[str, str], *, port: int, email_url: str, provider_port: int = 0
) -> dict[str, str]:
    """The whole environment of a child; `servers` holds DATABASE_URL and REDIS_URL.

    Without `provider_port`, there is no FranceConnect.
    """
    url = f"http://localhost:{port}"
    return {
        **os.environ,
        **servers,
        **demo_secrets(),
        "DEMO_MODE": "true",
        "DEBUG": "false",
        "INSECURE_HTTP": "true",
        # No collectstatic: the web process serves files from where they are.
        "PLAIN_STATIC": "true",
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        # Whoever sits at the machine enters without a second factor, unless they ask to be met by it.
        "ADMIN_NETWORKS": os.environ.get("ADMIN_NETWORKS", "127.0.0.0/8,::1/128"),
        "PUBLIC_URL": url,
        "ACTIVATION_URL": f"{url}/activation/",
        "ASSISTANCE_MAILS": "24=assistance.educonnect@example.org",
        "EMAIL_URL": os.environ.get("EMAIL_URL") or email_url,
        "DEMO_MAILS": str(MAILS),
        # A gateway given is used instead of the folder.
        "SMS_SPOOL": "" if os.environ.get("SMS_GATEWAY_URL") else str(SMS),
        "DOCUMENTS_ROOT": str(DOCUMENTS),
        "AAF_INBOX": str(INBOX),
        "BEAT_SCHEDULE_FILE": str(BEAT_SCHEDULE),
        "PYTHONUNBUFFERED": "1",
        **(_provider(provider_port) if provider_port else {}),
    }


def _provider(port: int) -> dict[str, str]:
    """Of the demonstration's own FranceConnect, unless another one is given."""
    address = f"http://localhost:{port}"
    told = {"DEMO_PROVIDER": address}
    if not os.environ.get("FRANCECONNECT_ISSUER"):
        told |= {
            "FRANCECONNECT_ISSUER": f"{address}/franceconnect",
            "FRANCECONNECT_CLIENT_ID": "demonstration",
            "FRANCECONNECT_CLIENT_SECRET": secrets.token_urlsafe(32),
        }
    return told
