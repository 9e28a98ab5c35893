"""The drawings of a period: gaps are not bridged, bands stand on one another, scales are easy to read."""

import re
from datetime import date, timedelta

import pytest

from establishments.templatetags.french import percent
from statistics.columns import COLUMNS
from statistics.meteostat.charts import accounts_chart, rate_chart
from statistics.meteostat.past import Count
from statistics.meteostat.reading import Past, Point
from statistics.meteostat.territories import nation
from statistics.meteostat.words import gained, said_of_accounts, said_of_rate, shortened

FIRST = date(2026, 9, 1)


def count(**columns):
    return Count(tuple(columns.get(name, 0) for name in COLUMNS))


def past(*counts, step=1):
    points = [Point(FIRST + timedelta(days=number * step), each) for number, each in enumerate(counts)]
    return Past(nation(), points)


def coordinates(path):
    return [tuple(map(float, pair)) for pair in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)]


def half(accounts=100):
    return count(not_notified=accounts // 2, active_establishment=accounts // 2)


def test_a_rate_is_drawn_from_the_first_day_to_the_last():
    chart = rate_chart(past(count(not_notified=4), half(), count(active_ent=4)), 100, 50)
    assert coordinates(chart.rate) == [(0, 50), (50, 25), (100, 0)]
    assert chart.below.endswith("L100 50L0 50Z")


def test_an_unknown_night_breaks_the_line_and_a_night_alone_still_shows():
    chart = rate_chart(past(half(), half(), None, half()), 90, 50)
    assert chart.rate == "M0 25L30 25M90 25h0.45"
    assert chart.below.count("Z") == 1


def test_the_bands_of_origins_stand_on_those_before_and_end_at_what_is_activated():
    counted = count(not_notified=60, active_establishment=20, active_responsable=10, active_franceconnect=10)
    chart = accounts_chart(past(counted, counted), 100, 100)
    top = 100
    assert [layer.label for layer in chart.layers] == ["Établissement", "Responsable", "FranceConnect"]
    bands = [coordinates(layer.path) for layer in chart.layers]
    heights = [[y for _, y in band] for band in bands]
    assert heights == [[80, 80, top, top], [70, 70, 80, 80], [60, 60, 70, 70]]
    assert {y for _, y in coordinates(chart.total)} == {0}


@pytest.mark.parametrize(
    ("most", "marks"),
    [
        (0, ["0", "1", "2", "3", "4"]),
        (9, ["0", "3", "6", "9", "12"]),
        (100, ["0", "25", "50", "75", "100"]),
        (101, ["0", "30", "60", "90", "120"]),
        (21_305_466, ["0", "6\u00a0M", "12\u00a0M", "18\u00a0M", "24\u00a0M"]),
    ],
)
def test_the_scale_of_accounts_is_whole_and_holds_them_all(most, marks):
    chart = accounts_chart(past(count(not_notified=most), count(not_notified=most)), 100, 100)
    assert [mark.label for mark in chart.values] == marks
    assert min(y for _, y in coordinates(chart.total)) >= 0


@pytest.mark.parametrize(
    ("points", "step", "marks"),
    [
        (1, 1, ["01/09"]),
        (5, 1, ["01/09", "02/09", "03/09", "04/09", "05/09"]),
        (30, 1, ["01/09", "08/09", "15/09", "22/09", "29/09"]),
        (13, 7, ["sept.", "oct.", "nov."]),
        (75, 7, ["oct.", "2027", "avr.", "juil.", "oct.", "2028"]),
        (200, 7, ["2027", "2028", "2029", "2030"]),
    ],
)
def test_the_days_are_marked_by_the_length_of_the_period(points, step, marks):
    chart = rate_chart(past(*[half()] * points, step=step), 100, 100)
    assert [mark.label for mark in chart.days] == marks
    assert all(0 <= float(mark.at) <= 100 for mark in chart.days)


def test_numbers_are_said_in_french():
    assert percent(50.44) == "50,4\u00a0%"
    assert gained(12.34) == "+\u00a012,3\u00a0points"
    assert gained(-1.04) == "\u2212\u00a01,0\u00a0point"
    assert gained(None) == "–"
    assert shortened(600_000) == "600\u202f000"
    assert shortened(12_500_000) == "12,5\u00a0M"


def test_the_words_say_both_ends_of_what_is_known():
    told = past(None, half(200), count(not_notified=50, active_ent=150), None)
    assert said_of_accounts(told) == (
        "Le 02/09/2026, 200 comptes dont 100 activés\u00a0; le 03/09/2026, 200 comptes dont 150 activés "
        "(ENT 150)."
    )
    assert said_of_rate(told) == (
        "50,0\u00a0% le 02/09/2026, 75,0\u00a0% le 03/09/2026\u00a0: +\u00a025,0\u00a0points."
    )
