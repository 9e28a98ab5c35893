"""A record which an import asks for again while it is looked at is not forgotten."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0020_issue_list")]

    operations = [
        migrations.AddField(
            model_name="recheck",
            name="asked",
            field=models.PositiveIntegerField(db_default=1, default=1),
        ),
    ]
