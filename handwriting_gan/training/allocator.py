"""The C library's allocator, told to suit a step: it frees much, and the next step wants it again."""

import ctypes
import sys

TRIM_THRESHOLD, MMAP_MAX, ARENA_MAX = -1, -4, -8  # names of glibc's mallopt
NEVER = 2**31 - 1


def keep_freed_pages() -> None:
    """Asks glibc not to return to the system what a step frees; other C libraries are left alone.

    By default it does so at once with arrays of more than some MiB, and every step has the system clear
    some 80,000 pages for it again. It has to be called before JAX puts its devices to work.
    """
    if libc := _glibc():
        libc.mallopt(ARENA_MAX, 1)
        libc.mallopt(MMAP_MAX, 0)
        libc.mallopt(TRIM_THRESHOLD, NEVER)


def return_freed_pages() -> None:
    """Returns to the system what is free by now, as after a set-up whose arrays no step will want."""
    if libc := _glibc():
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "gnu_get_libc_version") else None
