"""Values as extracts write them, and as they are kept: texts, dates, mails, phones, INE, addresses."""

from datetime import date

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aaf_import.ine import is_valid_ine
from aaf_import.relations import Relation, read_relations
from aaf_import.rules import Rules, rules_of
from aaf_import.synthetic.keys import national_ine, siecle_ine
from aaf_import.text import address, clean, is_mail, iso_date
from establishments.phone_numbers import is_mobile, phone

TODAY = date(2026, 1, 5)


@given(st.text(st.characters(codec="utf-8").filter(lambda char: not 0x80 <= ord(char) <= 0xFF)))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    """Latin-1 apart: what was encoded three times is only repaired once."""
    once = clean(text.replace("&", "&amp;"))
    assert clean(once.replace("&", "&amp;")) == once


@given(st.text())
def test_what_is_clean_fits_a_line_of_a_copy(text: str) -> None:
    cleaned = clean(text.replace("&", "&amp;"))
    assert cleaned.isprintable()
    assert cleaned == cleaned.strip()
    assert "  " not in cleaned


@given(st.text(st.characters(codec="latin-1", categories=("Lu", "Ll")), min_size=1))
def test_names_encoded_twice_are_repaired_and_others_left(name: str) -> None:
    assert clean(name.encode().decode("latin-1")) == clean(name)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("29/02/2012", "2012-02-29"),
        ("29/02/2013", ""),
        ("31/02/2014", ""),
        ("00/01/2014", ""),
        ("05/01/2026", "2026-01-05"),
        ("06/01/2026", ""),
        ("01/01/1900", "1900-01-01"),
        ("31/12/1899", ""),
        ("2014-05-09", ""),
        ("1/2/2014", ""),
        ("", ""),
        ("٠١/٠١/٢٠١٤", ""),
    ],
)
def test_dates_are_possible_days_since_1900(written: str, read: str) -> None:
    assert iso_date(written, TODAY) == read


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+33 6 39 98 12 34", "+33639981234"),
        ("0639981234", "+33639981234"),
        ("06.39.98.12.34", "+33639981234"),
        ("06-39-98-12-34", "+33639981234"),
        ("0033639981234", "+33639981234"),
        ("+33 (0)6 39 98 12 34", "+33639981234"),
        ("01 99 00 12 34", "+33199001234"),
        ("0692 12 34 56", "+262692123456"),
        ("+33 6 92 12 34 56", "+262692123456"),
        ("+262 692 12 34 56", "+262692123456"),
        ("0690 12 34 56", "+590690123456"),
        ("0596 50 12 34", "+596596501234"),
        ("+32 470 12 34 56", "+32470123456"),
        ("016", ""),
        ("639981234", ""),
        ("06 39 98 12", ""),
        ("inconnu", ""),
        ("+33 0 00 00 00 00", ""),
    ],
)
def test_phones_become_international_when_they_can(written: str, number: str) -> None:
    assert phone(written) == number


@pytest.mark.parametrize(
    ("region", "written", "number", "mobile"),
    [
        ("PF", "87 12 34 56", "+68987123456", True),
        ("PF", "40 41 23 45", "+68940412345", False),
        ("NC", "75 12 34", "+687751234", True),
        ("NC", "+33 6 39 98 12 34", "+33639981234", True),
        ("PM", "055 12 34", "+508551234", True),
    ],
)
def test_numbers_of_the_pacific_are_read_where_they_are_written(
    region: str, written: str, number: str, mobile: bool
) -> None:
    assert phone(written, region) == number
    assert is_mobile(number) is mobile


@pytest.mark.parametrize(
    ("number", "mobile"),
    [
        ("+33639981234", True),
        ("+33700000000", True),
        ("+33199001234", False),
        ("+262692123456", True),
        ("+262262123456", False),
        ("+590690123456", True),
        ("+32470123456", False),
        ("", False),
    ],
)
def test_mobiles_are_those_of_france_overseas_included(number: str, mobile: bool) -> None:
    assert is_mobile(number) is mobile


@given(st.from_regex(r"(\+33|0)[1-9]( ?[0-9]{2}){4}", fullmatch=True))
def test_french_numbers_are_read_as_the_library_reads_them(written: str) -> None:
    """Overseas numbers written with ten digits excepted: the library takes them for mainland's."""
    parsed = phonenumbers.parse(written, "FR")
    read = phone(written)
    if read.startswith("+33") and phonenumbers.is_valid_number(parsed):
        assert read == phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


@given(st.text())
def test_any_text_is_a_phone_or_is_not(text: str) -> None:
    number = phone(text)
    assert number == "" or (number.startswith("+") and number[1:].isdigit() and len(number) <= 16)


@pytest.mark.parametrize(
    ("mail", "good"),
    [
        ("anne.dalmeida@example.org", True),
        ("ANNE@EXAMPLE.ORG", True),
        ("o'neil+ent@sub.example.org", True),
        ("anne@example", False),
        ("anne.example.org", False),
        ("anne@@example.org", False),
        ("anne@exam ple.org", False),
        ("anne..d@example.org", False),
        (".anne@example.org", False),
        ("anne@-example.org", False),
        ("élise@example.org", False),
        ("anne@example.org;luc@example.org", False),
        ("a" * 250 + "@example.org", False),
    ],
)
def test_mails_are_checked_by_their_shape(mail: str, good: bool) -> None:
    assert is_mail(mail) is good


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        ("$$5 RUE X$", "5 RUE X"),
        ("$$$", ""),
        ("5 RUE X", "5 RUE X"),
        ("SERVICE DE L'ASE$BAT B$2 PLACE FICTIVE$", "SERVICE DE L'ASE\nBAT B\n2 PLACE FICTIVE"),
        ("", ""),
    ],
)
def test_addresses_keep_the_lines_that_say_something(written: str, lines: str) -> None:
    assert address(written) == lines


@given(st.integers(0, 999_999_999))
def test_national_ines_have_their_key(number: int) -> None:
    ine = national_ine(number)
    assert is_valid_ine(ine)
    wrong = ine[:10] + ("B" if ine[10] == "A" else "A")
    assert not is_valid_ine(wrong)


@given(st.integers(0, 9_999_999_999))
def test_siecle_ines_have_their_key(number: int) -> None:
    assert is_valid_ine(siecle_ine(number))


@pytest.mark.parametrize(
    ("ine", "good"), [("1234A56789B", True), ("100000001B", False), ("", False), ("X" * 11, False)]
)
def test_other_ines(ine: str, good: bool) -> None:
    assert is_valid_ine(ine) is good


def rules(degree: int, release: str = "AAF-VE2407", *, persons_in_charge: bool = False) -> Rules:
    return rules_of(
        degree=degree,
        academy="24",
        release=release,
        persons_in_charge=persons_in_charge,
        not_legal_kinships=["37", "41", "42", "43"],
        kind_labels={},
        today=TODAY,
    )


@pytest.mark.parametrize(
    ("release", "legal", "is_legal"),
    [
        ("AAF-VE2407", "1", True),
        ("AAF-VE2407", "2", False),
        ("AAF-VE2407", "3", False),
        ("AAF-VE2407", "0", False),
        ("AAF-VE1710", "1", True),
        ("AAF-VE1710", "2", True),
        ("AAF-VE1302", "2", True),
        ("AAF-VE1710", "0", False),
        ("AAF-VE1802", "2", False),
        ("", "2", False),
    ],
)
def test_the_release_decides_what_the_second_legal_code_means(
    release: str, legal: str, is_legal: bool
) -> None:
    relation = read_relations(f"80001$10$1${legal}$0$1", rules(2, release))
    assert relation == Relation("80001", "10", legal, is_legal)


def test_a_setting_gives_accounts_to_persons_in_charge() -> None:
    relation = read_relations("80001$10$1$2$0$1", rules(2, persons_in_charge=True))
    assert relation is not None
    assert relation.is_legal


@pytest.mark.parametrize(
    ("kinship", "is_legal"),
    [
        ("10", True),
        ("20", True),
        ("1", True),
        ("50", True),
        ("51", True),
        ("37", False),
        ("41", False),
        ("43", False),
    ],
)
def test_in_the_first_degre_the_kinship_decides(kinship: str, is_legal: bool) -> None:
    assert read_relations(f"80001${kinship}", rules(1)) == Relation("80001", kinship, "", is_legal)


@pytest.mark.parametrize(
    ("degree", "written"),
    [
        (2, "80001$10"),
        (2, "80001$10$1$1$0"),
        (2, "80001$10$1$1$0$1$1"),
        (2, "$10$1$1$0$1"),
        (1, "80001"),
        (1, "a$b$c"),
    ],
)
def test_a_relation_of_the_wrong_shape_is_none(degree: int, written: str) -> None:
    assert read_relations(written, rules(degree)) is None
