"""The embedded servers start anywhere, survive accidents, and belong to one supervisor at a time."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import environ
import psycopg
import pytest

from educonnect_admin.embedded import AlreadyRunning, EmbeddedServers, ServerError
from educonnect_admin.embedded.folders import servers_folder
from educonnect_admin.processes import service_user

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as somebody else")


@pytest.fixture
def data(tmp_path: Path) -> Generator[Path, None, None]:
    """A folder the servers' user cannot reach when we are root: pytest's own are private."""
    folder = tmp_path / "servers"
    yield folder
    kept = servers_folder(folder)
    subprocess.run(["rm", "-rf", kept], check=True)


def servers(data: Path) -> EmbeddedServers:
    return EmbeddedServers(data, logs=data.parent, throwaway=True, environ={})


def connect(running: EmbeddedServers) -> psycopg.Connection:
    target = environ.Env.db_url_config(running.environment["DATABASE_URL"])
    return psycopg.connect(host=target["HOST"], user=target["USER"], dbname=target["NAME"], autocommit=True)


def test_data_survive_a_restart(data: Path) -> None:
    with servers(data) as running, connect(running) as connection:
        connection.execute("CREATE TABLE kept (word text)")
    with servers(data) as running, connect(running) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_a_second_supervisor_is_told_who_holds_the_data(data: Path) -> None:
    with servers(data) as running:
        with pytest.raises(AlreadyRunning, match=str(os.getpid())) as refused:
            servers(data).__enter__()
        assert refused.value.environment == running.environment


def test_given_addresses_start_nothing(data: Path) -> None:
    given = {"DATABASE_URL": "postgres://elsewhere/base", "REDIS_URL": "redis://elsewhere/0"}
    with EmbeddedServers(data, logs=data.parent, environ=given) as running:
        assert running.environment == given
        assert running.children == []
    assert not data.exists()


def test_no_server_outlives_a_killed_supervisor(data: Path, eventually: Callable[..., object]) -> None:
    code = (
        "import sys, time; from pathlib import Path; from educonnect_admin.embedded import EmbeddedServers\n"
        f"with EmbeddedServers(Path({str(data)!r}), logs=Path({str(data.parent)!r}), environ={{}}) as s:\n"
        "    print(*(child.process.pid for child in s.children), flush=True); time.sleep(60)"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert supervisor.stdout
    pids = [int(pid) for pid in supervisor.stdout.readline().split()]
    supervisor.kill()
    supervisor.communicate()
    assert len(pids) == 2
    eventually(lambda: not any(runs(pid) for pid in pids))
    with servers(data) as running, connect(running) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_stale_pid_file_is_no_obstacle(data: Path) -> None:
    with servers(data):
        pass
    # The number of a process that lives, and is no PostgreSQL: ours.
    (servers_folder(data) / "postgresql" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    with servers(data) as running, connect(running) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_an_interrupted_initialisation_is_done_again(data: Path) -> None:
    unfinished = servers_folder(data) / "postgresql.new"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    with servers(data) as running, connect(running) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_data_of_another_postgresql_are_refused_and_kept(data: Path) -> None:
    with servers(data):
        pass
    version = servers_folder(data) / "postgresql" / "PG_VERSION"
    version.write_text("12\n")
    with pytest.raises(ServerError, match="PostgreSQL 12"):
        servers(data).__enter__()
    assert version.exists()


def test_a_server_that_fails_says_so_with_the_end_of_its_log(data: Path) -> None:
    with servers(data):
        pass
    (servers_folder(data) / "postgresql" / "postgresql.auto.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(ServerError, match="no_such_setting"):
        servers(data).__enter__()


@pytest.mark.parametrize("name", ["avec des espaces", "été", "x" * 90], ids=["spaces", "accents", "long"])
def test_any_name_of_folder_will_do(data: Path, name: str) -> None:
    folder = data.parent / name / "servers"
    with servers(folder) as running, connect(running) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("educonnect",)
        assert running.postgres
        sockets = running.postgres.sockets
    assert not sockets.exists()
    subprocess.run(["rm", "-rf", servers_folder(folder)], check=True)


@as_root
def test_root_runs_them_as_somebody_else_without_opening_any_folder(data: Path) -> None:
    parents = [parent for parent in data.parents if parent.exists()]
    before = {parent: parent.stat().st_mode for parent in parents}
    with servers(data) as running:
        user = service_user()
        assert user
        owners = {Path(f"/proc/{child.process.pid}").stat().st_uid for child in running.children}
        assert owners == {user.uid}
    assert {parent: parent.stat().st_mode for parent in parents} == before
    assert stat.S_IMODE(servers_folder(data).stat().st_mode) == 0o700


@as_root
def test_the_place_of_the_data_is_the_same_every_time(data: Path) -> None:
    assert servers_folder(data) == servers_folder(data)


def test_a_command_runs_beside_the_servers_and_its_exit_code_is_kept(data: Path) -> None:
    command = [sys.executable, "-m", "educonnect_admin.embedded", "run", "--throwaway", "--data", str(data)]
    script = 'test -n "$DATABASE_URL" && test -n "$REDIS_URL" && exit 7'
    bare = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}}
    assert subprocess.run([*command, "--", "sh", "-c", script], env=bare, check=False).returncode == 7


def test_postgresql_stops_last_by_a_fast_shutdown(data: Path) -> None:
    with servers(data) as running:
        holder = json.loads((servers_folder(data) / "supervisor.lock").read_text())
        assert int(holder["pid"]) == os.getpid()
        redis, postgresql = running.children
    assert (redis.name, postgresql.name) == ("Redis", "PostgreSQL")
    assert postgresql.stop_signal == signal.SIGINT
    assert (redis.process.returncode, postgresql.process.returncode) == (0, 0)
    assert "fast shutdown" in postgresql.log.read_text()
