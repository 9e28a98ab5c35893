"""What families read on the short forms, and what schools read before them, from the PDF."""

import io
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pikepdf
import pytest
from pypdf import PageObject, PdfReader

from notifications.cards import render_cards
from notifications.fronts import render_front
from notifications.leaflets import render_leaflets
from notifications.sheet_data import Child, Cover, Leaflet, Sheet, SheetText, SigningLine, SigningList
from notifications.sheet_joining import join
from tests.notifications.examples import LEO, LONG_CHILD, SCHOOL, a_longest_sheet, a_numbered_sheet, a_sheet
from tests.notifications.test_sheet_pages import placed_texts, structure

BOTH = pytest.mark.parametrize("sheets_a_page", [2, 8])
TODAY = date(2026, 9, 1)
LEAFLET = Leaflet(
    SCHOOL, "educonnect.example.org/activation", "https://educonnect.example.org/activation/", TODAY
)
WIDTHS = {2: 210.0, 8: 105.0}
HEIGHTS = {2: 148.5, 8: 74.25}


def read(pdf: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages]


def cards(sheets_a_page: int, *sheets: Sheet) -> list[str]:
    return read(render_cards(sheets, sheets_a_page))


@BOTH
@pytest.mark.parametrize("text", SheetText)
def test_a_short_form_keeps_what_a_family_needs(sheets_a_page: int, text: SheetText) -> None:
    (page,) = cards(sheets_a_page, a_sheet(text))

    for kept in (
        "Mme Claire MARTIN",
        "MARTIN Léo",
        "CM2 A",
        "c.martin12",
        "educonnect.example.org/activation",
    ):
        assert kept in page
    assert ("k7mw3pxt9r" in page) == text.has_secret
    assert ("valable jusqu’au 1er décembre 2026" in page) == text.has_secret
    assert "École élémentaire Jean-Moulin" in page


@BOTH
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SheetText.PROVISIONAL, "Activez votre compte EduConnect"),
        (SheetText.RESET, "Votre nouveau mot de passe provisoire"),
        (SheetText.CHOSEN, "Celui que vous avez choisi"),
        (SheetText.CONTINUED, "Votre compte EduConnect reste le même"),
        (SheetText.FRANCECONNECT, "connectez-vous avec FranceConnect"),
    ],
)
def test_each_short_form_says_its_own(sheets_a_page: int, text: SheetText, words: str) -> None:
    (page,) = cards(sheets_a_page, a_sheet(text))

    assert words in page


def test_half_a_page_still_says_how_to_activate_and_whose_account_it_is() -> None:
    (page,) = cards(2, a_sheet(children=(LEO,) * 4))

    assert "indiquez votre adresse mail, puis la date de naissance de l’enfant dont le nom s’affiche" in page
    assert page.count("Léo MARTIN (CM2 A)") == 4
    assert "téléphone 01 99 00 12 34, mail ecole.jean-moulin@example.org." in page


def test_an_institution_reads_how_many_children_are_not_named() -> None:
    (page,) = cards(2, a_sheet(children=tuple(Child(f"Enfant{n}", "DUBOIS", "CM1", "") for n in range(80))))

    assert f"et {80 - page.count('DUBOIS')} autres" in page


@BOTH
@pytest.mark.parametrize("text", [SheetText.RESET, SheetText.CHOSEN])
def test_a_short_form_asks_for_a_link_still_to_be_clicked(sheets_a_page: int, text: SheetText) -> None:
    (waiting,) = cards(sheets_a_page, a_sheet(text, is_awaiting_confirmation=True))
    (done,) = cards(sheets_a_page, a_sheet(text))

    assert "le lien" in waiting
    assert "le lien" not in done


@BOTH
def test_sheets_fill_pages_in_their_order(sheets_a_page: int) -> None:
    pages = cards(sheets_a_page, *(a_numbered_sheet(n) for n in range(10, 10 + sheets_a_page + 1)))

    first = [pages[0].index(f"c.martin{n}") for n in range(10, 10 + sheets_a_page)]
    assert first == sorted(first)
    assert f"c.martin{10 + sheets_a_page}" in pages[1]
    assert len(pages) == 2


def slot_of(x: float, y: float, sheets_a_page: int) -> int:
    columns = round(210 / WIDTHS[sheets_a_page])
    return int(y / HEIGHTS[sheets_a_page]) * columns + int(x / WIDTHS[sheets_a_page])


def texts_by_slot(page: PageObject, sheets_a_page: int) -> dict[int, list[tuple[float, float, str]]]:
    found: dict[int, list[tuple[float, float, str]]] = {}
    for x, y, text in placed_texts(page):
        found.setdefault(slot_of(x, y, sheets_a_page), []).append((x, y, text))
    return found


@BOTH
@pytest.mark.parametrize("text", SheetText)
def test_nothing_of_a_card_comes_near_a_cut(sheets_a_page: int, text: SheetText) -> None:
    longest = replace(
        a_longest_sheet(text, 60),
        addressee="M. " + "Jean-Baptiste-Emmanuel de la Tour " * 5,
        handed_to="Anne-Sophie-Marguerite de la Tour " * 5,
        identifier="m." + "delarochefoucauldmontmorency" * 4 + "123",
    )
    (page,) = PdfReader(io.BytesIO(render_cards([longest] * sheets_a_page, sheets_a_page))).pages

    slots = texts_by_slot(page, sheets_a_page)
    assert sorted(slots) == list(range(sheets_a_page))
    for pieces in slots.values():
        for x, y, piece in pieces:
            from_left, from_top = x % WIDTHS[sheets_a_page], y % HEIGHTS[sheets_a_page]
            assert from_left >= 7, piece
            assert 7 <= from_top <= HEIGHTS[sheets_a_page] - 5.5, piece
        # No line is set over another: the school's or the contact's stays below all the rest.
        lines = sorted({round(y, 1) for x, y, _ in pieces if x % WIDTHS[sheets_a_page] < 60})
        assert all(below - above > 1.5 for above, below in pairwise(lines))


def test_on_half_a_page_the_longest_class_and_pupil_stay_above_the_addressee() -> None:
    sheet = a_sheet(
        class_label=LONG_CHILD.class_label * 2, handed_to="Anne-Sophie-Marguerite de la Tour " * 5
    )
    (page,) = PdfReader(io.BytesIO(render_cards([sheet], 2))).pages

    pieces = placed_texts(page)
    (addressee,) = [y for x, y, text in pieces if text == sheet.addressee]
    handing = [y for x, y, _ in pieces if x > 100 and y < 40]
    assert len(handing) >= 3
    assert addressee - max(handing) > 2


@BOTH
def test_the_longest_identifiant_is_whole(sheets_a_page: int) -> None:
    sheet = a_longest_sheet(SheetText.PROVISIONAL, 1)
    (page,) = cards(sheets_a_page, sheet)

    assert sheet.identifier in page.replace(" ", "")
    assert sheet.secret in page


@BOTH
def test_a_screen_reader_finds_each_card_with_its_title_and_its_code(sheets_a_page: int) -> None:
    kinds = [kind for kind, _ in structure(render_cards([a_sheet()] * 3, sheets_a_page))]

    assert (kinds.count("/Art"), kinds.count("/H1"), kinds.count("/Figure")) == (3, 3, 3)


def test_short_forms_keep_one_bookmark_a_class() -> None:
    labels = ["CM1", "CM1", "CM2 A"]
    pdf = render_cards([a_sheet(class_label=label) for label in labels], 2)

    assert [item.title for item in PdfReader(io.BytesIO(pdf)).outline] == ["CM1", "CM2 A"]


def a_cover(**changes: object) -> Cover:
    return replace(Cover(SCHOOL, "CM2 A", 38, TODAY), **changes)  # type: ignore[arg-type]


def a_list(*lines: SigningLine, label: str = "CM2 A") -> SigningList:
    return SigningList(SCHOOL, label, TODAY, lines)


def test_a_cover_says_the_class_how_many_sheets_the_date_and_the_school() -> None:
    (page,) = read(render_front(a_cover(), None))

    for said in ("CM2 A", "38 feuilles individuelles", "1er septembre 2026", "École élémentaire Jean-Moulin"):
        assert said in page


@pytest.mark.parametrize(
    ("sheets_a_page", "words"), [(2, "19 pages à découper en deux"), (8, "5 pages à découper en huit")]
)
def test_a_cover_says_how_many_pages_are_to_be_cut(sheets_a_page: int, words: str) -> None:
    (page,) = read(render_front(a_cover(sheets_a_page=sheets_a_page), None))

    assert words in page


def test_a_list_to_sign_names_pupil_and_responsable_and_refers_to_the_eldest() -> None:
    front = render_front(
        None,
        a_list(
            SigningLine("MARTIN Léo", "Mme Claire MARTIN"),
            SigningLine("BENALI Nour", "M. Karim BENALI", elsewhere="feuille remise à BENALI Adam, en 3eB"),
        ),
    )
    (page,) = read(front)

    assert "Élève Responsable Date Signature" in page
    assert "MARTIN Léo Mme Claire MARTIN" in page
    assert "BENALI Nour M. Karim BENALI feuille remise à BENALI Adam, en 3eB" in page


def test_a_long_list_repeats_its_header_and_numbers_its_pages() -> None:
    lines = [SigningLine(f"MARTIN Élève{n}", f"Mme MARTIN{n}") for n in range(60)]
    _cover, *pages = read(render_front(a_cover(), a_list(*lines)))

    assert len(pages) >= 2
    for number, page in enumerate(pages, start=2):
        assert "Élève Responsable Date Signature" in page
        assert f"Page {number}" in page


def test_a_list_of_all_classes_tells_the_class_of_each() -> None:
    (page,) = read(render_front(None, a_list(SigningLine("MARTIN Léo", "Mme MARTIN", "CM1"), label="")))

    assert "Élève Classe Responsable" in page
    assert "MARTIN Léo CM1 Mme MARTIN" in page


def test_a_list_is_tagged_as_a_table_with_headers() -> None:
    kinds = [kind for kind, _ in structure(render_front(None, a_list(SigningLine("A", "B"))))]

    assert "/Table" in kinds
    assert kinds.count("/TH") == 4


def test_nothing_before_the_sheets_is_an_error() -> None:
    with pytest.raises(ValueError, match="neither"):
        render_front(None, None)


def test_a_bundle_joins_cover_list_and_cards_with_their_tags_and_one_bookmark() -> None:
    front = render_front(a_cover(), a_list(SigningLine("A", "B")))
    pdf = join([front, render_cards([a_numbered_sheet(n) for n in range(9)], 8)])

    assert [item.title for item in PdfReader(io.BytesIO(pdf)).outline] == ["CM2 A"]
    kinds = [kind for kind, _ in structure(pdf)]
    assert (kinds.count("/Art"), kinds.count("/Table")) == (9, 1)


def test_blank_backs_follow_each_page_and_move_no_bookmark() -> None:
    parts = [
        render_cards([a_numbered_sheet(n, class_label=label) for n in range(3)], 2)
        for label in ("CM1", "CM2")
    ]
    pdf = join(parts, blank_backs=True)

    reader = PdfReader(io.BytesIO(pdf))
    texts = [page.extract_text().strip() for page in reader.pages]
    assert len(texts) == 8
    assert all(texts[::2])
    assert not any(texts[1::2])
    assert [reader.get_destination_page_number(item) for item in reader.outline] == [0, 4]
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        keys = [page.obj.get("/StructParents") for page in opened.pages]
        assert [key is None for key in keys] == [False, True] * 4


def test_a_leaflet_names_the_ways_and_no_account() -> None:
    (page,) = read(render_leaflets([replace(LEAFLET, paragraph="Chers parents,\n\nà bientôt.")]))

    assert "Avec votre mobile, par SMS" in page
    assert "Avec FranceConnect" in page
    assert "educonnect.example.org/activation" in page
    assert "Chers parents, à bientôt." in page
    assert "téléphone 01 99 00 12 34" in page
    assert "Votre identifiant" not in page
    assert "ENT" not in page.split()


def test_a_leaflet_of_the_2nd_degre_names_the_transition_from_an_ent() -> None:
    (page,) = read(render_leaflets([replace(LEAFLET, has_ent=True)]))

    assert "espace numérique de travail (ENT)" in page


def test_a_leaflet_is_one_page_whatever_the_school_writes() -> None:
    words = ("Une phrase assez longue pour éprouver la page. " * 20)[:592] + "\n" * 7 + "Fin"
    longest = replace(
        LEAFLET,
        sender=replace(
            SCHOOL, name=LONG_CHILD.school_name, address=("1234 boulevard du Président " * 3,) * 2
        ),
        service_address="services-en-ligne.academie-d-exemple.example.org/comptes/activation",
        paragraph=words,
        has_ent=True,
        class_label=LONG_CHILD.class_label,
        handed_to=f"{LONG_CHILD.surname} {LONG_CHILD.given_name}",
        addressee=f"Mme {LONG_CHILD.given_name} {LONG_CHILD.surname}",
    )
    pages = read(render_leaflets([longest] * 3))

    assert len(pages) == 3
    assert all("Fin" in page and "mot de passe provisoire" in page for page in pages)


def test_a_leaflet_shows_the_schools_words_as_written() -> None:
    (page,) = read(render_leaflets([replace(LEAFLET, paragraph="<b>Gras</b> & {{ secret }}")]))

    assert "<b>Gras</b> & {{ secret }}" in page
