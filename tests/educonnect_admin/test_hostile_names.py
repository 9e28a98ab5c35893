"""Names meant to harm, brought by a real import: text on pages, in mails, PDFs and spreadsheets."""

import csv
import io
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from pypdf import PdfReader

from aaf_import.importing import import_extract
from accounts import exports, mailing, operations, printing
from accounts.bundles import Bundle
from accounts.exports import ListFormat, ListOptions
from accounts.models import Account, AccountKind, Operation
from establishments.access import get_access
from establishments.models import Agent, Establishment, Responsable
from notifications import sending
from notifications.documents import read_document
from notifications.mails import Mail, as_bytes
from notifications.spreadsheets import write_csv
from notifications.typesetting import lay_out, write
from tests.aaf_import.builder import MEF, SCHOOL, UAI, Extract, link
from tests.routes import INSIDE, filled, routes

pytestmark = pytest.mark.django_db

IMAGE = '<img src="http://127.0.0.1:9/x" onerror=alert(1)>'
SCRIPT = '"><script>alert(1)</script>'
TEMPLATE = "{{ 7|add:7 }}{% debug %}"
FORMULA = "=HYPERLINK(A1)"
INJECTED = "Victime\r\nBcc: victime@example.org"
# What a page would hold had one of them been taken for its own.
DONE = ("<img src=", "<script>alert", ">14<", "onerror=alert(1)>")


@pytest.fixture(autouse=True)
def documents(settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path / "documents"


@pytest.fixture
def access(tmp_path):
    """A collège whose extract was written by an enemy, seen by its head."""
    hostile = Extract()
    hostile.school(
        ENTStructureNomCourant=f"CLG$TILLEULS {SCRIPT} {INJECTED}$FICTIVILLE{IMAGE}",
        ENTStructureClasses=[f"6A$../../{SCRIPT}${MEF}"],
    )
    hostile.staff("60001", f"{SCHOOL}$DIR$DIRECTION$D0010$CHEF", sn=f"CHEF{SCRIPT}", givenName=TEMPLATE)
    hostile.mef(label=f"6EME{IMAGE}").add_subject()
    for number, name in enumerate((IMAGE, SCRIPT, TEMPLATE, FORMULA, INJECTED, "@SUM(1)", "+1+1", "-2-3")):
        responsable, pupil = f"8000{number}", f"7000{number}"
        hostile.responsable(
            responsable,
            sn=f"{name}",
            givenName=f"{name}",
            mail=f"famille{number}@example.org",
            ENTPersonAdresse=f"2 RUE {IMAGE}",
        )
        hostile.pupil(pupil, link(responsable), sn=name, ENTPersonNomPatro=name, givenName=name)
    import_extract(hostile.write(tmp_path / "extract"), processes=1)
    return get_access(Agent.objects.get(), UAI)


@pytest.fixture
def inside(client, access):
    client.force_login(access.agent)
    return client


def operated(access, kind, options, population=AccountKind.RESPONSABLE):
    accounts = Account.objects.visible_to(access).filter(kind=population)
    drafted = ListOptions(ListFormat.CSV).as_json() if kind == Operation.Kind.LIST else {}
    operation = operations.draft(access, kind, population, accounts, options=drafted)
    operations.confirm(operation, options)
    operation.refresh_from_db()
    return operation


def printed(operation):
    printing.plan_sheets(operation.pk)
    for part in printing.missing_parts(operation.pk):
        printing.render_part(part)
    assert printing.assemble(operation.pk)
    operation.refresh_from_db()
    return read_document(operation.document)


def listed(access, format):
    operation = operated(access, Operation.Kind.LIST, ListOptions(format, with_secrets=False).as_json())
    exports.make_list(operation.pk)
    operation.refresh_from_db()
    return read_document(operation.document)


def text_of(pdf):
    reader = PdfReader(io.BytesIO(pdf))
    assert not reader.attachments
    return "".join("".join(page.extract_text().split()) for page in reader.pages)


def test_the_import_keeps_the_names_as_they_were_written(access):
    assert Responsable.objects.filter(surname=IMAGE).exists()
    assert Responsable.objects.filter(surname=FORMULA).exists()
    assert not Responsable.objects.filter(surname__contains="\n").exists()
    assert "<script>" in Establishment.objects.get().name


def test_on_every_page_they_are_text(access, inside):
    accounts = Account.objects.values_list("pk", flat=True)
    operations_made = [
        operated(access, kind, {}).pk for kind in (Operation.Kind.NOTIFY_SHEETS, Operation.Kind.NOTIFY_MAIL)
    ]
    pages = []
    for _, path in routes():
        if path.startswith(INSIDE):
            keys = accounts if "/comptes/" in path else operations_made
            for key in keys if "<int:pk>" in path else keys[:1]:
                for headers in ({}, {"HX-Request": "true"}):
                    pages.append(inside.get(filled(path, uai=UAI, pk=key), headers=headers).text)
    pages.append(inside.get("/etablissements/?q=TILLEULS").text)
    assert any("&lt;img src=" in page for page in pages)
    assert any("{{ 7|add:7 }}" in page for page in pages)
    for page in pages:
        assert not [word for word in DONE if word in page]


def test_on_paper_they_are_text(access):
    sheets = operated(access, Operation.Kind.NOTIFY_SHEETS, Bundle(has_cover=True, has_signing=True).options)
    assert operations.run(sheets.pk)
    letter = text_of(printed(sheets))
    list_of_accounts = text_of(listed(access, ListFormat.PDF))
    for text in (letter, list_of_accounts):
        assert "<imgsrc=" in text
        assert "<script>alert(1)" in text
        assert "{{7|add:7}}" in text


def test_short_sheets_and_archives_take_them_for_text_too(access):
    bundle = Bundle(sheets_a_page=8, is_archive=True)
    sheets = operated(access, Operation.Kind.NOTIFY_SHEETS, bundle.options)
    assert operations.run(sheets.pk)
    with ZipFile(io.BytesIO(printed(sheets))) as archive:
        for name in archive.namelist():
            assert "/" not in name
            assert ".." not in name
            assert name.isascii()
            assert "<script>alert(1)" in text_of(archive.read(name))


def test_in_mails_they_are_text_and_no_header(access, mail_server):
    operation = operated(access, Operation.Kind.NOTIFY_MAIL, {"sheets": True})
    assert operations.end_hold(operation, by=None)
    operations.run(operation.pk)
    sending.send_due(mailing.Composer())
    assert len(mail_server.received) == 8
    for received in mail_server.received:
        assert received.message["Bcc"] is None
        assert received.recipient in received.message["To"]
        assert len(received.message["From"].addresses) == 1
        assert not [word for word in DONE if word in received.html]
    assert any("&lt;img src=" in received.html for received in mail_server.received)


def test_a_line_break_in_a_name_opens_no_header():
    mail = Mail(
        "a@example.org", INJECTED, "x@example.org\r\nBcc: y@example.org", INJECTED, "texte", "<p>x</p>"
    )
    head = as_bytes(mail, "<1@example.org>").split(b"\r\n\r\n")[0]
    assert not [line for line in head.split(b"\r\n") if line.lower().startswith(b"bcc")]
    assert b"reply-to" not in head.lower()


def test_in_a_csv_no_cell_is_a_formula(access):
    rows = list(csv.reader(io.StringIO(listed(access, ListFormat.CSV).decode("utf-8-sig")), delimiter=";"))
    cells = [cell for row in rows for cell in row]
    assert any(FORMULA in cell for cell in cells)
    for cell in cells:
        assert not cell.startswith(("=", "@", "\t", "\r", "-2-3", "+1+1")), cell


@pytest.mark.parametrize(
    "start", ["=1", "+1+1", "-1-1", "@A", "\t=1", "\r=1", "\n=1", " =1", "＝1", "\u00a0=1", "+A"]
)
def test_whatever_it_begins_with_a_cell_is_no_formula(start):
    [[cell]] = csv.reader(io.StringIO(write_csv([[start]]).decode("utf-8-sig"), newline=""), delimiter=";")
    assert cell == f"'{start}"


def test_in_a_workbook_no_cell_is_a_formula_nor_a_link(access):
    with ZipFile(io.BytesIO(listed(access, ListFormat.XLSX))) as workbook:
        sheet = ElementTree.fromstring(workbook.read("xl/worksheets/sheet1.xml"))
        strings = workbook.read("xl/sharedStrings.xml").decode()
        assert not [
            name for name in workbook.namelist() if "external" in name.lower() or "_rels/sheet" in name
        ]
    assert FORMULA in strings
    assert not list(sheet.iter("{http://schemas.openxmlformats.org/spreadsheetml/2006/main}f"))


@pytest.fixture
def listener():
    """A server of this machine, and the paths that were asked of it."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *args):
            """Nothing to say."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_document_fetches_nothing_even_were_its_text_taken_for_html(listener, tmp_path):
    address, asked = listener
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET OF THE MACHINE")
    (tmp_path / "own.css").write_text("p::after { content: 'STYLED' }")
    body = (
        f'<img src="{address}/img"><img src="{secret.as_uri()}"><object data="{address}/object"></object>'
        f'<link rel="stylesheet" href="{address}/css">'
        f'<link rel="stylesheet" href="{tmp_path.as_uri()}/own.css">'
        f'<style>@import url("{address}/import"); p {{ background: url("{address}/background") }}</style>'
        f'<link rel="attachment" href="{secret.as_uri()}"><a rel="attachment" href="{secret.as_uri()}">x</a>'
        f'<svg><image href="{address}/svg"/></svg><p>dit</p>'
    )
    pdf = write(lay_out(body, title="</title><script>", style="sheet.css", codes={}))
    assert text_of(pdf).endswith("dit")
    assert "STYLED" not in text_of(pdf)
    assert asked == []


def test_the_fonts_of_the_project_are_still_found(access):
    fonts = PdfReader(io.BytesIO(listed(access, ListFormat.PDF))).pages[0]["/Resources"]["/Font"]
    assert any("Atkinson" in str(font.get_object()["/BaseFont"]) for font in fonts.values())
