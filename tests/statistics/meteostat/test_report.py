"""The printed report of a territory: what it says, what it keeps to itself, and that it is read aloud."""

import io
from datetime import timedelta

import pikepdf
import pytest
from django.utils import timezone
from pypdf import PdfReader

from accounts.models import AccountKind
from establishments.models import District
from statistics.meteostat.forms import AskedForm
from statistics.meteostat.report import render_report
from statistics.meteostat.territories import find
from statistics.models import SnapshotRun
from statistics.nights import last_night
from tests.notifications.test_listing import tagged
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


def report(where, **query):
    territory = find(*where)
    latest = last_night(territory.zone)
    today = timezone.localdate(timezone=territory.zone)
    form = AskedForm(query, territory=territory, latest=latest.day if latest else today)
    assert form.is_valid()
    return render_report(territory, form.asked(), latest, timezone.now())


def text_of(pdf):
    """The words of all the pages, every space a plain one; a large number sticks to the line below it."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def fill(where, *series):
    """Two nights a week apart of each series: 120 accounts of which 30 active, then 1 200 of which 900."""
    for degree, kind in series or [(1, AccountKind.RESPONSABLE)]:
        count(where, november(1), degree=degree, kind=kind, notified=90, active_ent=30)
        count(
            where,
            november(8),
            degree=degree,
            kind=kind,
            not_notified=100,
            notified=150,
            activating=50,
            active_establishment=501,
            active_responsable=202,
            active_franceconnect=103,
            active_ent=54,
            active_aten=40,
        )


@pytest.fixture(autouse=True)
def places():
    territories()
    nights(november(1), november(8))


def test_a_report_says_where_when_and_what_was_counted():
    fill(NOISY)

    said = text_of(report(NOISY, du="2026-11-01"))

    assert "circonscription NOISY Département Seine-Saint-Denis" in said
    assert "Académie Créteil" in said
    assert "du 01/11/2026 au 08/11/2026" in said
    assert "Dernier relevé 08/11/2026 à 06:40" in said
    assert "degré 75,0 %des comptes sont activés : 900 sur 1 200" in said
    assert "+ 50,0 points sur la période" in said
    assert "Établissement 701 0 150 50 501" in said
    assert "FranceConnect 103 0 0 0 103" in said
    assert "N/A 100 100 0 0 0" in said
    assert "Total 1 200 100 150 50 900" in said
    assert "01/11/2026 120 30 25,0 % 0 30 0 0 0" in said
    assert "08/11/2026 1 200 900 75,0 % 40 54 501 103 202" in said
    assert "Les nombres d’un territoire ne sont donc pas toujours la somme" in said
    assert "Page 1/" in said


def test_a_report_holds_every_series_of_a_territory_and_compares_its_parts():
    four = [(0, "RESPONSABLE"), (1, "RESPONSABLE"), (2, "RESPONSABLE"), (2, "STUDENT")]
    fill(CRETEIL, *four)
    fill(BOBIGNY, *four)

    said = text_of(report(CRETEIL, du="2026-11-01", tri="taux"))

    assert said.count("75,0 %des comptes sont activés : 900 sur 1 200") == 4
    assert "Comparaison des départements" in said
    assert said.count("Seine-Saint-Denis 1 200 900 75,0 % + 50,0 points") == 4
    assert "Classement par taux d’activation." in said


def test_a_territory_of_too_few_accounts_is_in_no_report_but_in_the_numbers_above():
    fill(NOISY)
    fill(BOBIGNY)
    for day in (1, 8):
        count(TREMBLAY, november(day), degree=1, notified=31, active_ent=17)

    above, own = text_of(report(BOBIGNY, du="2026-11-01")), text_of(report(TREMBLAY, du="2026-11-01"))

    assert "NOISY 1 200" in above
    assert "TREMBLAY" not in above
    assert "1 circonscription de moins de 50 comptes ne se montre pas séparément." in above
    assert "Moins de 50 comptes : ces chiffres ne se montrent qu’au sein de « Seine-Saint-Denis »." in own
    for number in ("31", "17", "48", "35,4"):
        assert f" {number} " not in own
    assert "Les nombres des graphiques" not in own


def test_a_report_of_no_night_at_all_is_made_and_says_so():
    SnapshotRun.objects.all().delete()

    said = text_of(report(NATION))

    assert "France" in said
    assert "Dernier relevé aucun" in said
    assert "Aucun relevé : les comptes sont relevés chaque nuit" in said
    assert "Responsables, 1er degré" not in said


def test_what_is_unknown_or_empty_is_said_in_place_of_a_table():
    count(NATION, november(1))
    said = text_of(report(NATION, du="2026-11-01"))
    assert "Responsables, 1er et 2nd degrés Aucun compte à la fin de la période." in said
    assert "Responsables, 1er degré Aucun relevé à la fin de la période." in said


def test_one_night_is_told_without_a_curve():
    fill(NOISY)
    fill(BOBIGNY)

    said = text_of(report(BOBIGNY, du="2026-11-08"))

    assert "Période le 08/11/2026" in said
    assert "Trop peu de relevés dans la période pour tracer une courbe." in said
    assert "NOISY 1 200 900 75,0 %" in said
    assert "Progression" not in said


def test_a_long_period_is_drawn_and_written_with_fewer_points():
    first = november(1) - timedelta(days=400)
    nights(*(first + timedelta(days=each) for each in range(400)))
    count(NOISY, first, degree=1, notified=50, active_ent=50)
    fill(NOISY)

    pdf = report(NOISY, du=first.isoformat(), pas="jour")

    assert "Un point sur 16 : l’export CSV de l’évolution les a tous." in text_of(pdf)
    assert len(PdfReader(io.BytesIO(pdf)).pages) == 2


def test_the_few_nights_of_a_long_period_are_all_the_same_drawn():
    nights(november(1).replace(year=2023))
    count(NOISY, november(1).replace(year=2023), degree=1, notified=50, active_ent=50)

    said = text_of(report(NOISY, du="2022-01-01", pas="jour"))

    assert "Comptes activés, par origine" in said
    assert "01/11/2023 100 50 50,0 %" in said
    assert "08/11/2026 100 50 50,0 %" in said


def test_a_report_is_tagged_its_drawings_described_and_its_fonts_embedded():
    fill(NOISY)
    fill(BOBIGNY)

    with pikepdf.open(io.BytesIO(report(BOBIGNY, du="2026-11-01"))) as pdf:
        root = pdf.Root.StructTreeRoot
        described = [str(figure.get("/Alt", "")) for figure in tagged("/Figure", root)]
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang) == "fr"
        assert b'pdfuaid:part="1"' in pdf.Root.Metadata.read_bytes()
        assert len(tagged("/Table", root)) == 3
        assert len(tagged("/H1", root)) == 1
        assert [alt.split(".")[0] for alt in described[:2]] == [
            "Comptes activés, par origine",
            "Taux d’activation",
        ]
        assert described[2].startswith("NOISY")
        assert all("75,0" in alt for alt in described[1:])
        for page in pdf.pages:
            for font in page.Resources.Font.values():
                descriptor = font.DescendantFonts[0].FontDescriptor
                assert "/FontFile3" in descriptor or "/FontFile2" in descriptor


def test_the_operator_signs_unless_the_state_does(settings):
    settings.OPERATOR_NAME, settings.STATE_BRAND = "Rectorat d’essai", False
    assert "Rectorat d’essai" in text_of(report(NATION))
    settings.STATE_BRAND = True
    assert "république française" in text_of(report(NATION)).lower()


def test_a_name_is_written_as_it_is():
    District.objects.filter(uai=NOISY[1]).update(name="<b>Noisy & “Fils”</b> {{ floor }}")
    fill(NOISY)

    assert "<b>Noisy & “Fils”</b> {{ floor }}" in text_of(report(NOISY))
