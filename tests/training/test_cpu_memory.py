"""A wish of the user's stands; what was freed is no longer resident."""

import os
import subprocess
import sys

import pytest

from handwriting_gan.training import cpu_memory

FREE = """
import resource
from pathlib import Path
from handwriting_gan.training import cpu_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

blocks = [bytearray(50_000) for _ in range(2_000)]  # 100 MB, each too small to be given back by itself
last = bytearray(50_000)  # above them in memory
del blocks
before = resident()
cpu_memory.give_back()
print(before - resident())
"""


FLAG = f"{cpu_memory.EXTRA_OPTIONS}={cpu_memory.SEVERAL_OUTPUTS}"


@pytest.mark.parametrize(("flags", "then"), [
    (None, FLAG),
    ("--xla_cpu_use_thunk_runtime=true", f"--xla_cpu_use_thunk_runtime=true {FLAG}"),
    ("--xla_backend_extra_options=mine", "--xla_backend_extra_options=mine"),
])
def test_the_flag_is_added_to_the_users_own(flags: str | None, then: str,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    if flags:
        monkeypatch.setenv("XLA_FLAGS", flags)
    for _ in range(2):  # said twice, it stands once
        cpu_memory.allow_several_outputs()
        assert os.environ["XLA_FLAGS"] == then


@pytest.mark.skipif(sys.platform != "linux", reason="the C library of Linux")
def test_what_was_freed_goes_back_to_the_system() -> None:
    told = subprocess.run([sys.executable, "-c", FREE], capture_output=True, text=True, check=True)
    assert int(told.stdout) > 50e6
