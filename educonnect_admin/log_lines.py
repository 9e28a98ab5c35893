"""What a line of a log may say: where and what happened, never to whom, nor with which words.

An address is told as its route, so a token or a name typed in it stays out. An exception is told as its
type and its lines of code; its message only when it speaks of the program and not of data. Query strings
are left out, and whatever still looks like a mail address is masked.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from django.http import HttpRequest
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.urls import Resolver404, resolve

_MAIL = re.compile(r"[^\s<>\"'(),:;=\[\]]+@[^\s<>\"'(),:;\[\]]+")
# What comes after the host, or after a path.
_URL = re.compile(r"(https?://[^/\s'\"]+/)[^\s'\"]+")
_QUERY = re.compile(r"(/[^\s?'\"]*)\?[^\s'\"]+")
_UAI = re.compile(r"[0-9]{7}[A-Za-z]")
# They say what the program lacks or misuses; those of a database's connection, why it does not answer.
_OF_THE_PROGRAM = (
    AttributeError,
    ImportError,
    ImproperlyConfigured,
    NameError,
    OperationalError,
    TemplateDoesNotExist,
    TemplateSyntaxError,
    TypeError,
)
# What Celery's lines quote of a task: its exception, its arguments, what it returned.
_OF_A_TASK = {"exc", "traceback", "args", "kwargs", "return_value"}

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def route_of(path: str) -> str:
    """The route of an address, with the establishment's UAI and the keys of rows put back."""
    if path.startswith(f"/{settings.STATIC_URL.strip('/')}/"):
        return f"/{settings.STATIC_URL.strip('/')}/<file>"
    try:
        found = resolve(path)
    except (Resolver404, ValueError):
        return "/<unknown>"
    route = "/" + re.sub(r"\(\?P(<\w+>)(?:[^()]|\([^()]*\))*\)|[\^$]", r"\1", found.route)
    for name, value in found.kwargs.items():
        if isinstance(value, int) or _UAI.fullmatch(str(value)):
            route = re.sub(rf"<(?:\w+:)?{name}>", str(value), route)
    return re.sub(r"<\w+:(\w+)>", r"<\1>", route)


def told(error: BaseException) -> str:
    """An exception in a few words: its type, what of the schema it breaks, or what the program lacks."""
    cause = error.__cause__ if error.__cause__ is not None else error
    diagnosis = getattr(cause, "diag", None)
    if state := getattr(diagnosis, "sqlstate", None):
        facts = [getattr(diagnosis, name, None) for name in ("table_name", "column_name", "constraint_name")]
        return " ".join([f"{type(error).__name__}: SQLSTATE {state}", *filter(None, facts)])
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror}"
    if isinstance(error, _OF_THE_PROGRAM):
        return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
    return type(error).__name__


class DiscreetFilter(logging.Filter):
    """Before a line is made: exceptions and addresses among its arguments are told, not quoted."""

    def filter(self, record: logging.LogRecord) -> bool:
        path = getattr(getattr(record, "request", None), "path", None)
        if isinstance(record.args, Mapping):
            record.args = {
                name: "…" if name in _OF_A_TASK else _said(value, path) for name, value in record.args.items()
            }
        elif record.args:
            record.args = tuple(_said(value, path) for value in record.args)
        if isinstance(record.msg, BaseException):
            record.msg = told(record.msg)
        return True


def _said(value: Any, path: str | None) -> Any:
    if isinstance(value, BaseException):
        return told(value)
    if isinstance(value, HttpRequest):
        return route_of(value.path)
    return route_of(value) if path is not None and value == path else value


class DiscreetFormatter(logging.Formatter):
    """The trace of an exception without the messages of those it went through."""

    def format(self, record: logging.LogRecord) -> str:
        # Another handler may have written the trace already, with everything in it.
        record.exc_text = None
        line = _MAIL.sub("<mail>", super().format(record))
        return _QUERY.sub(r"\1", _URL.sub(r"\1…", line))

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 - logging calls it so
        lines: list[str] = []
        error = ei[1]
        while error is not None:
            frames = "".join(traceback.format_tb(error.__traceback__))
            lines.insert(0, f"{frames}{told(error)}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n\n".join(lines)
