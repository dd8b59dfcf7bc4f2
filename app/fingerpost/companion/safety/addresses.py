"""Where this machine is found in its networks."""

from __future__ import annotations

import fcntl
import socket
import struct
from typing import Callable, List, Optional, Sequence, Tuple

_SIOCGIFADDR = 0x8915
"""Asks for the IPv4 address of a network interface (netdevice(7))."""
_USB = ("l4tbr", "usb", "rndis")
"""How the interfaces of a USB cable begin, those of JetPack among them (192.168.55.1)."""
_INNER = ("lo", "docker", "veth", "br-", "virbr", "tun", "tap")
"""Those behind which no helper sits."""


def list_addresses(interfaces: Optional[Sequence[str]] = None,
                   find: Optional[Callable[[str], Optional[str]]] = None) -> List[str]:
    """The IPv4 addresses of this machine in its networks, that of the USB cable first.

    A cable is the one network that nobody else is in. `interfaces` and `find` are the system's, but in tests.
    """
    names = [name for _, name in socket.if_nameindex()] if interfaces is None else list(interfaces)
    outer = sorted((name for name in names if not name.startswith(_INNER)), key=_rank)
    found = [(find or find_address)(name) for name in outer]
    return [address for address in found if address and not address.startswith("127.")]


def find_address(interface: str) -> Optional[str]:
    """The IPv4 address of a network interface; None where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            answer = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, struct.pack("256s", interface.encode()[:15]))
        except OSError:
            return None
    return socket.inet_ntoa(answer[20:24])


def find_name() -> str:
    """The name under which multicast DNS knows this machine."""
    return socket.gethostname().split(".")[0].lower() + ".local"


def _rank(interface: str) -> Tuple[bool, str]:
    return not interface.startswith(_USB), interface
