"""1,000 sheets with their QR, by two Celery workers in parts, against one WeasyPrint call in one process."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from urllib.parse import quote

from django.db import connection
from weasyprint import HTML

from accounts import printing, tasks
from accounts.bundles import Bundle
from accounts.letters import sheets_for
from accounts.models import Operation
from accounts.reports import report
from bench.database import fresh_database
from bench.figures import Figure
from bench.notify import confirmed_operation
from bench.population import Population, populate
from notifications import sheets as rendering
from notifications import typesetting
from notifications.qr import QRImage
from notifications.sheet_data import Sheet
from notifications.sheet_layout import DENSITIES, SheetPage

SHEETS = 1_000
SHORT = (2, 8)
PATIENCE = 300


def measure() -> Iterator[Figure]:
    with fresh_database():
        school = populate(Population(schools=1, pupils=2_000))
        operation = confirmed_operation(school, SHEETS)
        with _two_workers():
            first, notified, ended = _watch(operation)
            short = {
                size: _again(operation, Bundle(size, has_cover=True, has_signing=True)) for size in (2, 8)
            }
        accounts = list(operation.items.values_list("account_id", flat=True))
        baseline = _one_call(sheets_for(operation.establishment, accounts))
    rendered = ended - notified
    yield Figure("1,000 sheets: first progress shown after", first, "s", limit=2)
    yield Figure("1,000 sheets: from confirmation to the joined PDF", ended, "s")
    yield Figure("1,000 sheets: one WeasyPrint call over one HTML, one process", baseline, "s")
    yield Figure(
        "1,000 sheets: how many times faster than that call",
        baseline / rendered,
        "×",
        limit=1.6,
        more_is_better=True,
    )
    for size, seconds in short.items():
        yield Figure(f"1,000 sheets by {size} a page, by class with cover and list to sign", seconds, "s")
        yield Figure(
            f"1,000 sheets by {size} a page, over one whole letter a page", seconds / rendered, "×", limit=1
        )


def _again(operation: Operation, bundle: Bundle) -> float:
    """Seconds to edit the same sheets otherwise."""
    started = time.perf_counter()
    assert printing.reprint(operation, operation.agent, bundle.options)
    tasks.enqueue_sheets(operation.pk)
    while time.perf_counter() - started < PATIENCE:
        operation.refresh_from_db()
        if operation.status == Operation.Status.DONE:
            return time.perf_counter() - started
        time.sleep(0.05)
    raise TimeoutError(f"operation still {operation.status}")


def _watch(operation: Operation) -> tuple[float, float, float]:
    """Seconds from confirmation to the first progress, to the last account notified, to the document."""
    started = time.perf_counter()
    tasks.run_operation.delay(operation.pk)
    first = notified = 0.0
    while (now := time.perf_counter() - started) < PATIENCE:
        operation.refresh_from_db()
        state = report(operation)
        first = first or (now if state.settled else 0.0)
        notified = notified or (now if state.settled == state.total else 0.0)
        if operation.status == Operation.Status.DONE:
            assert state.sheets_made == SHEETS
            return first, notified, now
        time.sleep(0.05)
    raise TimeoutError(f"operation still {operation.status}")


def _one_call(sheets: Sequence[Sheet]) -> float:
    """What a page of the console would do without workers: one HTML, one call, everything else equal."""
    started = time.perf_counter()
    css, fonts = typesetting.stylesheet(rendering.STYLE)
    pages = [SheetPage(s, DENSITIES[0], anchor=f"s{n}", bookmark="") for n, s in enumerate(sheets)]
    codes = {page.qr_url: QRImage(page.sheet.activation_url) for page in pages}
    options = {"cache": codes, "pdf_variant": typesetting.VARIANT}
    html = typesetting.document_of(rendering.articles(pages), rendering.TITLE)
    HTML(string=html).write_pdf(stylesheets=[css], font_config=fonts, **options)
    return time.perf_counter() - started


@contextmanager
def _two_workers() -> Iterator[None]:
    """A real Celery worker of two processes on the measured database."""
    target = connection.settings_dict
    host = quote(target["HOST"], safe="")
    url = f"postgres://{target['USER']}:{target['PASSWORD']}@{host}:{target['PORT']}/{target['NAME']}"
    if target["HOST"].startswith("/"):
        url = f"postgres://{target['USER']}@//{target['HOST'].strip('/')}/{target['NAME']}"
    with TemporaryDirectory() as documents:
        environment = os.environ | {"DATABASE_URL": url, "DOCUMENTS_ROOT": documents}
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "educonnect_admin",
            "worker",
            "-c",
            "2",
            "-l",
            "warning",
        ]
        worker = subprocess.Popen(command, env=environment)
        try:
            _wait_for_worker()
            yield
        finally:
            worker.terminate()
            worker.wait()


def _wait_for_worker() -> None:
    control = tasks.run_operation.app.control
    limit = time.monotonic() + 60
    while not control.ping(timeout=1):
        if time.monotonic() > limit:
            raise TimeoutError("the Celery worker does not answer")
