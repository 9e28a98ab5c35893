"""What families read on their sheets, read back from the PDF."""

import io
import re
from collections.abc import Sequence

import pikepdf
import pytest
import segno
from django.conf import settings
from pypdf import PageObject, PdfReader

from notifications.qr import MASK
from notifications.sheet_data import Child, Sheet, SheetText
from notifications.sheets import render_sheets
from tests.notifications.examples import (
    INES,
    LEO,
    LONG_CHILD,
    PROVISIONAL,
    a_longest_sheet,
    a_numbered_sheet,
    a_sheet,
)

MILLIMETRE = 72 / 25.4
A4_HEIGHT = 297
WITH_SECRET = [text for text in SheetText if text.has_secret]
WITHOUT_SECRET = [text for text in SheetText if not text.has_secret]


def read(*sheets: Sheet) -> list[str]:
    """The text of each page, its spaces and lines made plain."""
    reader = PdfReader(io.BytesIO(render_sheets(sheets)))
    return [" ".join(page.extract_text().split()) for page in reader.pages]


@pytest.mark.parametrize("text", SheetText)
def test_every_letter_gives_the_address_the_identifiant_and_the_children(text: SheetText) -> None:
    (page,) = read(a_sheet(text))

    assert "Adresse educonnect.example.org/activation" in page
    assert "Votre identifiant c.martin12" in page
    assert "Léo MARTIN, CM2 A, École élémentaire Jean-Moulin" in page
    assert "Inès MARTIN, 6e B, Collège Marguerite-Yourcenar" in page
    assert "Il manque un enfant ?" in page
    assert "Un enfant cité n’est pas sous votre responsabilité ?" in page


@pytest.mark.parametrize("text", WITH_SECRET)
def test_a_provisional_password_comes_with_its_deadline(text: SheetText) -> None:
    (page,) = read(a_sheet(text))

    assert "Votre mot de passe provisoire, valable jusqu’au 1er décembre 2026 k7mw3pxt9r" in page
    assert "mot de passe : 8 à 14 caractères, avec des lettres et des chiffres." in page


@pytest.mark.parametrize("text", WITHOUT_SECRET)
def test_the_other_letters_have_neither_password_nor_deadline(text: SheetText) -> None:
    (page,) = read(a_sheet(text))

    assert "provisoire" not in page
    assert "valable" not in page


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SheetText.PROVISIONAL, "Saisissez la date de naissance de l’enfant dont le nom s’affiche."),
        (SheetText.RESET, "l’ancien ne fonctionne plus"),
        (SheetText.CHOSEN, "Celui que vous avez choisi"),
        (SheetText.CONTINUED, "Vous n’avez rien à activer."),
        (SheetText.FRANCECONNECT, "Choisissez « S’identifier avec FranceConnect »."),
    ],
)
def test_each_letter_says_its_own(text: SheetText, words: str) -> None:
    (page,) = read(a_sheet(text))

    assert words in page


def test_only_a_first_sign_in_asks_for_a_birth_date() -> None:
    pages = read(*(a_sheet(text) for text in SheetText))

    assert ["naissance" in page for page in pages] == [text == SheetText.PROVISIONAL for text in SheetText]


@pytest.mark.parametrize("text", [SheetText.RESET, SheetText.CHOSEN])
def test_a_link_still_to_be_clicked_is_asked_for(text: SheetText) -> None:
    waiting, done = read(a_sheet(text, is_awaiting_confirmation=True), a_sheet(text))

    assert "cliquez sur le lien d’activation reçu par mail" in waiting
    assert "lien d’activation" not in done


def test_a_pupil_is_asked_for_its_own_birth_date_and_has_no_children() -> None:
    (page,) = read(a_sheet(for_pupil=True, addressee="Léo MARTIN"))

    assert "Saisissez votre date de naissance." in page
    assert "rattaché" not in page
    assert "Inès" not in page
    assert "enfant" not in page


def test_the_school_signs_and_can_be_reached() -> None:
    (page,) = read(a_sheet())

    assert "École élémentaire Jean-Moulin 12 rue des Écoles 37000 TOURS" in page
    assert "UAI : 0370123X" in page
    assert "téléphone 01 99 00 12 34, mail ecole.jean-moulin@example.org." in page
    assert "Assistance de l’académie : 01 99 00 00 00." in page


def test_the_class_and_the_pupil_who_takes_the_sheet_home_are_on_it() -> None:
    (page,) = read(a_sheet())

    assert "CM2 A Élève : MARTIN Léo Le 1er septembre 2026" in page


def test_majuscules_are_mentioned_only_when_the_password_mixes_them() -> None:
    plain, mixed = read(a_sheet(), a_sheet(secret="k7Mw3pXt9R"))

    assert "majuscules" not in plain
    assert "Respectez les majuscules et les minuscules." in mixed


def test_two_parents_share_nothing_but_the_child() -> None:
    mother = a_sheet()
    father = a_sheet(
        addressee="M. Karim BENALI",
        address=("31 avenue de la Gare", "37300 JOUÉ-LÈS-TOURS"),
        identifier="k.benali",
        secret="zzzz9999zz",
    )

    first, second = read(mother, father)

    for theirs in (mother.addressee, *mother.address, mother.identifier, mother.secret):
        assert theirs in first
        assert theirs not in second
    for theirs in (father.addressee, *father.address, father.identifier, father.secret):
        assert theirs in second
        assert theirs not in first


def test_names_are_shown_as_written_whatever_they_hold() -> None:
    (page,) = read(a_sheet(addressee="Mme <b>O’Brien</b> & Łukaszewicz-Şahin {{ secret }}", children=()))

    assert "Mme <b>O’Brien</b> & Łukaszewicz-Şahin {{ secret }}" in page


def test_high_punctuation_cannot_begin_a_line() -> None:
    """In the templates: once drawn, a no-break space is a space like another."""
    templates = list((settings.BASE_DIR / "templates/notifications").rglob("*.html"))
    assert len(templates) >= len(SheetText)

    for template in templates:
        words = re.sub(r"{%.*?%}|{{.*?}}|<[^>]*>", "", template.read_text(), flags=re.DOTALL)
        assert not re.search(r"\s(?<![\u00a0\u202f])[?!:;»]|«[ \n]|'", words), template


def widest_sheets() -> list[Sheet]:
    return [a_longest_sheet(text, children) for text in SheetText for children in (1, 9, 60, 200)]


def test_every_sheet_is_one_page_whatever_the_lengths() -> None:
    ordinary = [a_numbered_sheet(n, children=(LEO,) * n) for n in range(14)]
    sheets = [*ordinary, *widest_sheets(), *ordinary]

    pages = read(*sheets)

    assert len(pages) == len(sheets)
    for page, sheet in zip(pages, sheets, strict=True):
        assert sheet.identifier in page.replace(" ", "")
        assert "Une question ?" in page
        assert sheet.sender.mail in page


def test_nine_children_with_the_longest_names_are_all_named() -> None:
    (page,) = read(a_longest_sheet(SheetText.PROVISIONAL, 9))

    written = page.replace("- ", "-").replace(" ", "")
    assert (
        written.count(
            f"{LONG_CHILD.given_name}{LONG_CHILD.surname}({LONG_CHILD.class_label})".replace(" ", "")
        )
        == 9
    )


def test_an_address_is_never_cut() -> None:
    (page,) = read(a_longest_sheet(SheetText.PROVISIONAL, 1))

    assert page.count("Résidence des Grands Jardins de la Loire, bâtiment C, escalier 3") == 3


def test_children_who_do_not_fit_are_counted() -> None:
    children = tuple(Child(f"Enfant{n}", "DUBOIS-LEFEBVRE", "CM1", f"École n° {n}") for n in range(200))
    (page,) = read(a_sheet(children=children))

    counted = re.search(r"et (\d+) autres : l’école vous en donnera la liste", page)
    assert counted is not None
    assert int(counted[1]) + len(re.findall("DUBOIS-LEFEBVRE", page)) == 200


def placed_texts(page: PageObject) -> list[tuple[float, float, str]]:
    """Pieces of text with the place of their baseline's start, in millimetres from the top left corner."""
    found: list[tuple[float, float, str]] = []

    def note(text: str, cm: Sequence[float], tm: Sequence[float], *_: object) -> None:
        x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
        y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
        found.append((x / MILLIMETRE, A4_HEIGHT - y / MILLIMETRE, text.strip()))

    page.extract_text(visitor_text=note)
    return [piece for piece in found if piece[2]]


@pytest.mark.parametrize(
    "sheet", [a_sheet(), a_longest_sheet(SheetText.PROVISIONAL, 9)], ids=["usual", "longest"]
)
def test_a_window_envelope_shows_the_address_and_no_code(sheet: Sheet) -> None:
    """French right-hand windows, whatever the fold and the slack: see the style sheet."""
    (page,) = PdfReader(io.BytesIO(render_sheets([sheet]))).pages
    pieces = placed_texts(page)

    written = "\n".join((sheet.addressee, *sheet.address))

    address = [(x, y) for x, y, text in pieces if text in written and x > 90 and 34 < y < 102]
    assert len(address) > len(sheet.address)
    assert [(x, y) for x, y in address if not (109.9 <= x <= 190 and 55 <= y <= 79)] == []
    (code_y,) = [y for _, y, text in pieces if text == sheet.secret]
    assert code_y > 102
    assert [text for x, y, text in pieces if x >= 90 and 34 <= y <= 79 and text not in written] == []


def drawn_modules(pdf: bytes) -> list[list[int]]:
    """The dark modules of the first page's QR code, from the rectangles it fills."""
    document = pikepdf.open(io.BytesIO(pdf))
    rectangles = []
    in_figure = False
    for operands, operator in pikepdf.parse_content_stream(document.pages[0]):
        if str(operator) in {"BDC", "EMC"}:
            in_figure = str(operator) == "BDC" and operands[0] == "/Figure"
        elif in_figure and str(operator) == "re":
            rectangles.append([int(value) for value in operands])
    size = max(y for _, y, _, _ in rectangles) + 1
    modules = [[0] * size for _ in range(size)]
    for x, y, width, height in rectangles:
        assert height == 1
        modules[y][x : x + width] = [1] * width
    return modules


def test_the_qr_code_opens_the_activation_address_with_the_identifiant() -> None:
    sheet = a_sheet()
    expected = segno.make_qr(sheet.activation_url, error="m", boost_error=False, mask=MASK)

    assert drawn_modules(render_sheets([sheet])) == [list(row) for row in expected.matrix]


def structure(pdf: bytes) -> list[tuple[str, str]]:
    """Type and alternate text of every structure element, in reading order."""
    found = []

    def walk(element: pikepdf.Object) -> None:
        found.append((str(element.S), str(element.get("/Alt", ""))))
        for kid in element.K:
            if isinstance(kid, pikepdf.Dictionary):
                walk(kid)

    document = pikepdf.open(io.BytesIO(pdf))
    walk(document.Root.StructTreeRoot.K[0])
    return found


def test_a_screen_reader_finds_title_lists_and_the_code_described() -> None:
    elements = structure(render_sheets([a_sheet()]))
    kinds = [kind for kind, _ in elements]

    assert kinds.count("/Art") == 1
    assert kinds.count("/H1") == 1
    assert kinds.count("/H2") == 3
    assert kinds.count("/L") == 2
    assert kinds.count("/LI") == 8
    (alternate,) = [text for kind, text in elements if kind == "/Figure"]
    assert (
        alternate
        == "Code QR\u00a0: ouvre educonnect.example.org/activation avec votre identifiant déjà rempli"
    )


def test_the_file_claims_its_conformance_and_language_and_says_nothing_of_people() -> None:
    pdf = pikepdf.open(io.BytesIO(render_sheets([a_sheet()])))
    described = pdf.Root.Metadata.read_bytes().decode() + str(pdf.docinfo)

    assert 'pdfuaid:part="1"' in described
    assert "Feuilles individuelles" in described
    assert str(pdf.Root.Lang) == "fr"
    assert not re.search("martin|Moulin|k7mw|0370123", described, re.IGNORECASE)


def test_only_the_bundled_typefaces_are_used() -> None:
    pages = PdfReader(io.BytesIO(render_sheets([a_sheet(text) for text in SheetText]))).pages
    fonts = {
        str(font.get_object()["/BaseFont"]) for page in pages for font in page["/Resources"]["/Font"].values()
    }

    assert fonts
    assert all("Atkinson" in font for font in fonts)


def test_each_class_has_one_bookmark() -> None:
    labels = ["CM1", "CM1", "CM2 A", "CM2 B", "CM2 B"]
    reader = PdfReader(io.BytesIO(render_sheets([a_sheet(class_label=label) for label in labels])))

    assert [item.title for item in reader.outline] == ["CM1", "CM2 A", "CM2 B"]
    assert [reader.get_destination_page_number(item) for item in reader.outline] == [0, 2, 3]


def test_nothing_to_render_is_an_error() -> None:
    with pytest.raises(ValueError, match="no sheet"):
        render_sheets([])


def test_a_secret_shows_in_no_representation() -> None:
    assert PROVISIONAL.secret not in repr(PROVISIONAL)
    assert PROVISIONAL.secret not in str(PROVISIONAL)


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        (SheetText.PROVISIONAL, {"secret": ""}),
        (SheetText.RESET, {"valid_until": None}),
        (SheetText.CHOSEN, {"secret": "k7mw3pxt9r", "valid_until": PROVISIONAL.valid_until}),
    ],
)
def test_a_sheet_and_its_secret_go_together(text: SheetText, changes: dict[str, object]) -> None:
    fields = {name: getattr(PROVISIONAL, name) for name in PROVISIONAL.__dataclass_fields__}
    without = {} if text.has_secret else {"secret": "", "valid_until": None}

    with pytest.raises(ValueError, match="do not go together") as error:
        Sheet(**{**fields, "text": text, **without, **changes})

    assert "k7mw3pxt9r" not in str(error.value)
    assert INES.surname not in str(error.value)
