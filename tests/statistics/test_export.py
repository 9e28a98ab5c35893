"""The CSV of the tables, byte by byte."""

import csv
import io

import pytest
import time_machine
from django.urls import reverse

from accounts.transitions import State
from tests.factories import (
    EstablishmentFactory,
    MandateFactory,
    SchoolClassFactory,
    StudentFactory,
    responsable_account,
    student_account,
)
from tests.statistics.school import campaign, fill

pytestmark = pytest.mark.django_db

COLUMNS = "Nombre de comptes;Non notifiés;Notifiés et non activés;En cours d’activation;Activés"


@pytest.fixture
def college():
    return EstablishmentFactory.create()


@pytest.fixture
def director(college):
    return MandateFactory.create(establishment=college).agent


@pytest.fixture
def export(client, college, director):
    client.force_login(director)
    return lambda **query: client.get(reverse("statistics_export", args=[college.uai]), query)


def rows(response):
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_the_file_is_what_a_french_spreadsheet_opens(college, export):
    responsable_account(college, state=State.ACTIVE)
    response = export()
    assert (
        response.content
        == (
            f"\ufeffPopulation;Origine;{COLUMNS}\r\n"
            "Responsable;ATEN;0;0;0;0;0\r\n"
            "Responsable;ENT;0;0;0;0;0\r\n"
            "Responsable;Établissement;1;0;0;0;1\r\n"
            "Responsable;FranceConnect;0;0;0;0;0\r\n"
            "Responsable;Responsable;0;0;0;0;0\r\n"
            "Responsable;N/A;0;0;0;0;0\r\n"
            "Responsable;Total;1;0;0;0;1\r\n"
            "Élève;ATEN;0;0;0;0;0\r\n"
            "Élève;ENT;0;0;0;0;0\r\n"
            "Élève;Établissement;0;0;0;0;0\r\n"
            "Élève;FranceConnect;0;0;0;0;0\r\n"
            "Élève;Responsable;0;0;0;0;0\r\n"
            "Élève;N/A;0;0;0;0;0\r\n"
            "Élève;Total;0;0;0;0;0\r\n"
        ).encode()
    )
    assert response["Content-Type"] == "text/csv; charset=utf-8"


def test_the_name_bears_the_date_and_the_time_of_the_academie(client):
    school = EstablishmentFactory.create(feed__academy__code="28")
    with time_machine.travel("2026-11-24T21:05:09+00:00", tick=False):
        client.force_login(MandateFactory.create(establishment=school).agent)
        response = client.get(reverse("statistics_export", args=[school.uai]))
    assert (
        response["Content-Disposition"]
        == f'attachment; filename="statistiques-{school.uai}-20261125010509.csv"'
    )


@pytest.mark.parametrize("label", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", " =1+1", "＝1+1"])
def test_no_label_is_a_formula(college, export, label):
    student_account(
        college, record={"school_class": SchoolClassFactory.create(establishment=college, label=label)}
    )
    assert [row[1] for row in rows(export(par="classe"))[1:]] == [
        "Comptes distincts",
        f"'{label}",
        "Comptes distincts",
    ]


@pytest.mark.parametrize("way", ["classe", "mef"])
def test_the_export_says_what_the_page_shows(client, college, export, way):
    fill(college, seed=5, families=6)
    page = client.get(reverse("statistics", args=[college.uai]), {"par": way})
    shown = [
        [str(cell.accounts) for cell in line.cells]
        for table in page.context["tables"]
        for line in (*table.lines, table.total)
    ]
    assert [row[2:] for row in rows(export(par=way))[1:]] == shown


def test_the_export_of_a_class_and_of_campaigns(college, director, export):
    account = responsable_account(college, state=State.NOTIFIED)
    school_class = StudentFactory._meta.model.objects.get(holdings__account=account).school_class
    operation = campaign(college, director, [account])
    assert ["Responsable", "Établissement", "1", "0", "1", "0", "0"] in rows(export(classe=school_class.pk))
    ((label, detail, *numbers),) = rows(export(par="campagne"))[1:]
    assert label.startswith("Notification du ")
    assert detail == f"Responsables · {operation.agent.full_name}"
    assert numbers == ["1", "0", "1", "0", "0"]


def test_the_export_holds_all_the_campaigns_whatever_the_page(college, director, export):
    account = responsable_account(college, state=State.NOTIFIED)
    for days_ago in range(1, 23):
        campaign(college, director, [account], days_ago=days_ago)
    found = rows(export(par="campagne", page="2"))[1:]
    assert len(found) == 22
    assert len({label for label, *_ in found}) == 22


def test_the_export_of_the_curve_has_the_days_that_were_counted(college, export):
    responsable_account(college, state=State.ACTIVE)
    with time_machine.travel("2026-09-20T10:00:00+00:00", tick=False):
        found = rows(export(par="courbe"))
    assert found[1:] == [["Responsable", "2026-2027", "20/09/2026", "1", "1"]]
