"""Finds the files of an extract in a folder, a .zip or a .tgz, and says what their names tell."""

from __future__ import annotations

import errno
import gzip
import re
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

_COPY_SIZE = 1 << 20
MOST_MEMBERS = 20_000
"""An academy's extract has some hundreds of files: what holds more was made to fill the disk with folders."""
_TYPES = ("Eleve", "PersRelEleve", "PersEducNat", "EtabEducNat", "MatiereEducNat", "MefEducNat")
_TYPE_OF = {kind.lower(): kind for kind in _TYPES}
# From the right: the prefix is free. Nine digits where eight are due, and no number, have been seen.
_NAME = re.compile(
    rf"(?:.*_)?(?P<kind>Complet|Delta)_(?P<day>\d{{8}})\d?_(?P<type>{'|'.join(_TYPES)})(?:_(?P<number>\d+))?\.xml",
    re.IGNORECASE,
)


# RuntimeError: zipfile's word for an encrypted file; NotImplementedError: for an unknown compression.
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    RuntimeError,
    NotImplementedError,
)

# How a .zip and a .tgz begin: one cut short has no directory, and looks like nothing known.
_BEGUN = {b"PK", b"\x1f\x8b"}
DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Kind(StrEnum):
    COMPLET = "complet"
    DELTA = "delta"


class UnusableExtract(Exception):
    """There is no extract there, or one that must not be opened; the message is a French sentence."""


@dataclass(frozen=True, slots=True)
class ExtractFile:
    """One file of an extract; `number` is its rank among those of its type, None when the name has none."""

    path: Path
    kind: Kind
    day: date | None
    type: str
    number: int | None
    size: int


def file_of(path: Path) -> ExtractFile | None:
    """What the name of a file says; None for a stranger."""
    found = _NAME.fullmatch(path.name)
    if not found:
        return None
    number = found["number"]
    return ExtractFile(
        path=path,
        kind=Kind(found["kind"].lower()),
        day=_day(found["day"]),
        type=_TYPE_OF[found["type"].lower()],
        number=int(number) if number else None,
        size=path.stat().st_size,
    )


def _day(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


@contextmanager
def opened(path: Path, unpack_limit: int) -> Iterator[list[ExtractFile]]:
    """The files of the extract at `path`, sorted by name; what an archive held is removed at the end.

    Raises UnusableExtract: nothing there, no extract in it, or an archive that unpacks beyond
    `unpack_limit` bytes or writes outside its folder.
    """
    if path.is_dir():
        yield _files_under(path, path)
    elif path.is_file():
        with tempfile.TemporaryDirectory(prefix="aaf-") as folder:
            _unpack(path, Path(folder), unpack_limit)
            yield _files_under(Path(folder), path)
    else:
        raise UnusableExtract(f"« {path} » n’existe pas.")


def _files_under(folder: Path, named: Path) -> list[ExtractFile]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and "__MACOSX" not in path.parts)
    files = [file for path in paths if (file := file_of(path))]
    if not files:
        raise UnusableExtract(f"« {named.name} » ne contient aucun fichier d’extrait AAF.")
    return files


@dataclass(frozen=True, slots=True)
class _Member:
    """One file of an archive, of either kind; `open` reads it."""

    name: str
    size: int
    open: Callable[[], IO[bytes] | None]


def _unpack(archive: Path, folder: Path, limit: int) -> None:
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened_zip:
                _write(archive, _zip_members(opened_zip), folder, limit)
        elif tarfile.is_tarfile(archive):
            with tarfile.open(archive) as opened_tar:
                _write(archive, _tar_members(opened_tar), folder, limit)
        elif _first_bytes(archive) in _BEGUN:
            raise UnusableExtract(f"L’archive « {archive.name} » est abîmée, incomplète ou chiffrée.")
        else:
            raise UnusableExtract(f"« {archive.name} » n’est ni un dossier, ni une archive .zip ou .tgz.")
    except _DAMAGED as error:
        raise UnusableExtract(f"L’archive « {archive.name} » est abîmée, incomplète ou chiffrée.") from error
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        raise UnusableExtract(
            f"Le disque est plein : l’archive « {archive.name} » ne peut pas être ouverte."
        ) from error


def _first_bytes(archive: Path) -> bytes:
    with archive.open("rb") as file:
        return file.read(2)


def _zip_members(archive: zipfile.ZipFile) -> Iterator[_Member]:
    for info in archive.infolist():
        is_link = stat.S_ISLNK(info.external_attr >> 16)
        if not info.is_dir() and not is_link:
            yield _Member(info.filename, info.file_size, partial(archive.open, info))


def _tar_members(archive: tarfile.TarFile) -> Iterator[_Member]:
    for info in archive:
        if info.isfile():
            yield _Member(info.name, info.size, partial(archive.extractfile, info))


def _write(archive: Path, members: Iterator[_Member], folder: Path, limit: int) -> None:
    """Write the files of an extract, each in a folder of ours; sizes are counted, not believed."""
    room = limit
    for rank, member in enumerate(members):
        if rank == MOST_MEMBERS:
            raise UnusableExtract(
                f"L’archive « {archive.name} » contient trop de fichiers : elle est refusée."
            )
        name = PurePosixPath(member.name.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts:
            raise UnusableExtract(
                f"L’archive « {archive.name} » écrirait hors de son dossier : elle est refusée."
            )
        if member.size > room:
            raise _too_large(archive, limit)
        if "__MACOSX" in name.parts or not _NAME.fullmatch(name.name):
            room -= member.size
            continue
        own_folder = folder / str(rank)
        own_folder.mkdir()
        with (own_folder / name.name).open("wb") as target:
            room -= _copy(member, target, room)
        if room < 0:
            raise _too_large(archive, limit)


def _copy(member: _Member, target: IO[bytes], room: int) -> int:
    """Copy a member, or a little more of it than there is room for; the number of bytes written."""
    written = 0
    source = member.open()
    assert source
    with source:
        while written <= room and (chunk := source.read(_COPY_SIZE)):
            target.write(chunk)
            written += len(chunk)
    return written


def _too_large(archive: Path, limit: int) -> UnusableExtract:
    size = f"{limit / (1 << 30):.3g} Go"
    return UnusableExtract(
        f"L’archive « {archive.name} » dépasse {size} une fois ouverte : elle est refusée."
    )
