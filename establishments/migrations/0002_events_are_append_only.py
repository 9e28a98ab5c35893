"""A trigger refuses to change or delete an event, whoever asks."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("establishments", "0001_initial")]

    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION establishments_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'events are append-only' USING ERRCODE = 'restrict_violation';
            END $$;
            CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON establishments_event
                FOR EACH ROW EXECUTE FUNCTION establishments_refuse_change();
            """,
            """
            DROP TRIGGER event_append_only ON establishments_event;
            DROP FUNCTION establishments_refuse_change();
            """,
        ),
    ]
