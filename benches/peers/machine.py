"""What the numbers were measured on."""

import datetime
import os
import platform
import re
from pathlib import Path


def field(name):
    """A line of the first processor in /proc/cpuinfo, or nothing."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""
    found = re.search(rf"^{name}\s*: (.*)$", text, re.MULTILINE)
    return found.group(1).strip() if found else ""


def has_avx512():
    return "avx512f" in field("flags").split()


def has(way):
    """Whether a table makes sense here, by what its engines are told: nothing, to do without AVX-512, or bf16."""
    return {None: True, "avx2": has_avx512(), "bf16": "amx_bf16" in field("flags").split()}[way]


def caches():
    """Sizes as the system gives them, such as `L2 1024K`."""
    found = []
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = ((index / name).read_text().strip() for name in ("level", "type", "size"))
        if kind != "Instruction":
            found.append(f"L{level} {size}")
    return ", ".join(found)


def describe():
    """Name, numbers and date. Virtual machines give a short name, so family and model stand beside it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    name = field("model name") or platform.processor() or platform.machine()
    return {
        "processor": f"{name} (family {field('cpu family')}, model {field('model')})",
        "cores": os.cpu_count(),
        "caches": caches(),
        "memory in GiB": round(memory / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "AVX-512": has_avx512(),
        "date": datetime.date.today().isoformat(),
    }
