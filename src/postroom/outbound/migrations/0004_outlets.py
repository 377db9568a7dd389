"""What workers share about a server moves from its lanes to its outlet; flows take turns inside a lane."""

import django.db.models.deletion
from django.db import migrations, models

WAITING = models.Q(("status__in", ["deferred", "queued"]))

# Every server that has a lane gets its outlet, and both its lanes. The faults of the lane that was closed last stay.
FILL = """
INSERT INTO outbound_outlet (server_id, closed_until, closed_version, faults, fault, lesson)
SELECT DISTINCT ON (server_id) server_id, closed_until, closed_version, faults, fault, ''
FROM outbound_lane
ORDER BY server_id, closed_until DESC NULLS LAST;
UPDATE outbound_lane AS lane SET outlet_id = outlet.id FROM outbound_outlet AS outlet
WHERE outlet.server_id IS NOT DISTINCT FROM lane.server_id;
INSERT INTO outbound_lane (outlet_id, server_id, stream, drained_until, faults, fault)
SELECT outlet.id, outlet.server_id, stream, now(), 0, ''
FROM outbound_outlet AS outlet, unnest(ARRAY['transactional', 'mass']) AS stream
ON CONFLICT DO NOTHING;
UPDATE outbound_delivery SET flow = workspace_id;
-- Deferred checks of the rows above would stand in the way of altering their tables.
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("outbound", "0003_needs_a_person"),
        ("servers", "0003_limits"),
        ("workspaces", "0005_daily_limit"),
    ]

    operations = [
        migrations.CreateModel(
            name="Outlet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("closed_until", models.DateTimeField(null=True)),
                ("closed_version", models.BigIntegerField(help_text="routing_version then: a change of settings reopens it", null=True)),
                ("faults", models.PositiveIntegerField(default=0, help_text="Faults in a row; each doubles the wait")),
                ("fault", models.TextField(blank=True, help_text="The last one, in plain words")),
                ("learned_per_minute", models.PositiveIntegerField(null=True)),
                ("learned_connections", models.PositiveSmallIntegerField(null=True)),
                ("learned_at", models.DateTimeField(null=True)),
                ("lesson", models.TextField(blank=True, help_text="The server's words that taught it")),
                ("server", models.OneToOneField(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="outlet", to="servers.outgoingserver")),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("server",), name="one_outlet_per_server", nulls_distinct=False)]},
        ),
        migrations.CreateModel(
            name="Share",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("worker", models.UUIDField()),
                ("connections", models.PositiveSmallIntegerField()),
                ("until", models.DateTimeField()),
                ("outlet", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to="outbound.outlet")),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("outlet", "worker"), name="one_share_per_worker")]},
        ),
        migrations.CreateModel(
            name="Usage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("messages", models.IntegerField()),
                ("outlet", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to="outbound.outlet")),
                ("workspace", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to="workspaces.workspace")),
            ],
            options={
                "indexes": [models.Index(fields=["outlet", "at"], name="usage_by_age")],
                "constraints": [models.UniqueConstraint(fields=("outlet", "workspace", "at"), name="one_usage_per_second")],
            },
        ),
        migrations.CreateModel(
            name="DomainPause",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("domain", models.CharField(max_length=255)),
                ("until", models.DateTimeField()),
                ("faults", models.PositiveIntegerField(default=1, help_text="Pauses in a row; each doubles the next")),
                ("reason", models.TextField(blank=True)),
                ("outlet", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to="outbound.outlet")),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("outlet", "domain"), name="one_pause_per_domain")]},
        ),
        migrations.AddField(
            "lane",
            "outlet",
            models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="lanes", to="outbound.outlet"),
        ),
        migrations.AddField(
            "delivery",
            "flow",
            models.BigIntegerField(default=0, help_text="Who takes turns inside the lane: a workspace, or one campaign"),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RemoveConstraint("lane", "one_lane_per_server_stream"),
        migrations.RemoveField("lane", "server"),
        migrations.RemoveField("lane", "drained_until"),
        migrations.RemoveField("lane", "closed_until"),
        migrations.RemoveField("lane", "closed_version"),
        migrations.RemoveField("lane", "faults"),
        migrations.RemoveField("lane", "fault"),
        migrations.AlterField(
            "lane",
            "outlet",
            models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="lanes", to="outbound.outlet"),
        ),
        migrations.AddConstraint(
            "lane", models.UniqueConstraint(fields=("outlet", "stream"), name="one_lane_per_outlet_stream")
        ),
        migrations.AlterField(
            "delivery",
            "flow",
            models.BigIntegerField(help_text="Who takes turns inside the lane: a workspace, or one campaign"),
        ),
        migrations.AlterField(
            "delivery",
            "priority",
            models.SmallIntegerField(default=5, help_text="0 to 9; lower goes first, inside its flow"),
        ),
        migrations.RemoveIndex("delivery", "delivery_waiting"),
        migrations.AddIndex(
            "delivery",
            models.Index(condition=WAITING, fields=["lane", "flow", "priority", "due_at"], name="delivery_turn"),
        ),
        migrations.AddIndex(
            "delivery", models.Index(condition=WAITING, fields=["lane", "due_at"], name="delivery_due")
        ),
    ]
