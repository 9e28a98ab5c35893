"""Stores generated files encrypted and short-lived, and reads them back."""

import hashlib
import os
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from math import inf
from pathlib import Path

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from notifications.keyring import keyring
from notifications.models import Document

# A file without a row is either being written or was left by a process killed before its commit.
ORPHAN_AGE = timedelta(days=1)


class DocumentGone(Exception):
    """The document has expired, or its file is no longer there."""


class DocumentUnreadable(Exception):
    """No key of settings.SECRETS_KEYS opens the file: it was altered, or its key was withdrawn."""


def store_document(content: bytes, *, name: str, content_type: str, lifetime: timedelta) -> Document:
    """Keep `content` until `lifetime` has passed; `name` is what the browser will call it.

    The file comes first, then the row: a process killed between the two, or a transaction rolled back,
    leaves only a file that the purge sweeps away.
    """
    key = secrets.token_hex(16)
    _write(_path(key), keyring().encrypt(content))
    now = timezone.now()
    return Document.objects.create(
        name=name,
        content_type=content_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        storage_key=key,
        created_at=now,
        expires_at=now + lifetime,
    )


def read_document(document: Document) -> bytes:
    """The content once given to `store_document`; raises DocumentGone or DocumentUnreadable."""
    if document.expires_at <= timezone.now():
        raise DocumentGone(document.pk)
    try:
        return keyring().decrypt(_path(document.storage_key).read_bytes())
    except FileNotFoundError as missing:
        raise DocumentGone(document.pk) from missing
    except InvalidToken as unreadable:
        raise DocumentUnreadable(document.pk) from unreadable


def read_sealed(document: Document) -> bytes:
    """The file as it lies on the disk, encrypted; FileNotFoundError when it is not there."""
    return _path(document.storage_key).read_bytes()


def replace_sealed(document: Document, sealed: bytes) -> None:
    """Put other bytes, the same content under another key, in the place of the file; with its row locked."""
    _write(_path(document.storage_key), sealed)


def delete_documents(documents: QuerySet[Document]) -> int:
    """Delete rows, then their files once the deletion is committed; the number of documents deleted."""
    with transaction.atomic():
        keys = list(documents.select_for_update(of=("self",)).values_list("storage_key", flat=True))
        Document.objects.filter(storage_key__in=keys).delete()
        transaction.on_commit(partial(_unlink, keys))
    return len(keys)


def purge_expired_documents(now: datetime) -> int:
    """Delete the documents expired at `now` and the files nobody points to; the number of documents."""
    deleted = delete_documents(Document.objects.filter(expires_at__lte=now))
    for files in _old_files(now):
        known = Document.objects.filter(storage_key__in=list(files)).values_list("storage_key", flat=True)
        for orphan in files.keys() - set(known):
            files[orphan].unlink(missing_ok=True)
    return deleted


def _old_files(now: datetime) -> Iterator[dict[str, Path]]:
    """Files older than ORPHAN_AGE by name, a folder at a time."""
    limit = (now - ORPHAN_AGE).timestamp()
    for folder in settings.DOCUMENTS_ROOT.glob("??"):
        yield {path.name: path for path in folder.iterdir() if _written_at(path) < limit}


def _written_at(path: Path) -> float:
    """Seconds since the epoch; never for a file deleted meanwhile."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return inf


def _path(key: str) -> Path:
    root: Path = settings.DOCUMENTS_ROOT
    return root / key[:2] / key


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, even if the machine stops."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Another name each time: one killed in the middle must not be in the way of the next.
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unlink(keys: list[str]) -> None:
    for key in keys:
        _path(key).unlink(missing_ok=True)
