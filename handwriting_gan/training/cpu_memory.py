"""How a run on a CPU is sparing with memory.

XLA's CPU writes a parameter, its moment and its average each by a loop of its own, which computes the ones
before it again and needs copies of what they overwrite. As one loop with several outputs it does not; but
that is an experiment of XLA's, whose compiler aborts on some programs (MSGAN's step): nobody gets it unasked.
"""

import ctypes
import gc
import sys

from handwriting_gan.environment import add_xla_flag

EXTRA_OPTIONS, SEVERAL_OUTPUTS = "--xla_backend_extra_options", "xla_cpu_use_multi_output_fusion=true"


def allow_several_outputs() -> None:
    """Lets XLA's CPU fuse loops that read the same arrays; before JAX looks at its devices.

    A wish of the user's own, in `XLA_FLAGS`, stands.
    """
    add_xla_flag(EXTRA_OPTIONS, SEVERAL_OUTPUTS)


def give_back() -> None:
    """Hands freed memory back to the system: compiling a step leaves some hundred megabytes."""
    gc.collect()  # programs that nobody will call again
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)
