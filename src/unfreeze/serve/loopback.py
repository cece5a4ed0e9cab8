"""What is this machine: its addresses, and the names under which it is asked."""

import ipaddress


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own.

    >>> [is_loopback(address) for address in ("127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "localhost", "")]
    [True, True, True, False, False, False]
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return bool(found.is_loopback or (mapped and mapped.is_loopback))


def is_local_name(host: str) -> bool:
    """Whether the value of a Host header, or of --host, names this machine.

    >>> [is_local_name(host) for host in ("localhost:8000", "127.0.0.1", "[::1]:80", "::1", "evil.example", "0.0.0.0")]
    [True, True, True, True, False, False]
    """
    name = host.lower()
    if is_loopback(name):
        return True
    name = name.rpartition(":")[0] if name.rpartition(":")[2].isdecimal() else name
    return name == "localhost" or is_loopback(name.removeprefix("[").removesuffix("]"))
