"""A school drawn at random: brothers and sisters, pupils without a class or a MEF, every state."""

import random
from datetime import timedelta

from django.utils import timezone

from accounts.models import Account, AccountKind, AccountSource, Operation, OperationItem
from accounts.transitions import Origin, State
from establishments.models import Establishment
from tests.factories import (
    AccountFactory,
    MefFactory,
    ResponsableFactory,
    ResponsibilityFactory,
    SchoolClassFactory,
    StudentFactory,
)

LEVELS = ("CP", "CE1", "")


def fill(school: Establishment, seed: int, families: int = 12) -> None:
    """`families` of one to three children with one or two responsables, each with an account."""
    dice = random.Random(seed)
    classes = [*SchoolClassFactory.create_batch(3, establishment=school), None]
    mefs = [MefFactory.create(feed=school.feed, code=f"1001001211{n}", label=f"{6 - n}EME") for n in range(2)]
    for _ in range(families):
        children = [
            StudentFactory.create(
                establishment=school,
                school_class=dice.choice(classes),
                mef=dice.choice([*mefs, None]) if school.is_second_degree else None,
                level="" if school.is_second_degree else dice.choice(LEVELS),
            )
            for _ in range(dice.randint(1, 3))
        ]
        for _ in range(dice.randint(1, 2)):
            responsable = ResponsableFactory.create(feed=school.feed)
            for child in children:
                ResponsibilityFactory.create(student=child, responsable=responsable)
            AccountSource.objects.create(
                account=drawn_account(dice, AccountKind.RESPONSABLE),
                responsable=responsable,
                reason="CREATED",
            )
        if school.is_second_degree:
            for child in children:
                AccountSource.objects.create(
                    account=drawn_account(dice, AccountKind.STUDENT), student=child, reason="CREATED"
                )


def drawn_account(dice: random.Random, kind: AccountKind) -> Account:
    state = dice.choice(list(State))
    if state != State.ACTIVE:
        return AccountFactory.create(kind=kind, state=state)
    origins = [origin for origin in Origin if origin != Origin.NONE]
    return AccountFactory.create(kind=kind, state=state, origin=dice.choice(origins))


def campaign(school, agent, accounts, *, population=AccountKind.RESPONSABLE, left_aside=(), days_ago=1):
    """A bulk notification which reached `accounts`, and left others aside."""
    at = timezone.now() - timedelta(days=days_ago)
    operation = Operation.objects.create(
        establishment=school,
        agent=agent,
        kind="NOTIFY_SHEETS",
        population=population,
        status="DONE",
        created_at=at,
        confirmed_at=at,
    )
    for account in accounts:
        OperationItem.objects.create(
            operation=operation, account=account, version=0, status="DONE", effect="DRAWN"
        )
    for account in left_aside:
        OperationItem.objects.create(
            operation=operation, account=account, version=0, status="LEFT_ASIDE", reason="CHANGED"
        )
    return operation
