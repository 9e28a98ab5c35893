"""« Dernières mises à jour »: what each night's import changed in a school, told to who may see it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from aaf_import import updates
from aaf_import.models import RecordChange
from aaf_import.sweeping import CHANGES_KEPT, forget_record_changes
from establishments.models import Delegation, Establishment
from tests.aaf_import.builder import SCHOOL, UAI, extract, link
from tests.factories import DelegationFactory, MandateFactory

pytestmark = pytest.mark.django_db
OTHER, OTHER_UAI = "4302", "0949002Z"


def night(*pupils, **responsable):
    """A college of these pupils, whose given names say who they are, and one responsable."""
    built = extract().school(OTHER, uai=OTHER_UAI)
    for number, name, attributes in pupils:
        built.pupil(f"7000{number}", link("80001"), givenName=name, **attributes)
    return built.responsable("80001", **responsable)


@pytest.fixture
def two_nights(run_import):
    """The second brings Nora, takes Lucas away, moves Inès to another class and gives the mail."""
    classes = {"ENTStructureClasses": ["6A$SIXIEME A", "6B$SIXIEME B"]}
    names = ((1, "Inès", {}), (2, "Lucas", {}))
    run_import(night(*names, mail="").school("4399", uai="0949003A", **classes))
    moved = {"ENTEleveClasses": f"{SCHOOL}$6B"}
    run_import(
        night((1, "Inès", moved), (3, "Nora", {"ENTEleveINE": ""}), mail="famille@example.org"),
        day="20260106",
        force=True,
    )
    return Establishment.objects.get(uai=UAI)


def reader(school, agent=None):
    agent = agent or MandateFactory.create(establishment=school).agent
    client = Client()
    client.force_login(agent)
    return lambda **query: client.get(reverse("updates", args=[school.uai]), query)


def told(response):
    return {change.label: [each.name for each in change.records] for change in response.context["changes"]}


def test_a_night_names_who_came_who_left_and_who_changed(two_nights):
    response = reader(two_nights)()

    assert told(response) == {
        "Arrivées": ["LE GOFF Nora"],
        "Départs": ["LE GOFF Lucas"],
        "Changements de classe": ["LE GOFF Inès"],
        "Fiches mises à jour": ["LE GOFF Anne"],
    }
    assert [issue.kind for issue in response.context["corrections"]] == ["MAIL_MISSING"]
    assert "n’est plus signalé : adresse mail absente" in response.content.decode()


def test_corrections_beyond_those_named_are_counted(two_nights, monkeypatch):
    monkeypatch.setattr(updates, "NAMED", 0)

    page = reader(two_nights)().content.decode()

    assert "Corrections arrivées <span>1</span>" in page
    assert "Et 1 autre." in page


def test_the_first_night_is_counted_and_names_nobody(two_nights):
    read = reader(two_nights)
    first = read().context["nights"][-1]

    response = read(nuit=first.key)

    assert "2 arrivées" in first.sentences
    assert told(response) == {}
    assert "Aucune fiche à nommer pour cette nuit." in response.content.decode()


def test_a_school_where_nothing_changed_is_told_so():
    response = reader(MandateFactory.create().establishment)()

    assert "Aucun changement depuis 30 jours." in response.content.decode()


def test_what_the_import_could_not_read_is_told_once(two_nights, run_import):
    built = night((1, "Inès", {"ENTEleveMEF": "99999999999"}), (3, "Nora", {"ENTEleveINE": ""}), mail="?")
    run_import(built, day="20260107", force=True)

    codes = [anomaly.code for anomaly in reader(two_nights)().context["reported"]]

    assert codes == ["MEF_UNKNOWN"]


def test_a_delegate_for_responsables_is_told_of_no_pupil(two_nights):
    delegate = DelegationFactory.create(
        establishment=two_nights, population=Delegation.Population.RESPONSABLES
    ).agent

    response = reader(two_nights, delegate)()

    assert told(response) == {"Fiches mises à jour": ["LE GOFF Anne"]}
    assert "Nora" not in response.content.decode()


def test_another_school_is_told_nothing_of_it(two_nights):
    other = Establishment.objects.get(uai=OTHER_UAI)
    agent = MandateFactory.create(establishment=other).agent

    assert "LE GOFF" not in reader(other, agent)().content.decode()
    assert reader(two_nights, agent)().status_code == 404


def test_a_night_costs_as_many_queries_whatever_it_changed(two_nights):
    read = reader(two_nights)
    read()
    with CaptureQueriesContext(connection) as few:
        read()
    row = RecordChange.objects.get(kind="arrived")
    RecordChange.objects.bulk_create(
        RecordChange(establishment=two_nights, at=row.at, kind="arrived", student_id=row.student_id)
        for _ in range(250)
    )
    with CaptureQueriesContext(connection) as many:
        text = read().content.decode()
    assert len(few) == len(many)
    assert "Et 51 autres." in text


def test_what_changed_is_forgotten_sixty_days_later(two_nights):
    RecordChange.objects.filter(kind="left").update(at=timezone.now() - CHANGES_KEPT - timedelta(minutes=1))

    assert forget_record_changes(timezone.now()) == 1
    assert not RecordChange.objects.filter(kind="left").exists()
    assert RecordChange.objects.count() == 3
