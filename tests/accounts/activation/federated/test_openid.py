"""What families' identity providers answer, by real processes: believed when all of it holds, else not."""

import socket
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.utils import timezone

from accounts.activation.federated.openid import (
    Failure,
    IdentificationFailed,
    Identity,
    Partner,
    arrive,
    depart,
    ending_address,
)
from tests.signing_provider import SECRET

BACK = "http://testserver/activation/retour/"


@pytest.fixture
def france(signing):
    """The provider, who is there, and the partner as it is declared here."""
    signing.knows("sub-1", given_name="Anne Marie", family_name="ABBEY")
    return signing


@pytest.fixture
def partner(france):
    return Partner(
        key="franceconnect",
        issuer=france.url,
        client_id="console",
        client_secret=SECRET,
        scopes=("openid", "given_name", "family_name"),
        levels=("eidas1", "eidas2", "eidas3"),
    )


@pytest.fixture
def mock(ministry):
    """Another provider, of another make, which knows the same subject."""
    ministry.knows("sub-1", name="Else")
    return Partner(key="ent-2", issuer=ministry.url, client_id="console", client_secret=SECRET)


def query_of(path):
    return {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}


def there(provider, partner, session):
    """Leave, and what the provider answers."""
    return query_of(provider.follow(depart(partner, session, BACK)))


def failure(partner, session, query, back=BACK):
    with pytest.raises(IdentificationFailed) as failed:
        arrive(partner, session, query, back)
    return failed.value.failure


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_who_comes_back_is_who_the_partner_says(france, partner, algorithm):
    france.knows("sub-1", given_name="Anne Marie", family_name="ABBEY", signs_by=algorithm)
    session = {}
    identity = arrive(partner, session, there(france, partner, session), BACK)
    assert identity.subject == "sub-1"
    assert identity.text("given_name") == "Anne Marie"
    assert session == {"openid": {}}


def test_userinfo_may_be_plain_json(france, partner):
    france.fails("userinfo plain")
    session = {}
    assert arrive(partner, session, there(france, partner, session), BACK).text("family_name") == "ABBEY"


def test_what_is_asked_is_the_level_the_scopes_and_no_more(partner):
    asked = query_of(depart(partner, {}, BACK))
    assert set(asked) == {
        *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "acr_values"),
        *("code_challenge", "code_challenge_method"),
    }
    assert asked["acr_values"] == "eidas1"
    assert asked["scope"] == "openid given_name family_name"
    assert asked["code_challenge_method"] == "S256"
    assert min(len(asked["state"]), len(asked["nonce"])) >= 32


def test_without_pkce_announced_none_is_sent(france, partner):
    france.fails("no pkce")
    session = {}
    answer = there(france, partner, session)
    assert "code_challenge" not in query_of(depart(partner, {}, BACK))
    assert arrive(partner, session, answer, BACK).subject == "sub-1"


@pytest.mark.parametrize(
    "fault",
    [
        *(
            f"{token} {fault}"
            for token in ("id_token", "userinfo")
            for fault in (
                *("unsigned", "signed with our secret", "other key", "by another curve", "other audience"),
                *("other client beside us", "other issuer", "other subject", "expired"),
            )
        ),
        *("id_token other nonce", "id_token lower level", "id_token without subject"),
        *("other issuer", "endpoint elsewhere", "huge", "silent issuer", "other sender"),
        *("moved /token", "moved /userinfo", "moved /jwks"),
    ],
)
def test_an_answer_which_does_not_hold_identifies_nobody(france, partner, fault):
    session = {}
    address = depart(partner, session, BACK)
    france.fails(fault)
    assert failure(partner, session, query_of(france.follow(address))) == Failure.INVALID


@pytest.mark.parametrize("path", ["/token", "/userinfo", "/jwks", "/.well-known/openid-configuration"])
def test_a_partner_which_is_down_is_said_unavailable(france, partner, path):
    session = {}
    answer = there(france, partner, session)
    france.fails(f"down {path}")
    assert failure(partner, session, answer) == Failure.UNAVAILABLE


def test_nobody_listens(partner):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        dead = replace(partner, issuer=f"http://localhost:{silent.getsockname()[1]}")
        with pytest.raises(IdentificationFailed) as failed:
            depart(dead, {}, BACK)
    assert failed.value.failure == Failure.UNAVAILABLE


def test_given_up_there_is_told_apart(france, partner):
    france.fails("given up")
    session = {}
    answer = there(france, partner, session)
    assert failure(partner, session, answer) == Failure.CANCELLED
    assert failure(partner, session, answer) == Failure.LOST


def test_an_answer_serves_once_and_in_the_browser_which_asked(france, partner):
    session, other = {}, {}
    answer = there(france, partner, session)
    depart(partner, other, BACK)
    assert failure(partner, other, answer) == Failure.LOST
    assert arrive(partner, session, answer, BACK).subject == "sub-1"
    assert failure(partner, session, answer) == Failure.LOST
    assert failure(partner, session, {}) == Failure.LOST


def test_the_code_of_another_browser_is_refused_here(france, partner):
    """Sent to a parent by who wants them to come in as somebody else, or the other way round."""
    theirs, mine = {}, {}
    stolen = there(france, partner, theirs)["code"]
    answer = there(france, partner, mine) | {"code": stolen}
    assert failure(partner, mine, answer) == Failure.INVALID


def test_an_answer_too_late_is_lost(france, partner):
    session = {}
    with time_machine.travel(timezone.now() - timedelta(minutes=16), tick=False):
        address = depart(partner, session, BACK)
    assert failure(partner, session, query_of(france.follow(address))) == Failure.LOST


def test_several_tabs_leave_each_their_own_and_old_ones_are_forgotten(france, partner):
    session = {}
    answers = [there(france, partner, session) for _ in range(6)]
    assert len(session["openid"]) == 5
    assert arrive(partner, session, answers[1], BACK).subject == "sub-1"
    assert arrive(partner, session, answers[5], BACK).subject == "sub-1"
    assert failure(partner, session, answers[0]) == Failure.LOST


def test_the_answer_of_one_partner_is_never_believed_of_another(france, partner, mock, ministry):
    session = {}
    answer = there(france, partner, session)
    assert failure(mock, session, answer) == Failure.INVALID
    # The state of one with the code of the other.
    mine = query_of(ministry.authorise(depart(mock, session, BACK), "sub-1"))
    theirs = there(france, partner, session)
    assert failure(mock, session, mine | {"code": theirs["code"]}) == Failure.INVALID


def test_a_provider_of_another_make_is_spoken_to_as_well(ministry, mock):
    session = {}
    back = query_of(ministry.authorise(depart(mock, session, BACK), "sub-1"))
    assert arrive(mock, session, back, BACK).subject == "sub-1"


def test_a_secret_is_not_sent_elsewhere_than_at_the_partner(france, partner):
    france.fails("endpoint elsewhere")
    with pytest.raises(IdentificationFailed) as failed:
        depart(partner, {}, BACK)
    assert failed.value.failure == Failure.INVALID


def test_signing_out_there_shows_which_session_and_comes_back(france, partner):
    session = {}
    identity = arrive(partner, session, there(france, partner, session), BACK)
    address = ending_address(partner, identity.id_token, "http://testserver/bye/", "s" * 43)
    assert france.follow(address) == f"/bye/?state={'s' * 43}"


@pytest.mark.parametrize(
    ("said", "read"), [("a\0 b", "a b"), (["x"], "x"), (["x", "y"], ""), (3, ""), (None, ""), ([], "")]
)
def test_a_claim_is_read_as_one_text_or_not_at_all(said, read):
    assert Identity("sub", {"claim": said}, "").text("claim") == read
