"""The CSV of a territory: each figure is the one that was counted, too few accounts are not there."""

import csv
import io
import random

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import AccountKind
from statistics.columns import COLUMNS
from statistics.meteostat.territories import Level, find
from statistics.models import TerritorySnapshot
from tests.factories import AgentFactory, StatisticsRoleFactory
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

WHERE = ["Territoire", "Niveau", "Code", "Degré", "Population"]
SITUATION = ["Relevé du", "Origine", "Non notifiés", "Notifiés et non activés", "En cours d’activation"]
SERIES = {
    ("1er et 2nd degrés", "Responsables"): (0, AccountKind.RESPONSABLE),
    ("1er degré", "Responsables"): (1, AccountKind.RESPONSABLE),
    ("2nd degré", "Responsables"): (2, AccountKind.RESPONSABLE),
    ("2nd degré", "Élèves"): (2, AccountKind.STUDENT),
}


@pytest.fixture
def reader():
    """Of the nation; nothing was counted yet."""
    territories()
    client = Client()
    client.force_login(StatisticsRoleFactory.create().agent)
    return client


def address(where, name="meteostat_export"):
    return reverse(name, kwargs={"level": where[0], "code": where[1]})


def export(reader, where, **query):
    response = reader.get(address(where), query)
    assert response.status_code == 200
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"), newline=""), delimiter=";"))


def drawn(dice, least=20):
    return {name: dice.randint(least, 2000) for name in COLUMNS}


def latest(where, degree, kind, day):
    rows = TerritorySnapshot.objects.filter(
        level=where[0], code=where[1], degree=degree, kind=kind, day__lte=day
    )
    return rows.order_by("-day").first()


@pytest.mark.parametrize("where", [NATION, CRETEIL, BOBIGNY])
def test_the_situation_is_the_row_of_each_series_at_the_end_of_the_period_and_adds_up(reader, where):
    dice = random.Random(where[1])
    nights(*map(november, range(1, 12)))
    for degree, kind in SERIES.values():
        for day in {1, *dice.sample(range(1, 12), 4)}:
            count(where, november(day), degree=degree, kind=kind, **drawn(dice))

    heading, *lines = export(reader, where, du="2026-11-02", au="2026-11-07")

    assert heading == [*WHERE, *SITUATION, "Activés", "Comptes distincts"]
    place = find(*where)
    assert {tuple(line[:3]) for line in lines} == {(place.name, place.level.label, place.code)}
    assert {line[5] for line in lines} == {"07/11/2026"}
    for label, series in SERIES.items():
        *origins, total = [line[6:] for line in lines if tuple(line[3:5]) == label]
        row = latest(where, *series, november(7))
        active = {name: getattr(row, name) for name in COLUMNS if name.startswith("active")}
        numbers = [row.not_notified, row.notified, row.activating, sum(active.values())]
        assert total == ["Total", *map(str, [*numbers, sum(numbers)])]
        assert [sum(int(line[column]) for line in origins) for column in range(1, 6)] == [
            int(cell) for cell in total[1:]
        ]
        by_label = {line[0]: line for line in origins}
        assert by_label["FranceConnect"][4] == str(row.active_franceconnect)
        assert by_label["Établissement"][2:] == [
            str(row.notified),
            str(row.activating),
            str(row.active_establishment),
            str(row.notified + row.activating + row.active_establishment),
        ]


def test_the_evolution_has_a_line_a_day_as_counted_and_nothing_for_the_night_missed(reader):
    dice = random.Random(7)
    nights(november(1), november(2), november(4))
    for day in (1, 4):
        count(CRETEIL, november(day), degree=1, **drawn(dice))

    heading, *lines = export(
        reader, CRETEIL, quoi="evolution", degre="1", du="2026-11-01", au="2026-11-04", pas="jour"
    )

    assert heading == [
        "Jour",
        *WHERE,
        "Non notifiés",
        "Notifiés et non activés",
        "En cours d’activation",
        "Activés (Établissement)",
        "Activés (Responsable)",
        "Activés (FranceConnect)",
        "Activés (ENT)",
        "Activés (ATEN)",
        "Comptes distincts",
        "Activés",
        "Taux d’activation (%)",
    ]
    assert [line[0] for line in lines] == [f"0{day}/11/2026" for day in (1, 2, 3, 4)]
    assert {tuple(line[1:6]) for line in lines} == {
        ("Créteil", "Académie", "24", "1er degré", "Responsables")
    }
    for line, day in zip(lines, (1, 1, None, 4), strict=True):
        if day is None:
            assert line[6:] == [""] * 11
            continue
        row = latest(CRETEIL, 1, AccountKind.RESPONSABLE, november(day))
        columns = [getattr(row, name) for name in COLUMNS]
        accounts, active = sum(columns), sum(columns[3:])
        rate = f"{100 * active / accounts:.1f}".replace(".", ",")
        assert line[6:] == [*map(str, columns), str(accounts), str(active), rate]


def test_the_evolution_by_week_has_the_last_night_of_each_week(reader):
    nights(november(3), november(9))
    count(NATION, november(3), notified=100)
    count(NATION, november(9), notified=60, active_ent=60)

    lines = export(reader, NATION, quoi="evolution", du="2026-10-20", au="2026-11-09", pas="semaine")[1:]

    assert [(line[0], line[-3], line[-1]) for line in lines] == [
        ("26/10/2026", "", ""),
        ("02/11/2026", "", ""),
        ("09/11/2026", "120", "50,0"),
    ]


def test_the_comparison_gives_each_part_its_rate_then_and_now_in_the_order_asked_for(reader):
    nights(november(1), november(8))
    for code, then, now in (("077", 10, 40), ("093", 50, 45), ("094", 20, 60)):
        where = (Level.DEPARTMENT, code)
        count(where, november(1), notified=100 - then, active_responsable=then)
        count(where, november(8), notified=200 - 2 * now, active_responsable=2 * now)

    period = {"du": "2026-11-01", "au": "2026-11-08"}
    heading, *lines = export(reader, CRETEIL, quoi="comparaison", tri="progression", **period)

    assert heading == [
        *WHERE,
        "Comptes distincts",
        "Activés",
        "Taux d’activation (%)",
        "Taux au début de la période (%)",
        "Progression (points)",
    ]
    assert [line[2:] for line in lines] == [
        ["094", "1er et 2nd degrés", "Responsables", "200", "120", "60,0", "20,0", "40,0"],
        ["077", "1er et 2nd degrés", "Responsables", "200", "80", "40,0", "10,0", "30,0"],
        ["093", "1er et 2nd degrés", "Responsables", "200", "90", "45,0", "50,0", "-5,0"],
    ]


@pytest.mark.parametrize("what", ["situation", "evolution", "comparaison"])
def test_a_territory_of_too_few_accounts_is_in_no_export(reader, what):
    nights(november(1), november(2))
    count(NOISY, november(1), degree=1, notified=40, active_ent=9)
    count(TREMBLAY, november(1), degree=1, notified=40, active_ent=10)
    count(BOBIGNY, november(1), degree=1, notified=80, active_ent=19)

    own = export(reader, NOISY, quoi=what, du="2026-11-01")[1:]
    above = export(reader, BOBIGNY, quoi=what, degre="1", du="2026-11-01")[1:]
    sister = export(reader, TREMBLAY, quoi=what, du="2026-11-01")[1:]

    assert not [cell for line in own for cell in line if cell in {"49", "40", "9"}]
    assert "NOISY" not in str(above)
    assert ("TREMBLAY NORD" in str(above)) == (what == "comparaison")
    assert bool([line for line in sister if "50" in line]) == (what != "comparaison")


def test_days_of_too_few_accounts_are_as_unknown(reader):
    nights(november(1), november(2))
    count(NOISY, november(1), degree=1, notified=49)
    count(NOISY, november(2), degree=1, notified=50)

    lines = export(reader, NOISY, quoi="evolution", du="2026-11-01", pas="jour")[1:]

    assert [line[-3] for line in lines] == ["", "50"]


def test_the_nation_shows_the_few_accounts_it_has(reader):
    nights(november(1))
    count(NATION, november(1), notified=3)

    assert [line[-1] for line in export(reader, NATION)[1:] if line[6] == "Total"] == ["3"]


@pytest.mark.parametrize("what", ["situation", "evolution", "comparaison"])
def test_with_no_night_at_all_there_is_a_heading(reader, what):
    heading, *lines = export(reader, NATION, quoi=what, pas="semaine")

    assert "Territoire" in heading
    assert not [cell for line in lines for cell in line[6:] if cell]


def test_files_are_named_by_what_they_hold_the_territory_and_the_hour(reader):
    with time_machine.travel("2026-11-25T05:06:07+00:00", tick=False):
        names = [
            reader.get(address(BOBIGNY, name), query)["Content-Disposition"]
            for name, query in (
                ("meteostat_export", {}),
                ("meteostat_export", {"quoi": "comparaison"}),
                ("meteostat_report", {}),
            )
        ]

    assert names == [
        'attachment; filename="meteostat-situation-seine-saint-denis-20261125060607.csv"',
        'attachment; filename="meteostat-comparaison-seine-saint-denis-20261125060607.csv"',
        'attachment; filename="meteostat-seine-saint-denis-20261125060607.pdf"',
    ]


@pytest.mark.parametrize("name", ["meteostat_export", "meteostat_report"])
def test_exports_are_for_who_reads_the_territory(reader, name):
    sister, stranger = Client(), Client()
    sister.force_login(StatisticsRoleFactory.create(level=Level.DEPARTMENT, code="094").agent)
    stranger.force_login(AgentFactory.create())

    for client in (sister, stranger):
        assert client.get(address(BOBIGNY, name)).status_code == 404
        assert client.get(address(CRETEIL, name)).status_code == 404
    assert sister.get(address((Level.DEPARTMENT, "094"), name)).status_code == 200
    assert reader.get(address((Level.DEPARTMENT, "999"), name)).status_code == 404
    assert reader.post(address(BOBIGNY, name)).status_code == 405


def test_exports_of_all_kinds_count_towards_the_same_limit(reader, settings):
    settings.EXPORT_RATE = 2
    answers = [
        reader.get(address(NATION, name)).status_code
        for name in ("meteostat_export", "meteostat_report", "meteostat_export", "meteostat_report")
    ]

    assert answers == [200, 200, 429, 429]


@pytest.mark.parametrize("name", ["meteostat_export", "meteostat_report"])
def test_a_period_that_cannot_be_read_gives_no_file_of_another(reader, name):
    nights(november(1))
    answer = reader.get(address(NATION, name), {"du": "2026-11-01", "au": "2026-10-01"})

    assert answer.status_code == 422
    assert "La fin de la période précède son début." in answer.text
