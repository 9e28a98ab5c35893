"""Folders the servers' user can reach: data, sockets, and copies of programs when need be."""

import hashlib
import importlib.util
import os
import re
import shutil
import stat
from pathlib import Path

from educonnect_admin.embedded.errors import ServerError
from educonnect_admin.processes import ServiceUser, service_user

# The size of sockaddr_un.sun_path, less its final zero.
LONGEST_SOCKET = 107
LONGEST_SOCKET_NAME = "/.s.PGSQL.5432.lock"
# A predictable name there is safe: owned_folder refuses what somebody else made.
SHORT_FOLDER = Path("/tmp")  # noqa: S108


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def owned_folder(folder: Path, user: ServiceUser | None) -> Path:
    """Make the folder, private to the user; refuse one that somebody else prepared."""
    owner = user.uid if user else os.geteuid()
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True)
        if user:
            os.chown(folder, user.uid, user.gid)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner:
        raise ServerError(f"{folder} devrait être un dossier de l’utilisateur n° {owner} : retirez-le.")
    return folder


def servers_folder(wanted: Path) -> Path:
    """Where the data live: `wanted`, or a stable other place when the servers' user cannot reach it."""
    wanted = wanted.resolve()
    user = service_user()
    if user is None:
        return owned_folder(wanted, user)
    wanted.parent.mkdir(parents=True, exist_ok=True)
    if user.may("x", wanted.parent):
        return owned_folder(wanted, user)
    name = f"educonnect-admin-{_short_hash(wanted)}"
    for parent in (Path("/var/lib"), SHORT_FOLDER):
        if user.may("x", parent) and os.access(parent, os.W_OK):
            return owned_folder(parent / name, user)
    raise ServerError(f"Aucun dossier que l’utilisateur {user.name} puisse atteindre pour les données.")


def socket_folder(folder: Path, user: ServiceUser | None) -> Path:
    """A folder for sockets inside `folder`; in /tmp when too long for a socket, or with what URLs escape."""
    inside = folder / "run"
    fits = len(os.fsencode(inside)) + len(LONGEST_SOCKET_NAME) <= LONGEST_SOCKET
    if fits and re.fullmatch(r"[\w./-]+", str(inside), re.ASCII):
        return owned_folder(inside, user)
    return owned_folder(SHORT_FOLDER / f"educonnect-{_short_hash(folder)}", user)


def package_folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ServerError(f"Le paquet « {package} » manque : lancez « make » qui installe les dépendances.")
    return Path(spec.submodule_search_locations[0])


def reachable(program: Path, package: Path, folder: Path, user: ServiceUser | None) -> Path:
    """The program, or a copy of it with its package's libraries where its user may read it."""
    if user is None or user.may("x", program):
        return program
    copies = folder / "programs" / _short_hash(package)
    if not copies.exists():
        unfinished = copies.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, unfinished / part.name, symlinks=True)
        for path in (unfinished, *unfinished.rglob("*")):
            os.chown(path, user.uid, user.gid, follow_symlinks=False)
        unfinished.rename(copies)
    return copies / program.relative_to(package.parent)
