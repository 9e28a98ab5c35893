"""Two accounts made one, and two again: which is kept, what dies, what comes back, what is remembered."""

import itertools
import json
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.activation.mails import promise_links
from accounts.joining import following
from accounts.joining.children import each_once
from accounts.joining.duplicates import join_same, refresh_duplicates, tell_apart
from accounts.joining.merging import By, forget_former_secrets, merge, undo_merge, was_secret_of
from accounts.joining.rules import NotJoinable, choose
from accounts.joining.scoring import REASONS, THRESHOLD, score
from accounts.letters import sheets_for
from accounts.models import Account, AccountSource, DataIssue, Duplicate, FormerSecret, Joining, Recheck
from accounts.profile import read_profile
from accounts.secrets import open_secret
from accounts.transitions import State
from establishments.access import get_access
from establishments.models import Event, EventKind, Responsibility, Student
from establishments.names import name_key
from notifications.models import Delivery
from tests.factories import (
    EstablishmentFactory,
    FeedFactory,
    MandateFactory,
    ResponsibilityFactory,
    StudentFactory,
    VisitFactory,
    responsable_account,
    student_account,
)

pytestmark = pytest.mark.django_db
RULE = AccountSource.Reason.RULE
SAME = {"surname": "LE GOFF", "given_name": "Anne", "mobile": "+33639980001", "mail": "", "address": ""}


@pytest.fixture
def director():
    return MandateFactory.create()


@pytest.fixture
def school(director):
    return director.establishment


def two(school, *, record=None, other=None, **states):
    one, two = (record or {}), (other or {})
    return (
        responsable_account(school, record=SAME | one, state=states.get("first", State.NOT_NOTIFIED)),
        responsable_account(school, record=SAME | two, state=states.get("second", State.NOT_NOTIFIED)),
    )


def refresh(school):
    return refresh_duplicates(school.feed, now=timezone.now())


def account(pk, state, age):
    return SimpleNamespace(
        pk=pk, kind="RESPONSABLE", state_now=state, created_at=timezone.now() - timedelta(days=age)
    )


@pytest.mark.parametrize(("one", "other"), list(itertools.product(State, State)))
def test_the_furthest_is_kept_else_the_oldest_and_never_two_active(one, other):
    young, old = account(1, one, 1), account(2, other, 2)
    if one == other == State.ACTIVE:
        with pytest.raises(NotJoinable):
            choose(young, old)
        return
    ranks = list(State)
    expected = young if ranks.index(one) > ranks.index(other) else old
    assert choose(young, old).kept is choose(old, young).kept is expected


def test_of_two_created_at_once_the_first_is_kept():
    one, other = account(1, State.NOTIFIED, 1), account(2, State.NOTIFIED, 1)
    other.created_at = one.created_at
    assert choose(other, one).kept is one


@pytest.mark.parametrize("first", [state for state in State if state != State.ACTIVE])
def test_a_merge_moves_the_children_and_kills_the_other_letter(school, first):
    closed, kept = two(school, first=first, second=State.ACTIVE)
    joining = merge(closed.pk, kept.pk, RULE)

    closed.refresh_from_db()
    kept.refresh_from_db()
    assert (closed.merged_into, closed.sealed_secret, closed.state) == (kept, "", first)
    assert closed.closed_at is not None
    assert (closed.version, kept.version) == (1, 1)
    assert kept.holdings.count() == 2
    assert not closed.holdings.exists()
    assert list(joining.sources.values_list("account", "reason")) == [(kept.pk, RULE)]
    kinds = Event.objects.order_by("pk").values_list("kind", "target_id")
    assert list(kinds) == [
        (EventKind.ACCOUNT_MERGED, closed.pk),
        (EventKind.ACCOUNT_JOINED, kept.pk),
    ]
    told = DataIssue.objects.filter(kind="TO_RENOTIFY", establishment=school).count()
    assert told == (first != State.NOT_NOTIFIED)


def test_the_password_of_the_closed_letter_is_recognised_and_opens_nothing(school):
    kept, closed = two(school, first=State.ACTIVE, second=State.NOTIFIED)
    secret = open_secret(closed.sealed_secret)
    assert not was_secret_of(closed, secret)

    merge(kept.pk, closed.pk, RULE)

    assert was_secret_of(closed, secret)
    assert not was_secret_of(closed, "autre")
    assert not was_secret_of(kept, secret)
    assert secret not in FormerSecret.objects.get().secret_hash
    assert forget_former_secrets(timezone.now() + timedelta(days=100)) == 1
    assert not was_secret_of(closed, secret)


def test_mails_of_the_closed_account_which_wait_are_cancelled(school):
    kept, closed = two(school, first=State.ACTIVE, second=State.ACTIVATING)
    promise_links([closed])
    merge(kept.pk, closed.pk, RULE)

    delivery = Delivery.objects.get()
    assert delivery.status == Delivery.Status.CANCELLED
    number = closed.activation_link_number
    closed.refresh_from_db()
    assert closed.activation_link_number == number + 1


def test_the_issue_is_solved_when_the_kept_account_is_notified_again(school):
    kept, closed = two(school, first=State.NOTIFIED, second=State.NOTIFIED)
    merge(kept.pk, closed.pk, RULE)
    following.follow(school.feed)
    assert DataIssue.objects.unsolved().filter(kind="TO_RENOTIFY").exists()

    Account.objects.filter(merged_into=None).update(distributed_at=timezone.now())
    following.follow(school.feed)
    assert not DataIssue.objects.unsolved().filter(kind="TO_RENOTIFY").exists()


def test_a_merge_undone_gives_each_its_records_and_is_remembered(school, director):
    kept, closed = two(school, first=State.ACTIVE, second=State.NOTIFIED)
    joining = merge(kept.pk, closed.pk, RULE)
    by = By(director.agent, school)

    assert undo_merge(joining, by) == closed

    closed.refresh_from_db()
    assert (closed.state, closed.merged_into, closed.closed_at) == (State.NOTIFIED, None, None)
    assert closed.holdings.count() == kept.holdings.count() == 1
    assert closed.sources.get(closed_at=None).reason == AccountSource.Reason.UNDONE
    assert Event.objects.filter(kind=EventKind.ACCOUNT_UNJOINED, agent=director.agent).count() == 2
    with pytest.raises(NotJoinable):
        undo_merge(joining)
    with pytest.raises(NotJoinable):
        merge(kept.pk, closed.pk, RULE)


@pytest.mark.parametrize("changed", [{}, {"mobile": "+33639989999"}])
def test_what_the_family_validated_follows_the_joining_and_comes_back_when_it_is_undone(school, changed):
    kept, closed = two(school, first=State.ACTIVE, second=State.NOTIFIED)
    Account.objects.filter(pk=kept.pk).update(mail="gardee@example.org")
    own = {"franceconnect_sub": "sub-1", "mobile": "+33639980001"}
    Account.objects.filter(pk=closed.pk).update(**own)

    joining = merge(kept.pk, closed.pk, RULE)

    [now] = Account.objects.filter(franceconnect_sub="sub-1")
    assert (now.pk, now.mail, now.mobile) == (kept.pk, "gardee@example.org", "+33639980001")
    Account.objects.filter(pk=kept.pk).update(**changed)
    undo_merge(joining)
    kept.refresh_from_db()
    closed.refresh_from_db()
    assert {name: getattr(closed, name) for name in own} == own
    assert (kept.mail, kept.mobile) == ("gardee@example.org", changed.get("mobile", ""))
    assert kept.franceconnect_sub is None


def test_an_identity_of_its_own_is_not_replaced_by_that_of_the_closed_account(school):
    kept, closed = two(school, first=State.ACTIVE, second=State.NOTIFIED)
    for account, sub in ((kept, "sub-1"), (closed, "sub-2")):
        Account.objects.filter(pk=account.pk).update(franceconnect_sub=sub)

    merge(kept.pk, closed.pk, RULE)

    assert list(Account.objects.order_by("pk").values_list("franceconnect_sub", flat=True)) == [
        "sub-1",
        "sub-2",
    ]


def test_merges_in_a_row_are_undone_the_last_first(school):
    first, second = two(school)
    third = responsable_account(school, record=SAME, state=State.ACTIVE)
    earlier, later = merge(first.pk, second.pk, RULE), merge(first.pk, third.pk, RULE)

    with pytest.raises(NotJoinable), transaction.atomic():
        undo_merge(earlier)
    undo_merge(later)
    undo_merge(earlier)

    for each in (first, second, third):
        assert each.holdings.count() == 1


def test_who_was_told_apart_from_the_closed_account_is_told_apart_from_the_kept_one(school):
    one, other = two(school)
    third = responsable_account(school, record=SAME)
    refresh(school)
    tell_apart(Duplicate.objects.get(first=other, second=third), By())
    merge(one.pk, other.pk, RULE)

    with pytest.raises(NotJoinable):
        merge(one.pk, third.pk, RULE)
    refresh(school)
    assert not Duplicate.objects.filter(decision="", closed_at=None).exists()


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ({}, ["surname", "given_name", "mobile"]),
        ({"mobile": "+33639980002"}, None),
        ({"given_name": "Paul"}, None),
        ({"given_name": ""}, None),
        ({"surname": "DURAND", "birth_surname": "Le Goff"}, ["surname", "given_name", "mobile"]),
        ({"surname": "DURAND"}, None),
        ({"title": "M."}, None),
    ],
)
def test_homonyms_alone_are_not_duplicates_and_what_agrees_is_explained(school, other, found):
    two(school, other=other)
    refresh(school)
    duplicate = Duplicate.objects.first()
    assert (duplicate.reasons if duplicate else None) == found
    if duplicate:
        assert duplicate.score == score(found) >= THRESHOLD


def test_a_same_address_or_a_same_child_counts(school):
    home = {"address": "1 RUE DES LILAS", "mobile": ""}
    one, other = two(school, record=home, other=home)
    refresh(school)
    assert Duplicate.objects.get().reasons == ["surname", "given_name", "address"]

    child = one.holdings.get().student
    ResponsibilityFactory.create(student=child, responsable=other.sources.get().responsable)
    refresh(school)
    assert "child" in Duplicate.objects.get().reasons


def test_a_refresh_again_writes_nothing_and_what_no_longer_agrees_is_let_go(school):
    _, other = two(school)
    assert (refresh(school).opened, refresh(school).opened) == (1, 0)
    record = other.sources.get().responsable
    record.mobile = ""
    record.save()
    assert refresh(school).closed == 1
    assert Duplicate.objects.get().closed_at is not None


def test_two_persons_are_remembered_for_ever_and_everywhere(school, director):
    one, other = two(school)
    refresh(school)
    tell_apart(Duplicate.objects.get(), By(director.agent, school))
    elsewhere = EstablishmentFactory.create(feed=school.feed)
    for each in (one, other):
        student = StudentFactory.create(establishment=elsewhere)
        ResponsibilityFactory.create(student=student, responsable=each.sources.get().responsable)

    refresh(school)

    assert Duplicate.objects.count() == 1
    assert Event.objects.filter(kind=EventKind.ACCOUNT_TOLD_APART).count() == 2
    with pytest.raises(NotJoinable):
        join_same(Duplicate.objects.get(), By(director.agent, school))


@given(st.text(max_size=40))
def test_the_key_of_a_name_is_the_same_in_sql(name):
    name = name.replace("\0", "")
    with connection.cursor() as cursor:
        cursor.execute("SELECT establishments_name_key(%s)", [name])
        assert cursor.fetchone()[0] == name_key(name)


def of_cm2_and_sixieme(school):
    """One account, whose only child is still in an école and already here."""
    ecole = EstablishmentFactory.create(feed=FeedFactory.create(degree=1))
    account = responsable_account(school, state=State.NOTIFIED)
    child = account.holdings.get().student
    before = StudentFactory.create(
        establishment=ecole, ine=child.ine, birth_date=child.birth_date, given_name=child.given_name
    )
    Responsibility.objects.create(
        student=before, responsable=account.sources.get().responsable, is_legal=True
    )
    return account, child


def test_two_records_of_one_child_are_one_child_on_the_page_and_on_the_sheet(school, director):
    account, child = of_cm2_and_sixieme(school)

    profile = read_profile(account, get_access(director.agent, school.uai))
    assert (profile.children_here, profile.children_elsewhere) == ([child], [])
    (sheet,) = sheets_for(school, [account.pk])
    assert len(sheet.children) == 1


def test_the_record_which_came_last_stands_for_the_child():
    day = timezone.now()
    old, new = (
        SimpleNamespace(pk=n, ine="1", birth_date=1, feed_id=n, arrived_at=day + timedelta(n)) for n in (1, 2)
    )
    nameless = [SimpleNamespace(pk=n, ine="", birth_date=1, arrived_at=day) for n in (3, 4)]
    assert each_once([old, new, *nameless]) == [new, *nameless]
    assert each_once([new, *nameless], but=[old]) == nameless


def signed_in(agent):
    client = Client()
    client.force_login(agent)
    return client


@pytest.fixture
def duplicate(school):
    two(
        school,
        record={"address": "1 RUE DES LILAS"},
        other={"address": "9 RUE DES ROSES"},
        second=State.NOTIFIED,
    )
    refresh(school)
    return Duplicate.objects.get()


def test_a_director_sees_the_pair_its_score_and_joins_it_then_undoes_it(school, director, duplicate):
    client = signed_in(director.agent)
    home = client.get(reverse("establishment", args=[school.uai])).text
    assert f"{reverse('issues', args=[school.uai])}?constat=DUPLICATE" in home
    assert "80" in client.get(reverse("duplicate_list", args=[school.uai])).text
    page = client.get(reverse("duplicate", args=[school.uai, duplicate.pk])).text
    assert "1 RUE DES LILAS" in page
    assert "9 RUE DES ROSES" in page
    assert REASONS["mobile"].label in page

    confirmation = reverse("duplicate_join", args=[school.uai, duplicate.pk])
    assert duplicate.second.identifier in client.get(confirmation).text
    assert not Joining.objects.exists()
    answer = client.post(confirmation, follow=True)
    joining = Joining.objects.get()
    undo = reverse("joining_undo", args=[school.uai, joining.pk])
    assert undo in answer.text
    assert client.post(confirmation, follow=True).status_code == 200
    assert Joining.objects.count() == 1

    assert client.get(undo).status_code == 200
    client.post(undo)
    joining.refresh_from_db()
    assert (joining.reason, joining.agent, joining.undone_by) == ("AGENT", director.agent, director.agent)
    assert "Aucun doublon" in client.get(reverse("duplicate_list", args=[school.uai])).text


def test_two_persons_leave_the_list(school, director, duplicate):
    client = signed_in(director.agent)
    client.post(reverse("duplicate_apart", args=[school.uai, duplicate.pk]))
    duplicate.refresh_from_db()
    assert (duplicate.decision, duplicate.decided_by) == ("DIFFERENT", director.agent)
    answer = client.get(reverse("duplicate", args=[school.uai, duplicate.pk]), follow=True)
    assert "a été traité" in answer.text


def test_two_active_accounts_may_only_be_told_apart(school, director):
    two(school, first=State.ACTIVE, second=State.ACTIVE)
    refresh(school)
    client, pk = signed_in(director.agent), Duplicate.objects.get().pk
    page = client.get(reverse("duplicate", args=[school.uai, pk])).text
    assert "seule la famille" in page
    assert reverse("duplicate_join", args=[school.uai, pk]) not in page
    client.post(reverse("duplicate_join", args=[school.uai, pk]))
    assert not Joining.objects.exists()


def test_the_address_of_another_school_is_not_shown(school, director):
    elsewhere = EstablishmentFactory.create(feed=school.feed)
    here, _ = two(school, record={"address": "1 RUE DES LILAS"})
    abroad = responsable_account(
        elsewhere, record=SAME | {"address": "5 RUE SECRETE", "mail": "x@example.org"}
    )
    AccountSource.objects.filter(account=abroad).update(account=here)
    refresh(school)
    page = signed_in(director.agent).get(reverse("duplicate", args=[school.uai, Duplicate.objects.get().pk]))
    assert "5 RUE SECRETE" not in page.text
    assert "x@example.org" not in page.text


def test_another_school_knows_nothing_of_it_and_a_visitor_decides_nothing(school, duplicate):
    stranger = signed_in(MandateFactory.create().agent)
    visitor = signed_in(VisitFactory.create(establishment=school).agent)
    for name in ("duplicate", "duplicate_join", "duplicate_apart"):
        address = reverse(name, args=[school.uai, duplicate.pk])
        assert stranger.get(address).status_code == 404
        assert visitor.get(address).status_code == (200 if name == "duplicate" else 403)


def test_find_duplicates_says_which_and_undo_merge_is_dry_unless_told(school):
    one, other = two(school)
    out = StringIO()
    call_command("find_duplicates", "--academy", school.academy.pk, "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert [row["first__identifier"] for row in told["waiting"]] == [one.identifier]

    joining = merge(one.pk, other.pk, RULE)
    call_command("undo_merge", str(joining.pk), stdout=StringIO())
    joining.refresh_from_db()
    assert joining.undone_at is None
    call_command("undo_merge", str(joining.pk), "--wet-run", stdout=StringIO())
    assert other.holdings.exists()
    with pytest.raises(CommandError):
        call_command("undo_merge", str(joining.pk), "--wet-run", stdout=StringIO())
    with pytest.raises(CommandError):
        call_command("undo_merge", "0", stdout=StringIO())
    with pytest.raises(CommandError):
        call_command("find_duplicates", "--academy", "99", stdout=StringIO())


def neighbour(school):
    return EstablishmentFactory.create(feed=school.feed)


def closed_account(school, **fields):
    """One whose child has left for long."""
    account = responsable_account(school, record=SAME, **fields)
    Student.objects.filter(pk__in=account.holdings.values("student")).update(left_at=timezone.now())
    Account.objects.filter(pk=account.pk).update(closed_at=timezone.now(), sealed_secret="")
    account.refresh_from_db()
    return account


def corrected(account):
    """As an import leaves a record it has corrected."""
    record = account.sources.get().responsable
    Recheck.objects.get_or_create(responsable=record)
    following.recheck(record.feed)


@pytest.mark.parametrize("state", State)
def test_a_corrected_record_comes_back_to_an_account_closed_for_having_no_child(school, state):
    closed = closed_account(school, state=state)
    own = responsable_account(neighbour(school), record=SAME)

    corrected(own)

    closed.refresh_from_db()
    own.refresh_from_db()
    assert (closed.closed_at, closed.state, own.merged_into) == (None, state, closed)
    assert closed.holdings.get().establishment_id != school.pk
    kinds = set(Event.objects.filter(target_id=closed.pk).values_list("kind", flat=True))
    assert EventKind.ACCOUNT_REOPENED in kinds


def test_the_closed_account_of_who_has_gone_further_stays_closed(school):
    closed = closed_account(school)
    own = responsable_account(neighbour(school), record=SAME, state=State.ACTIVE)

    corrected(own)

    closed.refresh_from_db()
    assert closed.closed_at is not None
    assert closed.merged_into == own


def test_of_two_active_accounts_one_of_which_is_closed_neither_moves(school):
    closed_account(school, state=State.ACTIVE)
    own = responsable_account(neighbour(school), record=SAME, state=State.ACTIVE)

    corrected(own)

    assert not Joining.objects.exists()
    assert not Duplicate.objects.exists()


def test_a_pupil_s_joining_is_undone_from_the_page_of_the_account(school, director):
    former, kept = (student_account(school) for _ in range(2))
    joining = merge(former.pk, kept.pk, RULE)
    client = Client()
    client.force_login(director.agent)
    address = reverse("joining_undo", args=[school.uai, joining.pk])

    assert address in client.get(reverse("account", args=[school.uai, joining.account_id])).content.decode()
    assert "avec leurs élèves" not in client.get(address).content.decode()
    client.post(address)

    joining.refresh_from_db()
    assert joining.undone_at is not None
    assert joining.former.holdings.count() == 1
