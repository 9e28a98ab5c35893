"""Events live in monthly partitions, which nothing changes once written; a seal for each day (ADR 14)."""

from django.db import migrations, models

# PostgreSQL 15 knows no identity column in a partitioned table: the same sequence, as a plain default.
_PARTITIONED = """
ALTER TABLE establishments_event RENAME TO event_before;
DROP TRIGGER event_append_only ON event_before;
ALTER TABLE event_before RENAME CONSTRAINT establishments_event_pkey TO event_before_pkey;
ALTER INDEX event_journal RENAME TO event_before_journal;
ALTER INDEX event_history RENAME TO event_before_history;
ALTER TABLE event_before ALTER COLUMN id DROP IDENTITY;

CREATE TABLE establishments_event (
    id bigint NOT NULL,
    kind varchar(40) NOT NULL,
    at timestamptz NOT NULL,
    actor varchar(8) NOT NULL,
    target_kind varchar(20) NOT NULL,
    target_id bigint NOT NULL,
    data jsonb NOT NULL,
    agent_id bigint,
    establishment_id bigint,
    CONSTRAINT establishments_event_pkey PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
-- Every date that no month has.
CREATE TABLE establishments_event_other PARTITION OF establishments_event DEFAULT;
CREATE SEQUENCE establishments_event_id_seq OWNED BY establishments_event.id;
ALTER TABLE establishments_event ALTER COLUMN id SET DEFAULT nextval('establishments_event_id_seq');
SELECT setval('establishments_event_id_seq', coalesce((SELECT max(id) FROM event_before), 0) + 1, false);
"""
_KEPT = """
DO $$
DECLARE kept record;
BEGIN
    FOR kept IN SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
                WHERE conrelid = 'event_before'::regclass AND contype IN ('c', 'f') LOOP
        EXECUTE format('ALTER TABLE event_before DROP CONSTRAINT %I', kept.conname);
        EXECUTE format('ALTER TABLE establishments_event ADD CONSTRAINT %I %s', kept.conname, kept.definition);
    END LOOP;
END $$;
"""
# « event_acts » is what the journal shows first: neither the share of each account in what was done to many,
# nor what time did to an account by itself. accounts/journal.py repeats its condition. « event_days », which costs
# next to nothing, finds the events of a day for its seal.
_INDEXES = """
CREATE INDEX event_journal ON establishments_event (establishment_id, at DESC, id DESC);
CREATE INDEX event_history ON establishments_event (target_kind, target_id, at DESC, id DESC);
CREATE INDEX event_kinds ON establishments_event (establishment_id, kind, at DESC, id DESC);
CREATE INDEX event_acts ON establishments_event (establishment_id, at DESC, id DESC)
    WHERE target_kind <> 'account' OR ((data ->> 'operation') IS NULL AND actor = 'AGENT');
CREATE INDEX event_days ON establishments_event USING brin (at) WITH (pages_per_range = 32, autosummarize = on);
"""
# A trigger for each row of the parent is each partition's too, made today or later. One for TRUNCATE is not.
_GUARDS = """
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON establishments_event
    FOR EACH ROW EXECUTE FUNCTION establishments_refuse_change();
CREATE TRIGGER event_not_emptied BEFORE TRUNCATE ON establishments_event
    FOR EACH STATEMENT EXECUTE FUNCTION establishments_refuse_change();
CREATE TRIGGER event_not_emptied BEFORE TRUNCATE ON establishments_event_other
    FOR EACH STATEMENT EXECUTE FUNCTION establishments_refuse_change();
CREATE TRIGGER seal_append_only BEFORE UPDATE OR DELETE ON establishments_journalseal
    FOR EACH ROW EXECUTE FUNCTION establishments_refuse_change();

CREATE FUNCTION establishments_refuse_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1247768903);
    IF EXISTS (SELECT FROM establishments_journalseal WHERE day >= (NEW.at AT TIME ZONE 'UTC')::date) THEN
        RAISE EXCEPTION 'the day of this event is sealed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
-- A day is sealed an hour after its end at the earliest: what is newer need not ask.
CREATE TRIGGER event_of_a_sealed_day BEFORE INSERT ON establishments_event
    FOR EACH ROW WHEN (NEW.at < clock_timestamp() - interval '1 hour')
    EXECUTE FUNCTION establishments_refuse_sealed();

CREATE FUNCTION establishments_make_month(month date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    partition text := 'establishments_event_' || to_char(month, 'YYYY_MM');
    since timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
    until timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
BEGIN
    IF to_regclass(partition) IS NOT NULL
       OR EXISTS (SELECT FROM establishments_event_other WHERE at >= since AND at < until) THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I PARTITION OF establishments_event FOR VALUES FROM (%L) TO (%L)',
                   partition, since, until);
    EXECUTE format('CREATE TRIGGER event_not_emptied BEFORE TRUNCATE ON %I
                    FOR EACH STATEMENT EXECUTE FUNCTION establishments_refuse_change()', partition);
    RETURN true;
END $$;
"""
_COPIED = """
SELECT establishments_make_month(month::date)
FROM generate_series(date_trunc('month', greatest(now() - interval '24 months', coalesce(
                         (SELECT min(at) FROM event_before), now())) AT TIME ZONE 'UTC'),
                     date_trunc('month', now() AT TIME ZONE 'UTC') + interval '6 months',
                     interval '1 month') month;
INSERT INTO establishments_event (id, kind, at, actor, target_kind, target_id, data, agent_id, establishment_id)
SELECT id, kind, at, actor, target_kind, target_id, data, agent_id, establishment_id FROM event_before;
DROP TABLE event_before;
"""


class Migration(migrations.Migration):
    dependencies = [("establishments", "0007_agent_sessions")]

    operations = [
        migrations.CreateModel(
            name="JournalSeal",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("first_event", models.BigIntegerField(null=True)),
                ("last_event", models.BigIntegerField(null=True)),
                ("events", models.PositiveIntegerField()),
                ("events_sha256", models.CharField(max_length=64)),
                ("previous", models.CharField(max_length=64)),
                ("sha256", models.CharField(max_length=64)),
                ("sealed_at", models.DateTimeField()),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(statement)
                for statement in (_PARTITIONED, _KEPT, _INDEXES, _GUARDS, _COPIED)
            ],
            state_operations=[
                migrations.AddIndex(
                    model_name="event",
                    index=models.Index(fields=["establishment", "kind", "-at", "-id"], name="event_kinds"),
                ),
            ],
        ),
    ]
