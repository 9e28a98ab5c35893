"""Where pupils go to school, and the feeds these places come from."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from establishments.names import label_key, search_terms

if TYPE_CHECKING:
    from datetime import date, datetime

    from establishments.models.agents import Agent


class Degree(models.IntegerChoices):
    FIRST = 1, "1er degré"
    SECOND = 2, "2nd degré"


class Academy(models.Model):
    """`code` has two digits (AAF); the time zone rules every date read in its schools."""

    code = models.CharField("code", max_length=2, primary_key=True)
    name = models.CharField("nom", max_length=60)
    time_zone = models.CharField("fuseau horaire", max_length=40)

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def local_date(self, at: datetime | None = None) -> date:
        """The date it is (or was `at`) in the académie."""
        return timezone.localtime(at, self.zone).date()


class Department(models.Model):
    """`code` has three characters, as in UAIs: 093, 02A, 974."""

    code = models.CharField("code", max_length=3, primary_key=True)
    name = models.CharField("nom", max_length=60)
    academy = models.ForeignKey(Academy, models.PROTECT, related_name="departments")

    def __str__(self) -> str:
        return self.name


class Feed(models.Model):
    """What one nightly extract covers: an académie and a degré."""

    academy = models.ForeignKey(Academy, models.PROTECT, related_name="feeds")
    degree = models.PositiveSmallIntegerField("degré", choices=Degree.choices)
    extract_date = models.DateField("date du dernier extrait", null=True)
    applied_at = models.DateTimeField("appliqué le", null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["academy", "degree"], name="feed_once"),
            models.CheckConstraint(condition=Q(degree__in=Degree.values), name="feed_degree"),
        ]

    def __str__(self) -> str:
        return f"{self.academy_id}-{self.degree}D"

    @property
    def source(self) -> str:
        """The school information system the feed comes from."""
        return "ONDE" if self.degree == Degree.FIRST else "SIECLE"

    @property
    def is_late(self) -> bool:
        """Whether the last good import is older than settings.AAF_LATE_HOURS."""
        oldest = timezone.now() - timedelta(hours=settings.AAF_LATE_HOURS)
        return self.applied_at is None or self.applied_at < oldest


class District(models.Model):
    """A circonscription of the 1er degré, known by its IEN structure."""

    feed = models.ForeignKey(Feed, models.PROTECT, related_name="districts")
    jointure = models.CharField(max_length=64, db_collation="C")
    uai = models.CharField("UAI", max_length=8)
    name = models.CharField("nom", max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["feed", "jointure"], name="district_key")]

    def __str__(self) -> str:
        return self.name


class EstablishmentQuerySet(models.QuerySet["Establishment"]):
    def visible_to(self, agent: Agent) -> EstablishmentQuerySet:
        """Those which open to `agent` today: held, or visited for the assistance of the académie."""
        visited = agent.visits.in_force().values("establishment")
        return self.filter(Q(pk__in=_held_by(agent)) | Q(pk__in=visited), is_offered=True)

    def held_by(self, agent: Agent) -> EstablishmentQuerySet:
        """Those with pupils where `agent` holds a mandate or a delegation in force today."""
        return self.filter(is_offered=True, pk__in=_held_by(agent))

    def assisted_by(self, agent: Agent) -> EstablishmentQuerySet:
        """Those of the académies which `agent` assists: to be searched, not to be entered."""
        assisted = agent.academy_roles.assisting().values("academy")
        return self.filter(is_offered=True, feed__academy__in=assisted)

    def matching(self, query: str) -> EstablishmentQuerySet:
        """Those whose name, town or UAI holds every word of `query`."""
        found = self
        for term in label_key(query).split() or search_terms(query):
            found = found.filter(Q(search_key__contains=term) | Q(uai__icontains=term))
        return found


def _held_by(agent: Agent) -> models.QuerySet[Any, Any]:
    directed = agent.mandates.in_force().values("establishment")
    delegated = agent.delegations.in_force().opening().values("establishment")
    return directed.union(delegated)


class Establishment(models.Model):
    """An école, a collège, a lycée… or any structure of an extract.

    `is_offered` says whether agents can open it: a valid UAI, and pupils.
    """

    feed = models.ForeignKey(Feed, models.PROTECT, related_name="establishments")
    jointure = models.CharField(max_length=64, db_collation="C")
    uai = models.CharField("UAI", max_length=8, db_index=True)
    kind = models.CharField("sigle", max_length=40, blank=True)
    name = models.CharField("nom", max_length=200)
    type_label = models.CharField("type", max_length=120, blank=True)
    type_code = models.CharField("code du type", max_length=12, blank=True)
    sector = models.CharField("secteur", max_length=2, blank=True)
    street = models.CharField("adresse", max_length=200, blank=True)
    postcode = models.CharField("code postal", max_length=12, blank=True)
    city = models.CharField("ville", max_length=120, blank=True)
    phone = models.CharField("téléphone", max_length=20, blank=True)
    mail = models.CharField("adresse mail", max_length=254, blank=True)
    district = models.ForeignKey(District, models.SET_NULL, null=True, related_name="establishments")
    department = models.ForeignKey(Department, models.PROTECT, null=True, related_name="establishments")
    search_key = models.CharField(max_length=400, db_collation="C")
    is_offered = models.BooleanField(default=False)
    left_at = models.DateTimeField("absent des extraits depuis", null=True)
    digest = models.UUIDField()

    objects = EstablishmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["feed", "jointure"], name="establishment_key"),
            models.UniqueConstraint(
                fields=["uai"], condition=Q(is_offered=True), name="establishment_offered_uai"
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """« Collège Les Tilleuls » from AAF's `CLG$LES TILLEULS$…`."""
        return " ".join(part for part in (self.kind_label, self.name) if part)

    @property
    def kind_label(self) -> str:
        return KIND_LABELS.get(self.kind, self.kind)

    @property
    def is_second_degree(self) -> bool:
        return self.feed.degree == Degree.SECOND

    @property
    def academy(self) -> Academy:
        return self.feed.academy


KIND_LABELS = {
    "CLG": "Collège",
    "LYC": "Lycée",
    "LP": "Lycée professionnel",
    "LPO": "Lycée polyvalent",
    "LGT": "Lycée",
    "LG": "Lycée",
    "LT": "Lycée technologique",
    "EREA": "EREA",
    "E.E.PU": "École élémentaire",
    "E.M.PU": "École maternelle",
    "E.P.PU": "École primaire",
    "E.E.PR": "École élémentaire privée",
    "E.M.PR": "École maternelle privée",
    "E.P.PR": "École primaire privée",
}


class Mef(models.Model):
    """Module élémentaire de formation: 11 characters, letters possible (2nd degré)."""

    feed = models.ForeignKey(Feed, models.PROTECT, related_name="mefs")
    code = models.CharField(max_length=64, db_collation="C")
    label = models.CharField("libellé", max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["feed", "code"], name="mef_key")]

    def __str__(self) -> str:
        return self.label


class SchoolClass(models.Model):
    """`key` is the class code in the 2nd degré, `idClasse` in the 1st, whose labels change."""

    establishment = models.ForeignKey(Establishment, models.PROTECT, related_name="classes")
    key = models.CharField(max_length=64, db_collation="C")
    label = models.CharField("libellé", max_length=120)
    label_key = models.CharField(max_length=160, db_collation="C")
    mef = models.ForeignKey(Mef, models.SET_NULL, null=True, db_index=False, related_name="classes")
    left_at = models.DateTimeField("absente des extraits depuis", null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["establishment", "key"], name="class_key")]

    def __str__(self) -> str:
        return self.label

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.label_key = label_key(self.label)
        super().save(*args, **kwargs)
