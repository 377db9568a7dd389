from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("servers", "0002_routing_version")]

    operations = [
        migrations.AddField(
            "outgoingserver", f"max_messages_per_{span}", models.PositiveIntegerField(blank=True, null=True)
        )
        for span in ("second", "hour", "day")
    ]
