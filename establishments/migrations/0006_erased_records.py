"""Records of persons gone can be erased: their rows stay, and name nobody."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("establishments", "0005_delegations_page"),
    ]

    operations = [
        migrations.AddField(
            model_name="responsable",
            name="erased_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="student",
            name="erased_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="responsable",
            index=models.Index(
                condition=models.Q(("erased_at__isnull", True), ("left_at__isnull", False)),
                fields=["left_at", "id"],
                name="responsable_to_erase",
            ),
        ),
        migrations.AddIndex(
            model_name="student",
            index=models.Index(
                condition=models.Q(("erased_at__isnull", True), ("left_at__isnull", False)),
                fields=["left_at", "id"],
                name="student_to_erase",
            ),
        ),
        migrations.AddConstraint(
            model_name="responsable",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("birth_surname", ""),
                        ("given_name", ""),
                        ("jointure__startswith", "~"),
                        ("left_at__isnull", False),
                        ("surname", ""),
                    ),
                    ("erased_at__isnull", True),
                    _connector="OR",
                ),
                name="responsable_erased_names_nobody",
            ),
        ),
        migrations.AddConstraint(
            model_name="student",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("birth_surname", ""),
                        ("given_name", ""),
                        ("jointure__startswith", "~"),
                        ("left_at__isnull", False),
                        ("surname", ""),
                    ),
                    ("erased_at__isnull", True),
                    _connector="OR",
                ),
                name="student_erased_names_nobody",
            ),
        ),
    ]
