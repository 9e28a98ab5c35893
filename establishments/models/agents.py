"""Who signs in to the console, and what they hold where."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Cast, Lower
from django.utils import timezone
from django.utils.functional import cached_property

from establishments.models.places import Academy, Degree, Establishment, Feed


class AgentManager(BaseUserManager["Agent"]):
    def create_user(self, email: str | None, password: str | None = None, **fields: object) -> Agent:
        """An agent who can sign in with `email`, or who cannot when it is None."""
        agent = self.model(email=email.lower() if email else None, **fields)
        agent.set_password(password)
        agent.save(using=self._db)
        return agent


class Agent(AbstractBaseUser):
    """Known by (feed, jointure) when AAF names them; `email` is the sign-in, unique, or null.

    `contact_mail` is the mail of the extract: two agents may carry the same one.
    """

    feed = models.ForeignKey(Feed, models.PROTECT, null=True, related_name="agents")
    jointure = models.CharField(max_length=64, db_collation="C", blank=True)
    email = models.EmailField("adresse de connexion", null=True, blank=True, unique=True)
    contact_mail = models.CharField("adresse mail", max_length=254, blank=True)
    title = models.CharField("civilité", max_length=8, blank=True)
    surname = models.CharField("nom", max_length=120)
    given_name = models.CharField("prénom", max_length=120, blank=True)
    is_active = models.BooleanField("actif", default=True)
    created_at = models.DateTimeField(default=timezone.now)
    invited_at = models.DateTimeField("invité le", null=True)
    digest = models.UUIDField(null=True)

    objects: ClassVar[AgentManager] = AgentManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="agent_email_lower_case"),
            models.UniqueConstraint(
                fields=["feed", "jointure"], condition=Q(feed__isnull=False), name="agent_key"
            ),
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        """As a person is spoken of: « Maud PRINCIPAL »."""
        return f"{self.given_name} {self.surname}".strip()

    @cached_property
    def has_several_establishments(self) -> bool:
        """Whether there is a choice to make at sign-in: one query, once for an instance."""
        return len(Establishment.objects.visible_to(self).values_list("pk")[:2]) > 1

    @cached_property
    def _academy_kinds(self) -> frozenset[str]:
        """What they are for any académie: one query, once for an instance."""
        return frozenset(self.academy_roles.in_force().values_list("kind", flat=True))

    @property
    def assists_an_academy(self) -> bool:
        return AcademyRole.Kind.ASSISTANCE in self._academy_kinds

    @property
    def follows_imports(self) -> bool:
        return AcademyRole.Kind.IMPORTS in self._academy_kinds

    @cached_property
    def reads_statistics(self) -> bool:
        """Whether a territory's numbers open to them: one query, once for an instance."""
        return self.statistics_roles.in_force().exists()


class MandateQuerySet(models.QuerySet["Mandate"]):
    def in_force(self) -> MandateQuerySet:
        return self.filter(ended_at__isnull=True)

    def which_may_delegate(self) -> MandateQuerySet:
        """Of directors, and of the deputies a director allowed to."""
        return self.in_force().filter(Q(role=Mandate.Role.DIRECTOR) | Q(may_delegate=True))


class Mandate(models.Model):
    """An agent directs an establishment, or is deputy there; a source ends only its own rows.

    `may_delegate` is what a director allows a deputy; a director always may. `said_in` are the attributes of
    AAF which give it: a Delta may give one of them alone.
    """

    class Role(models.TextChoices):
        DIRECTOR = "DIRECTOR", "Direction"
        DEPUTY = "DEPUTY", "Adjoint"

    class Source(models.TextChoices):
        AAF = "AAF", "Annuaire fédérateur"
        CLAIMS = "CLAIMS", "Fédération d’identité"
        GRANTED = "GRANTED", "Accordée"

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="mandates")
    establishment = models.ForeignKey(Establishment, models.PROTECT, related_name="mandates")
    role = models.CharField(max_length=10, choices=Role.choices)
    source = models.CharField(max_length=10, choices=Source.choices)
    may_delegate = models.BooleanField("peut déléguer", default=False, db_default=False)
    said_in = ArrayField(models.TextField(), default=list, db_default=[])
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    objects = MandateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agent", "establishment", "role", "source"],
                condition=Q(ended_at__isnull=True),
                name="mandate_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agent_id} {self.role} {self.establishment_id}"


def _local_day() -> Cast:
    """In a query of delegations: the date it is in the académie of each."""
    zone = F("establishment__feed__academy__time_zone")
    now = models.Value(timezone.now(), models.DateTimeField())
    return Cast(
        models.Func(zone, now, function="timezone", output_field=models.DateTimeField()), models.DateField()
    )


class DelegationQuerySet(models.QuerySet["Delegation"]):
    def in_force(self, on: date | None = None) -> DelegationQuerySet:
        """Begun, not past its last day, not ended, of a granter who may still delegate there.

        `on` defaults to the day it is in the académie of each.
        """
        day = on or _local_day()
        return self.not_over(day).filter(begins_on__lte=day).exclude(self._is_orphaned())

    def not_over(self, on: date | Cast | None = None) -> DelegationQuerySet:
        """In force, to come, or left by its granter and not ended yet."""
        return self.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=on or _local_day()), ended_at__isnull=True
        )

    def orphaned(self) -> DelegationQuerySet:
        """Not over, but whose granter may not delegate there any more: open nothing."""
        return self.not_over().filter(self._is_orphaned())

    def overlapping(self, begins_on: date, ends_on: date | None) -> DelegationQuerySet:
        """Not ended, and with a day in common; no `ends_on` is for ever."""
        found = self.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=begins_on), ended_at__isnull=True)
        return found.filter(begins_on__lte=ends_on) if ends_on else found

    @staticmethod
    def _is_orphaned() -> Q:
        signed = Mandate.objects.which_may_delegate().filter(
            agent=models.OuterRef("granted_by"), establishment=models.OuterRef("establishment")
        )
        return Q(~models.Exists(signed), granted_by__isnull=False)

    def opening(self) -> DelegationQuerySet:
        """Those which open something: there are no pupils' accounts in the 1er degré."""
        return self.exclude(
            population=Delegation.Population.STUDENTS, establishment__feed__degree=Degree.FIRST
        )


class Delegation(models.Model):
    """What a director lets an agent do in an establishment (DELEG-CE), both days included.

    `granted_by` is who granted or last changed it, and answers for it: it opens nothing once they may
    delegate no more. Null for those of the identity federation; a source ends only its own rows. `ended_by`
    is null when the platform ended it, and `version` grows with each change.
    """

    class Profile(models.TextChoices):
        CONSULT = "CONSULT", "Consulter"
        ASSIST = "ASSIST", "Assister"
        MANAGE = "MANAGE", "Gérer"

    class Population(models.TextChoices):
        STUDENTS = "STUDENTS", "Élèves"
        RESPONSABLES = "RESPONSABLES", "Responsables"
        BOTH = "BOTH", "Élèves et responsables"

    class Source(models.TextChoices):
        GRANTED = "GRANTED", "Accordée"
        CLAIMS = "CLAIMS", "Fédération d’identité"

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="delegations")
    establishment = models.ForeignKey(Establishment, models.PROTECT, related_name="delegations")
    granted_by = models.ForeignKey(Agent, models.PROTECT, null=True, related_name="delegations_granted")
    profile = models.CharField(max_length=10, choices=Profile.choices)
    population = models.CharField(max_length=12, choices=Population.choices)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.GRANTED)
    begins_on = models.DateField()
    ends_on = models.DateField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(Agent, models.PROTECT, null=True, related_name="+")
    version = models.PositiveIntegerField(default=0, db_default=0)

    objects = DelegationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("begins_on")), name="delegation_dates"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agent_id} {self.profile} {self.establishment_id}"


class AcademyRoleQuerySet(models.QuerySet["AcademyRole"]):
    def in_force(self) -> AcademyRoleQuerySet:
        return self.filter(ended_at__isnull=True)

    def assisting(self) -> AcademyRoleQuerySet:
        return self.in_force().filter(kind=AcademyRole.Kind.ASSISTANCE)

    def following_imports(self) -> AcademyRoleQuerySet:
        return self.in_force().filter(kind=AcademyRole.Kind.IMPORTS)


class AcademyRole(models.Model):
    """An agent of an académie, by command; alone it opens no establishment: a visit does."""

    class Kind(models.TextChoices):
        ASSISTANCE = "ASSISTANCE", "Assistance académique"
        IMPORTS = "IMPORTS", "Suivi des imports"

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="academy_roles")
    academy = models.ForeignKey(Academy, models.PROTECT, related_name="roles")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    objects = AcademyRoleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agent", "academy", "kind"],
                condition=Q(ended_at__isnull=True),
                name="academy_role_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agent_id} {self.kind} {self.academy_id}"


class VisitQuerySet(models.QuerySet["Visit"]):
    def in_force(self) -> VisitQuerySet:
        """Not over, and of an agent who still helps the académie of the establishment."""
        role = AcademyRole.objects.assisting().filter(
            agent=models.OuterRef("agent"), academy=models.OuterRef("establishment__feed__academy")
        )
        return self.filter(models.Exists(role), ends_at__gt=timezone.now())


class Visit(models.Model):
    """The assistance of an académie reads an establishment for a while, for a reason the school sees."""

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="visits")
    establishment = models.ForeignKey(Establishment, models.PROTECT, related_name="visits")
    reason = models.CharField("motif", max_length=300)
    started_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()

    objects = VisitQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["establishment", "-started_at"], name="visit_of_establishment")]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="visit_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.agent_id} → {self.establishment_id}"


class StatisticsRoleQuerySet(models.QuerySet["StatisticsRole"]):
    def in_force(self) -> StatisticsRoleQuerySet:
        return self.filter(ended_at__isnull=True)


class StatisticsRole(models.Model):
    """An agent reads the numbers of a territory and of all it is made of: counts only, no account.

    `code` is that of the level: NATION for the nation, an académie's two digits, a department's three
    characters, the UAI of a circonscription.
    """

    class Level(models.TextChoices):
        NATION = "NATION", "Nation"
        ACADEMY = "ACADEMY", "Académie"
        DEPARTMENT = "DEPARTMENT", "Département"
        DISTRICT = "DISTRICT", "Circonscription"

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="statistics_roles")
    level = models.CharField(max_length=10, choices=Level.choices)
    code = models.CharField(max_length=8)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    objects = StatisticsRoleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(level__in=["NATION", "ACADEMY", "DEPARTMENT", "DISTRICT"]),
                name="statistics_role_level",
            ),
            models.UniqueConstraint(
                fields=["agent", "level", "code"],
                condition=Q(ended_at__isnull=True),
                name="statistics_role_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agent_id} {self.level} {self.code}"
