"""The native part (pyproject.toml has all the rest): built where there is a C compiler and Python's headers, left out otherwise."""

import platform
import sys
import sysconfig

from setuptools import Extension, setup

# What the native part knows: the frames of these versions, on 64 bits of Linux, under the GIL.
_SUPPORTED = (
    sys.platform.startswith("linux")
    and platform.python_implementation() == "CPython"
    and (3, 8) <= sys.version_info[:2] <= (3, 13)
    and sys.maxsize > 2**32
    and not sysconfig.get_config_var("Py_GIL_DISABLED")
)

native = Extension(
    "everflame._native",
    sources=["native/" + name + ".c" for name in ("cpu", "events", "frames", "hot", "labels", "looks", "memory", "module", "table", "timers")],
    depends=["native/" + name + ".h" for name in ("events", "everflame", "safe_read", "timers")],
    extra_compile_args=["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-missing-field-initializers"],
    libraries=["pthread", "rt", "m"],
    optional=True,  # a build that fails is a warning, and the agent works without it
)

setup(ext_modules=[native] if _SUPPORTED else [])
