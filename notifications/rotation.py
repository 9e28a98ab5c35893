"""Encrypts again with the first key what an older one encrypted: the common part, and documents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.utils import timezone

from notifications.documents import read_sealed, replace_sealed
from notifications.keyring import is_current, keyring
from notifications.models import Document

OnDone = Callable[[int], object]


@dataclass(slots=True)
class Tally:
    """What became of one kind of secret: encrypted again, or still to be (`check`), or opened by no key.

    `left` were replaced by somebody else meanwhile: they are under the first key already.
    """

    seen: int = 0
    outdated: int = 0
    renewed: int = 0
    left: int = 0
    unreadable: int = 0

    def resealed(self, sealed: str, *, check: bool) -> str | None:
        """`sealed` under the first key, or None when it is to stay as it is; counted either way."""
        self.seen += 1
        if is_current(sealed):
            return None
        try:
            renewed = keyring().rotate(sealed).decode()
        except InvalidToken:
            self.unreadable += 1
            return None
        self.outdated += 1
        return None if check else renewed


def rotate_documents(*, check: bool, on_done: OnDone) -> Tally:
    """One file at a time, whole or not at all; a document deleted meanwhile stays deleted."""
    tally = Tally()
    living = Document.objects.filter(expires_at__gt=timezone.now()).order_by("pk")
    for pk in living.values_list("pk", flat=True).iterator():
        with transaction.atomic():
            document = Document.objects.select_for_update().filter(pk=pk).first()
            if document is not None:
                _rotate_document(document, tally, check=check)
        on_done(1)
    return tally


def _rotate_document(document: Document, tally: Tally, *, check: bool) -> None:
    try:
        sealed = read_sealed(document)
    except FileNotFoundError:
        return
    renewed = tally.resealed(sealed.decode(), check=check)
    if renewed is not None:
        replace_sealed(document, renewed.encode())
        tally.renewed += 1
