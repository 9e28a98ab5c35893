"""What leaves for families: each sheet and mail speaks of one account, in the words of its own school."""

from io import BytesIO

import pytest
from pypdf import PdfReader

from accounts import mailing, operations, printing
from accounts.models import Operation
from notifications import sending
from tests.oracle import world as w
from tests.oracle.examples import COLLEGE, ECOLE, LYCEE, NEIGHBOURS
from tests.oracle.planting import planted
from tests.oracle.reading import Reader
from tests.oracle.rules import Oracle
from tests.oracle.walking import Walk
from tests.oracle.world import RESPONSABLE, STUDENT, mark

pytestmark = pytest.mark.django_db

# Who notifies in each school.
NOTIFIERS = [
    (0, COLLEGE, RESPONSABLE),
    (0, COLLEGE, STUDENT),
    (1, LYCEE, RESPONSABLE),
    (2, ECOLE, RESPONSABLE),
]


@pytest.fixture
def at_work(settings):
    settings.MAIL_HOLD = None
    with planted(NEIGHBOURS) as rows:
        oracle, reader = Oracle(NEIGHBOURS), Reader(rows)
        yield lambda agent, school: Walk(oracle, rows, reader, agent, school)


def notified(walk, population, action):
    """The operation by which an agent notifies everyone they may, as the console leads them to it."""
    answer = walk.post("operation_create", population=population, action=action, scope="filter", filter="")
    pk = int(answer.url.rstrip("/").rpartition("/")[2])
    walk.post("operation_confirm", pk, sheets="on")
    operations.run(pk)
    return pk


def check_letter(walk, text):
    """A letter speaks of one account, and tells it its own: the account's number."""
    told = walk.reader.marks_of(text) - {mark(w.SCHOOL, walk.school)}
    [identifier] = {m for m in told if m.startswith(f"XQ{w.IDENTIFIER}")}
    [number] = [n for n in range(len(walk.world.accounts)) if mark(w.IDENTIFIER, n) == identifier]
    assert told <= (allowed := walk.oracle.letter_to(number, walk.school)), sorted(told - allowed)
    return number


@pytest.mark.parametrize(("agent", "school", "population"), NOTIFIERS)
def test_a_sheet_bears_the_address_and_the_children_of_the_school_which_prints_it(
    at_work, agent, school, population
):
    walk = at_work(agent, school)
    pk = notified(walk, population, "notify_sheets")
    printing.plan_sheets(pk)
    for part in printing.missing_parts(pk):
        printing.render_part(part)
    assert printing.assemble(pk)

    document = walk.get("operation_document", pk)
    sheets = [page.extract_text() for page in PdfReader(BytesIO(document.content)).pages]
    told = [check_letter(walk, sheet) for sheet in sheets if f"XQ{w.IDENTIFIER}" in sheet.upper()]

    assert sorted(told) == sorted(walk.oracle.accounts(school, population))


@pytest.mark.parametrize(("agent", "school", "population"), NOTIFIERS)
def test_a_mail_goes_to_an_address_of_the_school_or_of_the_family_and_tells_its_own(
    at_work, agent, school, population, mail_server
):
    walk = at_work(agent, school)
    notified(walk, population, "notify_mail")
    sending.send_due(mailing.Composer())

    for mail in mail_server.received:
        number = check_letter(walk, mail.text)
        assert check_letter(walk, mail.html) == number
        known = {mark(w.MAIL, record) for record in walk.oracle.records_here(number, school)}
        if walk.world.accounts[number].has_validated_mail:
            known = {mark(w.VALIDATED_MAIL, number)}
        assert walk.reader.marks_of(mail.recipient) <= known
    held = walk.oracle.rows(school, population)
    due = {row.account for row in held if walk.oracle.has_mail(row)}
    assert len(mail_server.received) == len(due)
    assert Operation.objects.latest("pk").items.filter(channel="MAIL").count() == len(due)
