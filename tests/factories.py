"""Invented people and places, as the database holds them."""

import uuid
from datetime import date, timedelta
from functools import cache
from typing import Any

import factory
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts.models import Account, AccountKind, AccountSource
from accounts.secrets import draw_secret, expiry_from, seal_secret
from accounts.transitions import Origin, State
from establishments.models import (
    Academy,
    AcademyRole,
    Agent,
    Delegation,
    Department,
    District,
    Establishment,
    Feed,
    Mandate,
    Mef,
    Responsable,
    Responsibility,
    SchoolClass,
    StatisticsRole,
    Student,
    Visit,
)
from establishments.names import label_key, name_key
from establishments.territories import ACADEMIES, DEPARTMENTS, UAI_LETTERS

PASSWORD = "une phrase de passe longue"
CHOSEN_PASSWORD_HASH = "argon2$chosen-by-the-family"


class AcademyFactory(DjangoModelFactory):
    code = "24"
    name = factory.LazyAttribute(lambda o: ACADEMIES[o.code].name)
    time_zone = factory.LazyAttribute(lambda o: ACADEMIES[o.code].time_zone)

    class Meta:
        model = Academy
        django_get_or_create = ("code",)


class FeedFactory(DjangoModelFactory):
    academy = factory.SubFactory(AcademyFactory)
    degree = 2

    class Meta:
        model = Feed
        django_get_or_create = ("academy", "degree")


class DepartmentFactory(DjangoModelFactory):
    code = "093"
    name = factory.LazyAttribute(lambda o: DEPARTMENTS[o.code].name)
    academy = factory.SubFactory(
        AcademyFactory, code=factory.LazyAttribute(lambda o: DEPARTMENTS[o.factory_parent.code].academy_code)
    )

    class Meta:
        model = Department
        django_get_or_create = ("code",)


class DistrictFactory(DjangoModelFactory):
    feed = factory.SubFactory(FeedFactory, degree=1)
    jointure = factory.Sequence(lambda n: f"42{n}")
    uai = factory.Sequence(lambda n: f"{(number := 931_000 + n):07d}{UAI_LETTERS[number % 23]}")
    name = factory.Sequence(lambda n: f"Circonscription {n}")

    class Meta:
        model = District


class EstablishmentFactory(DjangoModelFactory):
    feed = factory.SubFactory(FeedFactory)
    jointure = factory.Sequence(lambda n: f"43{n}")
    uai = factory.Sequence(lambda n: f"{(number := 940_000 + n):07d}{UAI_LETTERS[number % 23]}")
    kind = "CLG"
    name = factory.Sequence(lambda n: f"Les Tilleuls {n}")
    street = "1 RUE DE L’EXEMPLE"
    postcode = "94999"
    city = "FICTIVILLE"
    phone = "+33199000001"
    mail = factory.LazyAttribute(lambda o: f"ce.{o.uai.lower()}@example.org")
    search_key = factory.LazyAttribute(lambda o: label_key(f"{o.name} {o.city} {o.uai}"))
    is_offered = True
    digest = factory.LazyFunction(uuid.uuid4)

    class Meta:
        model = Establishment


class MefFactory(DjangoModelFactory):
    feed = factory.SubFactory(FeedFactory)
    code = "10010012110"
    label = "6EME"

    class Meta:
        model = Mef
        django_get_or_create = ("feed", "code")


class SchoolClassFactory(DjangoModelFactory):
    establishment = factory.SubFactory(EstablishmentFactory)
    key = factory.Sequence(lambda n: f"6{n}")
    label = factory.LazyAttribute(lambda o: f"6EME {o.key}")

    class Meta:
        model = SchoolClass


class RecordFactory(DjangoModelFactory):
    feed = factory.SubFactory(FeedFactory)
    surname = factory.Sequence(lambda n: f"MARTIN {_letters(n)}")
    surname_key = factory.LazyAttribute(lambda o: name_key(o.surname))
    given_name_key = factory.LazyAttribute(lambda o: name_key(o.given_name))
    digest = factory.LazyFunction(uuid.uuid4)

    class Meta:
        abstract = True


class StudentFactory(RecordFactory):
    establishment = factory.SubFactory(EstablishmentFactory)
    feed = factory.SelfAttribute("establishment.feed")
    jointure = factory.Sequence(lambda n: f"7{n}")
    given_name = "Zoé"
    title = "Mme"
    ine = factory.Sequence(lambda n: f"{n:09d}AA")
    birth_date = date(2013, 5, 17)
    school_class = factory.SubFactory(
        SchoolClassFactory, establishment=factory.SelfAttribute("..establishment")
    )
    eligible_at = factory.LazyFunction(timezone.now)
    arrived_at = factory.LazyFunction(timezone.now)

    class Meta:
        model = Student


class ResponsableFactory(RecordFactory):
    jointure = factory.Sequence(lambda n: f"8{n}")
    given_name = "Anne"
    title = "Mme"
    address = "2 RUE DES LILAS"
    postcode = "94999"
    city = "FICTIVILLE"
    mobile = factory.Sequence(lambda n: f"+3363998{n % 10_000:04d}")
    mail = factory.Sequence(lambda n: f"famille{n}@example.org")

    class Meta:
        model = Responsable


class ResponsibilityFactory(DjangoModelFactory):
    student = factory.SubFactory(StudentFactory)
    responsable = factory.SubFactory(ResponsableFactory)
    kinship = "10"
    is_legal = True

    class Meta:
        model = Responsibility


class AgentFactory(DjangoModelFactory):
    email = factory.Sequence(lambda n: f"agent{n}@example.org")
    surname = factory.Sequence(lambda n: f"PRINCIPAL {_letters(n)}")
    given_name = "Maud"

    class Meta:
        model = Agent
        skip_postgeneration_save = True

    @classmethod
    def _create(cls, model_class: type[Agent], *args: Any, **kwargs: Any) -> Agent:
        password = kwargs.pop("password", PASSWORD)
        agent = model_class.objects.create_user(**kwargs)
        agent.password = _hash_of(password)
        agent.save(update_fields=["password"])
        return agent


class MandateFactory(DjangoModelFactory):
    agent = factory.SubFactory(AgentFactory)
    establishment = factory.SubFactory(EstablishmentFactory)
    role = Mandate.Role.DIRECTOR
    source = Mandate.Source.AAF

    class Meta:
        model = Mandate


class DelegationFactory(DjangoModelFactory):
    agent = factory.SubFactory(AgentFactory)
    establishment = factory.SubFactory(EstablishmentFactory)
    profile = Delegation.Profile.ASSIST
    population = Delegation.Population.BOTH
    begins_on = date(2020, 1, 1)

    class Meta:
        model = Delegation


class AcademyRoleFactory(DjangoModelFactory):
    agent = factory.SubFactory(AgentFactory)
    academy = factory.SubFactory(AcademyFactory)
    kind = AcademyRole.Kind.ASSISTANCE

    class Meta:
        model = AcademyRole


class StatisticsRoleFactory(DjangoModelFactory):
    """Of the nation, when nothing else is said."""

    agent = factory.SubFactory(AgentFactory)
    level = StatisticsRole.Level.NATION
    code = "FR"

    class Meta:
        model = StatisticsRole


class VisitFactory(DjangoModelFactory):
    """A visit in force, of an agent who assists the académie of the establishment."""

    agent = factory.SubFactory(AgentFactory)
    establishment = factory.SubFactory(EstablishmentFactory)
    reason = "Une famille a appelé l’assistance : ticket 4821"
    ends_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=4))
    role = factory.RelatedFactory(
        AcademyRoleFactory,
        agent=factory.SelfAttribute("..agent"),
        academy=factory.SelfAttribute("..establishment.feed.academy"),
    )

    class Meta:
        model = Visit
        skip_postgeneration_save = True


class AccountFactory(DjangoModelFactory):
    """An account in `state`, holding what that state holds; `secret=False` for a chosen password."""

    identifier = factory.Sequence(lambda n: f"a.martin{_letters(n).lower()}")
    kind = AccountKind.RESPONSABLE
    state = State.NOT_NOTIFIED

    class Meta:
        model = Account

    @classmethod
    def _create(cls, model_class: type[Account], *args: Any, **kwargs: Any) -> Account:
        return model_class.objects.create(**(content_of(kwargs["state"]) | kwargs))


def content_of(state: State, **replaced: Any) -> dict[str, Any]:
    """What an account in `state` must hold, a month after its notification or activation."""
    month_ago = timezone.now() - timedelta(days=30)
    zone = timezone.get_default_timezone()
    distributed = {
        "origin": Origin.ESTABLISHMENT,
        "distributed_at": month_ago,
        "times_distributed": 1,
    }
    contents: dict[State, dict[str, Any]] = {
        State.NOT_NOTIFIED: {"origin": Origin.NONE},
        State.NOTIFIED: distributed | provisional(month_ago, zone),
        State.ACTIVATING: distributed
        | {
            "password": CHOSEN_PASSWORD_HASH,
            "pending_mail": "attente@example.org",
            "activating_since": month_ago,
        },
        State.ACTIVE: distributed
        | {"password": CHOSEN_PASSWORD_HASH, "mail": "valide@example.org", "activated_at": month_ago},
    }
    return contents[state] | replaced


def provisional(at: Any, zone: Any = None) -> dict[str, Any]:
    """The fields of a provisional secret handed out `at`."""
    zone = zone or timezone.get_default_timezone()
    return {
        "sealed_secret": seal_secret(draw_secret()),
        "secret_drawn_at": at,
        "secret_expires_at": expiry_from(at, zone),
    }


def responsable_account(
    establishment: Establishment, *, children: int = 1, record: dict[str, Any] | None = None, **fields: Any
) -> Account:
    """A responsable of `children` pupils of `establishment`, with the account and its open source."""
    responsable = ResponsableFactory.create(feed=establishment.feed, **(record or {}))
    for _ in range(children):
        student = StudentFactory.create(establishment=establishment)
        ResponsibilityFactory.create(student=student, responsable=responsable)
    account = AccountFactory.create(**fields)
    AccountSource.objects.create(
        account=account, responsable=responsable, reason=AccountSource.Reason.CREATED
    )
    return account


def student_account(
    establishment: Establishment, *, record: dict[str, Any] | None = None, **fields: Any
) -> Account:
    """A pupil of `establishment`, with the account and its open source."""
    student = StudentFactory.create(establishment=establishment, **(record or {}))
    account = AccountFactory.create(kind=AccountKind.STUDENT, **fields)
    AccountSource.objects.create(account=account, student=student, reason=AccountSource.Reason.CREATED)
    return account


@cache
def _hash_of(password: str) -> str:
    """Argon2 takes its time on purpose; the people of the tests share a few passwords."""
    return make_password(password)


def _letters(number: int) -> str:
    """`number` written with letters, since names have no digits."""
    letters = ""
    while True:
        number, rest = divmod(number, 26)
        letters = chr(ord("A") + rest) + letters
        if not number:
            return letters
