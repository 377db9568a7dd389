"""Which records must the zone of the platform's own domain hold, for sub-domains and for keys that others point to?"""

from collections.abc import Iterator

import structlog
from django.conf import settings

from postroom.domains.keys import record_of
from postroom.domains.models import DkimKey
from postroom.policy.dns.findings import Purpose, Record
from postroom.policy.dns.receiving import MX_PREFERENCE
from postroom.policy.dns.spf import mechanism_of
from postroom.rfc.spf import merge_spf
from postroom.servers.domain_facts import default_sender
from postroom.vault import SealBrokenError

log = structlog.get_logger()


def platform_records() -> Iterator[Record]:
    """Those of all sub-domains, as wildcards, as far as the settings tell them; then a key for each that is pointed to.

    A key that is sealed under another secret key of the installation is left out.
    """
    env = settings.POSTROOM
    everywhere = f"*.{env.platform_domain}"
    if env.mx_name:
        yield Record(everywhere, "MX", f"{MX_PREFERENCE} {env.mx_name}", Purpose.MX)
    if mechanism := mechanism_of(default_sender()):
        yield Record(everywhere, "TXT", merge_spf([], [mechanism]), Purpose.SPF)
    policy = f"v=DMARC1; p=none; rua=mailto:postmaster@{env.platform_domain}"
    yield Record(f"_dmarc.{env.platform_domain}", "TXT", policy, Purpose.DMARC)
    for key in DkimKey.objects.exclude(pointer="").filter(retired_at=None).order_by("domain", "selector"):
        try:
            yield record_of(key)
        except SealBrokenError:
            log.warning("platform_zone.key_unreadable", key=str(key))
