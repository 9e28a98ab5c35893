"""What the federation says of an agent, read from every kind of value it may send."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from establishments.claims import LENGTH_READ, VALUES_READ, Claim, Claims, Reason, Refusal, read_claims
from establishments.territories import UAI_LETTERS

SCHOOL, LYCEE = "0490910Y$UAJ$PU$N$T3$LP$320", "0492285T$UAJ$PU$N$T3$LYC$300"
DELEGATION = (
    "educonnect|/redirectionhub/redirect.jsp?applicationname=educonnect|18/10/2023|31/12/9999|user"
    f"|FrEduRneResp={SCHOOL};{LYCEE}|server|module"
)


def read(**userinfo):
    return read_claims(userinfo, application="educonnect")


def reasons(claims):
    return [refusal.reason for refusal in claims.refusals]


def test_what_an_agent_directs_is_read_from_a_list_and_from_a_single_string():
    assert read(FrEduRneResp=[SCHOOL, LYCEE, SCHOOL]).directed == ("0490910Y", "0492285T")
    assert read(FrEduRneResp=SCHOOL).directed == ("0490910Y",)


@pytest.mark.parametrize("none", [None, "", " ", "X", [], ["X"], ["", "X"]])
def test_x_and_empty_mean_none(none):
    assert read(FrEduRneResp=none, FrEduRne=none, FrEduFonctAdm=none, FrEduResDel=none) == Claims()


def test_a_head_is_told_by_the_function():
    assert read(FrEduFonctAdm="DIR").is_head
    assert read(FrEduFonctAdm=["ENS", "DIR"]).is_head
    assert not read(FrEduFonctAdm="DIRECTION").is_head


def test_where_an_agent_works_is_no_direction():
    claims = read(FrEduRne="0693045K$UAJ$PU$ADM$0693045K$T3$LP$320")
    assert (claims.workplaces, claims.directed) == (("0693045K",), ())


def test_a_delegation_says_where_from_when_and_until_when():
    [delegation] = read(FrEduResDel=DELEGATION).delegations
    assert delegation.uais == ("0490910Y", "0492285T")
    assert (delegation.begins_on, delegation.ends_on) == (date(2023, 10, 18), None)


@pytest.mark.parametrize(
    ("replaced", "by"),
    [
        ("|module", ""),
        ("|module", "|module|more"),
        ("18/10/2023", "2023-10-18"),
        ("18/10/2023", "31/02/2023"),
        ("18/10/2023", "١٨/10/2023"),
        ("31/12/9999", "17/10/2023"),
        ("31/12/9999", ""),
        ("FrEduRneResp=", "FrEduRne="),
        ("FrEduRneResp=", ""),
        (f"={SCHOOL};{LYCEE}", "="),
        (f"={SCHOOL};{LYCEE}", "=X"),
        (";0492285T", ";0492285A"),
        (f";{LYCEE}", ";"),
        ("applicationname", "name"),
        ("=educonnect|", "=educonnect&applicationname=educonnect|"),
        ("/redirectionhub", "http://[::1"),
    ],
)
def test_a_malformed_delegation_is_refused_whole(replaced, by):
    claims = read(FrEduResDel=DELEGATION.replace(replaced, by))
    assert (claims.delegations, reasons(claims)) == ((), [Reason.MALFORMED])


@pytest.mark.parametrize("other", ["onde", "educonnect2", "Educonnect", "educonnect%00"])
def test_a_delegation_for_another_application_is_not_ours(other):
    claims = read(FrEduResDel=[DELEGATION.replace("=educonnect", f"={other}"), DELEGATION])
    assert len(claims.delegations) == 1
    assert claims.refusals == (Refusal(Claim.DELEGATIONS, Reason.FOREIGN_APPLICATION),)


def test_a_delegation_opens_from_its_first_day_to_its_last():
    [delegation] = read(FrEduResDel=DELEGATION.replace("31/12/9999", "20/10/2023")).delegations
    day = date(2023, 10, 17)
    answers = [delegation.refusal_on(day + timedelta(days=days)) for days in range(5)]
    assert answers == [Reason.NOT_BEGUN, None, None, None, Reason.EXPIRED]


def test_one_wrong_value_does_not_hide_the_others():
    claims = read(FrEduRneResp=["0490910A$UAJ$PU$N$T3$LP$320", 7, {}, SCHOOL])
    assert (claims.directed, len(claims.refusals)) == (("0490910Y",), 3)


def test_a_flood_of_values_is_cut_and_told():
    claims = read(FrEduRneResp=[SCHOOL] * VALUES_READ + [LYCEE], FrEduResDel="|" * (LENGTH_READ + 1))
    assert claims.directed == ("0490910Y",)
    assert reasons(claims) == [Reason.MALFORMED, Reason.MALFORMED]


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
near = st.text(alphabet="0123456789XADIRK$|;=/?& \0é", max_size=60)
spliced = st.tuples(st.integers(0, 200), near).map(
    lambda cut: DELEGATION[: cut[0]] + cut[1] + DELEGATION[cut[0] :]
)


@given(st.dictionaries(st.sampled_from([*Claim]), json | near | st.lists(near | spliced | json)))
def test_nothing_that_is_sent_makes_the_reading_fail(userinfo):
    claims = read_claims(userinfo, application="educonnect")
    assert all(len(uai) == 8 for uai in claims.directed)


uais = st.integers(0, 9_999_999).map(lambda number: f"{number:07d}{UAI_LETTERS[number % 23]}")
places = st.lists(uais, min_size=1, max_size=5, unique=True)
days = st.dates(min_value=date(1900, 1, 1), max_value=date(2200, 1, 1))


@given(places, days, st.none() | st.integers(0, 4000))
def test_what_is_written_as_the_federation_writes_it_is_read_back(written, begin, length):
    end = None if length is None else begin + timedelta(days=length)
    last = end.strftime("%d/%m/%Y") if end else "31/12/9999"
    responsible = [f"{uai}$UAJ$PU$N$T3$LP$320" for uai in written]
    value = (
        f"educonnect|/r?applicationname=educonnect|{begin:%d/%m/%Y}|{last}|u"
        f"|FrEduRneResp={';'.join(responsible)}|s|m"
    )
    claims = read(FrEduResDel=[value], FrEduRneResp=responsible)
    [delegation] = claims.delegations
    assert (delegation.uais, delegation.begins_on, delegation.ends_on) == (tuple(written), begin, end)
    assert (claims.directed, claims.refusals) == (tuple(written), ())
