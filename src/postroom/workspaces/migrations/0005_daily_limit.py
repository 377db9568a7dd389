from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0004_preferences")]

    operations = [
        migrations.AddField(
            "workspace",
            "default_server_daily_limit",
            models.PositiveIntegerField(blank=True, help_text="Messages a day (UTC); none: unlimited", null=True),
        ),
    ]
