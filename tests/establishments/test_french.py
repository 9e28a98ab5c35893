"""How dates, numbers and plurals are written."""

from datetime import UTC, date, datetime

import pytest
from django.core.paginator import Paginator
from django.utils import timezone

from establishments.templatetags import console, french

AT = datetime(2026, 11, 12, 21, 30, tzinfo=UTC)


def test_a_moment_is_dated_by_the_clock_of_the_place():
    assert french.day(AT) == "12/11/2026"
    assert french.day_time(AT) == "12/11/2026 à 22:30"
    with timezone.override("Indian/Reunion"):
        assert french.day(AT) == "13/11/2026"
        assert french.day_time(AT) == "13/11/2026 à 01:30"


def test_a_bare_date_stays_what_it_is():
    with timezone.override("Pacific/Tahiti"):
        assert french.day(date(2013, 5, 17)) == "17/05/2013"


@pytest.mark.parametrize("written", [french.day, french.day_time, french.phone, french.dash])
def test_nothing_is_a_dash(written):
    assert written("" if written in (french.phone, french.dash) else None) == "–"


def test_zero_is_not_nothing():
    assert french.dash(0) == 0


@pytest.mark.parametrize(("count", "ending"), [(0, ""), (1, ""), (2, "s"), (1_000, "s")])
def test_the_plural_begins_at_two(count, ending):
    assert french.plural(count) == ending


def test_irregular_endings():
    assert (french.plural(1, "al,aux"), french.plural(3, "al,aux")) == ("al", "aux")


def test_thousands_are_parted_by_a_narrow_space():
    assert french.number(1_234_567) == "1\u202f234\u202f567"


def test_a_phone_is_read_in_pairs():
    assert french.phone("+33639981234") == "06 39 98 12 34"


def test_a_pager_skips_the_pages_between():
    page = Paginator(range(1_000), 10).page(50)
    assert console.page_numbers(page) == [1, None, 48, 49, 50, 51, 52, None, 100]
