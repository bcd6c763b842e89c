"""Which limit stands behind an exception: the first part of the Python half of sallyport-session.

Runs before support.py and in the same module, whose traceback code uses it.
"""

import errno
import socket


def _is_offline():
    try:
        return socket.if_nameindex() == [(1, "lo")]
    except OSError:
        return False


def _network_of(value):
    """The same for a network that is not there; clients of HTTP wrap the error up to a few times."""
    for _ in range(8):
        number = getattr(value, "errno", None) if isinstance(value, OSError) else None
        if number in (errno.ENETUNREACH, errno.EADDRNOTAVAIL) or isinstance(value, socket.gaierror):
            if _is_offline():
                return "EgressDisabled: sessions of this pool have no network ('network_status' in [pool])\n"
        if number == errno.EHOSTUNREACH:
            return "EgressEnabled: private and link-local addresses cannot be reached from a session\n"
        value = value.__cause__ or value.__context__
        if value is None:
            break
    return ""


def _limit_of(kind, value):
    """A line that names the limit behind an exception, for whoever could raise it; or nothing."""
    if issubclass(kind, MemoryError):
        return "LimitReached: memory: the limit of each process is 'memory' in [pool.session]\n"
    if issubclass(kind, RecursionError):
        return ""
    number = getattr(value, "errno", None) if issubclass(kind, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "LimitReached: disk: the limit of /mnt/data and of /tmp is 'data' in [pool.session]\n"
    if number == errno.EMFILE:
        return "LimitReached: descriptors: a process may have 1024 open\n"
    if number == errno.ENOMEM:
        return "LimitReached: memory: the limit of each process is 'memory' in [pool.session]\n"
    if number == errno.EAGAIN and issubclass(kind, BlockingIOError) or \
            issubclass(kind, RuntimeError) and str(value) == "can't start new thread":
        return "LimitReached: processes: their number and that of threads is 'processes' in [pool.session]\n"
    return ""
