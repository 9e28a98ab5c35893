"""What bringing people together searches by: keys of names made in SQL, and an index of mobiles."""

from django.db import migrations, models

# names.name_key, word for word: a test compares the two.
NAME_KEY = """
CREATE FUNCTION establishments_name_key(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN name ~ '^[A-Z]*$' THEN name ELSE
        regexp_replace(
            upper(regexp_replace(
                normalize(
                    replace(replace(replace(replace(replace(
                        translate(name, 'øØłŁđĐ', 'oOlLdD'),
                        'œ', 'oe'), 'Œ', 'OE'), 'æ', 'ae'), 'Æ', 'AE'), 'ß', 'ss'),
                    NFKD),
                '[^A-Za-z]', '', 'g')),
            '[^A-Z]', '', 'g') END
$$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("establishments", "0008_journal"),
    ]

    operations = [
        migrations.RunSQL(NAME_KEY, "DROP FUNCTION establishments_name_key(text)"),
        migrations.AddIndex(
            model_name="responsable",
            index=models.Index(
                condition=models.Q(("mobile", ""), _negated=True),
                fields=["mobile", "given_name_key"],
                name="responsable_by_mobile",
            ),
        ),
    ]
