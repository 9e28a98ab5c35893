"""Applies what a run has staged: one transaction, one feed at a time, everything or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from aaf_import.attributes import NAMES
from aaf_import.identity import Identity
from aaf_import.merging.agents import merge_agents
from aaf_import.merging.anomalies import count_anomalies, find_unresolved, write_anomalies
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
from accounts.models import AccountKind
from accounts.precreation import precreate_accounts
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
    """`force` applies an older extract, or one that loses much; `dry_run` undoes everything at the end."""

    force: bool = False
    dry_run: bool = False


def apply(run: ImportRun, identity: Identity, covered: frozenset[str], options: Options) -> None:
    """Apply the run's staged tables, and write on the run what was done; raises Refused, nothing done."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SESSION)
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [APPLY_LOCK])
        cursor.execute(
            "SELECT set_config('search_path', %s || ', ' || current_setting('search_path'), true)",
            [schema_of(run.pk)],
        )
        merge = Merge(cursor, _feed(identity), timezone.now(), covered)
        if not options.force:
            _check_order(merge.feed, identity.day)
        _merge_places_and_people(merge, force=options.force)
        accounts = precreate_accounts(merge.feed, now=merge.now)
        refresh_data_issues(merge.feed, now=merge.now)
        tell_establishments(merge)
        # Last: a director who signs in meanwhile waits for the end of the transaction.
        merge_agents(merge, NAMES[identity.degree].mail)
        _report(run, merge, accounts)
        if options.dry_run:
            run.status = ImportRun.Status.DRY_RUN
            transaction.set_rollback(True)
        else:
            _keep(run, merge, identity)
    if options.dry_run:
        run.save()


def _feed(identity: Identity) -> Feed:
    create_academies({identity.academy})
    return Feed.objects.get_or_create(academy_id=identity.academy, degree=identity.degree)[0]


def _check_order(feed: Feed, day: date) -> None:
    if feed.extract_date and day < feed.extract_date:
        last = f"{feed.extract_date:%d/%m/%Y}"
        raise Refused(f"Cet extrait, du {day:%d/%m/%Y}, est plus ancien que le dernier appliqué ({last}).")


def _merge_places_and_people(merge: Merge, *, force: bool) -> None:
    """Places, then who leaves them, then people, then what links them."""
    keep_first_entries(merge)
    merge_territories(merge)
    merge_establishments(merge)
    losses = find_departures(merge)
    thresholds = Thresholds(
        settings.AAF_WATCHED_FROM, settings.AAF_ESTABLISHMENT_LOSS, settings.AAF_FEED_LOSS
    )
    if not force:
        _check_losses(losses, thresholds)
    set_aside_establishments(merge, thresholds)
    merge_classes(merge)
    merge_students(merge)
    merge_responsables(merge)
    merge_links(merge)
    leave_establishments(merge)
    offer_establishments(merge)
    find_unresolved(merge)


def _check_losses(losses: dict[str, Losses], thresholds: Thresholds) -> None:
    for who, loss in losses.items():
        if loss.exceed(thresholds.feed_share, thresholds.watched_from):
            lost = f"{loss.gone} {_WHO[who]} sur {loss.present}"
            raise Refused(f"{lost} ne sont plus dans l’extrait : il est sans doute incomplet.")


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
