"""A real browser (Debian's Chromium, by Playwright) whose every page must stay clean.

A test fails when its page writes an error to the console, breaks the content security policy, throws, or
asks anything of another host. `browser_watch.allow("422")` lets through the errors a test provokes.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Generator
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright._impl._driver import compute_driver_executable
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright
from pytest_django.live_server_helper import LiveServer

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
]
# A violation of the policy may leave no line on the console (form-action, report-only…).
REPORT_VIOLATIONS = """document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy ${event.violatedDirective} refuses ${event.blockedURI}`))"""


def find_chromium() -> str | None:
    candidates = (os.environ.get("CHROMIUM"), "/usr/bin/chromium", "chromium", "chromium-browser")
    return next((found for name in candidates if name and (found := shutil.which(name))), None)


def missing_for_a_browser(chromium: str | None) -> str | None:
    """Why no browser can run here, if none can."""
    if chromium is None:
        return "no Chromium on this machine: apt-get install chromium"
    driver = subprocess.run([compute_driver_executable()[0], "--version"], capture_output=True, check=False)
    if driver.returncode:
        return "Playwright’s driver does not start: apt-get install libatomic1"
    return None


class BrowserWatch:
    """What a page did that it should not have."""

    def __init__(self) -> None:
        self._allowed: list[re.Pattern[str]] = []
        self._seen: list[str] = []

    def allow(self, pattern: str) -> None:
        """Tolerate problems in which the regular expression is found, for this test."""
        self._allowed.append(re.compile(pattern))

    def watch(self, context: BrowserContext) -> None:
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", lambda error: self._seen.append(f"exception: {error.error}"))
        context.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._seen.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in {"data", "blob", "about"} and url.hostname != "localhost":
            self._seen.append(f"request to another host: {request.url}")

    @property
    def problems(self) -> list[str]:
        return [line for line in self._seen if not any(allowed.search(line) for allowed in self._allowed)]


@pytest.fixture(scope="session")
def browser() -> Generator[Browser, None, None]:
    chromium = find_chromium()
    if reason := missing_for_a_browser(chromium):
        pytest.skip(reason)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield started
        started.close()


@pytest.fixture
def browser_watch() -> BrowserWatch:
    return BrowserWatch()


@pytest.fixture
def new_page(
    browser: Browser, browser_watch: BrowserWatch, live_console: str
) -> Generator[Callable[..., Page], None, None]:
    """Open a page in a session of its own; arguments are Playwright's (viewport, java_script_enabled…)."""
    contexts = []

    def open_page(**options: Any) -> Page:
        context = browser.new_context(
            **{"base_url": live_console, "locale": "fr-FR", "viewport": {"width": 1280, "height": 900}}
            | options
        )
        context.set_default_timeout(15_000)
        browser_watch.watch(context)
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    assert not browser_watch.problems, "\n".join(browser_watch.problems)


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    return new_page()


@pytest.fixture
def live_console(live_server: LiveServer, settings: Any) -> str:
    """The address of a running console, whose threads share the test's (committed) database."""
    settings.PUBLIC_URL = live_server.url
    return live_server.url


@pytest.fixture
def assert_accessible() -> Callable[[Page], None]:
    """Let axe judge the page as it stands, and fail with what it says."""

    def check(page: Page) -> None:
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()

    return check
