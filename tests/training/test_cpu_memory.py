"""Freed memory does not stay resident."""

import subprocess
import sys

import pytest

FREE = """
import resource
from pathlib import Path
from handwriting_gan.training import cpu_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

blocks = [bytearray(50_000) for _ in range(2_000)]  # 100 MB, each too small to return by itself
last = bytearray(50_000)  # above them in memory
del blocks
before = resident()
cpu_memory.release()
print(before - resident())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the C library of Linux")
def test_freed_memory_returns_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", FREE], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 50e6
