"""What was written where no mail, no phone could be read."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("establishments", "0009_joining"),
    ]

    operations = [
        migrations.AddField(
            model_name="responsable",
            name="refused_mail",
            field=models.CharField(
                blank=True, db_default="", max_length=254, verbose_name="adresse mail refusée"
            ),
        ),
        migrations.AddField(
            model_name="responsable",
            name="refused_phone",
            field=models.CharField(blank=True, db_default="", max_length=60, verbose_name="téléphone refusé"),
        ),
    ]
