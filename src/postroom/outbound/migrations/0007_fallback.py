from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("outbound", "0006_failures")]

    operations = [
        migrations.AddField(
            "outlet",
            "fallback",
            models.TextField(blank=True, db_default="", help_text="What becomes of its mail meanwhile"),
        ),
    ]
