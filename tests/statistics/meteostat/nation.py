"""A small nation drawn at random, what a night may change of it, and its accounts counted one by one."""

import random
from collections import Counter, defaultdict

from django.utils import timezone

from accounts.models import Account, AccountKind, AccountSource
from establishments.models import Degree, District, Establishment, Responsibility, Student
from statistics.columns import COLUMNS
from tests.factories import (
    DepartmentFactory,
    DistrictFactory,
    EstablishmentFactory,
    FeedFactory,
    ResponsableFactory,
    ResponsibilityFactory,
    StudentFactory,
)
from tests.statistics.school import drawn_account

DEPARTMENTS = {"24": ("093", "094"), "28": ("974",)}
DISTRICTS = {"24": ("0930456X", "0931234X", "0941111X"), "28": ("9741111X", "9742222X")}


class Nation:
    """Two académies, three departments, five circonscriptions, schools of both degrés, families everywhere.

    Some schools are in no department or no circonscription, one circonscription has no UAI, one has changed
    of key. A responsable has a record in each feed where they have children, and one account for them all.
    """

    def __init__(self, seed, families=25):
        self.dice = random.Random(seed)
        self.departments = {
            academy: [DepartmentFactory.create(code=code) for code in codes]
            for academy, codes in DEPARTMENTS.items()
        }
        self.districts = {
            academy: [
                DistrictFactory.create(feed__academy__code=academy, uai=uai) for uai in (*uais, uais[0], "")
            ]
            for academy, uais in DISTRICTS.items()
        }
        feeds = [
            FeedFactory.create(academy__code=code, degree=degree) for code in DEPARTMENTS for degree in Degree
        ]
        self.schools = [self.school(feed, rank) for feed in feeds for rank in range(4)]
        for _ in range(families):
            self.family()

    def school(self, feed, rank):
        """The first two are in a department, each in its own where there are two; others anywhere."""
        school = EstablishmentFactory.create(feed=feed)
        self.move(school)
        if rank < 2:
            departments = self.departments[feed.academy_id]
            school.department = departments[rank % len(departments)]
            school.save()
        return school

    def move(self, school):
        """To a department and a circonscription of its académie, or to none."""
        academy = school.feed.academy_id
        school.department = self.dice.choice([*self.departments[academy] * 3, None])
        if school.feed.degree == Degree.FIRST:
            school.district = self.dice.choice([*self.districts[academy], None])
        school.save()

    def family(self):
        """One to four children, in schools that may be of any feed, and one or two responsables."""
        schools = self.dice.choices(self.schools, k=self.dice.randint(1, 4))
        children = [self.child(school) for school in schools]
        for _ in range(self.dice.randint(1, 2)):
            account = self.account(AccountKind.RESPONSABLE)
            for feed in sorted({child.feed for child in children}, key=lambda feed: feed.pk):
                record = ResponsableFactory.create(feed=feed)
                self.source(account, responsable=record)
                for child in children:
                    if child.feed == feed and self.chance(0.95):
                        self.link(child, record)

    def child(self, school):
        child = StudentFactory.create(establishment=school, school_class=None)
        if self.chance(0.1):
            child.left_at = timezone.now()
        if self.chance(0.1) and school.feed.degree == Degree.FIRST:
            child.eligible_at = None
        if self.chance(0.05):
            child.establishment = None
        child.save()
        if school.feed.degree == Degree.SECOND:
            self.source(self.account(AccountKind.STUDENT), student=child)
        return child

    def account(self, kind):
        account = drawn_account(self.dice, kind)
        if self.chance(0.1):
            turn(account)
        return account

    def source(self, account, **record):
        ended = timezone.now() if self.chance(0.1) else None
        AccountSource.objects.create(account=account, reason="CREATED", closed_at=ended, **record)

    def link(self, child, record):
        ended = timezone.now() if self.chance(0.1) else None
        is_legal = self.chance(0.9)
        ResponsibilityFactory.create(student=child, responsable=record, is_legal=is_legal, ended_at=ended)

    def chance(self, probability):
        return self.dice.random() < probability

    def night(self):
        """What imports and families do between two counts: schools move, children leave, accounts close."""
        self.empty_a_department()
        for child in self.some(Student, 0.15):
            child.left_at = None if child.left_at else timezone.now()
            child.save()
        for child in self.some(Student.objects.exclude(establishment=None), 0.1):
            child.establishment = self.dice.choice([each for each in self.schools if each.feed == child.feed])
            child.save()
        for link in self.some(Responsibility, 0.1):
            link.is_legal = not link.is_legal
            link.save()
        for account in self.some(Account, 0.1):
            turn(account)
        for _ in range(3):
            self.family()

    def empty_a_department(self):
        """Every school leaves it, and some others move."""
        emptied = self.departments["24"].pop(self.dice.randrange(len(self.departments["24"])))
        for school in self.schools:
            if school.department == emptied or self.chance(0.3):
                self.move(school)

    def some(self, rows, part):
        rows = getattr(rows, "objects", rows)
        return [each for each in rows.order_by("pk") if self.chance(part)]


def turn(account):
    """Closed, or open again."""
    closed_at = None if account.closed_at else timezone.now()
    Account.objects.filter(pk=account.pk).update(closed_at=closed_at, sealed_secret="")


def held():
    """(account, kind, establishment) of each child an account holds: the rule, read row by row.

    An open account and source; of a responsable, a legal link which has not ended, to a pupil who gives
    right to accounts; a pupil who has not left, in an establishment.
    """
    schools = {each.pk: each for each in Establishment.objects.select_related("feed")}
    links = defaultdict(list)
    for link in Responsibility.objects.select_related("student"):
        links[link.responsable_id].append(link)
    for source in AccountSource.objects.select_related("account", "student"):
        if source.closed_at or source.account.closed_at:
            continue
        if source.student:
            children = [source.student]
        else:
            children = [
                link.student
                for link in links[source.responsable_id]
                if link.is_legal and not link.ended_at and link.student.eligible_at
            ]
        for child in children:
            if not child.left_at and child.establishment_id:
                yield source.account, source.account.kind, schools[child.establishment_id]


def territories(school):
    """(level, code) of all those the school is in."""
    yield "NATION", "FR"
    yield "ACADEMY", school.feed.academy_id
    if school.department_id:
        yield "DEPARTMENT", school.department_id
    uai = District.objects.filter(pk=school.district_id).values_list("uai", flat=True).first()
    if uai:
        yield "DISTRICT", uai


def column(account):
    return f"active_{account.origin}".lower() if account.state == "ACTIVE" else account.state.lower()


def counted_by_hand():
    """{(level, code, degré or 0, kind): the numbers of the columns}, wherever there is an account."""
    placed = defaultdict(set)
    everywhere = {school.pk: list(territories(school)) for school in Establishment.objects.all()}
    accounts = {}
    for account, kind, school in held():
        accounts[account.pk] = account
        for level, code in everywhere[school.pk]:
            for degree in (0, school.feed.degree):
                placed[level, code, degree, kind].add(account.pk)
    found = {}
    for series, pks in placed.items():
        numbers = Counter(column(accounts[pk]) for pk in pks)
        found[series] = tuple(numbers[name] for name in COLUMNS)
    return found
