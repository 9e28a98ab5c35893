"""Documents at rest: encrypted, short-lived, whole or absent."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import IntegrityError, transaction
from django.utils import timezone

from notifications import documents
from notifications.documents import (
    DocumentGone,
    DocumentUnreadable,
    delete_documents,
    purge_expired_documents,
    read_document,
    store_document,
)
from notifications.models import Document
from notifications.tasks import purge_documents

pytestmark = pytest.mark.django_db

CONTENT = b"%PDF-1.7 c.martin12 k7mw3pxt9r"
TWO_DAYS = timedelta(days=2)


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path) -> Path:
    settings.DOCUMENTS_ROOT = tmp_path / "documents"
    return tmp_path / "documents"


def store(content: bytes = CONTENT, lifetime: timedelta = timedelta(days=7)) -> Document:
    return store_document(
        content, name="feuilles-0370123X.pdf", content_type="application/pdf", lifetime=lifetime
    )


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def make_older(path: Path, age: timedelta) -> None:
    then = (timezone.now() - age).timestamp()
    os.utime(path, (then, then))


def test_what_is_stored_is_read_back_and_described() -> None:
    document = store()

    assert read_document(document) == CONTENT
    assert document.size == len(CONTENT)
    assert document.name == "feuilles-0370123X.pdf"
    assert document.expires_at - document.created_at == timedelta(days=7)


def test_the_disk_holds_neither_content_nor_name(root: Path) -> None:
    document = store()
    (path,) = files(root)

    assert b"martin" not in path.read_bytes()
    assert b"k7mw3pxt9r" not in path.read_bytes()
    assert "0370123X" not in str(path.relative_to(root))
    assert path == root / document.storage_key[:2] / document.storage_key


def test_only_the_service_may_open_the_file(root: Path) -> None:
    store()
    (path,) = files(root)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_document_stays_readable_after_the_keys_are_rotated(settings: Any) -> None:
    document = store()
    settings.SECRETS_KEYS = [Fernet.generate_key().decode(), *settings.SECRETS_KEYS]

    assert read_document(document) == CONTENT
    assert read_document(store(b"newer")) == b"newer"


def test_a_withdrawn_key_makes_a_document_unreadable(settings: Any) -> None:
    document = store()
    settings.SECRETS_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(DocumentUnreadable):
        read_document(document)


def test_an_altered_file_is_refused(root: Path) -> None:
    document = store()
    (path,) = files(root)
    sealed = bytearray(path.read_bytes())
    sealed[len(sealed) // 2] ^= 1
    path.write_bytes(sealed)

    with pytest.raises(DocumentUnreadable):
        read_document(document)


def test_an_expired_document_is_gone_before_any_purge() -> None:
    document = store()
    Document.objects.filter(pk=document.pk).update(
        created_at=timezone.now() - TWO_DAYS, expires_at=timezone.now()
    )
    document.refresh_from_db()

    with pytest.raises(DocumentGone):
        read_document(document)


def test_a_missing_file_is_a_document_gone(root: Path) -> None:
    document = store()
    files(root)[0].unlink()

    with pytest.raises(DocumentGone):
        read_document(document)


def test_a_document_cannot_expire_before_it_exists() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        store(lifetime=timedelta(0))


def test_the_purge_takes_expired_documents_and_leaves_the_others(
    root: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    kept, expired = store(), store(lifetime=timedelta(hours=1))

    with django_capture_on_commit_callbacks(execute=True):
        assert purge_expired_documents(timezone.now() + timedelta(hours=2)) == 1

    assert list(Document.objects.all()) == [kept]
    assert [path.name for path in files(root)] == [kept.storage_key]
    with pytest.raises(DocumentGone):
        read_document(expired)


def test_a_file_outlives_the_deletion_of_its_row_until_that_is_committed(
    root: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    document = store()
    with django_capture_on_commit_callbacks() as callbacks:
        assert delete_documents(Document.objects.filter(pk=document.pk)) == 1

    assert files(root)
    for callback in callbacks:
        callback()
    assert not files(root)


def test_a_rolled_back_deletion_loses_nothing() -> None:
    document = store()
    with transaction.atomic():
        delete_documents(Document.objects.all())
        transaction.set_rollback(True)

    assert read_document(document) == CONTENT


def test_killed_before_the_file_is_whole_leaves_no_document(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(documents.os, "fsync", killed)
    with pytest.raises(SystemExit):
        store()
    monkeypatch.undo()

    assert not Document.objects.exists()
    (unfinished,) = files(root)
    make_older(unfinished, TWO_DAYS)
    purge_expired_documents(timezone.now())
    assert not files(root)


def test_killed_between_file_and_row_leaves_a_file_that_is_swept_a_day_later(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(**_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(Document.objects, "create", killed)
    with pytest.raises(SystemExit):
        store()
    monkeypatch.undo()
    (orphan,) = files(root)

    purge_expired_documents(timezone.now())
    assert files(root) == [orphan]
    make_older(orphan, TWO_DAYS)
    purge_expired_documents(timezone.now())
    assert not files(root)


def test_the_sweep_never_takes_the_file_of_a_living_document(root: Path) -> None:
    document = store()
    make_older(files(root)[0], timedelta(days=6))

    purge_expired_documents(timezone.now())

    assert read_document(document) == CONTENT


def test_the_purge_runs_before_any_document_exists() -> None:
    assert purge_expired_documents(timezone.now()) == 0


def test_the_nightly_task_has_the_name_the_schedule_calls(settings: Any) -> None:
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert purge_documents.name in scheduled
    purge_documents()
