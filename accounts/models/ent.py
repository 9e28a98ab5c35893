"""The espaces numériques de travail from which accounts of the 2nd degré are activated."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from establishments.models import Academy, Degree, Establishment


class EntPartnerQuerySet(models.QuerySet["EntPartner"]):
    def enabled(self) -> EntPartnerQuerySet:
        return self.filter(is_enabled=True)


class EntPartner(models.Model):
    """An OpenID Connect provider, believed of an académie or of some establishments, and of nobody elsewhere.

    `sealed_secret` is its encrypted client secret. `jointure_claim` and `ine_claim` are what it calls the
    person's AAF jointure and INE; empty, it does not say it.
    """

    label = models.CharField("nom", max_length=120)
    issuer = models.CharField("émetteur", max_length=255)
    client_id = models.CharField(max_length=255)
    sealed_secret = models.TextField()
    academy = models.ForeignKey(Academy, models.PROTECT, null=True, related_name="ent_partners")
    establishments = models.ManyToManyField(Establishment, related_name="ent_partners")
    jointure_claim = models.CharField(max_length=60, blank=True, default="ENTPersonJointure")
    ine_claim = models.CharField(max_length=60, blank=True, default="ENTEleveINE")
    is_enabled = models.BooleanField("proposé aux familles", default=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = EntPartnerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "client_id"], name="ent_partner_once"),
            models.CheckConstraint(
                condition=~Q(jointure_claim="", ine_claim=""), name="ent_partner_names_someone"
            ),
        ]

    def __str__(self) -> str:
        return self.label

    def scope(self) -> models.QuerySet[Establishment]:
        """Where the people it may vouch for go to school: in the 2nd degré, where ENT know the AAF's keys."""
        places = Establishment.objects.filter(feed__degree=Degree.SECOND)
        if self.academy_id:
            return places.filter(feed__academy=self.academy_id)
        return places.filter(ent_partners=self)
