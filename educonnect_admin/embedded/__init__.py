"""PostgreSQL and Redis from Python wheels, for machines where neither is installed or running.

They listen on unix sockets only. As root, they run as an unprivileged user who owns their folder; no
permission above that folder is changed.
"""

from educonnect_admin.embedded.beside import run_beside
from educonnect_admin.embedded.errors import AlreadyRunning, ServerError
from educonnect_admin.embedded.servers import BASE_DIR, DEFAULT_DATA, VAR, EmbeddedServers, remove_data

__all__ = [
    "BASE_DIR",
    "DEFAULT_DATA",
    "VAR",
    "AlreadyRunning",
    "EmbeddedServers",
    "ServerError",
    "remove_data",
    "run_beside",
]
