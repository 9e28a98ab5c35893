"""The home page of an establishment: its numbers, what they call for, and what was done."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from accounts import overview
from accounts.models import Account, AccountKind, Operation, OperationItem
from accounts.transitions import State
from establishments.access import get_access
from establishments.models import Delegation, Event, EventKind
from tests.factories import (
    AcademyFactory,
    DelegationFactory,
    EstablishmentFactory,
    FeedFactory,
    MandateFactory,
    provisional,
    responsable_account,
    student_account,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def college():
    return EstablishmentFactory.create(feed__applied_at=timezone.now())


@pytest.fixture
def director(college):
    return MandateFactory.create(establishment=college).agent


def home(client, agent, establishment):
    client.force_login(agent)
    return client.get(reverse("establishment", args=[establishment.uai]))


def standing(agent, establishment, kind=AccountKind.RESPONSABLE):
    found = overview.standings(get_access(agent, establishment.uai), timezone.now())
    return next(each for each in found if each.kind == kind)


def attention(agent, establishment, kind=AccountKind.RESPONSABLE):
    lines = overview.attention(standing(agent, establishment, kind), establishment.feed)
    return {line.what: line.accounts for line in lines}


def notified(establishment, *, days_ago):
    at = timezone.now() - timedelta(days=days_ago)
    return responsable_account(
        establishment, state=State.NOTIFIED, **provisional(at) | {"distributed_at": at}
    )


def test_an_account_of_three_children_counts_once(college, director):
    responsable_account(college, children=3, state=State.ACTIVE)
    responsable_account(college)
    found = standing(director, college)
    assert found.states == {State.ACTIVE: 1, State.NOT_NOTIFIED: 1}
    assert (found.total, found.active_percent) == (2, 50)


def test_pupils_and_responsables_are_counted_apart(college, director):
    responsable_account(college)
    student_account(college)
    student_account(college)
    assert standing(director, college).total == 1
    assert standing(director, college, AccountKind.STUDENT).total == 2


def test_accounts_elsewhere_closed_or_without_a_child_do_not_count(college, director):
    responsable_account(EstablishmentFactory.create())
    responsable_account(college, closed_at=timezone.now())
    gone = responsable_account(college)
    gone.sources.get().responsable.responsibilities.update(ended_at=timezone.now())
    assert standing(director, college).total == 0


def test_the_bar_is_full_whatever_the_shares(college, director):
    for state in (State.NOT_NOTIFIED, State.ACTIVATING, State.ACTIVE):
        responsable_account(college, state=state)
    counts = list(standing(director, college).by_state)
    assert [count.accounts for count in counts] == [1, 0, 1, 1]
    assert sum(count.width for count in counts) == overview.BAR_WIDTH
    assert [count.start for count in counts[1:]] == [count.start + count.width for count in counts[:-1]]


def test_each_number_opens_the_list_of_what_it_counts(client, college, director):
    responsable_account(college, state=State.NOTIFIED)
    response = home(client, director, college)
    assert f'href="{reverse("responsable_list", args=[college.uai])}?etat=NOTIFIED"' in response.text
    assert f'href="{reverse("student_list", args=[college.uai])}?etat=ACTIVE"' in response.text


def test_what_calls_for_attention_is_selected_in_one_click_by_those_who_may_act(client, college, director):
    notified(college, days_ago=85)
    consults = DelegationFactory.create(establishment=college, profile=Delegation.Profile.CONSULT).agent
    link = "?expire=15&amp;tri=notification#selectionner"

    assert link in home(client, director, college).text
    assert link not in home(client, consults, college).text


def test_letters_are_told_before_and_after_they_die(college, director):
    for days in (5, 70, 85, 100):
        notified(college, days_ago=days)
    assert attention(director, college) == {
        "courrier de responsable expiré": 1,
        "courrier de responsable à échéance dans les 15 jours": 1,
        "courrier de responsable à échéance entre 16 et 30 jours": 1,
    }


def test_a_dead_letter_whose_secret_was_erased_is_still_told(college, director):
    notified(college, days_ago=100)
    Account.objects.update(sealed_secret="")
    assert attention(director, college) == {"courrier de responsable expiré": 1}


def test_a_chosen_password_does_not_expire(college, director):
    responsable_account(college, state=State.ACTIVE, secret_expires_at=timezone.now() - timedelta(days=1))
    assert attention(director, college) == {}


def test_an_activation_is_slow_after_a_week(college, director):
    for days in (6, 8, 30):
        at = timezone.now() - timedelta(days=days)
        responsable_account(college, state=State.ACTIVATING, activating_since=at)
    assert attention(director, college) == {
        "comptes de responsables en cours d’activation depuis plus de 7 jours": 2
    }


def test_each_line_to_watch_opens_exactly_the_accounts_it_counts(client, college, director):
    for days in (5, 70, 71, 85, 100, 101, 102):
        notified(college, days_ago=days)
    for days in (6, 8):
        at = timezone.now() - timedelta(days=days)
        responsable_account(college, state=State.ACTIVATING, activating_since=at)
    responsable_account(college, record={"mail": "", "mobile": ""}, children=2)
    client.force_login(director)
    address = reverse("responsable_list", args=[college.uai])
    lines = overview.attention(standing(director, college), college.feed)
    opened = [client.get(f"{address}?{line.filters}").context["listing"].accounts for line in lines]
    assert opened == [line.accounts for line in lines] == [3, 1, 2, 1, 1]


def test_unreachable_is_neither_mail_nor_mobile_from_anywhere(college, director):
    nothing = {"mail": "", "mobile": ""}
    responsable_account(college, record=nothing)
    responsable_account(college, record=nothing, children=2)
    responsable_account(college, record=nothing, state=State.ACTIVE, mail="valide@example.org")
    responsable_account(college, record=nothing | {"mobile": "+33639980000"})
    student_account(college)
    assert attention(director, college) == {"responsables sans adresse mail ni mobile": 2}
    assert attention(director, college, AccountKind.STUDENT) == {}


def test_nothing_to_watch_is_said(client, college, director):
    responsable_account(college)
    assert "Rien ne demande votre attention" in home(client, director, college).text


def test_without_accounts_the_page_says_when_they_come(client, college, director):
    assert "Aucun compte pour l’instant" in home(client, director, college).text


def test_a_delegate_for_pupils_reads_nothing_about_responsables(client, college, director):
    responsable_account(college, record={"mail": "", "mobile": ""})
    student_account(college)
    account = responsable_account(college)
    act(EventKind.ACCOUNT_PASSWORD_RESET, college, director, account)
    bulk(college, director)
    delegate = DelegationFactory.create(
        establishment=college, population=Delegation.Population.STUDENTS
    ).agent
    text = home(client, delegate, college).text
    assert "Responsable" not in text
    assert "responsable" not in text
    assert account.identifier not in text


def act(kind, establishment, agent, account, **data):
    return Event.objects.create(
        kind=kind,
        establishment=establishment,
        actor=Event.Actor.AGENT,
        agent=agent,
        target_kind="account",
        target_id=account.pk,
        data=data,
    )


def bulk(establishment, agent, status=Operation.Status.DONE, **fields):
    return Operation.objects.create(
        establishment=establishment,
        agent=agent,
        kind=Operation.Kind.NOTIFY_SHEETS,
        population=AccountKind.RESPONSABLE,
        status=status,
        **{"confirmed_at": timezone.now()} | fields,
    )


def recent(agent, establishment):
    return overview.recent(get_access(agent, establishment.uai), timezone.now())


def test_what_was_done_here_is_told_the_latest_first(client, college, director):
    account = responsable_account(college)
    with time_machine.travel(timezone.now() - timedelta(hours=2)):
        operation = bulk(college, director)
    OperationItem.objects.create(operation=operation, account=account, version=0)
    act(EventKind.ACCOUNT_PASSWORD_RESET, college, director, account)
    assert [(each.account, each.operation) for each in recent(director, college)] == [
        (account, None),
        (None, operation),
    ]
    text = " ".join(home(client, director, college).text.split())
    assert "Notification par feuilles individuelles</a> — 1 compte de responsable" in text
    assert "Mot de passe réinitialisé" in text


def test_acts_of_a_bulk_action_are_told_by_the_action_only(college, director):
    account = responsable_account(college)
    act(EventKind.ACCOUNT_NOTIFY, college, director, account, operation=bulk(college, director).pk)
    assert [each.account for each in recent(director, college)] == [None]


def test_acts_of_another_establishment_on_a_shared_account_are_not_told(college, director):
    account = responsable_account(college)
    elsewhere = MandateFactory.create()
    act(EventKind.ACCOUNT_PASSWORD_RESET, elsewhere.establishment, elsewhere.agent, account)
    assert recent(director, college) == []


def test_drafts_of_a_colleague_and_cancelled_actions_are_not_told(college, director):
    colleague = MandateFactory.create(establishment=college, role="DEPUTY").agent
    bulk(college, colleague, Operation.Status.DRAFT)
    bulk(college, director, Operation.Status.CANCELLED, confirmed_at=None)
    assert recent(director, college) == []


def test_the_last_import_is_dated_by_the_clock_of_the_place(client):
    feed = FeedFactory.create(academy=AcademyFactory.create(code="28"))
    feed.applied_at = timezone.now().replace(year=2026, month=11, day=12, hour=3, minute=10)
    feed.save()
    mandate = MandateFactory.create(establishment=EstablishmentFactory.create(feed=feed))
    with time_machine.travel(feed.applied_at + timedelta(hours=3)):
        text = home(client, mandate.agent, mandate.establishment).text
    assert "Données SIECLE du 12/11/2026 à 07:10." in text


def test_data_older_than_a_day_is_a_warning(client, college, director):
    assert "n’a pas eu lieu" not in home(client, director, college).text
    feed = college.feed
    feed.applied_at = timezone.now() - timedelta(days=2)
    feed.save()
    assert "le dernier import nocturne n’a pas eu lieu" in home(client, director, college).text


def test_before_any_import_the_page_says_so(client):
    mandate = MandateFactory.create()
    assert "n’a encore été importée" in home(client, mandate.agent, mandate.establishment).text


def test_the_number_of_queries_does_not_grow(client, college, director, django_assert_max_num_queries):
    def fill():
        account = responsable_account(college, state=State.NOTIFIED)
        student_account(college)
        act(EventKind.ACCOUNT_PASSWORD_RESET, college, director, account)
        bulk(college, director)

    fill()
    home(client, director, college)
    with django_assert_max_num_queries(16) as few:
        home(client, director, college)
    for _ in range(8):
        fill()
    with django_assert_max_num_queries(16) as many:
        home(client, director, college)
    assert len(many) == len(few)
