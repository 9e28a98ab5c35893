"""Applies what a run has staged: one transaction, one feed at a time, everything or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from aaf_import.attributes import NAMES
from aaf_import.extract import Kind
from aaf_import.identity import FeedKey, Identity
from aaf_import.merging.agents import merge_agents
from aaf_import.merging.anomalies import count_anomalies, find_unresolved, write_anomalies
from aaf_import.merging.changes import find_wholly_told, stage_changes
from aaf_import.merging.corrections import find_touched, note_corrected
from aaf_import.merging.departures import Losses, Thresholds, find_departures, set_aside_establishments
from aaf_import.merging.duplicates import keep_first_entries
from aaf_import.merging.links import merge_links
from aaf_import.merging.merge import Merge
from aaf_import.merging.offers import offer_establishments
from aaf_import.merging.people import merge_responsables, merge_students
from aaf_import.merging.places import (
    create_academies,
    leave_establishments,
    merge_classes,
    merge_establishments,
    merge_territories,
)
from aaf_import.merging.telling import tell_establishments
from aaf_import.models import ImportRun
from aaf_import.staging import schema_of
from accounts.data_issues import refresh_data_issues
from accounts.joining.arrivals import give_accounts
from accounts.models import AccountKind
from establishments.models import Feed

APPLY_LOCK = 0x4141_4600
"""Identifiants are national: one feed is applied at a time, whatever the number of processes."""
# Hash joins of a whole académie fit; the planner needs sizes, not portraits; foreign keys are checked by each
# statement, so that what waits stays small.
_SESSION = """
SET LOCAL work_mem = '64MB';
SET LOCAL jit = off;
SET LOCAL default_statistics_target = 10;
SET CONSTRAINTS ALL IMMEDIATE;
"""


_COUNTED = ("establishments", "classes", "students", "responsables", "responsibilities")
_WHO = {"students": "élèves", "responsables": "responsables"}


class Refused(Exception):
    """The extract must not be applied; the message is a French sentence."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to take an extract.

    `force` applies an older one, or one that loses much; `year_change` expects many departures; `dry_run`
    undoes everything at the end; only what is of `feed`, when it is given, is taken.
    """

    force: bool = False
    dry_run: bool = False
    year_change: bool = False
    feed: FeedKey | None = None


def apply(
    run: ImportRun,
    identity: Identity,
    covered: frozenset[str],
    options: Options,
    refusals: Sequence[str] = (),
) -> None:
    """Apply the run's staged tables, and write on the run what was done.

    `refusals` are reasons known already why the extract must not be applied. Raises Refused, nothing done:
    the run says what would have been.
    """
    found = list(refusals)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SESSION)
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [APPLY_LOCK])
        cursor.execute(
            "SELECT set_config('search_path', %s || ', ' || current_setting('search_path'), true)",
            [schema_of(run.pk)],
        )
        merge = Merge(cursor, _feed(identity), timezone.now(), covered, identity.kind is Kind.DELTA)
        found += _check_order(merge.feed, identity.day)
        found += _merge_places_and_people(merge, _thresholds(year_change=run.year_change))
        note_corrected(merge)
        touched = find_touched(merge)
        accounts = give_accounts(merge.feed, now=merge.now, among=touched)
        refresh_data_issues(merge.feed, now=merge.now, touched=touched)
        tell_establishments(merge)
        # Last: a director who signs in meanwhile waits for the end of the transaction.
        merge_agents(merge, NAMES[identity.degree].mail)
        _report(run, merge, accounts)
        is_refused = bool(found) and not options.force
        if is_refused or options.dry_run:
            transaction.set_rollback(True)
        else:
            _keep(run, merge, identity)
    if is_refused:
        raise Refused(" ".join(found))
    if options.dry_run:
        run.status = ImportRun.Status.DRY_RUN
        run.save()


def is_year_change(day: date) -> bool:
    """Whether extracts of that day change the school year."""
    return (
        len(settings.AAF_YEAR_CHANGE) == 2
        and settings.AAF_YEAR_CHANGE[0] <= day <= settings.AAF_YEAR_CHANGE[1]
    )


def _feed(identity: Identity) -> Feed:
    create_academies({identity.academy})
    return Feed.objects.get_or_create(academy_id=identity.academy, degree=identity.degree)[0]


def _check_order(feed: Feed, day: date) -> list[str]:
    if not feed.extract_date or day >= feed.extract_date:
        return []
    last = f"{feed.extract_date:%d/%m/%Y}"
    return [f"Cet extrait, du {day:%d/%m/%Y}, est plus ancien que le dernier appliqué ({last})."]


def _thresholds(*, year_change: bool) -> Thresholds:
    """At the change of year a school may lose all its pupils, and a feed many."""
    if year_change:
        return Thresholds(settings.AAF_WATCHED_FROM, 1, settings.AAF_YEAR_CHANGE_LOSS)
    return Thresholds(settings.AAF_WATCHED_FROM, settings.AAF_ESTABLISHMENT_LOSS, settings.AAF_FEED_LOSS)


def _merge_places_and_people(merge: Merge, thresholds: Thresholds) -> list[str]:
    """Places, then who leaves them, then people, then what links them; why it should not be believed."""
    if merge.is_delta:
        stage_changes(merge)
    keep_first_entries(merge)
    if merge.is_delta:
        find_wholly_told(merge)
    merge_territories(merge)
    merge_establishments(merge)
    losses = find_departures(merge)
    set_aside_establishments(merge, thresholds)
    merge_classes(merge)
    merge_students(merge)
    merge_responsables(merge)
    merge_links(merge)
    leave_establishments(merge)
    offer_establishments(merge)
    find_unresolved(merge)
    return _check_losses(losses, thresholds, is_delta=merge.is_delta)


def _check_losses(losses: dict[str, Losses], thresholds: Thresholds, *, is_delta: bool) -> list[str]:
    why = (
        "sont supprimés par l’extrait : c’est sans doute une erreur."
        if is_delta
        else "ne sont plus dans l’extrait : il est sans doute incomplet."
    )
    too_many = [
        f"{loss.gone} {_WHO[who]} sur {loss.present} {why}"
        for who, loss in losses.items()
        if loss.exceed(thresholds.feed_share, thresholds.watched_from)
    ]
    # Responsables leave with their pupils: one says it.
    return too_many[:1]


def _report(run: ImportRun, merge: Merge, accounts: dict[AccountKind, int]) -> None:
    created = {kind.value.lower(): {"created": number} for kind, number in accounts.items()}
    counts: dict[str, object] = {name: merge.counts[name].as_json() for name in _COUNTED}
    run.counts = {**counts, "accounts": created, "agents": merge.counts["agents"].as_json()}
    run.anomaly_counts = dict(count_anomalies(merge))
    run.finished_at = timezone.now()


def _keep(run: ImportRun, merge: Merge, identity: Identity) -> None:
    """What only an applied run leaves: its anomalies, and how fresh the feed is."""
    write_anomalies(merge, run.pk)
    run.feed = merge.feed
    run.status = ImportRun.Status.APPLIED
    merge.feed.extract_date = identity.day
    merge.feed.applied_at = merge.now
    merge.feed.save(update_fields=["extract_date", "applied_at"])
    run.save()
