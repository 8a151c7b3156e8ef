"""Writes what run.py measured as Markdown.

    python report.py results.json [FILE.md]

A file that has the two marks gets the text between them replaced; any other is written anew.
"""

import json
import sys
from pathlib import Path

from measure import HAS_BF16, OBEYS_SWITCH, TOLERANCE, precision

BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"
ENGINES = ["upwise", "onnxruntime", "OpenVINO", "ncnn", "PyTorch"]


def table(head, rows):
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines]


def square(side):
    return f"{side}x{side}"


def row(line):
    cells = [f"{line['network']}, {square(line['side'])}"]
    for name in ENGINES:
        engine = line["engines"].get(name)
        text = f"{engine['gmac_per_s']:.0f}" if engine else "failed"
        cells.append(f"**{text}**" if name in ("upwise", line["best_peer"]) else text)
    cells.append(f"{line['engines']['upwise']['median_s'] * 1000:.0f} ms")
    cells.append(f"{line['ratio']:.2f}" if line["ratio"] else "")
    cells.append(f"{line['engines']['upwise']['gmac_per_s'] / line['roofline_gmac_per_s']:.2f}")
    return cells


# What each further table is of, who takes part in it, and what that means for the others.
WAYS = {
    "avx2": (
        "AVX-512 switched off wherever that is possible:",
        OBEYS_SWITCH,
        "has no switch for its instruction set and ran with AVX-512",
    ),
    "bf16": ("In bf16, on AMX's matrix tiles:", HAS_BF16, "has none and ran in f32"),
}


def comparison(lines, part):
    """A table of all engines, GMAC/s."""
    what, able, others = WAYS.get(part, (None, ENGINES, None))
    marked = [n if n in able else f"{n} *" for n in ENGINES]
    head = ["GMAC/s", *marked, "upwise takes", "upwise / best peer", "upwise / roofline"]
    text = [what, ""] if what else []
    text += table(head, [row(line) for line in lines])
    return text + (["", f"\\* {others}."] if others else [])


def spread(lines):
    """The largest distance between two rounds of one engine, relative to its median."""
    engines = [engine for line in lines for engine in line["engines"].values()]
    return max((max(e["seconds by round"]) - min(e["seconds by round"])) / e["median_s"] for e in engines)


def remarks(results):
    parts = results["parts"]
    lines = [line for part in parts.values() for line in part]
    text = []
    rooflines = [
        f"{part[0]['roofline_gmac_per_s']:.0f} GMAC/s ({'AVX2' if name == 'avx2' else 'best instruction set'})"
        for name, part in parts.items()
        if part
    ]
    if rooflines:
        text.append(f"Roofline: the peak of multiply-adds of {results['threads']} threads, {', '.join(rooflines)}.")
    ways = {
        f"{line['network']} {square(line['side'])} {line['engines']['PyTorch']['detail']['way']}"
        for line in parts.get("native", [])
        if "PyTorch" in line["engines"]
    }
    if ways:
        text.append(f"PyTorch ran in the fastest of four ways: {'; '.join(sorted(ways))}.")
    for name in TOLERANCE:
        of_precision = [line for part, ls in parts.items() if precision(part) == name for line in ls]
        if of_precision:
            worst = max(engine["difference"] for line in of_precision for engine in line["engines"].values())
            text.append(
                f"All outputs in {name} were compared with eager PyTorch's in f32 before timing: at most {worst:.2g} apart on a "
                f"scale of 0 to 1 ({TOLERANCE[name]:.2g} is allowed)."
            )
    if lines:
        text.append(f"Rounds of one engine differ by up to {spread(lines):.0%}.")
    failed = {f"{name} on {line['network']}: {why}" for line in lines for name, why in line["failed"].items()}
    return text + sorted(failed)


def own(results):
    """upwise compared with itself."""
    text = []
    for line in results.get("scaling") or []:
        text.append(
            f"- {line['network']}, {square(line['side'])}: {line['threads']} threads are "
            f"{line['speedup']:.2f} times as fast as one."
        )
    pixel = results.get("per_pixel")
    if pixel:
        small, large = (square(side) for side in pixel["sides"])
        text.append(
            f"- {pixel['network']}: a pixel of {large} takes {pixel['large_over_small']:.2f} times as long as one of "
            f"{small}, and the process at most {pixel['peak_rss_mib']} MiB, input and output included."
        )
    return text


def render(results):
    place = results["machine"]
    lines = [line for part in results["parts"].values() for line in part]
    versions = {name: e["version"] for line in lines for name, e in line["engines"].items()}
    named = ", ".join(f"{name} {versions[name]}" for name in ENGINES if name in versions)
    text = ["*A smoke run: these numbers mean nothing.*", ""] if results["smoke"] else []
    text += [
        f"{place['processor']}, {place['cores']} cores, {place['caches']}; {results['threads']} threads, "
        f"medians of {results['rounds']} rounds in which the engines take turns; {place['date']}.{f' {named}.' if named else ''}",
        "",
    ]
    for part, lines in results["parts"].items():
        text += [*comparison(lines, part), ""]
    for remark in remarks(results):
        text += [remark, ""]
    text += own(results)
    return "\n".join(text).strip() + "\n"


def write(results, path):
    text = render(results)
    if path is None:
        print(text, end="")
        return
    old = path.read_text() if path.exists() else ""
    if BEGIN in old and END in old:
        before, after = old.split(BEGIN, 1)[0], old.split(END, 1)[1]
        text = f"{before}{BEGIN}\n{text}{END}{after}"
    path.write_text(text)


if __name__ == "__main__":
    write(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
