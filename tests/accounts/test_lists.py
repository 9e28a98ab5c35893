"""What the lists promise: every row of the school and no other, found, ordered and counted as one expects."""

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, AccountKind
from accounts.transitions import Origin, State
from establishments.models import Academy, Delegation, Responsibility, Student
from establishments.names import name_key
from tests.factories import (
    DelegationFactory,
    EstablishmentFactory,
    FeedFactory,
    MandateFactory,
    MefFactory,
    ResponsableFactory,
    ResponsibilityFactory,
    SchoolClassFactory,
    StudentFactory,
    provisional,
    responsable_account,
    student_account,
)

pytestmark = pytest.mark.django_db

HTMX = {"headers": {"HX-Request": "true"}}


class Console:
    """A signed-in agent, asking for lists."""

    def __init__(self, mandate):
        self.agent, self.school = mandate.agent, mandate.establishment
        self.client = Client()
        self.client.force_login(self.agent)

    def address(self, name="responsable_list", query=""):
        return reverse(name, args=[self.school.uai]) + (f"?{query}" if query else "")

    def get(self, query="", name="responsable_list", **extra):
        return self.client.get(self.address(name, query), **extra)

    def lines(self, query="", name="responsable_list"):
        response = self.get(query, name)
        assert response.status_code == 200
        return response.context["listing"].lines

    def found(self, query="", name="responsable_list"):
        """The identifiants of the rows, in their order."""
        return [line["identifier"] for line in self.lines(query, name)]


@pytest.fixture
def console():
    return Console(MandateFactory.create())


def family(console, identifier, *, student=None, record=None, **account):
    """A responsable of one pupil, each with the names given."""
    created = responsable_account(console.school, record=record, identifier=identifier, **account)
    if student:
        Student.objects.filter(responsibilities__responsable__sources__account=created).update(
            **with_keys(student)
        )
    return created


def with_keys(fields):
    keys = {f"{name}_key": name_key(fields[name]) for name in ("surname", "given_name") if name in fields}
    return fields | keys


def text_of(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


# Who sees what.


def test_a_list_shows_the_accounts_of_the_school_and_no_other(console):
    family(console, "a.ici")
    responsable_account(EstablishmentFactory.create(), identifier="b.ailleurs")

    assert console.found() == ["a.ici"]
    assert "b.ailleurs" not in console.get().content.decode()


@pytest.mark.parametrize("name", ["responsable_list", "student_list", "account_selection"])
def test_the_director_of_another_school_finds_nothing_here(console, name):
    stranger = Console(MandateFactory.create())
    options = {"kwargs": {"uai": console.school.uai}}
    if name == "account_selection":
        options["kwargs"]["population"] = "RESPONSABLE"

    assert stranger.client.get(reverse(name, **options)).status_code == 404


@pytest.mark.parametrize(
    ("population", "shown", "hidden"),
    [
        (Delegation.Population.STUDENTS, "student_list", "responsable_list"),
        (Delegation.Population.RESPONSABLES, "responsable_list", "student_list"),
    ],
)
def test_a_delegate_for_one_population_does_not_find_the_other(population, shown, hidden):
    delegate = Console(DelegationFactory.create(population=population))

    assert delegate.get(name=shown).status_code == 200
    assert delegate.get(name=hidden).status_code == 404


def test_a_delegate_who_only_consults_may_list_accounts_and_nothing_else():
    delegate = Console(DelegationFactory.create(profile=Delegation.Profile.CONSULT))
    family(delegate, "a.vue")

    page = delegate.get().content.decode()

    assert "a.vue" in page
    assert "Notifier" not in page
    assert set(re.findall(r'name="action"\s+value="(\w+)"', page)) == {"list_pdf", "list_csv", "list_xlsx"}


def test_pupils_have_no_list_in_the_first_degree():
    school = EstablishmentFactory.create(feed=FeedFactory.create(degree=1))

    assert Console(MandateFactory.create(establishment=school)).get(name="student_list").status_code == 404


@pytest.mark.parametrize("ended", ["link", "closed", "gone"])
def test_what_no_longer_holds_is_no_row(console, ended):
    account = family(console, "a.parti")
    if ended == "link":
        Responsibility.objects.update(ended_at=timezone.now())
    elif ended == "closed":
        Account.objects.filter(pk=account.pk).update(closed_at=timezone.now())
    else:
        Student.objects.update(left_at=timezone.now())

    assert console.found() == []


# Rows and totals.


def test_brothers_and_sisters_are_as_many_rows_of_one_account(console):
    responsable_account(console.school, children=3, identifier="m.fratrie")
    family(console, "a.seul")

    assert sorted(console.found()) == ["a.seul", "m.fratrie", "m.fratrie", "m.fratrie"]
    assert "2 comptes , 4 lignes" in text_of(console.get())


def test_both_parents_of_a_pupil_have_a_row_each(console):
    mother = family(console, "a.mere")
    father = responsable_account(console.school, children=0, identifier="b.pere")
    ResponsibilityFactory.create(
        student=mother.holdings.get().student, responsable=father.sources.get().responsable
    )

    assert sorted(console.found()) == ["a.mere", "b.pere"]


def test_a_row_shows_the_columns_of_the_reference(console):
    at = timezone.now() - timedelta(days=3)
    account = family(
        console,
        "m.abbeym",
        student={"surname": "ABBEYEM", "given_name": "Emma"},
        record={"surname": "ABBEYEM", "given_name": "Marie", "mail": "marie@example.org"},
        state=State.NOTIFIED,
        distributed_at=at,
        **provisional(at),
    )
    student = account.holdings.get().student
    student.mef = MefFactory.create(feed=console.school.feed, label="3EME PREPA-METIERS")
    student.save()

    page = text_of(console.get())

    for expected in (
        "ABBEYEM Emma",
        student.school_class.label,
        "3EME PREPA-METIERS",
        "ABBEYEM Marie",
        "m.abbeym",
        "Oui",
        "Notifié et non activé",
        "Établissement",
        f"{timezone.localtime(at):%d/%m/%Y}",
        "valable jusqu’au",
    ):
        assert expected in page
    assert "Sélectionner le compte m.abbeym de ABBEYEM Marie" in console.get().content.decode()


def test_a_dead_letter_says_since_when(console):
    at = timezone.now() - timedelta(days=150)
    family(console, "a.mort", state=State.NOTIFIED, distributed_at=at, **provisional(at))

    page = text_of(console.get())

    assert "expiré le" in page
    assert "valable jusqu’au" not in page


def test_letters_that_stop_before_a_day_are_found_in_the_académie_s_own_days(console):
    Academy.objects.update(time_zone="Indian/Reunion")
    zone = ZoneInfo("Indian/Reunion")
    last_day = timezone.now().astimezone(zone).date() + timedelta(days=20)
    end = datetime.combine(last_day + timedelta(days=1), time.min, tzinfo=zone)
    dead = timezone.now() - timedelta(days=200)
    family(
        console, "a.vivant", state=State.NOTIFIED, **provisional(timezone.now()) | {"secret_expires_at": end}
    )
    family(console, "b.mort", state=State.NOTIFIED, **provisional(dead))
    family(console, "c.actif", state=State.ACTIVE)

    assert console.found(f"avant={last_day + timedelta(days=1)}") == ["a.vivant"]
    assert console.found(f"avant={last_day}") == []
    assert f'value="{last_day.isoformat()}"' in console.get(f"avant={last_day}").content.decode()


def test_a_day_which_is_none_is_left_out_and_said(console):
    family(console, "a.martin")

    page = text_of(console.get("avant=2026-02-31"))

    assert "il n’en est pas tenu compte" in page
    assert console.found("avant=demain") == ["a.martin"]


def test_those_notified_once_and_never_again_are_found(console):
    family(console, "a.une", state=State.NOTIFIED)
    family(console, "b.deux", state=State.NOTIFIED, times_distributed=2)
    family(console, "c.actif", state=State.ACTIVE)
    family(console, "d.jamais")

    assert console.found("expire=jamais") == ["a.une"]


def test_the_level_stands_where_the_mef_does_in_the_first_degree():
    school = EstablishmentFactory.create(feed=FeedFactory.create(degree=1))
    console = Console(MandateFactory.create(establishment=school))
    family(console, "a.ecole")
    Student.objects.update(level="CM2")

    page = text_of(console.get())

    assert "Niveau" in page
    assert "CM2" in page
    assert "MEF" not in page
    assert console.found("niveau=CM2") == ["a.ecole"]
    assert console.found("niveau=CP") == ["a.ecole"]  # there is no CP here: left out, and said


def test_pupils_are_listed_with_what_they_validated_themselves(console):
    student_account(console.school, identifier="e.non")
    student_account(
        console.school,
        identifier="e.actif",
        state=State.ACTIVE,
        record={"given_name": "Adam", "surname": "A"},
    )

    assert [line["has_mail"] for line in console.lines(name="student_list")] == [True, False]
    assert console.found("mail=sans", "student_list") == ["e.non"]
    assert console.found("mobile=sans", "student_list") == ["e.actif", "e.non"]
    assert "Responsable" not in [
        header.label for header in console.get(name="student_list").context["listing"].headers
    ]


# Searching.


@pytest.mark.parametrize(
    "query", ["eloise", "ÉLOÏSE", "le goff", "goff élo", "LeGoff", "oïs", "martin", "anne"]
)
def test_a_name_is_found_by_any_part_without_accents_or_case(console, query):
    family(
        console,
        "a.cherche",
        student={"surname": "LE GOFF", "given_name": "Éloïse"},
        record={"surname": "MARTIN", "given_name": "Anne"},
    )
    family(
        console,
        "z.autre",
        student={"surname": "PETIT", "given_name": "Tom"},
        record={"surname": "DURAND", "given_name": "Paul"},
    )

    assert console.found(f"q={query}") == ["a.cherche"]


def test_each_word_must_be_found_and_signs_find_nothing(console):
    family(console, "a.un", record={"surname": "MARTIN", "given_name": "Anne"})

    assert console.found("q=martin+bernard") == []
    assert console.found("q=123") == []
    assert console.found("q=%25") == []
    assert console.found("q=+++") == ["a.un"]


def test_classes_are_searched_together_and_pupils_without_class_too(console):
    accounts = [family(console, name) for name in ("a.un", "b.deux", "c.trois", "d.sans")]
    classes = [SchoolClassFactory.create(establishment=console.school) for _ in range(3)]
    for account, school_class in zip(accounts, [*classes, None], strict=True):
        Student.objects.filter(holdings__account=account).update(school_class=school_class)

    first, second, _ = (each.pk for each in classes)
    assert sorted(console.found(f"classe={first}&classe={second}")) == ["a.un", "b.deux"]
    assert sorted(console.found(f"classe={first}&classe=aucune")) == ["a.un", "d.sans"]


def test_states_and_origins_are_searched_together(console):
    family(console, "a.non")
    family(console, "b.notifie", state=State.NOTIFIED)
    family(console, "c.actif", state=State.ACTIVE)
    family(console, "d.seul", state=State.ACTIVE, origin=Origin.RESPONSABLE)

    assert sorted(console.found("etat=NOTIFIED&etat=ACTIVE")) == ["b.notifie", "c.actif", "d.seul"]
    assert sorted(console.found("etat=ACTIVE&origine=RESPONSABLE")) == ["d.seul"]
    assert sorted(console.found("origine=NONE")) == ["a.non"]


def test_the_contact_mail_is_the_validated_one_or_the_record_s(console):
    family(console, "a.rien", record={"mail": "", "mobile": ""})
    family(console, "b.fiche", record={"mail": "b@example.org", "mobile": ""})
    family(console, "c.valide", record={"mail": "", "mobile": ""}, state=State.ACTIVE, mobile="+33639981234")

    assert sorted(console.found("mail=avec")) == ["b.fiche", "c.valide"]
    assert console.found("mail=sans") == ["a.rien"]
    assert console.found("mobile=avec") == ["c.valide"]
    assert sorted(console.found("mobile=sans")) == ["a.rien", "b.fiche"]


def test_the_mail_in_another_school_s_record_is_no_contact_here(console):
    account = family(console, "a.deux", record={"mail": ""})
    elsewhere = responsable_account(EstablishmentFactory.create(), record={"mail": "autre@example.org"})
    elsewhere.sources.update(account=account)

    assert console.found("mail=avec") == []
    assert console.found("mail=sans") == ["a.deux"]


@pytest.mark.parametrize(
    "query",
    [
        "etat=BIDON",
        "classe=999999999999999999999",
        "classe=x",
        "mail=peut-etre",
        "tri=rien",
        "lignes=7",
        "mef=%00",
    ],
)
def test_a_criterion_that_does_not_exist_is_left_out_and_said(console, query):
    family(console, "a.un")

    assert console.found(query) == ["a.un"]
    assert "il n’en est pas tenu compte" in text_of(console.get(query))


@pytest.mark.parametrize("query", ["page=999", "page=x", "page=-1", "q=%00%ff", "q=" + "a" * 5000])
def test_a_broken_address_is_never_an_error(console, query):
    family(console, "a.un")

    assert console.get(query).status_code == 200


def test_a_class_of_another_school_is_no_criterion_here(console):
    elsewhere = SchoolClassFactory.create()

    assert "il n’en est pas tenu compte" in text_of(console.get(f"classe={elsewhere.pk}"))


# Ordering.


def test_élie_comes_before_zola_whatever_the_collation(console):
    for identifier, surname, given_name in [
        ("z.zola", "ZOLA", "Anna"),
        ("e.elie", "ÉLIE", "Anna"),
        ("l.legoff", "LE GOFF", "Anna"),
        ("l.leger", "LÉGER", "Anna"),
        ("z.elie", "ÉLIE", "Zoé"),
    ]:
        family(console, identifier, student={"surname": surname, "given_name": given_name})

    assert console.found() == ["e.elie", "z.elie", "l.leger", "l.legoff", "z.zola"]
    assert console.found("tri=-eleve") == ["z.zola", "l.legoff", "l.leger", "z.elie", "e.elie"]


def test_states_sort_in_the_order_of_the_lifecycle_and_unknown_dates_last(console):
    now = timezone.now()
    family(console, "a.actif", state=State.ACTIVE, distributed_at=now - timedelta(days=2))
    family(console, "b.non")
    family(console, "c.notifie", state=State.NOTIFIED, distributed_at=now - timedelta(days=1))

    assert console.found("tri=statut") == ["b.non", "c.notifie", "a.actif"]
    assert console.found("tri=notification") == ["a.actif", "c.notifie", "b.non"]
    assert console.found("tri=-notification") == ["c.notifie", "a.actif", "b.non"]


def test_classes_sort_by_their_numbers(console):
    for identifier, label in [("a.dix", "6EME 10"), ("b.deux", "6EME 2")]:
        account = family(console, identifier)
        school_class = SchoolClassFactory.create(establishment=console.school, label=label)
        Student.objects.filter(holdings__account=account).update(school_class=school_class)

    assert console.found("tri=classe") == ["b.deux", "a.dix"]


@pytest.mark.parametrize("name", ["responsable_list", "student_list"])
def test_every_column_sorts_both_ways_and_says_so(console, name):
    family(console, "a.un")
    student_account(console.school)

    for header in console.get(name=name).context["listing"].headers:
        ascending = console.get(f"tri={header.name}", name)
        descending = console.get(f"tri=-{header.name}", name)

        assert ascending.content.decode().count('aria-sort="ascending"') == 1
        assert descending.content.decode().count('aria-sort="descending"') == 1
        [own] = [each for each in ascending.context["listing"].headers if each.name == header.name]
        assert own.address.endswith(f"tri=-{header.name}")


def test_rows_that_sort_alike_keep_their_places_from_page_to_page(console):
    for _ in range(3):
        responsable_account(console.school, children=20)
    Student.objects.update(surname="MARTIN", surname_key="MARTIN", given_name="Zoé", given_name_key="ZOE")

    pages = [console.get(f"lignes=25&tri=statut&page={n}").context["page"].object_list for n in (1, 2, 3)]

    assert len({pk for page in pages for pk in page}) == 60


# Pages, fragments, addresses.


def test_fifty_rows_a_page_unless_asked_otherwise(console):
    responsable_account(console.school, children=60)

    assert len(console.lines()) == 50
    assert len(console.lines("page=2")) == 10
    assert len(console.lines("lignes=25")) == 25
    assert len(console.lines("lignes=100")) == 60
    assert "1 compte , 60 lignes" in text_of(console.get("page=2"))


def test_the_fragment_is_the_same_part_of_the_page(console):
    responsable_account(console.school, children=30)
    query = "q=martin&lignes=25&tri=-eleve&page=2"

    page = console.get(query)
    fragment = console.get(query, **HTMX)

    assert fragment.content.decode().strip() in page.content.decode()
    assert fragment.content.decode().strip().startswith('<div id="results"')
    assert "HX-Request" in fragment["Vary"]


def test_a_fragment_tells_the_address_without_what_says_nothing(console):
    responsable_account(console.school, children=60)
    query = "q=martin&mail=&mobile=&tri=eleve&lignes=50&etat=NOT_NOTIFIED&page=2"

    response = console.get(query, **HTMX)

    assert response["HX-Push-Url"] == console.address() + "?q=martin&etat=NOT_NOTIFIED&page=2"


def test_going_back_in_the_history_brings_the_whole_page(console):
    response = console.get(headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})

    assert response.content.decode().lstrip().startswith("<!DOCTYPE html>")


def test_an_empty_school_and_an_empty_search_say_different_things(console):
    assert "Aucun compte pour l’instant" in text_of(console.get())

    family(console, "a.un")

    page = console.get("q=personne")
    assert "Aucun compte ne correspond à cette recherche" in text_of(page)
    assert f'href="{console.address()}">Effacer les filtres' in page.content.decode()


def test_names_are_text_whatever_they_hold(console):
    family(console, "a.un", record={"surname": "<script>alert(1)</script>", "given_name": 'O"NEIL'})

    page = console.get("q=%22%3E%3Cscript%3E").content.decode() + console.get().content.decode()

    assert "<script>alert" not in page
    assert '"><script>' not in page


def test_one_row_costs_as_many_queries_as_fifty(console):
    def queries(**extra):
        with CaptureQueriesContext(connection) as captured:
            console.get(**extra)
        return len(captured)

    family(console, "a.un")
    queries()
    one = queries()
    for _ in range(10):
        responsable_account(console.school, children=5)

    assert queries() == one
    assert one <= 12
    assert queries(**HTMX) <= 12


# The keys of a search, for the selection.


def selection(console, query="", population=AccountKind.RESPONSABLE):
    address = reverse("account_selection", kwargs={"uai": console.school.uai, "population": population})
    return console.client.get(f"{address}?{query}")


def test_the_keys_of_a_search_are_those_of_its_accounts_each_once(console):
    shared = responsable_account(console.school, children=3)
    family(console, "b.actif", state=State.ACTIVE)
    student_account(console.school)

    assert selection(console, "etat=NOT_NOTIFIED").json() == {"accounts": [shared.pk]}
    assert len(selection(console).json()["accounts"]) == 2
    assert len(selection(console, population=AccountKind.STUDENT).json()["accounts"]) == 1


def test_the_keys_of_a_search_with_an_unknown_criterion_are_refused(console):
    family(console, "a.un")

    response = selection(console, "classe=999")

    assert response.status_code == 422
    assert "rechargez" in response.json()["message"]


def test_more_accounts_than_an_operation_takes_are_refused(console, monkeypatch):
    monkeypatch.setattr("accounts.selection.MOST_ACCOUNTS", 1)
    family(console, "a.un")
    family(console, "b.deux")

    response = selection(console)

    assert response.status_code == 422
    assert "précisez la recherche" in response.json()["message"]


def test_a_get_of_a_list_writes_nothing(console):
    family(console, "a.un")
    with CaptureQueriesContext(connection) as captured:
        console.get()
        selection(console)

    assert not [q["sql"] for q in captured if re.match(r"INSERT|UPDATE|DELETE", q["sql"])]


def test_a_record_alone_makes_no_row(console):
    ResponsableFactory.create(feed=console.school.feed)
    StudentFactory.create(establishment=console.school)

    assert console.found() == []
