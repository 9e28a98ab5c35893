"""gunicorn's settings, in production as in the demonstration (`--config python:educonnect_admin.web_server`).

The access log bears no address of who asks: only the proxy in front knows it, and keeps it apart, under its
own rules and time (CNIL, deliberation 2021-122). Who did what is in the journal of the establishment.
"""

import gc
import os
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from gunicorn.glogging import Logger

from educonnect_admin.json_lines import JsonFormatter
from educonnect_admin.log_lines import DiscreetFilter, DiscreetFormatter, route_of

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "educonnect_admin.settings")

wsgi_app = "educonnect_admin.wsgi"
threads = 4
accesslog = "-"
access_log_format = '%(t)s "%(m)s %(U)s %(H)s" %(s)s %(B)s %(M)s ms'
# No way in beside the port.
control_socket_disable = True
# Whether a proxy says https is BEHIND_TLS_PROXY's to say, not the address it comes from.
forwarded_allow_ips = ""
# The longest address of ours is a list with all its filters; browsers send some twenty headers.
limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 8190


def post_worker_init(worker: object) -> None:
    """What lives as long as the process is looked through no more: large pages waited for that."""
    reverse("home")  # reads every route, hence every view
    gc.collect()
    gc.freeze()


class DiscreetLogger(Logger):  # type: ignore[misc]
    """Routes instead of addresses; of a request that is none, only that it came."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        is_json = settings.LOG_FORMAT == "json"
        for handler in self.error_log.handlers:
            handler.setFormatter(
                JsonFormatter() if is_json else DiscreetFormatter(self.error_fmt, self.datefmt)
            )
            handler.addFilter(DiscreetFilter())
        if is_json:
            for handler in self.access_log.handlers:
                handler.setFormatter(JsonFormatter())

    def atoms(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> dict[str, Any]:
        atoms: dict[str, Any] = super().atoms(resp, req, environ, request_time)
        return atoms | {"U": route_of(str(atoms["U"] or "")), "q": "", "r": "", "f": "", "h": "-", "u": "-"}

    def warning(self, msg: str, *args: Any, **kwargs: Any) -> None:
        is_quoting = msg.startswith("Invalid request from ip=")
        super().warning("Invalid request" if is_quoting else msg, *args, **kwargs)

    def exception(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """gunicorn's own quotes the whole address."""
        if isinstance(msg, str) and msg.startswith("Error handling request"):
            msg, args = "Error handling a request", ()
        super().exception(msg, *args, **kwargs)


logger_class = DiscreetLogger
