"""Synthetic extracts have the genuine shape, add up, hold together, and hold nobody real."""

import re
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from lxml import etree

from aaf_import.synthetic.faults import UNKNOWN_PUPIL, UNKNOWN_RESPONSABLE
from aaf_import.synthetic.generation import folder_of, generate
from aaf_import.synthetic.keys import IneSequence, national_ine, siecle_ine, uai
from aaf_import.synthetic.layouts import RESPONSABLE_1D, several
from aaf_import.synthetic.network import share_out
from aaf_import.synthetic.order import ImpossibleOrder, Order
from establishments.territories import ACADEMIES, department_of, is_valid_uai

FILE_NAME = re.compile(r"ENT(1D|2DVA)_Complet_20260105_(\w+)_(\d{4})\.xml")
FILE_SIZE = 700
ORDER = Order(
    academy="28", degrees=(1, 2), establishments=30, students=6_000, seed=5, file_size=FILE_SIZE, clean=False
)
PHONES = {
    *("mobile", "homePhone", "telephoneNumber", "ENTPersonMobileSMS", "ENTPersonTelPerso"),
    *("ENTPersRelEleveTelMobile", "ENTPersRelEleveTelPro", "ENTStructureTelephone"),
}
MAILS = {"mail", "ENTPersonMail", "ENTStructureMailSI"}

Attributes = dict[str, list[str]]


@dataclass
class Extract:
    """What one folder holds: its entries by type, each a list of values for each attribute."""

    degree: int
    files: list[Path]
    entries: dict[str, list[Attributes]] = field(default_factory=lambda: defaultdict(list))

    def pupils(self) -> list[Attributes]:
        return self.entries["Eleve"]

    def responsables(self) -> list[Attributes]:
        return self.entries["PersRelEleve"]

    def links(self, pupil: Attributes) -> list[list[str]]:
        name = "ENTEleveAutoriteParentale" if self.degree == 1 else "ENTElevePersRelEleve"
        return [value.split("$") for value in pupil[name] if value]

    def children(self, responsable: Attributes) -> list[str]:
        name = "ENTPersRelEleveEleve" if self.degree == 1 else "ENTAuxPersRelEleveEleve"
        return responsable[name]

    def person(self, entry: Attributes) -> tuple[str, str]:
        names = ("ENTPersonNom", "ENTPersonPrenom") if self.degree == 1 else ("sn", "givenName")
        return entry[names[0]][0], entry[names[1]][0]

    def mobile(self, responsable: Attributes) -> str:
        return responsable["ENTPersRelEleveTelMobile" if self.degree == 1 else "mobile"][0]

    def schools(self) -> dict[str, Attributes]:
        """The structures that pupils attend, by jointure."""
        attended = {pupil["ENTPersonStructRattach"][0] for pupil in self.pupils()}
        found = {entry["ENTStructureJointure"][0]: entry for entry in self.entries["EtabEducNat"]}
        return {jointure: found[jointure] for jointure in attended}

    def heads(self) -> list[tuple[Attributes, list[str]]]:
        """Who heads which schools, by function or by ENTEnsFonctionDir."""
        code = "D0000" if self.degree == 1 else "D0010"
        found = []
        for entry in self.entries["PersEducNat"]:
            functions = [value.split("$") for value in entry["ENTPersonFonctions"]]
            headed = [parts[0] for parts in functions if len(parts) > 3 and parts[3] == code]
            headed += [value for value in entry.get("ENTEnsFonctionDir", []) if value]
            if headed:
                found.append((entry, sorted(set(headed))))
        return found


def read(folder: Path, degree: int) -> Extract:
    extract = Extract(degree, sorted(folder.iterdir()))
    for path in extract.files:
        file_type = FILE_NAME.fullmatch(path.name)[2]
        for request in etree.parse(path, etree.XMLParser(resolve_entities=False)).getroot():
            if request.tag != "addRequest":
                continue
            attributes: Attributes = {}
            for attr in request.find("attributes"):
                attributes.setdefault(attr.get("name"), [value.text or "" for value in attr])
            extract.entries[file_type].append(attributes)
    return extract


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Order], dict[int, Extract]]:
    def make_and_read(order: Order) -> dict[int, Extract]:
        out = tmp_path_factory.mktemp("extracts")
        generate(order, out)
        return {degree: read(folder_of(out, order.academy, degree), degree) for degree in order.degrees}

    return make_and_read


@pytest.fixture(scope="module")
def extracts(make: Callable[[Order], dict[int, Extract]]) -> dict[int, Extract]:
    return make(ORDER)


@pytest.fixture(scope="module")
def clean(make: Callable[[Order], dict[int, Extract]]) -> dict[int, Extract]:
    return make(replace(ORDER, clean=True))


def values_of(extract: Extract, names: set[str]) -> Iterator[str]:
    for entries in extract.entries.values():
        for entry in entries:
            for name in names & entry.keys():
                yield from (value for value in entry[name] if value)


# The shape.


def test_an_entry_is_written_as_the_genuine_ones_are() -> None:
    values = [""] * len(RESPONSABLE_1D.names)
    values[0], values[2], values[3] = "81001", several(["71001", "71002"]), "1 RUE D'ÉCOSSE & <CIE>"
    assert RESPONSABLE_1D.render(values) == (
        "\n<addRequest>\n"
        '<operationalAttributes><attr name="categoriePersonne"><value>PersRelEleve</value></attr>'
        "</operationalAttributes>\n<identifier><id>81001</id></identifier>\n<attributes>\n"
        '<attr name="ENTPersonJointure"><value>81001</value></attr>\n'
        '<attr name="ENTPersonCivilite"><value/></attr>\n'
        '<attr name="ENTPersRelEleveEleve"><value>71001</value><value>71002</value></attr>\n'
        '<attr name="ENTPersonAdresse"><value>1 RUE D&apos;ÉCOSSE &amp; &lt;CIE&gt;</value></attr>\n'
        '<attr name="ENTPersonCodePostal"><value/></attr>\n<attr name="ENTPersonVille"><value/></attr>\n'
        '<attr name="ENTPersonPays"><value/></attr>\n<attr name="ENTPersonAdresseDiffusion"><value/></attr>\n'
        '<attr name="ENTPersonTelPerso"><value/></attr>\n'
        '<attr name="ENTPersRelEleveTelMobile"><value/></attr>\n'
        '<attr name="ENTPersonMail"><value/></attr>\n<attr name="ENTPersRelEleveTelPro"><value/></attr>\n'
        '<attr name="ENTPersonNomPatro"><value/></attr>\n<attr name="ENTPersonNom"><value/></attr>\n'
        '<attr name="ENTPersonPrenom"><value/></attr>\n<attr name="ENTPersonAutresPrenoms"><value/></attr>\n'
        "</attributes>\n</addRequest>\n"
    )


def test_a_pupil_of_the_second_degree_has_its_attributes_in_the_genuine_order(
    clean: dict[int, Extract],
) -> None:
    assert list(clean[2].pupils()[0]) == [
        *("ENTPersonJointure", "ENTEleveINE", "ENTEleveStructRattachId", "ENTPersonDateNaissance"),
        *("ENTPersonNomPatro", "sn", "givenName", "ENTPersonAutresPrenoms", "personalTitle"),
        *("ENTElevePersRelEleve", "ENTEleveBoursier", "ENTEleveRegime", "ENTEleveTransport"),
        *("ENTPersonAdresse", "ENTPersonCodePostal", "ENTPersonVille", "ENTPersonPays", "ENTEleveAdresseRel"),
        *("ENTEleveStatutEleve", "ENTEleveMEF", "ENTEleveLibelleMEF", "ENTEleveNivFormation"),
        *("ENTEleveFiliere", "ENTEleveEnseignements", "ENTEleveCodeEnseignements"),
        *("ENTPersonStructRattach", "ENTEleveClasses", "ENTEleveGroupes"),
    ]


@pytest.mark.parametrize(
    ("degree", "types"),
    [
        (1, {"Eleve", "PersRelEleve", "PersEducNat", "EtabEducNat"}),
        (2, {"Eleve", "PersRelEleve", "PersEducNat", "EtabEducNat", "MatiereEducNat", "MefEducNat"}),
    ],
)
def test_files_are_named_by_type_numbered_from_zero_and_cut_by_volume(
    extracts: dict[int, Extract], degree: int, types: set[str]
) -> None:
    numbers: dict[str, list[int]] = defaultdict(list)
    for path in extracts[degree].files:
        prefix, file_type, number = FILE_NAME.fullmatch(path.name).groups()
        assert prefix == ("1D" if degree == 1 else "2DVA")
        assert path.read_text("ascii").count("<addRequest>") <= FILE_SIZE
        numbers[file_type].append(int(number))
    assert numbers.keys() == types
    assert all(found == list(range(len(found))) for found in numbers.values())
    assert len(numbers["Eleve"]) == -(-len(extracts[degree].pupils()) // FILE_SIZE)


def test_headers_say_what_genuine_ones_say(extracts: dict[int, Extract]) -> None:
    first, second = (extracts[degree].files[0].read_text("ascii").split("\n\n")[0] for degree in (1, 2))
    opening = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE ficAlimMENESR SYSTEM "ficAlimMENESR.dtd">\n'
    assert first.startswith(opening)
    assert second.startswith(opening)
    assert '<!-- versionSDET="Annexe 1 version 6.3" -->' in first
    assert second.splitlines()[3:] == [
        '<!-- versionAF="AAF-VE2407" -->',
        '<!-- versionSDET="Annexe 4bis version 6.4" -->',
        '<!-- codeAcademieExport="28" -->',
        '<!-- degre="2D" -->',
        '<!-- dateGenerationExport="05/01/2026" -->',
    ]


def test_bytes_are_ascii_and_accents_are_decimal_references(extracts: dict[int, Extract]) -> None:
    text = "".join(path.read_bytes().decode("ascii") for path in extracts[2].files)
    assert "&#233;" in text
    assert "&apos;" in text
    assert "<value></value>" not in text
    assert not re.search(r"&(?!#\d+;|apos;|amp;)", text)


# Reproducible, and as much as was asked.


def all_bytes(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*.xml"))}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    order = replace(ORDER, students=700, establishments=8)
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        generate(replace(order, seed=seed), tmp_path / name)
    one, again, other = (all_bytes(tmp_path / name) for name in ("one", "again", "other"))
    assert one == again
    assert one != other


@pytest.mark.parametrize(
    ("degrees", "establishments", "students"),
    [
        ((1,), 1, 1),
        ((2,), 1, 1),
        ((2,), 3, 3),
        ((1,), 13, 14),
        ((1, 2), 2, 2),
        ((1, 2), 5, 777),
        ((2,), 1, 900),
    ],
)
def test_there_are_exactly_as_many_pupils_and_establishments_as_asked(
    make: Callable[[Order], dict[int, Extract]], degrees: tuple[int, ...], establishments: int, students: int
) -> None:
    order = replace(ORDER, degrees=degrees, establishments=establishments, students=students)
    made = make(order)
    assert sum(len(extract.pupils()) for extract in made.values()) == students
    assert sum(len(extract.schools()) for extract in made.values()) == establishments


def test_both_degrees_share_out_schools_and_pupils(extracts: dict[int, Extract]) -> None:
    assert [len(extracts[degree].schools()) for degree in (1, 2)] == [18, 12]
    assert [len(extracts[degree].pupils()) for degree in (1, 2)] == [2_400, 3_600]


def test_the_counts_returned_are_those_of_the_files(tmp_path: Path) -> None:
    written: list[int] = []
    counts = generate(replace(ORDER, students=900, establishments=9), tmp_path, written.append)
    assert sum(written) == 900
    for degree in (1, 2):
        extract = read(folder_of(tmp_path, "28", degree), degree)
        assert counts[degree]["files"] == len(extract.files)
        for file_type, entries in extract.entries.items():
            assert counts[degree][file_type] == len(entries)


def test_one_college_is_at_least_as_big_as_the_mean(extracts: dict[int, Extract]) -> None:
    sizes = Counter(pupil["ENTPersonStructRattach"][0] for pupil in extracts[2].pupils())
    colleges = [
        sizes[jointure]
        for jointure, school in extracts[2].schools().items()
        if school["ENTStructureNomCourant"][0].startswith("CLG$")
    ]
    assert max(colleges) >= ORDER.students / ORDER.establishments
    assert len(set(sizes.values())) > 6


def test_shares_add_up_to_the_total_and_leave_nobody_out() -> None:
    assert share_out(10, [1, 1, 1], least=1) == [4, 3, 3]
    assert share_out(3, [100, 1, 1], least=1) == [1, 1, 1]
    assert sum(share_out(1_000, [0.1, 7, 3.3])) == 1_000


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"academy": "99"}, "unknown academy"),
        ({"establishments": 1}, "per degree"),
        ({"students": 20}, "fewer students"),
        ({"file_size": 0}, "file"),
    ],
)
def test_an_impossible_order_says_why(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ImpossibleOrder, match=said):
        replace(ORDER, **wrong)


def test_a_department_without_a_uai_left_is_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ImpossibleOrder, match="974"):
        generate(replace(ORDER, establishments=11_000, students=40_000), tmp_path)
    assert not list(tmp_path.iterdir())


def test_every_academy_can_be_made(tmp_path: Path) -> None:
    for code in ACADEMIES:
        generate(Order(code, (1, 2), establishments=6, students=60, seed=1), tmp_path)
        for degree in (1, 2):
            schools = read(folder_of(tmp_path, code, degree), degree).schools().values()
            departments = {department_of(school["ENTStructureUAI"][0]) for school in schools}
            assert {department.academy_code for department in departments} == {code}


def test_memory_does_not_grow_with_the_number_of_pupils(tmp_path: Path) -> None:
    def peak(factor: int) -> int:
        tracemalloc.start()
        order = replace(ORDER, establishments=12 * factor, students=600 * factor)
        generate(order, tmp_path / str(factor))
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(1)  # caches fill once
    assert peak(8) < peak(1) * 1.2


# Keys.


def test_keys_are_those_of_the_rules() -> None:
    assert uai("094", 9001) == "0949001Y"
    assert national_ine(100_000_001) == "100000001BF"
    assert siecle_ine(1_234_567_890) == "1234567890V"


def test_no_ine_comes_twice_even_in_another_academy() -> None:
    drawn = [
        sequence.next(siecle=index % 2 == 0)
        for sequence in (IneSequence("27", 3), IneSequence("28", 3))
        for index in range(2_000)
    ]
    assert len(set(drawn)) == len(drawn)


def has_a_true_key(ine: str) -> bool:
    if ine[9].isdigit():
        return ine == siecle_ine(int(ine[:10]))
    return ine == national_ine(int(ine[:9]))


@pytest.mark.parametrize("degree", [1, 2])
def test_ines_have_true_keys_and_are_unique(clean: dict[int, Extract], degree: int) -> None:
    ines = [ine for pupil in clean[degree].pupils() if (ine := pupil["ENTEleveINE"][0])]
    assert all(has_a_true_key(ine) for ine in ines)
    assert len(set(ines)) == len(ines)
    assert any(ine[9].isdigit() for ine in ines) == (degree == 2)


@pytest.mark.parametrize("degree", [1, 2])
def test_schools_with_pupils_have_valid_uais_of_the_academy(
    extracts: dict[int, Extract], degree: int
) -> None:
    uais = [school["ENTStructureUAI"][0] for school in extracts[degree].schools().values()]
    assert all(is_valid_uai(number) and number.startswith("974") for number in uais)
    assert len(set(uais)) == len(uais)


# What holds together.


@pytest.mark.parametrize("degree", [1, 2])
def test_every_link_of_a_clean_extract_resolves_both_ways(clean: dict[int, Extract], degree: int) -> None:
    extract = clean[degree]
    pupils = {pupil["ENTPersonJointure"][0]: pupil for pupil in extract.pupils()}
    listed = {
        responsable["ENTPersonJointure"][0]: set(extract.children(responsable))
        for responsable in extract.responsables()
    }
    claimed: dict[str, set[str]] = defaultdict(set)
    for jointure, pupil in pupils.items():
        for link in extract.links(pupil):
            assert len(link) == (2 if degree == 1 else 6)
            claimed[link[0]].add(jointure)
    assert claimed == listed
    assert all(extract.links(pupil) for pupil in pupils.values())


@pytest.mark.parametrize("degree", [1, 2])
def test_links_that_do_not_resolve_are_deliberate(extracts: dict[int, Extract], degree: int) -> None:
    extract = extracts[degree]
    pupils = {pupil["ENTPersonJointure"][0] for pupil in extract.pupils()}
    responsables = {responsable["ENTPersonJointure"][0] for responsable in extract.responsables()}
    asked = {link[0] for pupil in extract.pupils() for link in extract.links(pupil)}
    children = {child for responsable in extract.responsables() for child in extract.children(responsable)}
    assert asked - responsables == {UNKNOWN_RESPONSABLE}
    assert children - pupils == {UNKNOWN_PUPIL}


def test_classes_and_mefs_of_pupils_are_those_of_their_school(clean: dict[int, Extract]) -> None:
    mefs = {mef["ENTMefJointure"][0] for mef in clean[2].entries["MefEducNat"]}
    classes = {
        (jointure, value.split("$")[0])
        for jointure, school in clean[2].schools().items()
        for value in school["ENTStructureClasses"]
    }
    for pupil in clean[2].pupils():
        assert tuple(pupil["ENTEleveClasses"][0].split("$")) in classes
        assert pupil["ENTEleveMEF"][0] in mefs
        assert len(pupil["ENTEleveMEF"][0]) == 11


def test_classes_of_the_first_degree_have_one_label_each_and_some_two_levels(
    clean: dict[int, Extract],
) -> None:
    labels: dict[str, set[str]] = defaultdict(set)
    levels: dict[str, set[str]] = defaultdict(set)
    for pupil in clean[1].pupils():
        *_, identifier, label = pupil["ENTPersonClasses"][0].split("$")
        labels[identifier].add(label)
        levels[identifier].add(pupil["ENTEleveNiveau"][0])
    assert all(len(found) == 1 for found in labels.values())
    assert {len(found) for found in levels.values()} == {1, 2}


def test_schools_name_their_circonscription(extracts: dict[int, Extract]) -> None:
    found = {entry["ENTStructureJointure"][0]: entry for entry in extracts[1].entries["EtabEducNat"]}
    for school in extracts[1].schools().values():
        district = found[school["ENTEcoleCirconscription"][0]]
        assert district["ENTStructureNomCourant"][0].startswith("IEN$")
        assert district["ENTStructureUAI"][0][:3] == school["ENTStructureUAI"][0][:3]


@pytest.mark.parametrize("degree", [1, 2])
def test_every_school_has_a_head_and_some_head_has_two(clean: dict[int, Extract], degree: int) -> None:
    heads = clean[degree].heads()
    assert {school for _, headed in heads for school in headed} == set(clean[degree].schools())
    assert {len(headed) for _, headed in heads} == {1, 2}


def test_heads_of_a_clean_extract_have_mails_of_their_own(clean: dict[int, Extract]) -> None:
    mails = [
        head[name][0]
        for degree, name in ((1, "ENTPersonMail"), (2, "mail"))
        for head, _ in clean[degree].heads()
    ]
    assert all(mails)
    assert len(set(mails)) == len(mails)


@pytest.mark.parametrize(("degree", "name"), [(1, "ENTPersonMail"), (2, "mail")])
def test_two_heads_share_a_mail_and_one_has_the_mail_of_the_school(
    extracts: dict[int, Extract], degree: int, name: str
) -> None:
    mails = Counter(head[name][0] for head, _ in extracts[degree].heads() if head[name][0])
    schools = {school["ENTStructureMailSI"][0] for school in extracts[degree].schools().values()}
    assert sorted(mails.values())[-2:] == [1, 2]
    assert len(schools & mails.keys()) == 1


def test_services_have_no_pupils_and_some_an_invalid_uai(extracts: dict[int, Extract]) -> None:
    for extract in extracts.values():
        others = [
            e for e in extract.entries["EtabEducNat"] if e["ENTStructureJointure"][0] not in extract.schools()
        ]
        assert any(is_valid_uai(entry["ENTStructureUAI"][0]) for entry in others)
        assert any(not is_valid_uai(entry["ENTStructureUAI"][0]) for entry in others)


# Families.


def test_parents_have_children_in_both_degrees_under_two_jointures(clean: dict[int, Extract]) -> None:
    def known(extract: Extract) -> dict[tuple[str, ...], Attributes]:
        return {
            (*extract.person(entry), mobile): entry
            for entry in extract.responsables()
            if (mobile := extract.mobile(entry))
        }

    first, second = known(clean[1]), known(clean[2])
    common = first.keys() & second.keys()
    assert len(common) > 300
    different = [who for who in common if first[who]["ENTPersonJointure"] != second[who]["ENTPersonJointure"]]
    assert len(different) > len(common) * 0.9


@pytest.mark.parametrize("degree", [1, 2])
def test_brothers_and_sisters_are_in_one_school_or_in_several(clean: dict[int, Extract], degree: int) -> None:
    extract = clean[degree]
    school_of = {p["ENTPersonJointure"][0]: p["ENTPersonStructRattach"][0] for p in extract.pupils()}
    schools = Counter(
        len({school_of[child] for child in children})
        for responsable in extract.responsables()
        if 1 < len(children := extract.children(responsable)) < 6
    )
    assert schools[1] > 30
    assert schools[2] > 30


def test_no_mother_has_children_less_than_nine_months_apart_but_twins(clean: dict[int, Extract]) -> None:
    for extract in clean.values():
        births: dict[str, list[date]] = defaultdict(list)
        for pupil in extract.pupils():
            born = datetime.strptime(pupil["ENTPersonDateNaissance"][0], "%d/%m/%Y").date()
            for link in extract.links(pupil):
                if link[1] == "10":
                    births[link[0]].append(born)
        gaps = [
            (after - before).days for dates in births.values() for before, after in pairwise(sorted(dates))
        ]
        assert all(gap == 0 or gap >= 270 for gap in gaps)
        assert sum(gap == 0 for gap in gaps) < len(gaps) / 5


def test_every_kind_of_family_is_there(extracts: dict[int, Extract]) -> None:
    kinds = Counter(
        tuple((link[1], link[3]) for link in extracts[2].links(pupil) if len(link) == 6)
        for pupil in extracts[2].pupils()
    )
    mother, father = ("10", "1"), ("20", "1")
    assert kinds[mother, father] > kinds[(mother,)] > kinds[(father,)] > 0
    for kind in [(mother, mother), (father, father), (("50", "1"),), (("51", "1"),), (mother, ("39", "2"))]:
        assert kinds[kind], kind
    assert any(("70", "1") in kind for kind in kinds)
    assert {0, 1, 2, 3, 4} <= {len(kind) for kind in kinds}


def test_separated_parents_live_apart_and_institutions_have_no_given_name(clean: dict[int, Extract]) -> None:
    extract = clean[2]
    home = {
        r["ENTPersonJointure"][0]: r["ENTPersonAdresse"] + r["ENTPersonVille"] for r in extract.responsables()
    }
    pairs = [extract.links(pupil)[:2] for pupil in extract.pupils() if len(extract.links(pupil)) > 1]
    apart = sum(home[one[0]] != home[other[0]] for one, other in pairs)
    assert 0.1 < apart / len(pairs) < 0.5
    services = [extract.person(r) for r in extract.responsables() if r["sn"][0].startswith("ASE ")]
    assert services
    assert all(given == "" for _, given in services)


def test_women_bear_another_name_than_at_birth_for_a_good_part(clean: dict[int, Extract]) -> None:
    women = [
        r for r in clean[2].responsables() if r["personalTitle"] == ["Mme"] and r["ENTPersonNomPatro"][0]
    ]
    other = sum(woman["ENTPersonNomPatro"] != woman["sn"] for woman in women)
    assert 0.2 < other / len(women) < 0.7


def test_no_two_people_share_surname_given_name_and_mobile(clean: dict[int, Extract]) -> None:
    for extract in clean.values():
        people = Counter(
            (*extract.person(r), extract.mobile(r)) for r in extract.responsables() if extract.mobile(r)
        )
        assert people.most_common(1)[0][1] == 1


def test_names_are_many_and_some_collide(clean: dict[int, Extract]) -> None:
    people = Counter(clean[2].person(responsable) for responsable in clean[2].responsables())
    assert len({surname for surname, _ in people}) > 250
    assert len({given for _, given in people}) > 200
    assert people.most_common(1)[0][1] > 1
    surnames = " ".join(surname for surname, _ in people)
    assert all(part in surnames for part in ("D'", "LE ", "-", "Ñ", "Œ", "É"))


# Contacts.


def test_the_shares_of_missing_and_wrong_contacts_are_those_announced(extracts: dict[int, Extract]) -> None:
    people = [r for extract in extracts.values() for r in extract.responsables()]
    mobiles = [(r.get("mobile") or r["ENTPersRelEleveTelMobile"])[0] for r in people]
    mails = [(r.get("mail") or r["ENTPersonMail"])[0].strip() for r in people]
    total = len(people)
    genuine = re.compile(r"\+33 6 39 98 \d\d \d\d")
    assert 0.10 < mobiles.count("") / total < 0.14
    assert 0.27 < mails.count("") / total < 0.36
    assert 0.01 < sum(mobile.startswith("+33 1") for mobile in mobiles) / total < 0.03
    odd = [m for m in mobiles if m and not genuine.fullmatch(m) and not m.startswith("+33 1")]
    assert 0.015 < len(odd) / total < 0.04
    wrong = [mail for mail in mails if mail and not re.fullmatch(r"[\w.]+[^.]@[\w.-]+", mail)]
    assert 0.015 < len(wrong) / total < 0.04


@pytest.mark.parametrize("degree", [1, 2])
def test_numbers_and_mails_are_reserved_for_fiction(extracts: dict[int, Extract], degree: int) -> None:
    for phone in values_of(extracts[degree], PHONES):
        digits = re.sub(r"\D", "", phone)
        assert re.fullmatch(r"(33|0)(63998|19900)\d{4}|016", digits), phone
    for mail in values_of(extracts[degree], MAILS):
        domains = re.findall(r"[\w-]+(?:\.[\w-]+)*\.(?:org|fr|com|net)\b", mail.lower())
        assert any(domain.endswith("example.org") for domain in domains), mail
    text = "".join(path.read_text("ascii") for path in extracts[degree].files)
    assert not re.search(r"@(?!@|(?:[a-z-]+\.)*example\.org)", text, re.IGNORECASE)


def test_some_pupils_lack_an_ine_more_so_in_nursery_classes(extracts: dict[int, Extract]) -> None:
    nursery = [p for p in extracts[1].pupils() if p["ENTEleveCycle"] == ["1$CYCLE I"]]
    missing = [sum(p["ENTEleveINE"] == [""] for p in pupils) for pupils in (nursery, extracts[2].pupils())]
    assert 0.08 < missing[0] / len(nursery) < 0.25
    assert 0.003 < missing[1] / len(extracts[2].pupils()) < 0.02


# What is wrong on purpose.


@pytest.mark.parametrize("degree", [1, 2])
def test_some_entries_are_wrong_as_in_real_life(extracts: dict[int, Extract], degree: int) -> None:
    extract = extracts[degree]
    text = "".join(path.read_text("ascii") for path in extract.files)
    dates = {pupil["ENTPersonDateNaissance"][0] for pupil in extract.pupils()}
    ids = re.findall(r"<id>(\d+)</id>.*?Jointure\"><value>(\d+)", text, re.DOTALL)
    ines = Counter(ine for pupil in extract.pupils() if (ine := pupil["ENTEleveINE"][0]))
    link_sizes = {len(link) for pupil in extract.pupils() for link in extract.links(pupil)}
    class_name = "ENTPersonClasses" if degree == 1 else "ENTEleveClasses"
    assert "31/02/2014" in dates
    assert "" in dates
    assert "ENTPersonAttributNouveau" in text
    assert "&#195;&#137;" in text
    assert any(identifier != jointure for identifier, jointure in ids)
    assert any(not has_a_true_key(ine) for ine in ines)
    assert max(ines.values()) == 2
    assert len(link_sizes) == 2
    assert any(pupil[class_name] == [""] for pupil in extract.pupils())
    assert any(not extract.links(pupil) for pupil in extract.pupils())
    assert any("  " in extract.person(pupil)[0] for pupil in extract.pupils())
    assert any(len(r["ENTPersonCodePostal"][0]) == 4 for r in extract.responsables())


@pytest.mark.parametrize("degree", [1, 2])
def test_nothing_is_wrong_in_a_clean_extract(clean: dict[int, Extract], degree: int) -> None:
    extract = clean[degree]
    text = "".join(path.read_text("ascii") for path in extract.files)
    assert "ENTPersonAttributNouveau" not in text
    assert "&#195;&#137;" not in text
    assert all(is_valid_uai(entry["ENTStructureUAI"][0]) for entry in extract.entries["EtabEducNat"])
    for pupil in extract.pupils():
        born = datetime.strptime(pupil["ENTPersonDateNaissance"][0], "%d/%m/%Y").date()
        assert 2 <= (ORDER.day - born).days / 365.25 < 21
        assert pupil["ENTPersonClasses" if degree == 1 else "ENTEleveClasses"] != [""]
    for mobile in (extract.mobile(responsable) for responsable in extract.responsables()):
        assert re.fullmatch(r"(\+33 6 39 98 \d\d \d\d)?", mobile)
    for mail in values_of(extract, MAILS):
        assert re.fullmatch(r"[\w.]+@([a-z-]+\.)*example\.org", mail)


# The command.


def command(out: Path, *options: str) -> str:
    said = StringIO()
    sizes = ("--establishments", "4", "--students", "200", "--seed", "1")
    call_command("generate_aaf", str(out), "--academy", "28", *sizes, *options, stdout=said)
    return said.getvalue()


def test_the_command_ends_with_a_line_of_counts(tmp_path: Path) -> None:
    said = command(tmp_path / "new" / "folder", "--degree", "both")
    assert said.count("\n") == 1
    assert re.match(r"28-1D: 2 establishments, \d+ classes, 80 pupils, .*; 28-2D: 2 establishments, ", said)


def test_the_command_writes_one_degree_when_asked(tmp_path: Path) -> None:
    command(tmp_path, "--degree", "1", "--date", "2025-09-15")
    assert [path.name for path in tmp_path.iterdir()] == ["28-1D"]
    assert all("_Complet_20250915_" in path.name for path in (tmp_path / "28-1D").iterdir())


def test_the_command_refuses_a_folder_that_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("precious")
    with pytest.raises(CommandError, match="not empty"):
        command(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


def test_forced_the_command_replaces_the_extract_and_nothing_else(tmp_path: Path) -> None:
    command(tmp_path, "--file-size", "10", "--date", "2025-10-01")
    (tmp_path / "28-1D" / "kept.txt").write_text("precious")
    command(tmp_path, "--force")
    left = {path.name for path in (tmp_path / "28-1D").iterdir()}
    assert "kept.txt" in left
    assert all("20260105" in name for name in left - {"kept.txt"})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--academy", "99"], "unknown academy"),
        (["--date", "2026-02-30"], "not a date"),
        (["--students", "1"], "fewer students"),
    ],
)
def test_the_command_says_what_is_wrong_with_its_options(
    tmp_path: Path, options: list[str], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        command(tmp_path, *options)
    assert not list(tmp_path.iterdir())
