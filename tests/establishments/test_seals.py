"""Sealed days of the journal: who changes one of their events is found out."""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from establishments.models import Event, EventKind, JournalSeal
from establishments.months import make_months, partition_of, purge_old_months
from establishments.seals import content_of, digest_of, seal_past_days
from establishments.tasks import purge_journal, seal_journal
from establishments.verification import BrokenSeal, month_of, unsealed_days, verify

pytestmark = pytest.mark.django_db

TODAY = datetime.now(UTC).date()
# A test is one transaction: its rows’ deferred checks must not keep tables from being dropped.
CHECKED = "SET CONSTRAINTS ALL IMMEDIATE"
DAY = timedelta(days=1)


def record(day, hour=12, target=1, **fields):
    at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    return Event.objects.create(
        **{"kind": EventKind.ACCOUNT_NOTIFY, "actor": "PLATFORM", "data": {"b": 1, "aa": "é"}}
        | fields
        | {"at": at, "target_kind": "account", "target_id": target}
    )


def sql(*statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def as_owner(statement):
    """What the owner of the table can do: the triggers off, the deed, the triggers back."""
    sql(
        "ALTER TABLE establishments_event DISABLE TRIGGER USER",
        "ALTER TABLE establishments_journalseal DISABLE TRIGGER USER",
        statement,
        "ALTER TABLE establishments_event ENABLE TRIGGER USER",
        "ALTER TABLE establishments_journalseal ENABLE TRIGGER USER",
    )


@pytest.fixture
def sealed():
    """Five sealed days, up to yesterday or the day before: three events on the second, none on the third."""
    start = TODAY - 7 * DAY
    record(start)
    events = [record(start + DAY, hour=hour, target=hour) for hour in (8, 9, 10)]
    record(start + 3 * DAY)
    seal_past_days()
    return events


def test_every_past_day_is_sealed_in_order_once_even_without_events(sealed):
    seals = list(JournalSeal.objects.order_by("day"))

    assert [seal.events for seal in seals][:4] == [1, 3, 0, 1]
    assert seals[0].previous == "0" * 64
    assert [seal.previous for seal in seals[1:]] == [seal.sha256 for seal in seals[:-1]]
    assert seals[-1].day < TODAY
    assert seal_past_days() == []
    assert verify().broken is None


def test_the_canonical_form_is_the_documented_one():
    day = TODAY - 3 * DAY
    event = record(day)
    seal_past_days()
    seal = JournalSeal.objects.get(day=day)
    line = (
        f'[{event.pk}, "account:notify", "{day}T12:00:00.000000Z", null, "PLATFORM", null, "account", 1, '
        '{"b": 1, "aa": "é"}]\n'
    )
    assert seal.events_sha256 == hashlib.sha256(line.encode()).hexdigest()
    at = seal.sealed_at.astimezone(UTC).isoformat(timespec="microseconds")
    told = f"{day} 1 {event.pk} {event.pk} {seal.events_sha256} {'0' * 64} {at}"
    assert seal.sha256 == hashlib.sha256(told.encode()).hexdigest()


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE establishments_event SET agent_id = NULL, data = '{{\"b\": 2}}' WHERE id = {pk}",
        "UPDATE establishments_event SET kind = 'account:password:reset' WHERE id = {pk}",
        "UPDATE establishments_event SET at = at + interval '1 second' WHERE id = {pk}",
        "UPDATE establishments_event SET at = at - interval '90 minutes' WHERE id = {pk}",
        "UPDATE establishments_event SET id = id + 1000 WHERE id = {pk}",
        "DELETE FROM establishments_event WHERE id = {pk}",
        "INSERT INTO establishments_event (kind, at, actor, target_kind, target_id, data)"
        " SELECT kind, at, actor, target_kind, target_id, data FROM establishments_event WHERE id = {pk}",
        "UPDATE establishments_journalseal SET events = 4 WHERE day = '{day}'",
        "UPDATE establishments_journalseal SET sealed_at = sealed_at - interval '1 day' WHERE day = '{day}'",
        "DELETE FROM establishments_journalseal WHERE day = '{day}'",
        "UPDATE establishments_event SET at = at + interval '5 days' WHERE id = {pk}",
    ],
)
def test_what_the_owner_of_the_table_changes_in_a_sealed_day_is_found(sealed, tampering):
    event = sealed[1]
    as_owner(tampering.format(pk=event.pk, day=event.at.date()))

    broken = verify().broken
    assert broken is not None
    assert broken.day == event.at.date()


def test_two_events_exchanged_are_found(sealed):
    first, second = sealed[0], sealed[1]
    as_owner(
        "UPDATE establishments_event changed SET target_id = other.target_id FROM establishments_event other"
        f" WHERE (changed.id, other.id) IN (({first.pk}, {second.pk}), ({second.pk}, {first.pk}))"
    )
    assert verify().broken.day == first.at.date()


def test_an_event_put_before_the_first_seal_is_found(sealed):
    as_owner(
        "INSERT INTO establishments_event (kind, at, actor, target_kind, target_id, data)"
        " SELECT kind, at - interval '60 days', actor, target_kind, target_id, data"
        f" FROM establishments_event WHERE id = {sealed[0].pk}"
    )
    assert "plus anciens" in verify().broken.why


def test_a_day_sealed_again_after_a_change_breaks_the_chain(sealed):
    day = sealed[0].at.date()
    as_owner(f"DELETE FROM establishments_event WHERE id = {sealed[0].pk}")
    seal, content = JournalSeal.objects.get(day=day), content_of(day)
    seal.events, seal.first_event, seal.events_sha256 = content.events, content.first, content.sha256
    sql("ALTER TABLE establishments_journalseal DISABLE TRIGGER USER")
    JournalSeal.objects.filter(day=day).update(
        events=seal.events,
        first_event=seal.first_event,
        events_sha256=seal.events_sha256,
        sha256=digest_of(seal),
    )
    assert verify().broken.day == day + DAY


def test_last_seals_made_again_are_found_by_a_seal_noted_elsewhere(sealed):
    known = JournalSeal.objects.latest("day").sha256
    assert verify(known=known).broken is None

    as_owner(f"DELETE FROM establishments_event WHERE id = {sealed[0].pk}")
    sql("ALTER TABLE establishments_journalseal DISABLE TRIGGER USER")
    sql("DELETE FROM establishments_journalseal")
    seal_past_days()
    assert verify().broken is None
    assert "connu" in verify(known=known).broken.why


def test_a_sealed_day_takes_no_more_events(sealed):
    with pytest.raises(IntegrityError, match="sealed"), transaction.atomic():
        record(sealed[0].at.date())
    record(TODAY)


def test_an_event_is_neither_changed_nor_removed_even_in_its_partition():
    month_of_old = month_of(TODAY, -3)
    with connection.cursor() as cursor:
        cursor.execute("SELECT establishments_make_month(%s)", [month_of_old])
        cursor.execute("ALTER TABLE establishments_event ENABLE TRIGGER event_not_emptied")
    sql(CHECKED)
    event = record(month_of_old)
    for table in ("establishments_event", partition_of(month_of_old)):
        for statement in (
            f"UPDATE {table} SET target_id = 9 WHERE id = {event.pk}",
            f"DELETE FROM {table} WHERE id = {event.pk}",
            f"TRUNCATE {table}",
        ):
            with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
                sql(statement)


def test_months_are_made_ahead_but_not_over_events_which_lie_elsewhere():
    record(TODAY)
    made = make_months(TODAY, ahead=3)

    assert made == [month_of(TODAY, number) for number in (1, 2, 3)]
    assert make_months(TODAY, ahead=3) == []


@pytest.fixture
def short_memory(settings):
    settings.JOURNAL_MONTHS = 2


def old_months(in_partitions):
    """Three months to purge and one to keep, each with events, all sealed."""
    sql(CHECKED)
    months = [month_of(TODAY, -number) for number in (5, 4, 3, 1)]
    for month in months:
        if in_partitions:
            sql(f"SELECT establishments_make_month('{month}')")
        record(month + 2 * DAY)
        record(month + 9 * DAY)
    seal_past_days()
    return months


@pytest.mark.parametrize("in_partitions", [True, False])
def test_a_purge_drops_whole_old_months_and_the_seals_stay(short_memory, in_partitions):
    months = old_months(in_partitions)
    seals = JournalSeal.objects.count()
    purge_old_months(TODAY)

    kept = Event.objects.exclude(kind=EventKind.JOURNAL_PURGED).order_by("at")
    assert [event.at.date() for event in kept] == [months[3] + 2 * DAY, months[3] + 9 * DAY]
    told = Event.objects.filter(kind=EventKind.JOURNAL_PURGED).order_by("pk")
    assert [(event.data["month"], event.data["events"]) for event in told] == [
        (f"{month:%Y-%m}", 2) for month in months[:3]
    ]
    assert JournalSeal.objects.count() == seals
    report = verify()
    assert (report.broken, report.events) == (None, 2)
    assert report.purged == (month_of(TODAY, -2) - months[0] - 2 * DAY).days
    assert purge_old_months(TODAY) == []


def test_the_chain_is_checked_even_where_events_are_purged(short_memory):
    months = old_months(in_partitions=True)
    purge_old_months(TODAY)
    as_owner(f"UPDATE establishments_journalseal SET events = 7 WHERE day = '{months[1] + 2 * DAY}'")

    assert verify().broken.day == months[1] + 2 * DAY


def test_an_event_put_back_in_a_purged_month_is_found(short_memory):
    months = old_months(in_partitions=True)
    purge_old_months(TODAY)
    as_owner(
        "INSERT INTO establishments_event (kind, at, actor, target_kind, target_id, data)"
        f" VALUES ('account:notify', '{months[1] + 3 * DAY} 10:00Z', 'PLATFORM', 'account', 1, '{{}}')"
    )
    assert "purgé" in verify().broken.why


def test_a_month_which_was_changed_is_not_purged(short_memory):
    months = old_months(in_partitions=True)
    as_owner(f"DELETE FROM {partition_of(months[0])} WHERE at < '{months[0] + 5 * DAY}'")

    with pytest.raises(BrokenSeal):
        purge_old_months(TODAY)
    assert Event.objects.filter(at__date__lt=months[1]).count() == 1


def test_a_month_which_is_not_sealed_is_kept(short_memory):
    record(month_of(TODAY, -4))
    assert purge_old_months(TODAY) == []
    assert Event.objects.count() == 1


def test_the_purge_keeps_as_many_months_as_the_setting_says(settings):
    settings.JOURNAL_MONTHS = 4
    months = old_months(in_partitions=True)

    assert [purged.month for purged in purge_old_months(TODAY)] == [months[0]]


def test_the_tasks_of_the_night_make_months_seal_and_purge(short_memory):
    sql(CHECKED)
    record(month_of(TODAY, -4))
    seal_journal()
    assert JournalSeal.objects.exists()
    assert unsealed_days() <= 1
    purge_journal()
    assert [event.kind for event in Event.objects.all()] == [EventKind.JOURNAL_PURGED]


def test_the_command_says_the_first_broken_day_and_fails(sealed):
    out = StringIO()
    call_command("verify_journal", stdout=out)
    assert "Rien n’a changé depuis." in out.getvalue()

    day = sealed[0].at.date()
    as_owner(f"DELETE FROM establishments_event WHERE id = {sealed[0].pk}")
    out = StringIO()
    with pytest.raises(CommandError, match=f"{day:%d/%m/%Y}") as error:
        call_command("verify_journal", "--json", stdout=out)
    assert error.value.returncode == 1
    assert json.loads(out.getvalue())["first_broken"]["day"] == day.isoformat()
    call_command("verify_journal", "--from", str(day + DAY), stdout=StringIO())
    call_command("verify_journal", "--to", str(day - DAY), stdout=StringIO())


def test_months_clamp_at_the_turn_of_the_year():
    assert month_of(date(2026, 1, 31), -1) == date(2025, 12, 1)
    assert month_of(date(2026, 12, 5), 1) == date(2027, 1, 1)
