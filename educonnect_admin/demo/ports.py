"""Finds a free port of this machine."""

import socket


def free_port(wanted: int, tries: int = 50) -> int:
    """`wanted`, else one of the following ones, else any."""
    for port in range(wanted, wanted + tries):
        if _is_free(port):
            return port
    return any_free_port()


def any_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _is_free(port: int) -> bool:
    """On both loopback addresses: a browser may try either for « localhost »."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            socket.create_server((address, port), family=family).close()
        except OSError:
            if family == socket.AF_INET or _has_ipv6():
                return False
    return True


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True
