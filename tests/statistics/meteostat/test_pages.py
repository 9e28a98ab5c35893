"""The page of a territory: what it shows of its counts, over which period, and what it keeps to itself."""

import re
from html import unescape

import pytest
from django.urls import reverse

from accounts.models import AccountKind
from statistics.meteostat.past import FLOOR
from tests.educonnect_admin.pages import signed_in
from tests.factories import StatisticsRoleFactory
from tests.statistics.meteostat.counted import (
    BOBIGNY,
    CRETEIL,
    NATION,
    NOISY,
    TREMBLAY,
    count,
    nights,
    november,
    territories,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader():
    """Of the nation, which has two nights."""
    territories()
    nights(november(1), november(8))
    return signed_in(StatisticsRoleFactory.create().agent)
