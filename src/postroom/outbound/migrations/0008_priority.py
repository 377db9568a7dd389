
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('outbound', '0007_fallback'),
        ('workspaces', '0009_people'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('priority__range', (0, 9))), name='delivery_priority_known'),
        ),
    ]
