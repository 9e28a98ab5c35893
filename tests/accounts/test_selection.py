"""The accounts named by a posted form: those of the school, each once, or a clear refusal."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, QueryDict
from django.test.utils import CaptureQueriesContext

from accounts.models import AccountKind
from accounts.selection import EmptySelection, SelectionTooLarge, UnusableSelection, selected_accounts
from accounts.transitions import State
from establishments.access import get_access
from establishments.models import Delegation
from tests.factories import (
    DelegationFactory,
    EstablishmentFactory,
    MandateFactory,
    responsable_account,
    student_account,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def access():
    mandate = MandateFactory.create()
    return get_access(mandate.agent, mandate.establishment.uai)


def selected(access, query, population=AccountKind.RESPONSABLE):
    return sorted(selected_accounts(access, population, QueryDict(query)).values_list("pk", flat=True))


def test_the_selection_of_the_tab_is_a_list_of_keys(access):
    first, second, _ = (responsable_account(access.establishment, children=2) for _ in range(3))

    assert selected(access, f"accounts={second.pk},{first.pk},{first.pk}") == [first.pk, second.pk]


def test_without_javascript_the_boxes_of_the_page_are_the_selection(access):
    first, second = (responsable_account(access.establishment) for _ in range(2))

    assert selected(access, f"accounts=&account={first.pk}&account={first.pk}") == [first.pk]
    assert selected(access, f"account={first.pk}&account={second.pk}") == [first.pk, second.pk]


def test_the_selection_of_the_tab_goes_before_the_boxes_of_the_page(access):
    first, second = (responsable_account(access.establishment) for _ in range(2))

    assert selected(access, f"accounts={first.pk}&account={second.pk}") == [first.pk]


def test_a_whole_search_is_selected_by_its_address(access):
    responsable_account(access.establishment)
    active = responsable_account(access.establishment, state=State.ACTIVE, children=2)

    assert selected(access, "scope=filter&filter=etat%3DACTIVE") == [active.pk]
    assert len(selected(access, "scope=filter&filter=")) == 2


def test_accounts_of_other_schools_do_not_exist(access):
    here = responsable_account(access.establishment)
    elsewhere = responsable_account(EstablishmentFactory.create())

    assert selected(access, f"accounts={here.pk},{elsewhere.pk},999999999999999999") == [here.pk]
    with pytest.raises(EmptySelection):
        selected(access, f"accounts={elsewhere.pk}")


def test_accounts_of_the_other_population_are_left_out(access):
    responsable = responsable_account(access.establishment)
    pupil = student_account(access.establishment)

    assert selected(access, f"accounts={responsable.pk},{pupil.pk}") == [responsable.pk]
    assert selected(access, f"accounts={responsable.pk},{pupil.pk}", AccountKind.STUDENT) == [pupil.pk]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "accounts=",
        "accounts=%20",
        "accounts=abc",
        "accounts=1,,2",
        "accounts=-1",
        "accounts=1.5",
        "accounts=²",
        "accounts=1" + "0" * 5000,
        "account=x",
        "scope=filter&filter=classe%3D999",
        "scope=filter&filter=q%3Dpersonne",
    ],
)
def test_nothing_readable_is_an_empty_selection(access, query):
    responsable_account(access.establishment)

    with pytest.raises(EmptySelection):
        selected(access, query)


def test_more_accounts_than_an_operation_takes_are_refused(access, monkeypatch):
    monkeypatch.setattr("accounts.selection.MOST_ACCOUNTS", 1)
    for _ in range(2):
        responsable_account(access.establishment)

    with pytest.raises(SelectionTooLarge):
        selected(access, "scope=filter")
    assert issubclass(SelectionTooLarge, UnusableSelection)


def test_a_population_the_agent_does_not_see_does_not_exist():
    delegation = DelegationFactory.create(population=Delegation.Population.STUDENTS)
    access = get_access(delegation.agent, delegation.establishment.uai)
    account = responsable_account(delegation.establishment)

    with pytest.raises(Http404):
        selected(access, f"accounts={account.pk}")
    with pytest.raises((Http404, PermissionDenied)):
        selected(access, "scope=filter")


def test_selecting_many_costs_no_more_queries(access):
    accounts = [responsable_account(access.establishment) for _ in range(5)]

    def queries(keys):
        with CaptureQueriesContext(connection) as captured:
            selected(access, "accounts=" + ",".join(str(key) for key in keys))
        return len(captured)

    assert queries([accounts[0].pk]) == queries([account.pk for account in accounts])
