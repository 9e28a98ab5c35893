"""What becomes of pupils, responsables and their links: the 2nd degré, then what differs in the 1st."""

from datetime import date

import pytest

from aaf_import.models import Anomaly, ImportRun
from accounts.models import Account, AccountSource, Holding
from establishments.models import Establishment, Responsable, Responsibility, SchoolClass, Student
from tests.aaf_import.builder import CLASS_1D, MEF, SCHOOL, Extract, extract, family, ine_of, link
from tests.aaf_import.conftest import Import

pytestmark = pytest.mark.django_db
both_degrees = pytest.mark.parametrize("degree", [1, 2])


def codes(run: ImportRun) -> set[str]:
    return set(run.anomalies.values_list("code", flat=True))


def sentence(run: ImportRun, code: str) -> str:
    return run.anomalies.get(code=code).sentence


def links() -> dict[tuple[str, str], bool]:
    """Pupil and responsable of each link in force, and whether it is legal."""
    rows = Responsibility.objects.filter(ended_at=None)
    return {
        (s, r): legal
        for s, r, legal in rows.values_list("student__jointure", "responsable__jointure", "is_legal")
    }


def test_a_pupil_of_a_college(run_import: Import) -> None:
    run_import(family())
    pupil = Student.objects.select_related("establishment__feed", "school_class__mef", "mef").get()
    assert (pupil.surname, pupil.given_name, pupil.title) == ("LE GOFF", "Éloïse", "Mme")
    assert (pupil.surname_key, pupil.given_name_key) == ("LEGOFF", "ELOISE")
    assert (pupil.ine, pupil.birth_date, pupil.source_id) == (ine_of(70001), date(2014, 2, 3), "970001")
    assert (pupil.level, pupil.left_at) == ("SIXIEME", None)
    assert pupil.establishment is not None
    assert (pupil.establishment.jointure, str(pupil.establishment.feed)) == (SCHOOL, "24-2D")
    assert pupil.school_class is not None
    assert (pupil.school_class.key, pupil.school_class.label) == ("6A", "SIXIEME A")
    assert pupil.mef is not None
    assert (pupil.mef.code, pupil.mef.label) == (MEF, "6EME")
    assert pupil.eligible_at == pupil.arrived_at is not None


def test_a_pupil_of_an_ecole(run_import: Import) -> None:
    run_import(family(1))
    pupil = Student.objects.select_related("school_class").get()
    assert (pupil.surname, pupil.given_name, pupil.level) == ("LE GOFF", "Éloïse", "CM2")
    assert pupil.school_class is not None
    assert (pupil.school_class.key, pupil.school_class.label) == (CLASS_1D, "CM2 - MME EXEMPLE")
    assert pupil.mef is None
    assert pupil.eligible_at is not None


def test_a_responsable(run_import: Import) -> None:
    run_import(
        extract()
        .pupil("70001", link("80001"))
        .responsable(
            sn="D'ALMEIDA",
            ENTPersonNomPatro="LE GOFF",
            ENTPersonAdresse="$$1 RUE DE L'EXEMPLE$",
            ENTPersonCodePostal="4000",
            ENTPersonVille="LIEGE",
            ENTPersonPays="BELGIQUE",
            homePhone="01 99 00 12 34",
            mobile="+33 6 39 98 12 34",
            mail=" Anne.DAlmeida@Example.org ",
        )
    )
    found = Responsable.objects.get()
    assert (found.surname, found.birth_surname, found.surname_key) == ("D'ALMEIDA", "LE GOFF", "DALMEIDA")
    assert found.address_lines == ["1 RUE DE L'EXEMPLE", "4000 LIEGE"]
    assert (found.mobile, found.mobile_raw) == ("+33639981234", "+33 6 39 98 12 34")
    assert (found.home_phone, found.mail, found.country) == (
        "+33199001234",
        "Anne.DAlmeida@Example.org",
        "BELGIQUE",
    )


def test_a_responsable_of_the_first_degre(run_import: Import) -> None:
    run_import(
        extract(1)
        .pupil("70001", "80001$10")
        .responsable(
            ENTPersRelEleveTelMobile="0639981234",
            ENTPersonTelPerso="01.99.00.12.34",
            ENTPersRelEleveTelPro="016",
            ENTPersonMail="anne@example.org",
            ENTPersonAdresse="1 RUE DE L'EXEMPLE",
        )
    )
    found = Responsable.objects.get()
    assert (found.mobile, found.home_phone, found.work_phone) == ("+33639981234", "+33199001234", "")
    assert (found.mail, found.address) == ("anne@example.org", "1 RUE DE L'EXEMPLE")


def test_split_files_are_read_in_any_order(run_import: Import) -> None:
    several = extract()
    for number in range(5):
        several.pupil(f"7000{number}", link(f"8000{4 - number}")).responsable(f"8000{number}")
    run_import(several, split=1)
    assert len(links()) == 5


@both_degrees
@pytest.mark.parametrize(("number", "accounts"), [(0, 0), (1, 1), (3, 3), (4, 4)])
def test_a_pupil_has_any_number_of_responsables(
    run_import: Import, degree: int, number: int, accounts: int
) -> None:
    keys = [f"8000{n}" for n in range(number)]
    built = extract(degree).pupil("70001", *[link(key, degree=degree) for key in keys]).responsable("80009")
    for key in keys:
        built.responsable(key)
    run_import(built)
    assert len(links()) == number
    assert Account.objects.filter(kind="RESPONSABLE").count() == accounts


@both_degrees
def test_two_mothers_and_two_fathers_are_two_parents(run_import: Import, degree: int) -> None:
    built = (
        extract(degree).responsable("80001").responsable("80002").responsable("80003").responsable("80004")
    )
    built.pupil("70001", link("80001", degree=degree), link("80002", degree=degree))
    built.pupil("70002", link("80003", "20", degree=degree), link("80004", "20", degree=degree))
    run_import(built)
    assert list(links().values()) == [True] * 4


def test_kinship_is_kept_as_written_old_or_new(run_import: Import) -> None:
    built = extract().responsable("80001").responsable("80002")
    run_import(built.pupil("70001", link("80001", "1"), link("80002", "10")))
    assert set(Responsibility.objects.values_list("kinship", flat=True)) == {"1", "10"}


def test_the_same_responsable_twice_is_one_link_and_the_legal_one_wins(run_import: Import) -> None:
    run = run_import(
        extract().responsable().pupil("70001", link("80001", "39", "3"), link("80001", "10", "1"))
    )
    assert links() == {("70001", "80001"): True}
    assert Responsibility.objects.get().kinship == "10"
    assert "RELATION_TWICE" in codes(run)


def test_a_pupil_may_answer_for_himself(run_import: Import) -> None:
    run_import(extract().responsable("80001", givenName="Éloïse").pupil("70001", link("80001", "70")))
    assert set(Account.objects.values_list("identifier", "kind")) == {
        ("e.legoff", "RESPONSABLE"),
        ("e.legoff1", "STUDENT"),
    }


def test_a_malformed_relation_spoils_itself_only(run_import: Import) -> None:
    run = run_import(
        extract().responsable("80001").responsable("80002").pupil("70001", "80001$10$1$1$0", link("80002"))
    )
    assert links() == {("70001", "80002"): True}
    assert "80001$10$1$1$0" in sentence(run, "RELATION_MALFORMED")


@both_degrees
def test_a_responsable_nobody_describes_makes_no_link(run_import: Import, degree: int) -> None:
    run = run_import(extract(degree).responsable("80001").pupil("70001", link("89999", degree=degree)))
    assert links() == {}
    assert (
        sentence(run, "RELATION_UNKNOWN")
        == "Un responsable de LE GOFF Éloïse (89999) n’est pas dans l’extrait."
    )


def test_an_unknown_legal_code_is_told_and_opens_nothing(run_import: Import) -> None:
    run = run_import(extract().responsable().pupil("70001", link("80001", "10", "7")))
    assert links() == {("70001", "80001"): False}
    assert "LEGAL_CODE_UNKNOWN" in codes(run)


def test_until_2018_the_second_guardian_is_legal_too(run_import: Import) -> None:
    built = extract(release="AAF-VE1710").responsable("80001").responsable("80002").responsable("80003")
    run_import(
        built.pupil("70001", link("80001", "2", "1"), link("80002", "1", "2"), link("80003", "4", "3"))
    )
    assert links() == {("70001", "80001"): True, ("70001", "80002"): True, ("70001", "80003"): False}


def test_in_the_first_degre_brothers_and_carers_have_no_account(run_import: Import) -> None:
    built = extract(1)
    for key in ("80001", "80002", "80003"):
        built.responsable(key)
    run_import(built.pupil("70001", "80001$10", "80002$37", "80003$42"))
    assert links() == {("70001", "80001"): True, ("70001", "80002"): False, ("70001", "80003"): False}
    assert Account.objects.count() == 1


@pytest.mark.parametrize(
    "attributes",
    [{"ENTEleveINE": ""}, {"ENTEleveINE": None}, {"ENTPersonClasses": ""}, {"ENTPersonClasses": None}],
)
def test_in_the_first_degre_a_pupil_without_ine_or_class_opens_no_account(
    run_import: Import, attributes: dict[str, str | None]
) -> None:
    run_import(extract(1).responsable().pupil("70001", "80001$10", **attributes))
    assert links() == {("70001", "80001"): True}
    assert Student.objects.get().eligible_at is None
    assert not Account.objects.exists()
    assert not Holding.objects.exists()


def test_having_been_eligible_lasts(run_import: Import) -> None:
    run_import(family(1))
    since = Student.objects.get().eligible_at
    run_import(extract(1).responsable().pupil("70001", "80001$10", ENTEleveINE="", ENTPersonClasses=""))
    pupil = Student.objects.get()
    assert (pupil.eligible_at, pupil.ine, pupil.school_class) == (since, "", None)
    assert Holding.objects.count() == 1


def test_in_the_second_degre_a_pupil_without_ine_or_class_opens_accounts(run_import: Import) -> None:
    run = run_import(
        extract().responsable().pupil("70001", link("80001"), ENTEleveINE="", ENTEleveClasses="")
    )
    assert Account.objects.count() == 2
    assert codes(run) == {"INE_MISSING"}


@both_degrees
@pytest.mark.parametrize(
    ("attribute", "value", "code"),
    [
        ("ENTPersonDateNaissance", "31/02/2014", "BIRTH_DATE_IMPOSSIBLE"),
        ("ENTPersonDateNaissance", "01/01/1850", "BIRTH_DATE_IMPOSSIBLE"),
        ("ENTPersonDateNaissance", "01/01/2100", "BIRTH_DATE_IMPOSSIBLE"),
        ("ENTPersonDateNaissance", "2014-05-09", "BIRTH_DATE_IMPOSSIBLE"),
        ("ENTPersonDateNaissance", "", "BIRTH_DATE_MISSING"),
        ("given_name", "", "NAME_MISSING"),
        ("surname", "", "NAME_MISSING"),
    ],
)
def test_a_pupil_who_cannot_be_read_is_told_and_the_others_go_on(
    run_import: Import, degree: int, attribute: str, value: str, code: str
) -> None:
    names = {"given_name": ("ENTPersonPrenom", "givenName"), "surname": ("ENTPersonNom", "sn")}
    attribute = names[attribute][degree - 1] if attribute in names else attribute
    spoilt = {attribute: value}
    if value == "" and attribute in ("sn", "ENTPersonNom"):
        spoilt["ENTPersonNomPatro"] = ""
    built = family(degree).pupil("70002", link("80001", degree=degree), **spoilt)
    run = run_import(built)
    assert list(Student.objects.values_list("jointure", flat=True)) == ["70001"]
    anomaly = run.anomalies.get(code=code)
    assert (anomaly.jointure, anomaly.category) == ("70002", "Eleve")
    assert anomaly.establishment == Establishment.objects.get()


def test_an_entry_that_cannot_be_read_makes_nobody_leave(run_import: Import) -> None:
    run_import(family().pupil("70002", link("80001")))
    run = run_import(family().pupil("70002", link("80001"), ENTPersonDateNaissance="99/99/2014"))
    assert Student.objects.get(jointure="70002").left_at is None
    assert links() == {("70001", "80001"): True, ("70002", "80001"): True}
    assert run.counts["students"] == {"created": 0, "updated": 0, "unchanged": 1, "left": 0}


def test_the_family_name_serves_when_there_is_no_other(run_import: Import) -> None:
    run_import(extract().responsable().pupil("70001", sn="", ENTPersonNomPatro="NUÑEZ"))
    assert Student.objects.get().surname == "NUÑEZ"


@pytest.mark.parametrize(
    ("surname", "given_name", "identifier"),
    [
        ("D'ALMEIDA", "Élie", "e.dalmeida"),
        ("LE GOFF", "Jean-Noël", "j.legoff"),
        ("DE  LA TOUR-D'AUVERGNE", "Anne", "a.delatourdauvergne"),
        ("ÑÚÑEZ", "Lucía", "l.nunez"),
        ("LELIÈVRE", "Œdipe", "o.lelievre"),
        ("L'HAŸ", "Zoë", "z.lhay"),
        ("CŒUR", "Anne", "a.coeur"),
        ("ASE DE FICTIVILLE", "", "asedefictiville"),
        ("李", "明", "x"),
    ],
)
def test_names_make_identifiers(run_import: Import, surname: str, given_name: str, identifier: str) -> None:
    run_import(
        extract().responsable(sn=surname, givenName=given_name).pupil("70001", link("80001"), sn="AUTRE")
    )
    assert Account.objects.get(kind="RESPONSABLE").identifier == identifier


def test_a_wrong_ine_is_a_warning(run_import: Import) -> None:
    run = run_import(extract().responsable().pupil("70001", link("80001"), ENTEleveINE="100000001XX"))
    assert Student.objects.get().ine == "100000001XX"
    assert codes(run) == {"INE_INVALID"}


def test_an_ine_that_two_pupils_have_is_told_of_both(run_import: Import) -> None:
    run = run_import(family().pupil("70002", ENTEleveINE=ine_of(70001), givenName="Zoé"))
    assert set(run.anomalies.values_list("code", "jointure")) == {
        ("INE_TWICE", "70001"),
        ("INE_TWICE", "70002"),
    }
    assert Student.objects.count() == 2


def test_an_ine_that_changes_is_told(run_import: Import) -> None:
    run_import(family())
    run = run_import(extract().responsable().pupil("70001", link("80001"), ENTEleveINE=ine_of(5)))
    assert sentence(run, "INE_CHANGED") == f"L’INE de LE GOFF Éloïse a changé : il était {ine_of(70001)}."


@both_degrees
def test_homonyms_born_the_same_day_are_two_pupils(run_import: Import, degree: int) -> None:
    run_import(family(degree).pupil("70002", link("80001", degree=degree)))
    assert Student.objects.count() == 2


def test_homonymous_responsables_who_share_a_mobile_and_a_mail_are_two(run_import: Import) -> None:
    shared = {"mobile": "0639981234", "mail": "foyer@example.org"}
    built = (
        extract()
        .responsable("80001", **shared)
        .responsable("80002", **{**shared, "mail": "FOYER@EXAMPLE.ORG"})
    )
    run_import(built.pupil("70001", link("80001"), link("80002")))
    assert Account.objects.filter(kind="RESPONSABLE").count() == 2


@pytest.mark.parametrize(
    ("attributes", "mobile", "raw", "code"),
    [
        ({"mobile": "01 99 00 12 34"}, "", "01 99 00 12 34", "MOBILE_NOT_MOBILE"),
        ({"mobile": "06 39"}, "", "06 39", "PHONE_INVALID"),
        ({"mobile": ["01 99 00 12 34", "06 39 98 12 34"]}, "+33639981234", "06 39 98 12 34", None),
        ({"ENTPersonMobileSMS": "0639981234"}, "+33639981234", "0639981234", None),
        ({"mobile": "0692 12 34 56"}, "+262692123456", "0692 12 34 56", None),
        ({"mobile": "+32 470 12 34 56"}, "", "+32 470 12 34 56", "MOBILE_NOT_MOBILE"),
    ],
)
def test_mobiles(
    run_import: Import, attributes: dict[str, str | list[str]], mobile: str, raw: str, code: str | None
) -> None:
    run = run_import(extract().pupil("70001", link("80001")).responsable(**attributes))
    found = Responsable.objects.get()
    assert (found.mobile, found.mobile_raw) == (mobile, raw)
    assert codes(run) == ({code} if code else set())


def test_a_wrong_mail_is_told_to_the_school_of_a_child_and_the_person_goes_on(run_import: Import) -> None:
    run = run_import(extract().pupil("70001", link("80001")).responsable(mail="anne.example.org"))
    assert Responsable.objects.get().mail == ""
    anomaly = run.anomalies.get()
    assert anomaly.sentence == "L’adresse mail de LE GOFF Anne, « anne.example.org », n’est pas valable."
    assert anomaly.establishment == Establishment.objects.get()


def test_an_entry_given_twice_counts_once_the_first(run_import: Import) -> None:
    built = family().pupil("70001", link("80001", "39", "0"), givenName="Autre")
    run = run_import(built)
    assert Student.objects.get().given_name == "Éloïse"
    assert links() == {("70001", "80001"): True}
    assert codes(run) == {"ENTRY_TWICE"}


def test_an_identifier_that_is_not_the_jointure_is_the_key(run_import: Import) -> None:
    run = run_import(
        extract()
        .responsable()
        .pupil("98001", link("80001"), ENTPersonJointure="70001", ENTEleveINE=ine_of(1))
    )
    assert Student.objects.get().jointure == "98001"
    assert "70001" in sentence(run, "KEY_MISMATCH")


def test_an_entry_without_key_is_told(run_import: Import) -> None:
    built = family()
    built.add("Eleve", "categoriePersonne", "", {"sn": "X", "givenName": "Y"})
    assert codes(run_import(built)) == {"KEY_INVALID"}


def test_an_unknown_attribute_and_an_unknown_category_are_counted(run_import: Import) -> None:
    built = extract().responsable().pupil("70001", link("80001"), ENTEleveNouveau="1")
    built.add("PersRelEleve", "categoriePersonne", "1", {}, "PersNouvelle")
    run = run_import(built)
    assert run.ignored_attributes == {"ENTEleveNouveau": 1}
    assert run.anomaly_counts == {"CATEGORY_UNKNOWN": 1}


def test_an_attribute_given_twice_is_told_and_its_values_kept(run_import: Import) -> None:
    def double(text: str) -> str:
        again = f'<attr name="ENTElevePersRelEleve"><value>{link("80002", "20")}</value></attr>\n'
        return text.replace("</attributes>", again + "</attributes>") if ">Eleve<" in text else text

    run = run_import(family().responsable("80002"), edit=double)
    assert links() == {("70001", "80001"): True, ("70001", "80002"): True}
    assert codes(run) == {"ATTRIBUTE_TWICE"}


def test_a_value_too_long_is_cut_and_told(run_import: Import) -> None:
    run = run_import(extract().responsable(ENTPersonVille="X" * 300).pupil("70001", link("80001")))
    assert Responsable.objects.get().city == "X" * 120
    assert codes(run) == {"VALUE_TOO_LONG"}


def test_backslashes_and_quotes_arrive_as_they_are(run_import: Import) -> None:
    run_import(extract().responsable(ENTPersonAdresse='1\\N RUE "X"$\\t$BIS').pupil("70001", link("80001")))
    assert Responsable.objects.get().address == '1\\N RUE "X"\n\\t\nBIS'


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-15", "us-ascii"])
def test_encodings_make_no_difference(run_import: Import, encoding: str) -> None:
    run_import(family(), encoding=encoding)
    assert Student.objects.get().given_name == "Éloïse"


def test_class_codes_with_spaces_and_mefs_with_letters(run_import: Import) -> None:
    built = Extract().school(ENTStructureClasses=["3E 2$TROISIEME 2$1031001911A"]).staff()
    built.mef("1031001911A", "3EME").add_subject()
    run_import(
        built.responsable().pupil("70001", ENTEleveClasses=f"{SCHOOL}$3E 2", ENTEleveMEF="1031001911A")
    )
    pupil = Student.objects.select_related("school_class__mef").get()
    assert pupil.school_class is not None
    assert (pupil.school_class.key, pupil.school_class.mef_id) == ("3E 2", pupil.mef_id)


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"ENTEleveClasses": f"{SCHOOL}$6Z"}, "CLASS_UNKNOWN"),
        ({"ENTEleveClasses": "4399$6A"}, "CLASS_ELSEWHERE"),
        ({"ENTEleveClasses": "6A"}, "CLASS_MALFORMED"),
        ({"ENTEleveMEF": "99999999999"}, "MEF_UNKNOWN"),
        ({"ENTPersonStructRattach": "4399", "ENTEleveClasses": ""}, "STRUCTURE_UNKNOWN"),
    ],
)
def test_what_a_pupil_names_and_nobody_describes_is_told(
    run_import: Import, attributes: dict[str, str], code: str
) -> None:
    run = run_import(extract().responsable().pupil("70001", **attributes))
    assert codes(run) == {code}
    assert Student.objects.count() == 1


def test_a_class_only_a_pupil_names_exists_all_the_same(run_import: Import) -> None:
    run_import(extract().responsable().pupil("70001", ENTEleveClasses=f"{SCHOOL}$6EME 10"))
    assert set(SchoolClass.objects.values_list("key", "label", "label_key")) == {
        ("6A", "SIXIEME A", "SIXIEME A"),
        ("6EME 10", "6EME 10", "0006EME 0010"),
    }


def test_a_pupil_without_structure_is_where_the_class_is(run_import: Import) -> None:
    run_import(extract().responsable().pupil("70001", ENTPersonStructRattach=""))
    assert Student.objects.get().establishment == Establishment.objects.get()


def test_in_the_first_degre_a_class_keeps_its_identity_when_its_label_changes(run_import: Import) -> None:
    run_import(family(1))
    before = SchoolClass.objects.get()
    renamed = f"{SCHOOL}$11$ORDINAIRE${CLASS_1D}$CM2 - M. SUIVANT"
    run = run_import(extract(1).responsable().pupil("70001", "80001$10", ENTPersonClasses=renamed))
    after = SchoolClass.objects.get()
    assert (after.pk, after.label) == (before.pk, "CM2 - M. SUIVANT")
    assert run.counts["classes"] == {"created": 0, "updated": 1, "unchanged": 0, "left": 0}


def test_in_the_first_degre_most_pupils_decide_the_label_of_a_class(run_import: Import) -> None:
    def of(label: str) -> dict[str, str]:
        return {"ENTPersonClasses": f"{SCHOOL}$11$ORDINAIRE${CLASS_1D}${label}"}

    built = extract(1).responsable()
    built.pupil("1", **of("ANCIEN")).pupil("2", **of("NOUVEAU")).pupil("3", **of("NOUVEAU"))
    run_import(built, split=1)
    assert SchoolClass.objects.get().label == "NOUVEAU"


def test_in_the_first_degre_the_class_a_pupil_left_is_not_his(run_import: Import) -> None:
    classes = [f"{SCHOOL}$11$ORDINAIRE${key}$CE1" for key in ("1", "2")]
    run_import(
        extract(1)
        .responsable()
        .pupil("70001", ENTPersonClasses=classes, ENTEleveDateSortieClasses=f"{SCHOOL}$01/10/2025$1")
    )
    pupil = Student.objects.select_related("school_class").get()
    assert pupil.school_class is not None
    assert pupil.school_class.key == "2"


def test_the_same_jointure_in_two_feeds_is_two_persons(run_import: Import) -> None:
    run_import(family(2, academy="24"))
    other = Extract(2, academy="25").school(uai="0780001A").staff("60001")
    run_import(other.mef().add_subject().pupil("70001", link("80001")).responsable("80001"))
    assert Student.objects.filter(jointure="70001").count() == 2
    assert Account.objects.count() == 4


def test_from_ecole_to_college_a_pupil_has_two_records_and_the_parents_two(run_import: Import) -> None:
    run_import(family(1))
    college = extract().pupil("99", link("88"), ENTEleveINE=ine_of(70001)).responsable("88")
    run_import(college)
    assert Student.objects.filter(ine=ine_of(70001)).count() == 2
    assert set(Account.objects.values_list("kind", "identifier")) == {
        ("RESPONSABLE", "a.legoff"),
        ("RESPONSABLE", "a.legoff1"),
        ("STUDENT", "e.legoff"),
    }


def test_accounts_begin_not_notified_and_stand_for_their_records(run_import: Import) -> None:
    run = run_import(family())
    for account in Account.objects.all():
        assert (account.state, account.origin, account.version) == ("NOT_NOTIFIED", "NONE", 0)
        source = account.sources.get()
        assert (source.reason, source.closed_at) == (AccountSource.Reason.CREATED, None)
    assert run.counts["accounts"] == {"responsable": {"created": 1}, "student": {"created": 1}}


def test_identifiers_are_numbered_by_jointure_and_never_given_twice(run_import: Import) -> None:
    built = extract().pupil("70001", link("80003"), link("80001"), link("80002"), sn="AUTRE")
    for key in ("80003", "80001", "80002"):
        built.responsable(key)
    run_import(built)
    given = AccountSource.objects.filter(responsable__isnull=False)
    assert set(given.values_list("responsable__jointure", "account__identifier")) == {
        ("80001", "a.legoff"),
        ("80002", "a.legoff1"),
        ("80003", "a.legoff2"),
    }
    AccountSource.objects.all().delete()
    Account.objects.all().delete()
    run_import(built.responsable("80000"))
    assert set(Account.objects.values_list("identifier", flat=True)) >= {
        "a.legoff3",
        "a.legoff4",
        "a.legoff5",
    }


def test_an_import_writes_no_account_that_exists(run_import: Import) -> None:
    run_import(family())
    Account.objects.update(mobile="+33639980000", version=7)
    run_import(
        extract().responsable(givenName="Annie", mobile="0639981111").pupil("70001", link("80001"), sn="NEUF")
    )
    assert set(Account.objects.values_list("identifier", "mobile", "version")) == {
        ("a.legoff", "+33639980000", 7),
        ("e.legoff", "+33639980000", 7),
    }


def test_no_name_mail_or_phone_is_logged(
    run_import: Import, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG", logger="aaf_import")
    run_import(
        extract()
        .pupil("70001", link("80001"), sn="SECRET")
        .responsable(sn="SECRET", mail="secret", mobile="0639")
    )
    said = caplog.text + "".join(capfd.readouterr())
    assert "import run" in said
    for private in ("SECRET", "secret", "0639"):
        assert private not in said


def test_what_is_wrong_is_said_in_words_for_each_anomaly(run_import: Import) -> None:
    run = run_import(family().pupil("70002", sn="", ENTPersonNomPatro="", ENTPersonDateNaissance=""))
    said = "La fiche de l’élève n° 70002 n’a pas de nom ou pas de prénom : elle n’est pas importée."
    assert sentence(run, "NAME_MISSING") == said
    assert Anomaly.objects.filter(sentence__contains="{").count() == 0
