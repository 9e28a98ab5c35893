"""Pupils, responsables and the links between them, one row an AAF record."""

from django.db import models
from django.db.models import Q

from establishments.models.places import Establishment, Feed, Mef, SchoolClass

_TO_ERASE = Q(left_at__isnull=False, erased_at__isnull=True)
_NAMES_NOBODY = Q(
    left_at__isnull=False, surname="", given_name="", birth_surname="", jointure__startswith="~"
)


class PersonRecord(models.Model):
    """What the records of pupils and responsables share.

    The keys are unaccented capitals (names.name_key): what lists sort and search by, everywhere.
    `digest` is that of the entry as the importer read it: two equal digests, nothing changed.
    `erased_at`: nothing of the person is left but the row, under a jointure which no extract has.
    """

    feed = models.ForeignKey(Feed, models.PROTECT, db_index=False, related_name="%(class)ss")
    jointure = models.CharField(max_length=64, db_collation="C")
    title = models.CharField("civilité", max_length=8, blank=True)
    surname = models.CharField("nom", max_length=120)
    birth_surname = models.CharField("nom de famille", max_length=120, blank=True)
    given_name = models.CharField("prénom", max_length=120, blank=True)
    surname_key = models.CharField(max_length=120, db_collation="C")
    given_name_key = models.CharField(max_length=120, db_collation="C", blank=True)
    source_id = models.CharField("identifiant ONDE / SIECLE", max_length=64, blank=True)
    left_at = models.DateTimeField("absent des extraits depuis", null=True)
    erased_at = models.DateTimeField(null=True)
    digest = models.UUIDField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        """Surname first, as lists print it: « LE GOFF Éloïse »."""
        return f"{self.surname} {self.given_name}".strip()


class Student(PersonRecord):
    """`eligible_at` is when the pupil first gave right to accounts; never cleared (design §5)."""

    ine = models.CharField("INE", max_length=11, blank=True)
    birth_date = models.DateField("date de naissance")
    establishment = models.ForeignKey(Establishment, models.PROTECT, null=True, related_name="students")
    school_class = models.ForeignKey(SchoolClass, models.PROTECT, null=True, related_name="students")
    mef = models.ForeignKey(Mef, models.PROTECT, null=True, db_index=False, related_name="students")
    level = models.CharField("niveau", max_length=60, blank=True)
    eligible_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField("dans l’établissement depuis")

    class Meta:
        indexes = [
            models.Index(fields=["left_at", "id"], condition=_TO_ERASE, name="student_to_erase"),
            models.Index(fields=["ine"], condition=~Q(ine=""), name="student_by_ine"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["feed", "jointure"], name="student_key"),
            models.CheckConstraint(
                condition=_NAMES_NOBODY | Q(erased_at__isnull=True), name="student_erased_names_nobody"
            ),
        ]


class Responsable(PersonRecord):
    """`mobile` and phones are E.164 when they could be read, else empty, the raw value kept beside.

    `refused_mail` and `refused_phone` are what was written where no address, no number could be read.
    """

    address = models.CharField(
        "adresse", max_length=240, blank=True, help_text="Lignes séparées par un saut."
    )
    postcode = models.CharField("code postal", max_length=16, blank=True)
    city = models.CharField("ville", max_length=120, blank=True)
    country = models.CharField("pays", max_length=80, blank=True)
    mobile = models.CharField("mobile", max_length=20, blank=True)
    mobile_raw = models.CharField("mobile saisi", max_length=60, blank=True)
    home_phone = models.CharField("téléphone", max_length=20, blank=True)
    work_phone = models.CharField("téléphone professionnel", max_length=20, blank=True)
    mail = models.CharField("adresse mail", max_length=254, blank=True)
    refused_mail = models.CharField("adresse mail refusée", max_length=254, blank=True, db_default="")
    refused_phone = models.CharField("téléphone refusé", max_length=60, blank=True, db_default="")

    class Meta:
        indexes = [
            models.Index(fields=["left_at", "id"], condition=_TO_ERASE, name="responsable_to_erase"),
            models.Index(
                fields=["mobile", "given_name_key"], condition=~Q(mobile=""), name="responsable_by_mobile"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["feed", "jointure"], name="responsable_key"),
            models.CheckConstraint(
                condition=_NAMES_NOBODY | Q(erased_at__isnull=True), name="responsable_erased_names_nobody"
            ),
        ]

    @property
    def address_lines(self) -> list[str]:
        """Street lines then postcode and town, the empty ones left out."""
        town = f"{self.postcode} {self.city}".strip()
        return [line for line in (*self.address.split("\n"), town) if line]


class Responsibility(models.Model):
    """A link between a pupil and a responsable, as AAF states it.

    `is_legal` is the importer's reading of the legal flag (aaf-format: release and degré decide);
    `kinship` keeps AAF's code, of one or two characters. A link that ended keeps its row.
    """

    student = models.ForeignKey(Student, models.CASCADE, db_index=False, related_name="responsibilities")
    responsable = models.ForeignKey(Responsable, models.CASCADE, related_name="responsibilities")
    kinship = models.CharField("parenté", max_length=4, blank=True)
    is_legal = models.BooleanField("responsable légal")
    legal_code = models.CharField(max_length=2, blank=True)
    ended_at = models.DateTimeField("terminé le", null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["student", "responsable"], name="responsibility_key")]

    def __str__(self) -> str:
        return f"{self.responsable_id} → {self.student_id}"
