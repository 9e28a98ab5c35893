"""From an ENT to an activated account, by real providers; and what another browser or ENT cannot do."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.hashers import check_password
from django.test import Client
from django.urls import reverse

from accounts.models import Account, EntPartner, FamilySession
from accounts.secrets import seal_secret
from accounts.transitions import State
from establishments.models import Event, EventKind
from tests.factories import EstablishmentFactory, content_of, responsable_account, student_account
from tests.signing_provider import SECRET

pytestmark = pytest.mark.django_db
CHOSEN = "Coquelicots-des-champs-2"


@pytest.fixture
def school():
    return EstablishmentFactory.create()


@pytest.fixture
def ent(signing, school):
    return declare(signing.url, academy=school.academy, label="Mon ENT")


@pytest.fixture
def pupil(school, signing):
    """Known by the ENT, which says so of the next who comes."""
    signing.knows("sub-1", ENTPersonJointure="7001", ENTEleveINE="123456789AB")
    return student_account(school, record={"jointure": "7001", "ine": "123456789AB"}, identifier="z.martin")


def declare(issuer, **fields):
    return EntPartner.objects.create(
        issuer=issuer, client_id="console", sealed_secret=seal_secret(SECRET), **fields
    )


def leave(client, ent):
    return client.post(reverse("ent_leave", args=[ent.pk])).context["address"]


def come(client, signing, ent):
    return client.get(signing.follow(leave(client, ent)), follow=True)


def choose(client, password=CHOSEN):
    return client.post(reverse("ent_account"), {"password": password, "again": password}, follow=True)


@pytest.mark.parametrize("state", [State.NOT_NOTIFIED, State.NOTIFIED, State.ACTIVATING])
def test_a_pupil_comes_from_the_ent_and_chooses_a_password(client, signing, ent, pupil, state):
    Account.objects.filter(pk=pupil.pk).update(state=state, **content_of(state))
    page = come(client, signing, ent)
    assert "z.martin" in page.text
    assert "Votre mot de passe doit avoir" in page.text
    done = choose(client)
    assert "Votre compte est activé" in done.text
    pupil.refresh_from_db()
    assert (pupil.state, pupil.origin) == ("ACTIVE", "ENT")
    assert check_password(CHOSEN, pupil.password)
    assert pupil.sealed_secret == ""
    assert FamilySession.objects.get().way == "ENT"
    assert Event.objects.filter(target_id=pupil.pk, kind=EventKind.ACCOUNT_ACTIVATION_ENT).count() == 1


def test_a_responsable_comes_from_the_ent_by_the_jointure(client, signing, ent, school):
    account = responsable_account(school, record={"jointure": "8001"}, state=State.ACTIVATING)
    signing.knows("sub-2", ENTPersonJointure="24$8001")
    come(client, signing, ent)
    choose(client)
    account.refresh_from_db()
    assert (account.state, account.origin, account.pending_mail) == ("ACTIVE", "ENT", "")


def test_a_password_against_the_rule_changes_nothing(client, signing, ent, pupil):
    come(client, signing, ent)
    refused = choose(client, "motdepasse")
    assert refused.status_code == 422
    pupil.refresh_from_db()
    assert pupil.state == "NOT_NOTIFIED"


def test_an_active_account_is_told_so_with_its_identifiant_and_led_to_the_sign_in(
    client, signing, ent, school
):
    account = student_account(school, record={"jointure": "7001"}, state=State.ACTIVE)
    signing.knows("sub-1", ENTPersonJointure="7001")
    page = come(client, signing, ent)
    assert "déjà activé" in page.text
    assert account.identifier in page.text
    assert reverse("family_sign_in") in page.text
    former = account.password
    choose(client)
    account.refresh_from_db()
    assert account.password == former
    assert not FamilySession.objects.exists()


def test_who_is_outside_the_scope_reads_what_to_do_and_nothing_of_the_account(client, signing, ent):
    elsewhere = EstablishmentFactory.create(feed__academy__code="14")
    account = student_account(elsewhere, record={"jointure": "7001"})
    signing.knows("sub-1", ENTPersonJointure="7001")
    page = come(client, signing, ent)
    assert page.status_code == 403
    assert "aucun compte que cet ENT peut activer" in page.text
    assert account.identifier not in page.text
    assert "déconnectez-vous aussi de l’ENT" in page.text


def test_the_answer_of_one_browser_opens_nothing_in_another(client, signing, ent, pupil):
    answer = signing.follow(leave(client, ent))
    other = Client()
    assert other.get(answer).status_code == 400
    assert other.get(reverse("ent_account")).status_code == 302
    assert client.get(answer).status_code == 302
    assert client.get(answer).status_code == 400


def test_the_answer_of_one_ent_is_not_believed_of_another(client, signing, ent, pupil, ministry, school):
    """The other one, of a single school elsewhere, knows a subject of the same name."""
    other = declare(ministry.url, label="Autre ENT")
    other.establishments.set([EstablishmentFactory.create()])
    answer = urlsplit(signing.follow(leave(client, ent)))
    swapped = f"{reverse('ent_return', args=[other.pk])}?{answer.query}"
    assert client.get(swapped).status_code == 502
    # And the code of one with the departure of the other.
    ministry.knows("sub-1", ENTPersonJointure="7001")
    theirs = parse_qs(urlsplit(ministry.authorise(leave(client, other), "sub-1")).query)["code"][0]
    mine = urlsplit(signing.follow(leave(client, ent)))
    state = parse_qs(mine.query)["state"][0]
    assert client.get(mine.path, {"code": theirs, "state": state}).status_code == 502
    assert client.get(reverse("ent_account")).status_code == 302


def test_coming_back_renews_the_session_so_that_a_planted_one_sees_nothing(client, signing, ent, pupil):
    answer = signing.follow(leave(client, ent))
    planted = client.cookies["family"].value
    client.get(answer)
    chosen_in = client.cookies["family"].value
    assert chosen_in != planted
    choose(client)
    assert client.cookies["family"].value not in (planted, chosen_in)
    thief = Client()
    thief.cookies["family"] = planted
    assert thief.get(reverse("family_home")).status_code == 302
    assert thief.get(reverse("ent_account")).status_code == 302


def test_two_browsers_race_to_one_activation_and_the_first_password_stays(client, signing, ent, pupil):
    other = Client()
    come(client, signing, ent)
    come(other, signing, ent)
    choose(client)
    late = choose(other, "Une-autre-phrase-longue-9")
    assert "déjà activé" in late.text
    pupil.refresh_from_db()
    assert check_password(CHOSEN, pupil.password)


def test_a_withdrawn_ent_neither_leaves_nor_comes_back(client, signing, ent, pupil):
    answer = signing.follow(leave(client, ent))
    EntPartner.objects.update(is_enabled=False)
    assert client.get(answer).status_code == 404
    assert client.post(reverse("ent_leave", args=[ent.pk])).status_code == 404
    assert "Aucun ENT" in client.get(reverse("ent_choice")).text
    assert "ENT" not in client.get(reverse("activation")).text


def test_nothing_in_the_address_leads_elsewhere(client, signing, ent, pupil):
    left = client.post(
        reverse("ent_leave", args=[ent.pk]) + "?next=https://evil.example.org",
        {"next": "https://evil.example.org"},
    ).context["address"]
    assert "evil" not in left
    back = client.get(signing.follow(left) + "&next=https://evil.example.org&suite=//evil.example.org")
    assert back.headers["Location"] == reverse("ent_account")


def test_an_ent_which_is_down_or_lies_or_is_given_up_has_its_page(client, signing, ent, pupil):
    signing.fails("down /.well-known/openid-configuration")
    assert client.post(reverse("ent_leave", args=[ent.pk])).status_code == 503
    signing.fails("id_token expired")
    lied = client.get(signing.follow(leave(client, ent)))
    assert lied.status_code == 502
    assert "7001" not in lied.text
    signing.fails("given up")
    assert "interrompu" in client.get(signing.follow(leave(client, ent))).text


def test_the_academie_is_asked_where_there_are_several(client, signing, ent, school):
    elsewhere = EstablishmentFactory.create(feed__academy__code="14")
    other = declare("https://ent.example.org", label="ENT de Rennes")
    other.establishments.set([elsewhere])
    asked = client.get(reverse("ent_choice"))
    assert "Dans quelle académie" in asked.text
    there = client.get(reverse("ent_choice"), {"academie": "14"})
    assert "ENT de Rennes" in there.text
    assert elsewhere.name in there.text
    assert "Mon ENT" not in there.text
