"""The demonstration's year: families come in by every way, make mistakes; workers have nothing left of it."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection

from accounts import played_year, played_year_families
from accounts.models import Account, DataIssue, EntPartner, LeftOutChild
from accounts.transitions import State
from establishments import demo
from establishments.models import Department, Event, EventKind, Student
from notifications.models import Delivery
from tests.factories import EstablishmentFactory, MandateFactory, responsable_account, student_account

pytestmark = pytest.mark.django_db
TODAY = datetime(2026, 11, 25, 10, tzinfo=UTC)
OF_FAMILIES = {
    EventKind.ACCOUNT_ACTIVATION_STARTED,
    EventKind.ACCOUNT_ACTIVATION_MAIL,
    EventKind.ACCOUNT_ACTIVATION_SMS,
    EventKind.ACCOUNT_ACTIVATION_FRANCECONNECT,
    EventKind.ACCOUNT_ACTIVATION_ENT,
    EventKind.ACCOUNT_BIRTH_DATE_REFUSED,
    EventKind.ACCOUNT_RELATION_CONTESTED,
}


@pytest.fixture
def year(monkeypatch):
    """Of a small college, where mistakes are more frequent than in the demonstration."""
    monkeypatch.setattr(played_year_families, "SHARE_WHO_CONTEST", 0.4)
    monkeypatch.setattr(played_year_families, "SHARE_WHO_MISTYPE", 0.3)
    monkeypatch.setattr(played_year_families, "SHARE_WHO_FORGET_A_CHILD", 0.7)
    monkeypatch.setattr(played_year, "SHARE_WHO_COME_IN", 0.6)
    monkeypatch.setattr(played_year_families, "WAYS", {"letter": 1, "sms": 1, "franceconnect": 1, "ent": 1})
    college = EstablishmentFactory.create()
    college.department = Department.objects.create(
        code="093", name="Seine-Saint-Denis", academy=college.academy
    )
    college.save()
    MandateFactory.create(establishment=college)
    for number in range(30):
        record = {"mobile": f"+336399800{number:02}", "mail": f"famille{number}@example.org"}
        responsable_account(college, children=1 + number % 2, record=record)
        student_account(college)
    for day, pupil in enumerate(Student.objects.order_by("pk")):
        Student.objects.filter(pk=pupil.pk).update(birth_date=date(2012, 1, 1) + timedelta(days=day))
    with time_machine.travel(TODAY, tick=False):
        played_year.play(1, lambda told: None)
    return college


def test_families_come_in_by_every_way_with_their_mistakes(year):
    told = set(Event.objects.filter(actor=Event.Actor.FAMILY).values_list("kind", flat=True))
    assert told >= OF_FAMILIES
    assert DataIssue.objects.filter(kind=DataIssue.Kind.RELATION_CONTESTED).exists()
    assert LeftOutChild.objects.exists()
    assert Event.objects.filter(kind=EventKind.ACCOUNT_REMINDED).exists()
    assert Account.objects.filter(franceconnect_sub__startswith="demo-", state=State.ACTIVE).exists()
    assert EntPartner.objects.get().academy == year.academy


def test_its_people_are_there_to_be_chosen(year):
    roles = {person.role: person.places for person in demo.personas()}
    assert roles["Délégation, élèves seulement"] == str(year)
    assert roles["Assistance académique"] == str(year.academy)
    assert roles["Statistiques nationales"] == "France"
    assert roles["Statistiques d’un département"] == year.department.name


def test_the_story_is_over_when_the_demonstration_begins(year):
    assert not Event.objects.filter(at__gt=TODAY).exists()
    assert not Delivery.objects.filter(status=Delivery.Status.PENDING).exists()
    assert not connection.run_on_commit
