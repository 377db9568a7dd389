from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("servers", "0004_signed_by")]

    operations = [
        migrations.AlterField(
            "outgoingserver",
            "encryption",
            models.CharField(
                choices=[
                    ("none", "None"),
                    ("starttls", "TLS (STARTTLS)"),
                    ("opportunistic", "TLS (STARTTLS) if offered, unverified"),
                    ("tls", "SSL/TLS"),
                ],
                default="starttls",
                max_length=13,
            ),
        ),
    ]
