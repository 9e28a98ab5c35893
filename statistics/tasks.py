"""What the night counts."""

from celery import shared_task

from statistics import snapshots


@shared_task(name="statistics.take_snapshots")
def take_snapshots() -> None:
    snapshots.take_snapshots()
