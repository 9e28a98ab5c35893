"""Folders the servers' user can reach: data, sockets, and copies of programs when need be."""

import hashlib
import importlib.util
import os
import re
import shutil
import stat
import tempfile
from pathlib import Path

from educonnect_admin.embedded.errors import ServerError
from educonnect_admin.processes import ServiceUser, service_user

# The size of sockaddr_un.sun_path, less its final zero.
LONGEST_SOCKET = 107
LONGEST_SOCKET_NAME = "/.s.PGSQL.5432.lock"
# A predictable name there is safe: owned_folder refuses what somebody else made.
SHORT_FOLDER = Path("/tmp")  # noqa: S108
# Of a server's package, what only serves to compile against it.
NEEDLESS = shutil.ignore_patterns("include", "pgxs", "*.a", "__pycache__")


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
    return owned_folder(_reachable_parent(user) / f"educonnect-admin-{_short_hash(wanted)}", user)


def _reachable_parent(user: ServiceUser) -> Path:
    for parent in (Path("/var/lib"), SHORT_FOLDER):
        if user.may("x", parent) and os.access(parent, os.W_OK):
            return parent
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


def reachable(program: Path, package: Path, user: ServiceUser | None) -> Path:
    """The program, or its copy where the user may read it: one for every checkout with the same program."""
    if user is None or user.may("x", program):
        return program
    digest = hashlib.sha256(program.read_bytes()).hexdigest()[:12]
    copies = _reachable_parent(user) / f"educonnect-{package.name}-{digest}"
    if not copies.exists():
        _copy_package(package, copies)
    if copies.stat().st_uid != 0:
        raise ServerError(f"{copies} n’a pas été fait par root : retirez-le.")
    return copies / program.relative_to(package.parent)


def _copy_package(package: Path, copies: Path) -> None:
    """What runs, and the libraries packed beside it; readable by all whatever root's umask."""
    unfinished = Path(tempfile.mkdtemp(dir=copies.parent, prefix=f"{copies.name}."))
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.exists():
            shutil.copytree(part, unfinished / part.name, symlinks=True, ignore=NEEDLESS)
    for path in (unfinished, *unfinished.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755)
    try:
        unfinished.rename(copies)
    except OSError:  # another process was as quick
        shutil.rmtree(unfinished)
