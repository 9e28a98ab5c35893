"""The printed list of what is to correct: grouped by where, cut into parts which read as one document."""

from datetime import UTC, datetime
from io import BytesIO

import pikepdf
import pytest
from pypdf import PdfReader

from notifications import issue_list
from notifications.issue_list import IssueList, ListedIssue, ListedPlace, render_pdf
from tests.notifications.test_listing import tagged

AT = datetime(2026, 11, 24, 13, 15, tzinfo=UTC)


def a_place(name: str, lines: int) -> ListedPlace:
    issues = [ListedIssue("6E1", f"NOM{n} Anne", "", "INE absent", "", AT) for n in range(lines)]
    return ListedPlace(name, issues)


def a_list(*places: ListedPlace) -> IssueList:
    return IssueList("Collège Les Tilleuls", "0940001A", "SIECLE", AT, "Maud PRINCIPAL", list(places))


def test_a_long_list_is_cut_into_parts_whose_headings_and_pages_follow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(issue_list, "LINES_A_PART", 3)

    content = render_pdf(a_list(a_place("Identité : INE", 4), a_place("Scolarité : classe", 3)))

    pages = [page.extract_text() for page in PdfReader(BytesIO(content)).pages]
    assert ["À corriger dans SIECLE" in page for page in pages] == [True, False, False]
    for number, page in enumerate(pages, start=1):
        assert f"Page {number}/3" in page
        assert "Collège Les Tilleuls – UAI 0940001A" in page
        assert "Constat" in page
    assert "Identité : INE 4 lignes" in pages[0]
    assert "Identité : INE (suite)" in pages[1]
    assert "Scolarité : classe 3 lignes" in pages[1]
    assert "Scolarité : classe (suite)" in pages[2]
    assert sum(page.count("NOM") for page in pages) == 7
    pdf = pikepdf.open(BytesIO(content))
    assert [item.title for item in pdf.open_outline().root] == ["Identité : INE", "Scolarité : classe"]
    assert len(tagged("/TR", pdf.Root.StructTreeRoot)) == 7 + 4


def test_a_list_which_ends_with_a_part_has_no_empty_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issue_list, "LINES_A_PART", 2)

    content = render_pdf(a_list(a_place("Identité : INE", 4)))

    assert len(PdfReader(BytesIO(content)).pages) == 2
