"""What every look at the console needs: several pages of a few rows, and silence."""

import logging
from datetime import timedelta
from typing import Any

import pytest

# So few rows a page that small worlds have several.
ROWS_A_PAGE = 3


@pytest.fixture(autouse=True)
def no_log(caplog: pytest.LogCaptureFixture) -> None:
    """A refusal is what is asked for: thousands of them would hide the failure."""
    caplog.set_level(logging.ERROR, logger="django.request")


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.forms.PAGE_SIZES", (ROWS_A_PAGE, 25, 100, 200))


@pytest.fixture(autouse=True)
def long_days(settings: Any) -> None:
    """Sessions stay open for days, and an agent may take away more lists than any person would."""
    settings.SESSION_IDLE = settings.SESSION_LIFETIME = timedelta(days=365)
    settings.EXPORT_RATE = 1_000_000
