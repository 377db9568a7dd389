"""Does an IP address belong to the Internet at large? (RFC 6890)"""

from ipaddress import IPv6Address, IPv6Network, ip_address

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address behind a translator


def is_public(address: str) -> bool:
    """False for private, loopback, link-local and other special addresses; IPv4 inside IPv6 counts as what it is.

    ValueError for what is no IP address.
    """
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            return is_public(str(inner))
        if ip in _NAT64:
            return is_public(str(ip_address(int(ip) & 0xFFFF_FFFF)))
    return ip.is_global and not ip.is_multicast
