"""Pupils are found by their INE, as an ENT names them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("establishments", "0012_kinds"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="student",
            index=models.Index(
                condition=models.Q(("ine", ""), _negated=True), fields=["ine"], name="student_by_ine"
            ),
        ),
    ]
