"""One JSON object a line of log, with the route, the number of the request and the task it comes from."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from celery import current_app

from educonnect_admin.log_lines import DiscreetFormatter
from educonnect_admin.request_context import current_request, request_number, route_name


class JsonFormatter(DiscreetFormatter):
    """As discreet as a plain line; what does not apply is left out."""

    def format(self, record: logging.LogRecord) -> str:
        message, _, trace = super().format(record).partition("\n")
        request, task = current_request.get(), current_app.current_worker_task
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": message,
            "trace": trace,
            "route": route_name(request) if request is not None else "",
            "request": request_number.get(),
            "task": (task.request.id or "") if task else "",
        }
        return json.dumps({name: value for name, value in told.items() if value}, ensure_ascii=False)
