"""What the three formats of a list hold, read back."""

import csv
import io
from dataclasses import replace
from datetime import date, datetime
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pypdf import PdfReader

from notifications import listing_pdf
from notifications.listing import AccountList, ListedRow
from notifications.listing_csv import render_csv
from notifications.listing_pdf import render_pdf
from notifications.listing_xlsx import render_xlsx
from notifications.spreadsheets import harmless

ROW = ListedRow(
    pupil=1,
    surname="D’ALMEIDA",
    given_name="Noé",
    level="6EME",
    class_label="6E1",
    mef="6EME BILANGUE",
    holder_surname="LE GOFF",
    holder_given_name="Éloïse",
    identifier="e.legoff",
    password="k7mw3pxt9r",
    valid_until=date(2027, 2, 24),
    state="Notifié et non activé",
)


def a_list(*rows: ListedRow, **changes: object) -> AccountList:
    listing = AccountList(
        uai="0940001A",
        school="Collège Les Tilleuls",
        made_at=datetime(2026, 11, 24, 14, 15, 30, tzinfo=ZoneInfo("Europe/Paris")),
        made_by="Maud PRINCIPAL",
        rows=rows or (ROW,),
        of_responsables=True,
        is_second_degree=True,
        has_secrets=True,
    )
    return replace(listing, **changes)  # type: ignore[arg-type]


def text_of(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def tagged(role: str, element: pikepdf.Object) -> list[pikepdf.Object]:
    """The structure elements of a role, in reading order."""
    kids = element.get("/K")
    within = [kid for kid in kids if isinstance(kid, pikepdf.Dictionary)] if kids is not None else []
    found = [each for kid in within for each in tagged(role, kid)]
    return [element, *found] if element.get("/S") == role else found


def cells(xlsx: bytes) -> list[list[str]]:
    """The worksheet as text, dates as the days that Excel counts."""
    archive = ZipFile(io.BytesIO(xlsx))
    name = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    strings = [
        "".join(item.itertext())
        for item in etree.fromstring(archive.read("xl/sharedStrings.xml")).iter(f"{name}si")
    ]
    rows = []
    for row in etree.fromstring(archive.read("xl/worksheets/sheet1.xml")).iter(f"{name}row"):
        values = [(cell, cell.findtext(f"{name}v") or "") for cell in row]
        rows.append([strings[int(value)] if cell.get("t") == "s" else value for cell, value in values])
    return rows


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3+cmd",
        "@SUM(A1)",
        "\t=1+1",
        "\r=1+1",
        "\n=1",
        "  =1+1",
        "\u00a0=1+1",
        "\u3000＝1+1",
        "＠SUM(A1)",
        "-MARTIN",
    ],
)
def test_what_a_spreadsheet_would_compute_begins_with_an_apostrophe(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize(
    "text",
    [
        "LE GOFF-MARTIN",
        "D’ALMEIDA",
        "O'NEILL",
        "+33639980000",
        "+33 6 39 98 00 00",
        "-12",
        "******",
        "–",
        "",
        "6E1",
    ],
)
def test_names_phones_and_figures_are_left_as_they_are(text: str) -> None:
    assert harmless(text) == text


@given(st.text(alphabet="=+-@\t\r\n \"';,ABé\u00a0", max_size=12))
def test_any_text_comes_back_whole_from_the_csv_and_never_as_a_formula(text: str) -> None:
    content = render_csv(a_list(replace(ROW, surname=text))).decode("utf-8-sig")

    read = list(csv.reader(io.StringIO(content, newline=""), delimiter=";"))[1][2]

    assert read.removeprefix("'") == text.removeprefix("'")
    assert read[:1] not in {"\t", "\r", "\n"}
    assert read.lstrip()[:1] not in set("=+-@")


def test_the_csv_is_what_french_spreadsheets_open() -> None:
    content = render_csv(a_list(replace(ROW, surname='DU "PONT"; X', valid_until=None, password="")))

    assert content.startswith(b"\xef\xbb\xbfUAI;")
    assert content.count(b"\r\n") == content.count(b"\n") == 2
    assert b';"DU ""PONT""; X";' in content
    assert ";e.legoff;;;Notifié".encode() in content


def test_the_workbook_holds_text_and_dates_and_computes_nothing() -> None:
    header, row = cells(render_xlsx(a_list(replace(ROW, surname="=1+1"))))

    assert header[:6] == ["UAI", "Établissement", "Nom de l’élève", "Prénom de l’élève", "Niveau", "Classe"]
    assert row[2] == "=1+1"
    assert row[5] == "6E1"
    assert row[11] == str((date(2027, 2, 24) - date(1899, 12, 30)).days)
    sheet = ZipFile(io.BytesIO(render_xlsx(a_list(replace(ROW, surname="=1+1"))))).read(
        "xl/worksheets/sheet1.xml"
    )
    assert b"<f>" not in sheet


def test_the_pdf_says_whose_it_is_who_made_it_and_when_on_numbered_pages() -> None:
    rows = [replace(ROW, identifier=f"e.legoff{n}", class_label=f"6E{n // 40}") for n in range(80)]

    pages = text_of(render_pdf(a_list(*rows), class_per_page=False))

    assert len(pages) == 3
    for number, page in enumerate(pages, start=1):
        assert f"Page {number}/3" in page
        assert "Liste faite le 24/11/2026 à 14:15 par Maud PRINCIPAL" in page
        assert "Document confidentiel" in page
        assert "Identifiant" in page
        assert "Collège Les Tilleuls" in page
    assert "UAI 0940001A" in pages[0]
    words = " ".join(pages)
    assert all(f"e.legoff{n}" in words for n in range(80))
    for held in ("D’ALMEIDA Noé", "6EME BILANGUE", "LE GOFF Éloïse", "k7mw3pxt9r", "24/02/2027"):
        assert held in pages[0]


def test_each_class_begins_a_page_on_request() -> None:
    rows = [replace(ROW, class_label=label) for label in ("6E1", "6E1", "6E2", "")]

    together = text_of(render_pdf(a_list(*rows), class_per_page=False))
    apart = text_of(render_pdf(a_list(*rows), class_per_page=True))

    assert len(together) == 1
    assert [label in page for page, label in zip(apart, ("6E1", "6E2", "Sans classe"), strict=True)] == [
        True
    ] * 3


def test_a_list_without_passwords_is_not_called_confidential() -> None:
    [page] = text_of(render_pdf(a_list(has_secrets=False), class_per_page=False))

    assert "confidentiel" not in page


def test_names_are_text_in_the_pdf_whatever_they_hold() -> None:
    [page] = text_of(render_pdf(a_list(replace(ROW, surname="<b>NOM</b>&amp;")), class_per_page=False))

    assert "<b>NOM</b>&amp;" in page


def test_the_pdf_is_tagged_and_each_cell_knows_the_headers_of_its_column_and_row() -> None:
    pdf = pikepdf.open(io.BytesIO(render_pdf(a_list(ROW, ROW), class_per_page=False)))

    cells = tagged("/TD", pdf.Root.StructTreeRoot)
    assert str(pdf.Root.Lang) == "fr"
    assert len(tagged("/TH", pdf.Root.StructTreeRoot)) == 8 + 2
    assert [len(cell.A.Headers) for cell in cells] == [2] * 7 * 2
    assert [item.title for item in pdf.open_outline().root] == ["6E1 1 élève, 2 lignes"]


def test_two_pupils_of_the_same_name_are_two() -> None:
    [page] = text_of(render_pdf(a_list(ROW, replace(ROW, pupil=2)), class_per_page=False))

    assert "2 élèves, 2 lignes" in page


def test_a_long_list_is_laid_out_in_parts_which_read_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing_pdf, "ROWS_A_PART", 2)
    rows = [replace(ROW, identifier=f"e.legoff{n}", class_label=f"6E{n // 2}") for n in range(6)]

    content = render_pdf(a_list(*rows), class_per_page=False)

    pages = text_of(content)
    for number, page in enumerate(pages, start=1):
        assert f"Page {number}/3" in page
        assert f"e.legoff{2 * number - 1}" in page
        assert "Liste faite le 24/11/2026 à 14:15 par Maud PRINCIPAL" in page
        assert "Collège Les Tilleuls – UAI 0940001A" in page or number == 1
    assert ["Liste des responsables" in page for page in pages] == [True, False, False]
    pdf = pikepdf.open(io.BytesIO(content))
    identifiers = [str(header.ID) for header in tagged("/TH", pdf.Root.StructTreeRoot)]
    named = {str(each) for cell in tagged("/TD", pdf.Root.StructTreeRoot) for each in cell.A.Headers}
    assert len(identifiers) == len(set(identifiers)) == 3 * 8 + 6
    assert named <= set(identifiers)
    assert [item.title.split()[0] for item in pdf.open_outline().root] == ["6E0", "6E1", "6E2"]
