"""An account joined to another says which letter to use; nothing else of it is told."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.joining.merging import merge
from accounts.models import Account
from accounts.secrets import open_secret
from accounts.transitions import State
from tests.factories import EstablishmentFactory, responsable_account

pytestmark = pytest.mark.django_db


def test_a_joined_account_sends_to_the_other_letter_and_a_wrong_password_learns_nothing():
    school = EstablishmentFactory.create()
    accounts = [responsable_account(school, state=State.NOTIFIED) for _ in range(2)]
    secrets = {each.pk: open_secret(each.sealed_secret) for each in accounts}
    merge(accounts[0].pk, accounts[1].pk, "RULE")
    closed = Account.objects.get(merged_into__isnull=False)

    def give(password):
        data = {"identifier": closed.identifier, "password": password}
        return Client().post(reverse("activation_identifiers"), data)

    assert "Utilisez l’identifiant et le mot de passe de votre autre lettre" in give(secrets[closed.pk]).text
    assert give("faux-mot-2").status_code == 422


def test_the_assistance_of_an_académie_is_told_or_the_school_is(settings):
    EstablishmentFactory.create()
    address = reverse("family_assistance")

    assert "n’est pas indiquée ici" in Client().get(address, {"academie": "24"}).text
    settings.FAMILY_ASSISTANCE_PHONES = {"24": "01 99 00 24 24"}
    assert "01 99 00 24 24" in Client().get(address, {"academie": "24"}).text


def test_a_form_without_its_token_is_refused_on_a_page_of_families():
    response = Client(enforce_csrf_checks=True).post(reverse("family_sign_in"), {"identifier": "a.b"})

    assert response.status_code == 403
    assert "Compte des familles" in response.text
