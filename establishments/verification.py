"""Whether the sealed days of the journal still are what they were when they were sealed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from establishments.models import Event, EventKind, JournalSeal
from establishments.seals import DAY, FIRST, Content, bounds_of, content_of, digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_ANY_BEFORE = "SELECT EXISTS (SELECT FROM establishments_event WHERE at < %s)"


class BrokenSeal(Exception):
    """What is sealed is no longer what it was; `why` is a French sentence without its full stop."""

    def __init__(self, day: date, why: str) -> None:
        super().__init__(f"{day:%d/%m/%Y} : {why}.")
        self.day, self.why = day, why


@dataclass(slots=True)
class Report:
    """`days` were read, `purged` of which hold no event any more; `broken` is the first to differ."""

    days: int = 0
    events: int = 0
    purged: int = 0
    last: JournalSeal | None = None
    broken: BrokenSeal | None = None
    unsealed: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": self.broken is None,
            "days": self.days,
            "events": self.events,
            "purged_days": self.purged,
            "last_seal": self.last and {"day": self.last.day.isoformat(), "sha256": self.last.sha256},
            "first_broken": self.broken and {"day": self.broken.day.isoformat(), "why": self.broken.why},
            "unsealed_days": self.unsealed,
        }


def verify(since: date | None = None, until: date | None = None, *, known: str = "") -> Report:
    """Compute again every seal from `since` to `until`, all of them by default, and stop at the first broken.

    `known` is a seal noted outside the database: it must be among them.
    """
    report = Report()
    try:
        if since is None:
            _nothing_before()
        purged = purged_until()
        for seal in _chained(since, until):
            _verify_day(seal, report, purged)
        if known and not JournalSeal.objects.filter(sha256=known).exists():
            day = report.last.day if report.last else datetime.now(UTC).date()
            raise BrokenSeal(day, "le sceau connu n’est plus dans la chaîne")
    except BrokenSeal as broken:
        report.broken = broken
    report.unsealed = unsealed_days()
    return report


def check_day(seal: JournalSeal) -> None:
    """Raises BrokenSeal when the seal, or the events of its day, are not those which were sealed."""
    if seal.sha256 != digest_of(seal):
        raise BrokenSeal(seal.day, "le sceau a été modifié")
    with transaction.atomic():
        content = content_of(seal.day)
    if content.events != seal.events:
        why = f"{content.events} évènements au lieu de {seal.events} (ajoutés ou supprimés après coup)"
        raise BrokenSeal(seal.day, why)
    if content != Content(seal.events, seal.first_event, seal.last_event, seal.events_sha256):
        raise BrokenSeal(seal.day, "des évènements ont été modifiés ou déplacés après coup")


def month_of(moment: date, months: int = 0) -> date:
    """The first day of its month, or of the one so many months later."""
    number = moment.year * 12 + moment.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def purged_until() -> date | None:
    """The first day which no purge has dropped: each purge tells its month, and outlives the one before."""
    purges = Event.objects.filter(target_kind="journal", kind=EventKind.JOURNAL_PURGED)
    months = purges.order_by("-at", "-pk").values_list("data__month", flat=True)
    last = months.first()
    return month_of(date.fromisoformat(f"{last}-01"), 1) if last else None


def _nothing_before() -> None:
    """The first seal is of the first event: nothing is older."""
    first = JournalSeal.objects.order_by("day").first()
    if first is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(_ANY_BEFORE, [bounds_of(first.day)[0]])
        if cursor.fetchone()[0]:
            raise BrokenSeal(first.day, "des évènements plus anciens que le premier sceau ont été ajoutés")


def _chained(since: date | None, until: date | None) -> Iterator[JournalSeal]:
    """The seals in order, each bound to the day before; raises BrokenSeal where the chain is cut."""
    seals = JournalSeal.objects.order_by("day")
    before = seals.filter(day__lt=since).last() if since else None
    seals = seals.filter(day__gte=since) if since else seals
    seals = seals.filter(day__lte=until) if until else seals
    for seal in seals.iterator():
        if before and seal.day != before.day + DAY:
            raise BrokenSeal(before.day + DAY, "le sceau de ce jour manque")
        if seal.previous != (before.sha256 if before else FIRST):
            raise BrokenSeal(seal.day, "le sceau ne suit pas celui de la veille")
        yield seal
        before = seal


def _verify_day(seal: JournalSeal, report: Report, purged: date | None) -> None:
    report.days, report.last = report.days + 1, seal
    if purged and seal.day < purged:
        _check_purged(seal)
        report.purged += 1
        return
    check_day(seal)
    report.events += seal.events


def _check_purged(seal: JournalSeal) -> None:
    if seal.sha256 != digest_of(seal):
        raise BrokenSeal(seal.day, "le sceau a été modifié")
    start, end = bounds_of(seal.day)
    if Event.objects.filter(at__gte=start, at__lt=end).exists():
        raise BrokenSeal(seal.day, "des évènements ont été ajoutés à un jour purgé")


def unsealed_days() -> int:
    """Past days which wait for their seal: one every night, more when something holds the sealing up."""
    last = JournalSeal.objects.order_by("day").last()
    return max((datetime.now(UTC).date() - last.day).days - 1, 0) if last else 0
