import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [("servers", "0005_opportunistic_encryption")]

    operations = [
        migrations.CreateModel(
            "ConnectionTest",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "recipient",
                    models.CharField(help_text="Whom RCPT TO names; nothing is sent to them", max_length=320),
                ),
                ("by", models.CharField(max_length=320)),
                ("created_at", models.DateTimeField(db_default=Now())),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("refusal", models.TextField(blank=True, help_text="Why it could not even begin")),
                ("security", models.CharField(blank=True, help_text="The encryption it was tried with", max_length=13)),
                ("trials", models.JSONField(default=list, help_text="As `connection_tests.tell` writes them")),
                (
                    "server",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="connection_tests",
                        to="servers.outgoingserver",
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["server", "-id"], name="newest_test_of_server")]},
        ),
    ]
