"""Freed memory stays with the process while it trains, and goes when told."""

import subprocess
import sys

import pytest

from handwriting_gan.training import allocator

FREE_AND_LOOK = """
import numpy as np
from handwriting_gan.training import allocator
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
if {keep}:
    allocator.keep_freed_pages()
before = resident()
held = np.ones(2**25)
del held
kept = resident() - before
allocator.return_freed_pages()
print(kept, resident() - before)
"""


@pytest.mark.skipif(allocator._glibc() is None, reason="another C library")
@pytest.mark.parametrize("keep", [True, False])
def test_what_a_step_frees_is_kept_for_the_next_until_returned(keep: bool) -> None:
    """In a process of its own: there is no way back."""
    done = subprocess.run([sys.executable, "-c", FREE_AND_LOOK.format(keep=keep)], capture_output=True,
                          text=True, check=True)
    kept, after = map(int, done.stdout.split())
    freed = 8 * 2**25
    assert (kept > 0.9 * freed) == keep
    assert after < 0.1 * freed


def test_another_system_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator.sys, "platform", "win32")
    assert allocator._glibc() is None
    allocator.keep_freed_pages()
    allocator.return_freed_pages()
