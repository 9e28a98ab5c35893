"""Writes synthetic AAF extracts, for the demonstration, the benchmarks and anyone without genuine ones."""

from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from aaf_import.synthetic.generation import generate
from aaf_import.synthetic.nights import Night, NoComplet, write_night
from aaf_import.synthetic.order import DEFAULT_DAY, DEFAULT_FILE_SIZE, ImpossibleOrder, Order

_DEGREES = {"1": (1,), "2": (2,), "both": (1, 2)}


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a date such as 2026-01-05") from error


class Command(BaseCommand):
    help = (
        "Write synthetic AAF extracts of the genuine shape under OUT: OUT/<academy>-1D and OUT/<academy>-2D."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("out", type=Path, metavar="OUT", help="folder to write into, made if missing")
        parser.add_argument("--academy", required=True, help="two-digit code, such as 28")
        parser.add_argument("--degree", choices=list(_DEGREES), default="both")
        parser.add_argument(
            "--establishments", type=int, default=40, help="how many have pupils, over both degrees"
        )
        parser.add_argument("--students", type=int, default=8_000, help="how many pupils, over both degrees")
        parser.add_argument("--seed", type=int, default=1, help="same seed and options, same bytes")
        parser.add_argument("--date", type=_day, default=DEFAULT_DAY, help="day of export, AAAA-MM-JJ")
        parser.add_argument(
            "--file-size", type=int, default=DEFAULT_FILE_SIZE, help="entries in one file at most"
        )
        parser.add_argument(
            "--delta-from",
            type=Path,
            metavar="FEED",
            help="folder of one Complet: write into OUT/complet and OUT/delta what one night made of it",
        )
        parser.add_argument(
            "--share",
            type=float,
            default=0.01,
            help="with --delta-from, what part of people the night changes",
        )
        parser.add_argument(
            "--clean", action="store_true", help="leave out everything that is wrong in real life"
        )
        parser.add_argument(
            "--force", action="store_true", help="replace the extracts that OUT holds already"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        out: Path = options["out"]
        if options["delta_from"]:
            self._write_night(out, options)
            return
        try:
            order = Order(
                academy=options["academy"],
                degrees=_DEGREES[options["degree"]],
                establishments=options["establishments"],
                students=options["students"],
                seed=options["seed"],
                day=options["date"],
                file_size=options["file_size"],
                clean=options["clean"],
            )
            _check_room(out, force=options["force"])
            counts = self._generate(order, out)
        except ImpossibleOrder as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_summary(order, counts))

    def _write_night(self, out: Path, options: dict[str, Any]) -> None:
        _check_room(out, force=options["force"])
        night = Night(options["date"], options["seed"], options["share"])
        try:
            counts = write_night(options["delta_from"], out, night)
        except NoComplet as error:
            raise CommandError(str(error)) from error
        told = ", ".join(f"{number} {what}" for what, number in sorted(counts.items()))
        self.stdout.write(f"{out / 'complet'}, {out / 'delta'}: {told}")

    def _generate(self, order: Order, out: Path) -> dict[int, Counter[str]]:
        with tqdm(total=order.students, unit=" pupils", unit_scale=True, disable=None) as bar:
            return generate(order, out, bar.update)


def _check_room(out: Path, *, force: bool) -> None:
    if out.exists() and not out.is_dir():
        raise CommandError(f"{out} is not a folder")
    if out.exists() and any(out.iterdir()) and not force:
        raise CommandError(f"{out} is not empty; --force replaces the extracts it holds")


def _summary(order: Order, counts: dict[int, Counter[str]]) -> str:
    feeds = [
        f"{order.academy}-{degree}D: {feed['establishments']} establishments, {feed['classes']} classes,"
        f" {feed['Eleve']} pupils, {feed['PersRelEleve']} responsables, {feed['PersEducNat']} staff,"
        f" {feed['files']} files"
        for degree, feed in counts.items()
    ]
    return "; ".join(feeds)
