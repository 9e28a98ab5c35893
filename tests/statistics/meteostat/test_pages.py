"""The page of a territory: what it shows of its counts, over which period, and what it keeps to itself."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AccountKind
from statistics.meteostat.past import FLOOR
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

ADDRESSES = {
    NATION: "/meteostat/nation/",
    CRETEIL: "/meteostat/academies/24/",
    BOBIGNY: "/meteostat/departements/093/",
    NOISY: f"/meteostat/circonscriptions/{NOISY[1]}/",
}
ACTIVE = "active_establishment"


def signed_in(**role):
    client = Client()
    client.force_login(StatisticsRoleFactory.create(**role).agent)
    return client


@pytest.fixture
def reader():
    """Of the nation, which was counted twice."""
    territories()
    nights(november(1), november(8))
    return signed_in()


def text_of(answer):
    assert answer.status_code == 200
    main = answer.content.decode().split("<main", 1)[1].split("</main>")[0]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", main)).replace("\u202f", "")).replace(
        "\u00a0", " "
    )


def read(client, where, **query):
    return text_of(client.get(ADDRESSES[where], query))


def parts_of(client, where, **query):
    """The names of the parts, in their order."""
    page = client.get(ADDRESSES[where], query).content.decode()
    [listed] = re.findall(r'<ul class="meteo-parts">(.*?)</ul>', page, re.DOTALL)
    return re.findall(r"<a [^>]*>([^<]*)</a>", listed)


def test_the_situation_spreads_all_the_accounts_over_origins_and_states(reader):
    count(
        CRETEIL,
        november(8),
        not_notified=100,
        notified=40,
        activating=7,
        active_establishment=31,
        active_responsable=11,
        active_franceconnect=5,
        active_ent=3,
        active_aten=1,
    )

    page = read(reader, CRETEIL)

    assert "Situation au 08/11/2026" in page
    assert "25,8 % des comptes sont activés : 51 sur 198" in page
    table = page.split("Origine Nombre de comptes")[1].split("Exporter")[0].split("Activés", 1)[1]
    assert table.split() == [
        *("ATEN", "1", "0", "0", "0", "1"),
        *("ENT", "3", "0", "0", "0", "3"),
        *("Établissement", "78", "0", "40", "7", "31"),
        *("FranceConnect", "5", "0", "0", "0", "5"),
        *("Responsable", "11", "0", "0", "0", "11"),
        *("N/A", "100", "100", "0", "0", "0"),
        *("Total", "198", "100", "40", "7", "51"),
    ]


def test_each_degree_and_population_has_its_numbers(reader):
    count(CRETEIL, november(8), degree=0, not_notified=300)
    count(CRETEIL, november(8), degree=1, not_notified=110)
    count(CRETEIL, november(8), degree=2, not_notified=220)
    count(CRETEIL, november(8), degree=2, kind=AccountKind.STUDENT, not_notified=90)

    assert "sur 300" in read(reader, CRETEIL).split("Situation")[1]
    assert "sur 110" in read(reader, CRETEIL, degre=1).split("Situation")[1]
    assert "sur 220" in read(reader, CRETEIL, degre=2).split("Situation")[1]
    assert "sur 90" in read(reader, CRETEIL, degre=2, population="eleves").split("Situation")[1]
    overview = read(reader, CRETEIL).split("Situation")[0]
    assert re.findall(r"sur (\d+)", overview) == ["300", "110", "220", "90"]


def test_what_a_territory_has_no_numbers_of_is_answered_by_its_first_ones(reader):
    count(NOISY, november(8), degree=1, not_notified=70)
    for query in ({"degre": 2}, {"degre": 0}, {"population": "eleves"}, {"degre": "x", "population": "y"}):
        assert "sur 70" in read(reader, NOISY, **query)


def test_the_period_ends_on_the_day_asked_for(reader):
    count(CRETEIL, november(1), not_notified=100)
    count(CRETEIL, november(8), not_notified=60, **{ACTIVE: 40})

    page = read(reader, CRETEIL, du="2026-10-28", au="2026-11-01")

    assert "Situation au 01/11/2026" in page
    assert "0,0 % des comptes" in page
    assert "40,0 % des comptes" in read(reader, CRETEIL, au="2026-11-30")


def test_the_evolution_says_both_ends_and_what_was_gained(reader):
    count(CRETEIL, november(1), not_notified=100)
    count(CRETEIL, november(8), not_notified=60, **{ACTIVE: 40})

    page = read(reader, CRETEIL, du="2026-11-01", au="2026-11-08")

    assert "Le 01/11/2026, 100 comptes dont 0 activé ; le 08/11/2026, 100 comptes dont 40 activés" in page
    assert "0,0 % le 01/11/2026, 40,0 % le 08/11/2026 : + 40,0 points." in page


def test_by_day_a_missed_night_is_unknown_and_a_night_without_a_row_is_as_before(reader):
    nights(november(2), november(4))
    count(CRETEIL, november(1), not_notified=100)
    count(CRETEIL, november(4), not_notified=110)

    page = read(reader, CRETEIL, du="2026-11-01", au="2026-11-04", pas="jour")

    days = page.split("Taux Non notifiés")[1]
    assert "01/11/2026 100 0 0,0 %" in days
    assert "02/11/2026 100 0 0,0 %" in days
    assert "03/11/2026 – – –" in days
    assert "04/11/2026 110 0 0,0 %" in days


def test_by_week_a_point_is_the_last_night_of_each(reader):
    nights(november(14), november(15))
    count(CRETEIL, november(1), not_notified=100)
    count(CRETEIL, november(14), not_notified=140)

    page = read(reader, CRETEIL, du="2026-10-26", au="2026-11-15", pas="semaine")

    days = page.split("Taux Non notifiés")[1].split("Une nuit sans relevé")[0]
    assert re.findall(r"(\d\d/\d\d)/2026 (\d+)", days) == [
        ("01/11", "100"),
        ("08/11", "100"),
        ("15/11", "140"),
    ]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"du": "2026-11-05", "au": "2026-11-02"}, "La fin de la période précède son début."),
        ({"du": "31/02/2026"}, "Début : Saisissez une date"),
        ({"au": "0001-01-01"}, "Fin : Saisissez une date"),
        ({"du": "2026-11-09"}, "Aucun relevé n’a encore été fait à cette date."),
        ({"du": "2001-01-01"}, "Choisissez une période de cinq ans au plus."),
    ],
)
def test_an_impossible_period_is_said_and_the_school_year_is_shown(reader, query, said):
    count(CRETEIL, november(8), not_notified=100)
    page = read(reader, CRETEIL, **query)
    assert said in page
    assert "Situation au 08/11/2026" in page or query.get("au")


def test_a_territory_under_the_floor_is_shown_within_its_parent_only(reader):
    count(BOBIGNY, november(8), not_notified=FLOOR - 1)
    count(CRETEIL, november(8), not_notified=FLOOR)

    page = read(reader, BOBIGNY)

    assert "Moins de 50 comptes : ces chiffres ne se montrent qu’au sein de Créteil." in page
    assert "Voir Créteil" in page
    assert "49" not in page
    assert "sur 50" in read(reader, CRETEIL)


def test_days_under_the_floor_are_not_told(reader):
    nights(november(9))
    count(BOBIGNY, november(1), not_notified=FLOOR - 1)
    count(BOBIGNY, november(8), not_notified=FLOOR)
    page = read(reader, BOBIGNY, du="2026-11-01", au="2026-11-09", pas="jour")
    assert "01/11/2026 – –" in page
    assert "08/11/2026 50" in page
    assert "49" not in page


def test_the_parent_is_offered_to_those_only_who_may_read_it(reader):
    count(BOBIGNY, november(8), not_notified=3)
    of_department = signed_in(level=BOBIGNY[0], code=BOBIGNY[1])
    page = read(of_department, BOBIGNY)
    assert "au sein de Créteil" in page
    assert "Voir Créteil" not in page
    assert "Comparaison des départements" not in page
    assert "/academies/" not in of_department.get(ADDRESSES[BOBIGNY]).content.decode()


def test_the_nation_has_no_parent_to_hide_in(reader):
    count(NATION, november(8), not_notified=3)
    assert "0 sur 3" in read(reader, NATION)


def test_parts_are_side_by_side_in_the_order_asked_for(reader):
    for code, (accounts, before, active) in {
        "077": (90, 5, 10),
        "093": (50, 0, 40),
        "094": (70, 6, 7),
    }.items():
        where = (BOBIGNY[0], code)
        count(where, november(1), not_notified=accounts, **{ACTIVE: before})
        count(where, november(8), not_notified=accounts, **{ACTIVE: active})
    seine_et_marne, seine_saint_denis, val_de_marne = names = [
        *("Seine-et-Marne", "Seine-Saint-Denis", "Val-de-Marne")
    ]

    assert parts_of(reader, CRETEIL) == names
    assert parts_of(reader, CRETEIL, tri="comptes") == [seine_et_marne, seine_saint_denis, val_de_marne]
    assert parts_of(reader, CRETEIL, tri="taux") == [seine_saint_denis, seine_et_marne, val_de_marne]
    assert parts_of(reader, CRETEIL, tri="progression") == [seine_saint_denis, seine_et_marne, val_de_marne]


def test_parts_under_the_floor_are_counted_not_named(reader):
    count(NOISY, november(8), degree=1, not_notified=FLOOR)
    count(TREMBLAY, november(8), degree=1, not_notified=FLOOR - 1)
    count(BOBIGNY, november(8), degree=1, not_notified=200)

    page = read(reader, BOBIGNY, degre=1)

    assert parts_of(reader, BOBIGNY, degre=1) == ["NOISY"]
    assert "1 territoire de moins de 50 comptes n’est pas montré séparément" in page
    assert "TREMBLAY" not in page


def test_circonscriptions_are_compared_in_the_first_degree_alone(reader):
    count(BOBIGNY, november(8), degree=2, not_notified=200)
    assert "Comparaison des circonscriptions" not in read(reader, BOBIGNY, degre=2)
    assert "Comparer les circonscriptions, par les responsables" in read(reader, BOBIGNY, degre=2)
    assert "Comparaison des circonscriptions" in read(reader, BOBIGNY, degre=1)


def test_the_page_says_that_levels_are_not_sums_of_one_another(reader):
    count(CRETEIL, november(8), not_notified=100)
    assert "Chaque niveau compte ses propres comptes." in read(reader, CRETEIL)


def test_the_last_update_is_said_by_the_clock_of_the_territory(reader):
    assert "Dernière mise à jour le 08/11/2026 à 06:40" in read(reader, CRETEIL)
    reunion = text_of(reader.get("/meteostat/academies/28/"))
    assert "Dernière mise à jour le 08/11/2026 à 09:40" in reunion


def test_the_page_leads_to_its_files_for_the_same_period(reader):
    count(CRETEIL, november(8), not_notified=100)
    count((BOBIGNY[0], "093"), november(8), not_notified=100)
    page = reader.get(ADDRESSES[CRETEIL], {"au": "2026-11-08"}).content.decode()
    files = [
        unescape(each) for each in re.findall(r'href="(/meteostat/[^"]*/(?:export|rapport)/[^"]*)"', page)
    ]
    assert len(files) == 3
    for address in files:
        assert "au=2026-11-08" in address
        assert reader.get(address).status_code == 200


def test_before_the_first_night_the_page_says_when_there_will_be_numbers():
    territories()
    assert "Aucun relevé pour l’instant." in read(signed_in(), NATION)


def test_a_night_which_nobody_counted_is_not_estimated(reader):
    page = read(reader, CRETEIL, au="2026-11-08")
    assert "Aucun relevé au 08/11/2026." in page


def test_a_page_asks_as_much_of_the_database_whatever_its_parts(reader):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            reader.get(ADDRESSES[CRETEIL])
        return len(captured)

    count((BOBIGNY[0], "077"), november(8), not_notified=100)
    one = queries()
    for code in ("093", "094"):
        count((BOBIGNY[0], code), november(8), not_notified=100)
    assert queries() == one
