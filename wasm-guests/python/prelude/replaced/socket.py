"""Stands in for the standard library's socket module, which many others import for its names. There are no sockets here."""

import enum

MESSAGE = "sockets are not available in this sandbox; call a server's tools or fetch() instead"

error = OSError
timeout = TimeoutError
has_ipv6 = False
_GLOBAL_DEFAULT_TIMEOUT = object()


class herror(OSError):
    pass


class gaierror(OSError):
    pass


AddressFamily = enum.IntEnum("AddressFamily", {"AF_UNSPEC": 0, "AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10})
SocketKind = enum.IntEnum("SocketKind", {"SOCK_STREAM": 1, "SOCK_DGRAM": 2, "SOCK_RAW": 3})
globals().update(AddressFamily.__members__)
globals().update(SocketKind.__members__)
SOL_SOCKET, SO_REUSEADDR, SO_ERROR, SO_BROADCAST, SO_KEEPALIVE, SO_REUSEPORT, SOMAXCONN = 1, 2, 4, 6, 9, 15, 4096
IPPROTO_IP, IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_IPV6, IPV6_V6ONLY, TCP_NODELAY = 0, 1, 6, 17, 41, 26, 1
SHUT_RD, SHUT_WR, SHUT_RDWR = 0, 1, 2
MSG_PEEK, MSG_DONTWAIT = 2, 64
AI_PASSIVE, AI_CANONNAME, AI_NUMERICHOST, AI_NUMERICSERV = 1, 2, 4, 1024
NI_NUMERICHOST, NI_NUMERICSERV, NI_DGRAM = 1, 2, 16
EAI_NONAME, EAI_FAMILY, EAI_SOCKTYPE = -2, -6, -7
INADDR_ANY, INADDR_LOOPBACK = 0, 0x7F000001


def _absent(*args, **kwargs):
    raise OSError(MESSAGE)


class socket:
    """No socket can be made."""

    def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
        _absent()


SocketType = socket
create_connection = create_server = socketpair = fromfd = dup = _absent
getaddrinfo = gethostbyname = gethostbyname_ex = gethostbyaddr = getnameinfo = getservbyname = getservbyport = _absent
if_nameindex = if_nametoindex = if_indextoname = send_fds = recv_fds = _absent


def gethostname():
    return "localhost"


def getfqdn(name=""):
    return name or "localhost"


def has_dualstack_ipv6():
    return False


_default_timeout = None


def getdefaulttimeout():
    return _default_timeout


def setdefaulttimeout(timeout):
    global _default_timeout
    _default_timeout = timeout


def htons(number):
    return (number & 0xFF) << 8 | number >> 8 & 0xFF


def htonl(number):
    return int.from_bytes(number.to_bytes(4, "little"), "big")


ntohs, ntohl = htons, htonl


def inet_aton(text):
    parts = text.split(".")
    if len(parts) != 4 or not all(part.isdecimal() and int(part) < 256 for part in parts):
        raise OSError("illegal IP address string passed to inet_aton")
    return bytes(map(int, parts))


def inet_ntoa(packed):
    if len(packed) != 4:
        raise OSError("packed IP wrong length")
    return ".".join(map(str, packed))


def inet_pton(family, text):
    import ipaddress

    try:
        return (ipaddress.IPv4Address if family == AddressFamily.AF_INET else ipaddress.IPv6Address)(text).packed
    except ValueError:
        raise OSError("illegal IP address string passed to inet_pton") from None


def inet_ntop(family, packed):
    import ipaddress

    return str((ipaddress.IPv4Address if family == AddressFamily.AF_INET else ipaddress.IPv6Address)(packed))
