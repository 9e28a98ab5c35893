"""Documents at rest: written encrypted, read by who may, erased at their deadline."""

import hashlib
import os
import secrets
import tempfile
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from notifications.models import Document

ORPHAN_AGE = timedelta(days=1)


class DocumentGone(Exception):
    """Past its deadline, or its file is no more."""


class DocumentUnreadable(Exception):
    """No key of settings.SECRETS_KEYS opens it, or it was tampered with."""


@lru_cache(maxsize=4)
def _keyring(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def _path(storage_key: str) -> Path:
    return Path(settings.DOCUMENTS_ROOT) / storage_key[:2] / storage_key


def store_document(content: bytes, *, name: str, content_type: str, lifetime: timedelta) -> Document:
    """Write the file, whole or not at all, then its row: killed between, the file is swept a day later."""
    storage_key, now = secrets.token_hex(16), timezone.now()
    _write(_path(storage_key), _keyring(tuple(settings.SECRETS_KEYS)).encrypt(content))
    return Document.objects.create(
        name=name,
        content_type=content_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        storage_key=storage_key,
        created_at=now,
        expires_at=now + lifetime,
    )


def _write(path: Path, sealed: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).rename(path)


def read_document(document: Document) -> bytes:
    """The bytes stored; raises DocumentGone or DocumentUnreadable."""
    if document.expires_at <= timezone.now():
        raise DocumentGone(document.pk)
    try:
        return _keyring(tuple(settings.SECRETS_KEYS)).decrypt(_path(document.storage_key).read_bytes())
    except FileNotFoundError as error:
        raise DocumentGone(document.pk) from error
    except InvalidToken as error:
        raise DocumentUnreadable(document.pk) from error


def delete_documents(documents: QuerySet[Document]) -> int:
    """Delete rows first, then files; a file left behind is swept as an orphan."""
    keys = list(documents.values_list("storage_key", flat=True))
    documents.filter(storage_key__in=keys).delete()
    for key in keys:
        _path(key).unlink(missing_ok=True)
    return len(keys)


def purge_expired_documents(now: datetime | None = None) -> int:
    """Erase what is past its deadline, and files a day old which no row knows."""
    now = now or timezone.now()
    return delete_documents(Document.objects.filter(expires_at__lte=now)) + _sweep_orphans(now)


def _sweep_orphans(now: datetime) -> int:
    root, swept = Path(settings.DOCUMENTS_ROOT), 0
    for folder in root.glob("??"):
        old = {p.name: p for p in folder.iterdir() if p.stat().st_mtime < (now - ORPHAN_AGE).timestamp()}
        known = set(Document.objects.filter(storage_key__in=old).values_list("storage_key", flat=True))
        for name, path in old.items():
            if name not in known:
                path.unlink(missing_ok=True)
                swept += 1
    return swept
