"""PostgreSQL and Redis from Python wheels, for machines where neither is installed or running.

They listen on unix sockets only. As root, they run as an unprivileged user who owns their folder; no
permission above that folder is changed.
"""

from educonnect_admin.embedded.beside import run_beside
from educonnect_admin.embedded.errors import AlreadyRunning, ServerError
from educonnect_admin.embedded.servers import DEFAULT_DATA, EmbeddedServers, remove_data

__all__ = ["DEFAULT_DATA", "AlreadyRunning", "EmbeddedServers", "ServerError", "remove_data", "run_beside"]
