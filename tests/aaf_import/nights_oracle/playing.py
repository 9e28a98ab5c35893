"""Plays nights: on one side the truth, its deliveries and the product; on the other the oracle."""

from __future__ import annotations

import shutil
from copy import deepcopy
from datetime import date, timedelta
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from aaf_import.importing import import_delivery
from accounts import closing, lifecycle
from accounts.joining.merging import undo_merge
from accounts.joining.rules import NotJoinable
from accounts.models import Account, Joining
from accounts.transitions import State, Transition
from establishments.models import Establishment
from tests.aaf_import.nights_oracle import rules
from tests.aaf_import.nights_oracle.reading import (
    check,
    key_of,
    learn_accounts,
    order_of_records,
    rows_of_accounts,
    told_apart,
)
from tests.aaf_import.nights_oracle.rules import Oracle
from tests.aaf_import.nights_oracle.world import FEEDS, Feed, Happening, Night, World
from tests.aaf_import.nights_oracle.writing import Said, write
from tests.factories import CHOSEN_PASSWORD_HASH, AgentFactory

FIRST_DAY = date(2026, 1, 5)
VALIDATED_MAILS = ("", "a@example.org", "c@example.org")
VALIDATED_MOBILES = ("", "+33639980001", "+33639980002")


class Play:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world, self.oracle = World(), Oracle()
        self.written: dict[Feed, Said] = {}
        self.day = FIRST_DAY

    def night(self, night: Night) -> None:
        """What happened before, the delivery, and the comparison."""
        for act in night.acts:
            self.act(act)
        feed = FEEDS[night.feed % len(FEEDS)]
        half = len(night.happenings) // 2 if night.kind == "both" else 0
        for happening in night.happenings[:half]:
            self.world.happen(happening)
        between = deepcopy(self.world.of(feed)) if night.kind == "both" else None
        for happening in night.happenings[half:]:
            self.world.happen(happening)
        before, apart = rows_of_accounts(), told_apart()
        takes = self._deliver(feed, night.kind, between)
        order = order_of_records()
        for said in takes:
            self.oracle.take(feed, said, order)
            learn_accounts(self.oracle)
            self.oracle.follow(feed)
        check(self.oracle, feed, before)
        after = told_apart()
        assert {pk: after.get(pk) for pk in apart} == apart

    def _deliver(self, feed: Feed, kind: str, between: Said | None) -> list[Said]:
        """Write and import; what was said, in the order in which it is applied."""
        self.day += timedelta(days=1)
        shutil.rmtree(self.folder, ignore_errors=True)
        said, last = deepcopy(self.world.of(feed)), self.written.get(feed)
        day = f"{self.day:%Y%m%d}"
        takes = [said]
        if between:
            write(feed, between, None, self.folder, day)
            write(feed, said, between, self.folder, day)
            takes = [between, said]
        else:
            write(feed, said, last if kind == "delta" else None, self.folder, day)
        self.written[feed] = said
        import_delivery(self.folder, processes=1)
        return takes

    def act(self, act: Happening) -> None:
        if act.what == "close":
            closing.note_absences(timezone.now())
            closing.close_abandoned(timezone.now() + timedelta(days=91))
            rules.close_abandoned(self.oracle)
        elif act.what == "undo":
            self._undo(act)
        else:
            self._act_on_one(act)

    def _act_on_one(self, act: Happening) -> None:
        accounts = list(Account.objects.order_by("pk"))
        if not accounts:
            return
        row = accounts[act.one % len(accounts)]
        account = next(each for each in self.oracle.accounts if each.pk == row.pk)
        mail, mobile = VALIDATED_MAILS[act.other % 3], VALIDATED_MOBILES[act.other % 3]
        if account.is_closed:
            return
        if act.what == "notify":
            done = lifecycle.act_on([row], self._notice())
            assert done
            rules.act(self.oracle, account, "NOTIFIED" if row.state == State.NOT_NOTIFIED else row.state)
        elif act.what == "start" and row.state == State.NOTIFIED:
            lifecycle.start_activation(row, password_hash=CHOSEN_PASSWORD_HASH, mail=mail or "z@example.org")
            rules.act(self.oracle, account, "ACTIVATING")
        elif act.what == "confirm" and row.state == State.ACTIVATING:
            mail = row.pending_mail
            lifecycle.confirm_mail(row)
            account.state, account.mail = "ACTIVE", mail
        elif act.what == "register" and row.state != State.ACTIVE and row.kind == "RESPONSABLE":
            lifecycle.self_register(row, password_hash=CHOSEN_PASSWORD_HASH, mobile=mobile)
            rules.act(self.oracle, account, "ACTIVE", mobile=mobile)

    def _notice(self) -> lifecycle.AgentAct:
        school = Establishment.objects.earliest("pk")
        return lifecycle.AgentAct(Transition.NOTIFY, AgentFactory.create(), school, timezone.now())

    def _undo(self, act: Happening) -> None:
        standing = Joining.objects.filter(undone_at=None, account__kind="RESPONSABLE").order_by("pk")
        if not standing:
            return
        joining = standing[act.one % len(standing)]
        moved = [source.record for source in joining.sources.filter(closed_at=None).order_by("pk")]
        try:
            with transaction.atomic():
                undo_merge(joining)
        except NotJoinable:
            return
        by_pk = {account.pk: account for account in self.oracle.accounts}
        account, former = by_pk[joining.account_id], by_pk.get(joining.former_id or 0)
        rules.undo(self.oracle, account, former, [key_of(record) for record in moved])
        learn_accounts(self.oracle)
        rules.tell_apart(self.oracle, account, key_of(moved[0]))
