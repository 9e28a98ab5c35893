"""What keeps a family out, as the data of the night say it: opened once, solved once, told to its school."""

import re
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.data_issues import Refreshed, refresh_data_issues
from accounts.models import AccountSource, DataIssue
from accounts.transitions import State
from establishments.models import Responsable, Responsibility, Student
from tests.factories import (
    EstablishmentFactory,
    FeedFactory,
    MandateFactory,
    ResponsableFactory,
    ResponsibilityFactory,
    StudentFactory,
    responsable_account,
    student_account,
)

pytestmark = pytest.mark.django_db
Kind = DataIssue.Kind


@pytest.fixture
def director():
    return MandateFactory.create()


@pytest.fixture
def school(director):
    return director.establishment


def refresh(school):
    return refresh_data_issues(school.feed, now=timezone.now())


def unsolved():
    return sorted(DataIssue.objects.unsolved().values_list("kind", flat=True))


def test_a_family_whose_data_are_whole_is_not_spoken_of(school):
    responsable_account(school)

    assert refresh(school) == Refreshed(0, 0)
    assert not DataIssue.objects.exists()


@pytest.mark.parametrize(
    ("record", "kinds"),
    [
        ({"mobile": ""}, [Kind.MOBILE_MISSING]),
        ({"mobile": "", "mobile_raw": "01 99 00 12 34"}, [Kind.MOBILE_UNUSABLE]),
        ({"mail": ""}, [Kind.MAIL_MISSING]),
        ({"mail": "", "mobile": ""}, [Kind.MAIL_MISSING, Kind.MOBILE_MISSING]),
    ],
)
def test_what_a_responsables_record_lacks(school, record, kinds):
    responsable_account(school, record=record)

    refresh(school)

    assert unsolved() == kinds


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        ({"ine": ""}, Kind.INE_MISSING),
        ({"school_class": None}, Kind.CLASS_MISSING),
        ({"birth_date": date.today() - timedelta(days=200)}, Kind.BIRTH_DATE_DOUBTFUL),
        ({"birth_date": date(1914, 3, 2)}, Kind.BIRTH_DATE_DOUBTFUL),
    ],
)
def test_what_is_doubtful_in_a_pupils_record(school, record, kind):
    student = StudentFactory.create(establishment=school, **record)
    ResponsibilityFactory.create(student=student, responsable=ResponsableFactory.create(feed=school.feed))

    refresh(school)

    assert unsolved() == [kind]


@pytest.mark.parametrize("how", ["none", "not legal", "ended", "gone"])
def test_a_pupil_for_whom_nobody_answers(school, how):
    student = StudentFactory.create(establishment=school)
    if how != "none":
        link = ResponsibilityFactory.create(
            student=student, responsable=ResponsableFactory.create(feed=school.feed)
        )
        Responsibility.objects.filter(pk=link.pk).update(
            is_legal=how != "not legal", ended_at=timezone.now() if how == "ended" else None
        )
        Responsable.objects.update(left_at=timezone.now() if how == "gone" else None)

    refresh(school)

    assert unsolved() == [Kind.GUARDIAN_MISSING]


def test_a_mobile_is_shared_by_two_accounts_not_by_two_records_of_one(school):
    number = "+33639980001"
    account = responsable_account(school, record={"mobile": number})
    again = ResponsableFactory.create(feed=school.feed, mobile=number)
    ResponsibilityFactory.create(student=StudentFactory.create(establishment=school), responsable=again)
    AccountSource.objects.create(account=account, responsable=again, reason=AccountSource.Reason.RULE)
    responsable_account(EstablishmentFactory.create(), record={"mobile": number})
    refresh(school)
    assert unsolved() == []

    responsable_account(school, record={"mobile": number})
    refresh(school)

    assert unsolved() == [Kind.MOBILE_SHARED] * 3


def test_what_the_family_validated_stands_for_what_the_record_lacks(school):
    responsable_account(school, record={"mail": "", "mobile": ""}, state=State.ACTIVE, mobile="+33639980001")

    refresh(school)

    assert unsolved() == []


@pytest.mark.parametrize("gone", ["pupil", "link"])
def test_who_is_no_more_in_the_school_is_not_spoken_of(school, gone):
    responsable_account(school, record={"mobile": ""})
    refresh(school)
    assert unsolved() == [Kind.MOBILE_MISSING]

    if gone == "pupil":
        Student.objects.update(left_at=timezone.now())
    else:
        Responsibility.objects.update(ended_at=timezone.now())
    refresh(school)

    assert unsolved() == ([] if gone == "pupil" else [Kind.GUARDIAN_MISSING])


def test_an_issue_is_opened_once_solved_once_and_opened_anew(school):
    responsable_account(school, record={"mail": ""})

    assert [refresh(school), refresh(school)] == [Refreshed(1, 0), Refreshed(0, 0)]
    Responsable.objects.update(mail="famille@example.org")
    assert [refresh(school), refresh(school)] == [Refreshed(0, 1), Refreshed(0, 0)]
    Responsable.objects.update(mail="")
    assert refresh(school) == Refreshed(1, 0)
    assert [bool(issue.solved_at) for issue in DataIssue.objects.order_by("pk")] == [True, False]


def test_another_feed_is_left_alone(school):
    elsewhere = EstablishmentFactory.create(feed=FeedFactory.create(degree=1))
    responsable_account(elsewhere, record={"mail": ""})
    refresh(elsewhere)
    Responsable.objects.update(mail="famille@example.org")

    assert refresh(school) == Refreshed(0, 0)
    assert unsolved() == [Kind.MAIL_MISSING]


def test_the_database_refuses_the_same_issue_twice_and_an_issue_of_nobody(school):
    account = responsable_account(school)
    record = Responsable.objects.get(sources__account=account)
    fields = {"establishment": school, "kind": Kind.MAIL_MISSING, "opened_at": timezone.now()}
    DataIssue.objects.create(**fields, responsable=record)

    for wrong in ({"responsable": record}, {}, {"responsable": record, "student": Student.objects.get()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            DataIssue.objects.create(**fields, **wrong)


def test_a_school_costs_the_statements_that_one_family_costs(school):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            refresh(school)
        return len(queries)

    responsable_account(school, record={"mail": ""})
    one = cost()
    for _ in range(5):
        responsable_account(school, record={"mail": ""})

    assert cost() == one


# The page of the account.


def block(account, mandate):
    client = Client()
    client.force_login(mandate.agent)
    page = client.get(reverse("account", args=[mandate.establishment.uai, account.pk])).content.decode()
    found = re.search(r'<section class="account-issues".*?</section>', page, re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0])) if found else ""


def test_the_page_says_what_to_correct_about_the_holder_and_their_children(school, director):
    account = responsable_account(school, record={"surname": "LE GOFF", "mobile": ""})
    Student.objects.update(surname="CADET", given_name="Tom", ine="")
    refresh(school)

    said = block(account, director)

    assert "À corriger dans SIECLE" in said
    assert "LE GOFF Anne : téléphone portable absent." in said
    assert "CADET Tom : INE absent." in said


def test_the_page_of_a_pupil_says_what_to_correct_about_the_pupil(school, director):
    account = student_account(school, record={"ine": ""})
    refresh(school)

    assert "INE absent" in block(account, director)


def test_a_whole_account_or_a_corrected_one_has_no_such_block(school, director):
    account = responsable_account(school, record={"mobile": ""})
    assert block(account, director) == ""
    refresh(school)
    DataIssue.objects.update(solved_at=timezone.now())

    assert block(account, director) == ""


def test_what_another_school_has_to_correct_is_not_told_here(school, director):
    account = responsable_account(school)
    elsewhere = EstablishmentFactory.create()
    record = ResponsableFactory.create(feed=elsewhere.feed, mobile="", mail="")
    ResponsibilityFactory.create(student=StudentFactory.create(establishment=elsewhere), responsable=record)
    AccountSource.objects.create(account=account, responsable=record, reason=AccountSource.Reason.RULE)
    refresh(school)

    assert unsolved() == [Kind.MAIL_MISSING, Kind.MOBILE_MISSING]
    assert block(account, director) == ""
    assert "téléphone portable absent" in block(account, MandateFactory.create(establishment=elsewhere))
