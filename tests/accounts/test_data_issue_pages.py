"""« À traiter »: what a school has to correct, found, counted, printed, closed by the night's import."""

import csv
from datetime import timedelta
from io import BytesIO, StringIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pikepdf import Pdf

from accounts import issue_export
from accounts.data_issues import refresh_data_issues
from accounts.joining.duplicates import join_same, refresh_duplicates, tell_apart
from accounts.joining.merging import By
from accounts.models import DataIssue, Duplicate, Holding, Operation
from accounts.transitions import State
from establishments.models import Delegation, Event, EventKind, Feed, Responsable
from tests.factories import (
    DelegationFactory,
    EstablishmentFactory,
    FeedFactory,
    MandateFactory,
    ResponsibilityFactory,
    StudentFactory,
    VisitFactory,
    responsable_account,
)

pytestmark = pytest.mark.django_db
Kind = DataIssue.Kind
DAY = timedelta(days=1)


@pytest.fixture
def director():
    return MandateFactory.create()


@pytest.fixture
def school(director):
    return director.establishment


@pytest.fixture
def page(director):
    return page_of(director.agent, director.establishment)


def page_of(agent, school):
    client = Client()
    client.force_login(agent)

    def read(**filters):
        return client.get(reverse("issues", args=[school.uai]), filters)

    read.client = client
    return read


def issue(school, kind, record, opened=DAY, solved=None):
    now = timezone.now()
    is_pupil = record._meta.model_name == "student"
    return DataIssue.objects.create(
        establishment=school,
        kind=kind,
        **{"student" if is_pupil else "responsable": record},
        opened_at=now - opened,
        solved_at=now - solved if solved is not None else None,
    )


def family(school, **fields):
    """A responsable's record, and the account it gives."""
    account = responsable_account(school, **fields)
    return Responsable.objects.get(sources__account=account), account


def who(response):
    return [line.who for line in response.context["lines"]]


def test_a_school_with_nothing_wrong_is_told_so(page):
    text = page().content.decode()
    assert "Rien à corriger." in text
    assert "Exporter" not in text


def test_a_line_says_who_what_it_prevents_and_where_it_is_corrected(school, page):
    record, account = family(
        school, record={"surname": "LEROY", "mobile": "", "mobile_raw": "01 99 00 12 34"}
    )
    issue(school, Kind.MOBILE_UNUSABLE, record)
    [row] = account.holdings.all()

    text = page().content.decode()

    for said in (
        "LEROY",
        row.student.full_name,
        row.student.school_class.label,
        "Téléphone portable inutilisable",
        "01 99 00 12 34",
        "ni l’inscription par SMS",
        "Où corriger dans SIECLE",
        "Fiche du responsable, coordonnées : mobile",
        reverse("account", args=[school.uai, account.pk]),
    ):
        assert said in text


@pytest.mark.parametrize(
    ("record", "kinds"),
    [
        ({"mail": "", "refused_mail": "anne.exemple"}, [Kind.MAIL_INVALID]),
        ({"refused_phone": "01 99"}, [Kind.PHONE_INVALID]),
        ({"mail": "", "refused_phone": "01 99"}, [Kind.MAIL_MISSING, Kind.PHONE_INVALID]),
    ],
)
def test_what_was_written_and_could_not_be_read_is_a_line_of_its_own(school, page, record, kinds):
    family(school, record=record)
    refresh_data_issues(school.feed, now=timezone.now())

    response = page()

    assert sorted(each.kind for each in response.context["kinds"]) == kinds
    assert record.get("refused_mail", record.get("refused_phone")) in response.content.decode()


def test_what_a_family_contests_is_not_solved_by_an_import_which_cannot_know(school):
    record, _ = family(school)
    issue(school, Kind.RELATION_CONTESTED, record)

    refresh_data_issues(school.feed, now=timezone.now())

    assert DataIssue.objects.unsolved().count() == 1


def test_each_filter_finds_its_lines_and_each_kind_is_counted_under_the_others(school, page):
    pupil = StudentFactory.create(establishment=school, surname="ABADIE")
    record, account = family(school, record={"surname": "ZOLA"})
    [row] = account.holdings.all()
    issue(school, Kind.INE_MISSING, pupil, opened=20 * DAY)
    issue(school, Kind.MAIL_MISSING, record, opened=2 * DAY)
    issue(school, Kind.MOBILE_MISSING, record, opened=2 * DAY, solved=DAY)

    assert who(page()) == ["ZOLA Anne", "ABADIE Zoé"]
    assert who(page(constat="INE_MISSING")) == ["ABADIE Zoé"]
    assert who(page(fiche="STUDENT")) == ["ABADIE Zoé"]
    assert who(page(classe=row.student.school_class_id)) == ["ZOLA Anne"]
    assert who(page(classe=pupil.school_class_id)) == ["ABADIE Zoé"]
    assert who(page(depuis="7")) == ["ZOLA Anne"]
    assert who(page(q="zol ann")) == ["ZOLA Anne"]
    assert who(page(q=row.student.surname)) == ["ZOLA Anne"]
    assert who(page(q="!")) == []
    assert "Aucune ligne ne répond" in page(q="personne").content.decode()
    narrowed = page(constat="MAIL_MISSING", depuis="30")
    assert {each.kind: each.lines for each in narrowed.context["kinds"]} == {
        Kind.INE_MISSING: 1,
        Kind.MAIL_MISSING: 1,
    }
    solved = page(etat="corriges")
    assert [line.issue.kind for line in solved.context["lines"]] == [Kind.MOBILE_MISSING]


def test_the_lines_of_the_last_import_are_found(school, page):
    Feed.objects.update(applied_at=timezone.now() - DAY)
    pupils = StudentFactory.create_batch(2, establishment=school)
    issue(school, Kind.INE_MISSING, pupils[0], opened=5 * DAY)
    issue(school, Kind.INE_MISSING, pupils[1], opened=0 * DAY)

    assert who(page(depuis="nuit")) == [pupils[1].full_name]


def test_the_fragment_holds_the_lines_alone(school, page):
    issue(school, Kind.INE_MISSING, StudentFactory.create(establishment=school, surname="ABADIE"))

    answer = page.client.get(reverse("issues", args=[school.uai]), headers={"HX-Request": "true"})

    text = answer.content.decode()
    assert text.lstrip().startswith('<div id="results">')
    assert "ABADIE" in text


def test_a_page_costs_as_many_queries_for_one_line_as_for_fifty(school, page):
    def fill(number):
        for _ in range(number):
            record, _ = family(school)
            issue(school, Kind.MAIL_MISSING, record)
            issue(school, Kind.INE_MISSING, StudentFactory.create(establishment=school))

    fill(1)
    page()
    with CaptureQueriesContext(connection) as few:
        page()
    fill(24)
    with CaptureQueriesContext(connection) as many:
        assert len(page().context["lines"]) == 50
    assert len(few) == len(many)


def test_lines_come_fifty_a_page(school, page):
    for pupil in StudentFactory.create_batch(51, establishment=school):
        issue(school, Kind.INE_MISSING, pupil)

    assert len(page().context["lines"]) == 50
    assert len(page(page=2).context["lines"]) == 1
    assert "51 lignes" in page().content.decode()


def test_the_lines_of_another_school_do_not_exist(school, page):
    elsewhere = EstablishmentFactory.create(feed=school.feed)
    issue(elsewhere, Kind.INE_MISSING, StudentFactory.create(establishment=elsewhere, surname="AILLEURS"))

    assert "AILLEURS" not in page().content.decode()
    assert page.client.get(reverse("issues", args=[elsewhere.uai])).status_code == 404


def test_the_class_of_a_pupil_who_went_elsewhere_is_not_told(school, page):
    elsewhere = EstablishmentFactory.create(feed=school.feed)
    pupil = StudentFactory.create(establishment=elsewhere)
    issue(school, Kind.INE_MISSING, pupil, solved=DAY)

    assert pupil.school_class.label not in page(etat="corriges").content.decode()


@pytest.mark.parametrize(
    ("population", "seen"), [("STUDENTS", ["PUPILLE Zoé"]), ("RESPONSABLES", ["PARENTE Anne"])]
)
def test_a_delegate_sees_the_lines_of_their_population_alone(school, population, seen):
    record, _ = family(school, record={"surname": "PARENTE"})
    issue(school, Kind.MAIL_MISSING, record)
    issue(school, Kind.INE_MISSING, StudentFactory.create(establishment=school, surname="PUPILLE"))
    delegate = DelegationFactory.create(
        establishment=school, population=Delegation.Population[population]
    ).agent

    response = page_of(delegate, school)()

    assert who(response) == seen
    assert sum(each.lines for each in response.context["kinds"]) == 1


def test_in_the_1st_degree_pupils_go_with_those_who_answer_for_them():
    school = EstablishmentFactory.create(feed=FeedFactory.create(degree=1), kind="EPU")
    issue(school, Kind.INE_MISSING, StudentFactory.create(establishment=school, surname="PUPILLE"))
    delegate = DelegationFactory.create(
        establishment=school, population=Delegation.Population.RESPONSABLES
    ).agent

    response = page_of(delegate, school)()

    assert who(response) == ["PUPILLE Zoé"]
    assert "Où corriger dans ONDE" in response.content.decode()


def test_dead_letters_lead_to_the_list_which_relaunches_them(school, page):
    responsable_account(school, state=State.NOTIFIED, secret_expires_at=timezone.now() - DAY)

    [line] = page().context["to_do_here"]

    assert line.accounts == 1
    listed = page.client.get(f"{reverse('responsable_list', args=[school.uai])}?{line.filters}")
    assert listed.context["listing"].accounts == 1


def test_the_home_page_counts_the_lines_and_leads_to_them(school, page):
    issue(school, Kind.INE_MISSING, StudentFactory.create(establishment=school))
    responsable_account(school)

    text = page.client.get(reverse("establishment", args=[school.uai])).content.decode()

    assert "donnée à corriger dans SIECLE" in text
    assert f'href="{reverse("issues", args=[school.uai])}"' in text


def test_what_the_night_corrected_is_told_to_the_family_in_one_click(school, page):
    record, account = family(school, record={"mail": ""})
    paper, on_paper = family(school, record={"mobile": ""})
    refresh_data_issues(school.feed, now=timezone.now() - DAY)
    Responsable.objects.filter(pk=record.pk).update(mail="famille@example.org")
    Responsable.objects.filter(pk=paper.pk).update(mobile="+33639980099", mail="")
    refresh_data_issues(school.feed, now=timezone.now())

    response = page(etat="corriges")

    families = response.context["families"]
    assert (families.by_mail, families.on_paper) == ([account.pk], [on_paper.pk])
    answer = page.client.post(
        reverse("operation_create", args=[school.uai]),
        {"population": "RESPONSABLE", "action": "notify_mail", "accounts": families.by_mail_keys},
    )
    operation = Operation.objects.get()
    assert answer.url == reverse("operation", args=[school.uai, operation.pk])
    assert list(operation.items.values_list("account", flat=True)) == [account.pk]
    assert operation.status == Operation.Status.DRAFT


def test_an_active_family_has_nothing_to_be_told(school, page):
    record, _ = family(school, state=State.ACTIVE)
    issue(school, Kind.MAIL_MISSING, record, solved=DAY)

    response = page(etat="corriges")

    assert response.context["families"].by_mail == response.context["families"].on_paper == []
    assert "Prévenir par courriel" not in response.content.decode()


def export(page, school, **data):
    return page.client.post(reverse("issues_export", args=[school.uai]), data)


def test_the_csv_has_a_line_for_each_thing_by_what_to_correct_then_class(school, page):
    record, _ = family(school, record={"surname": "ZOLA", "mail": "", "refused_mail": "=zola"})
    issue(school, Kind.MAIL_INVALID, record)
    issue(school, Kind.INE_MISSING, StudentFactory.create(establishment=school, surname="ABADIE"))

    answer = export(page, school, format="csv")

    rows = list(csv.reader(StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert rows[0] == issue_export.HEADINGS
    assert [(row[0], row[2]) for row in rows[1:]] == [
        ("SIECLE : Fiche de l’élève, identité : INE", "ABADIE Zoé"),
        ("SIECLE : Fiche du responsable, coordonnées : adresse mail", "ZOLA Anne"),
    ]
    assert rows[2][5] == "'=zola"
    event = Event.objects.get(kind=EventKind.ISSUES_EXPORTED)
    assert event.data == {"format": "csv", "lines": {"INE_MISSING": 1, "MAIL_INVALID": 1}}
    assert "ZOLA" not in str(event.data)


def test_the_printed_list_is_a_tagged_pdf_of_the_lines_found(school, page):
    issue(school, Kind.INE_MISSING, StudentFactory.create(establishment=school))

    answer = export(page, school, format="pdf")

    assert answer["Content-Type"] == "application/pdf"
    assert "no-store" in answer["Cache-Control"]
    with Pdf.open(BytesIO(answer.content)) as pdf:
        assert pdf.Root.MarkInfo.Marked
        assert len(pdf.pages) == 1


def test_the_assistance_reads_and_takes_nothing_away(school):
    visit = VisitFactory.create(establishment=school)
    issue(school, Kind.INE_MISSING, StudentFactory.create(establishment=school, surname="ABADIE"))
    page = page_of(visit.agent, school)

    text = page().content.decode()

    assert "ABADIE" in text
    assert "Exporter" not in text
    assert export(page, school, format="csv").status_code == 403


def test_exports_are_limited(school, page, settings):
    settings.EXPORT_RATE = 1
    issue(school, Kind.INE_MISSING, StudentFactory.create(establishment=school))

    assert export(page, school, format="csv").status_code == 200
    assert export(page, school, format="csv").status_code == 429


@pytest.mark.parametrize(("age", "is_late"), [(timedelta(hours=2), False), (timedelta(hours=30), True)])
def test_every_screen_says_how_fresh_the_data_are(school, page, age, is_late):
    Feed.objects.update(applied_at=timezone.now() - age)

    for name in ("issues", "responsable_list", "operation_list", "statistics"):
        text = page.client.get(reverse(name, args=[school.uai])).content.decode()
        assert "Données SIECLE du " in text
        assert ("import en retard" in text) is is_late


TWIN = {"surname": "LE GOFF", "given_name": "Anne", "mobile": "+33639980001", "mail": "a@example.org"}


def twins(school):
    """A probable duplicate, as the night finds it."""
    first, second = (responsable_account(school, record=TWIN) for _ in range(2))
    refresh_duplicates(school.feed, now=timezone.now())
    return Duplicate.objects.get(first=first, second=second)


def test_a_probable_duplicate_is_a_line_which_leads_to_the_comparison(school, page):
    duplicate = twins(school)
    refresh_data_issues(school.feed, now=timezone.now())
    response = page(constat=Kind.DUPLICATE)
    [line] = response.context["lines"]
    children = [row.student.full_name for row in Holding.objects.filter(establishment=school)]
    assert sorted(line.pupils) == sorted(children)
    assert reverse("duplicate", args=[school.uai, duplicate.pk]) in response.content.decode()


def test_a_duplicate_is_found_by_the_class_and_the_name_of_either_side(school, page):
    duplicate = twins(school)
    for account in (duplicate.first, duplicate.second):
        pupil = account.holdings.get().student
        assert len(page(constat=Kind.DUPLICATE, classe=pupil.school_class_id).context["lines"]) == 1
        assert len(page(constat=Kind.DUPLICATE, q=pupil.surname).context["lines"]) == 1
    assert page(constat=Kind.DUPLICATE, q="personne").context["lines"] == []


def test_the_home_page_counts_duplicates_apart_and_leads_to_their_lines(school, page):
    twins(school)
    text = page.client.get(reverse("establishment", args=[school.uai])).content.decode()
    assert f"{reverse('issues', args=[school.uai])}?constat=DUPLICATE" in text
    assert "à corriger dans" not in text


@pytest.mark.parametrize(
    ("decide", "said"), [(tell_apart, "Deux personnes"), (join_same, "Une même personne")]
)
def test_a_decided_duplicate_leaves_the_lines_at_once_and_says_what_was_decided(school, page, decide, said):
    duplicate = twins(school)
    decide(duplicate, By())
    assert Kind.DUPLICATE not in {line.issue.kind for line in page().context["lines"]}
    text = page(etat="corriges").content.decode()
    assert said in text
    assert "Prévenir" not in text


def test_a_duplicate_which_the_data_say_no_more_is_solved_by_the_night_and_told_once(school, page):
    twins(school)
    refresh_duplicates(school.feed, now=timezone.now())
    assert DataIssue.objects.unsolved().filter(kind=Kind.DUPLICATE).count() == 1
    duplicate = Duplicate.objects.get()
    Responsable.objects.filter(sources__account=duplicate.first).update(given_name_key="autre")
    refresh_duplicates(school.feed, now=timezone.now())
    assert not DataIssue.objects.unsolved().filter(kind=Kind.DUPLICATE).exists()


def test_the_printed_list_has_duplicates_under_their_own_heading(school, page):
    twins(school)
    found = page.client.post(
        reverse("issues_export", args=[school.uai]), {"format": "csv", "constat": Kind.DUPLICATE}
    )
    assert "Fiches des responsables, saisies deux fois" in found.content.decode("utf-8-sig")


def test_who_answers_for_dozens_has_a_short_line_with_the_way_to_them_all(school, page):
    record, _ = family(school, record={"mobile": ""})
    for _ in range(11):
        ResponsibilityFactory.create(responsable=record, student=StudentFactory.create(establishment=school))
    issue(school, Kind.MOBILE_MISSING, record)
    response = page()
    [line] = response.context["lines"]
    assert len(line.pupils) == 12
    assert line.pupils_label.endswith("et 7 autres élèves")
    assert line.class_label.endswith("et 7 autres classes")
    assert ">7 autres élèves</a>" in response.content.decode()
