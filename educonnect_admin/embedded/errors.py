"""What keeps the embedded servers from starting."""

from collections.abc import Mapping
from pathlib import Path

from educonnect_admin.processes import Child


class ServerError(Exception):
    """A server cannot start; the message is for the person at the terminal."""


class AlreadyRunning(ServerError):
    """Another supervisor holds these data."""

    def __init__(self, folder: Path, holder: Mapping[str, str]) -> None:
        self.environment = {key: holder[key] for key in ("DATABASE_URL", "REDIS_URL") if key in holder}
        super().__init__(
            f"Les données de {folder} sont déjà ouvertes par un autre lancement"
            f" (processus {holder.get('pid', '?')}). Arrêtez-le d’abord (Ctrl-C dans son terminal)."
        )


class DidNotStart(ServerError):
    """The server ended, or never answered."""

    def __init__(self, child: Child) -> None:
        super().__init__(f"{child.name} n’a pas démarré. Fin de {child.log} :\n{child.end_of_log()}")
