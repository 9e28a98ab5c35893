"""An index of what was solved lately, for « À traiter »."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_joining"),
        ("establishments", "0010_refused_contacts"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="dataissue",
            index=models.Index(
                condition=models.Q(("solved_at__isnull", False)),
                fields=["establishment", "solved_at"],
                name="data_issue_solved",
            ),
        ),
    ]
