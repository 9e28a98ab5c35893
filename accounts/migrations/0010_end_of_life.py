"""An account that ends: since when without a child, closed, opened again, anonymous."""

import django.db.models.deletion
from django.db import migrations, models

import accounts.transitions

# The rule of accounts_holding (0002), of the accounts which it leaves out for being closed: who would hold a
# child if they were opened again. A test compares the two.
RETURNING = """
CREATE VIEW accounts_returning AS
SELECT account.id AS account_id, student.establishment_id
FROM accounts_account account
JOIN accounts_accountsource source ON source.account_id = account.id
JOIN establishments_responsibility link ON link.responsable_id = source.responsable_id
JOIN establishments_student student ON student.id = link.student_id
WHERE account.closed_at IS NOT NULL AND account.anonymised_at IS NULL
      AND source.closed_at IS NULL AND link.is_legal AND link.ended_at IS NULL
      AND student.left_at IS NULL AND student.eligible_at IS NOT NULL
UNION ALL
SELECT account.id, student.establishment_id
FROM accounts_account account
JOIN accounts_accountsource source ON source.account_id = account.id
JOIN establishments_student student ON student.id = source.student_id
WHERE account.closed_at IS NOT NULL AND account.anonymised_at IS NULL
      AND source.closed_at IS NULL AND student.left_at IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_account_mails"),
        ("establishments", "0006_erased_records"),
    ]

    operations = [
        migrations.CreateModel(
            name="Absence",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="absence",
                        serialize=False,
                        to="accounts.account",
                    ),
                ),
                ("since", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["since", "account"], name="absence_oldest")],
            },
        ),
        migrations.RemoveConstraint(
            model_name="account",
            name="account_activating_waits_for_a_mail",
        ),
        migrations.AddField(
            model_name="account",
            name="anonymised_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="passwordlink",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.account"
            ),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(
                condition=models.Q(("anonymised_at__isnull", True), ("closed_at__isnull", False)),
                fields=["closed_at", "id"],
                name="account_to_anonymise",
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", accounts.transitions.State["ACTIVATING"]), _negated=True),
                    models.Q(
                        models.Q(
                            models.Q(("pending_mail", ""), _negated=True),
                            ("anonymised_at__isnull", False),
                            _connector="OR",
                        ),
                        models.Q(
                            models.Q(("password", ""), _negated=True),
                            ("reset_requested_at__isnull", False),
                            ("closed_at__isnull", False),
                            _connector="OR",
                        ),
                        ("activated_at__isnull", True),
                        ("activating_since__isnull", False),
                        ("origin", accounts.transitions.Origin["ESTABLISHMENT"]),
                    ),
                    _connector="OR",
                ),
                name="account_activating_waits_for_a_mail",
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("anonymised_at__isnull", True),
                    models.Q(
                        ("closed_at__isnull", False),
                        ("franceconnect_sub__isnull", True),
                        ("identifier__startswith", "~"),
                        ("last_sign_in_at__isnull", True),
                        ("mail", ""),
                        ("mobile", ""),
                        ("password", ""),
                        ("pending_mail", ""),
                    ),
                    _connector="OR",
                ),
                name="account_anonymised_names_nobody",
            ),
        ),
        migrations.RunSQL(RETURNING, "DROP VIEW accounts_returning"),
    ]
