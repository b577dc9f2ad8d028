"""Full-rate CWT and SSQ and the spectrogram image: 44.1 kHz, float32, 256 rows from 30 Hz to
12 kHz, Morse(3, 60) (fCWT and scalet have Morlet wavelets alone: the nearest, of mu = 13.4).

Each cell is a process of its own: its set-up is not counted, nor is a first run, of the same
length (60 s: of 1 s). CPU seconds are those of all threads, and count what allocating the output
costs ("in place": into an array that exists already, for repeated transforms); the memory is the
largest of the whole process, that of its interpreter included.
"""

import os

from . import measure

ENVIRONMENTS = {
    "ssqueezepy": ["ssqueezepy==0.6.6"],
    "fcwt": ["fCWT", "matplotlib"],
}
PACKAGES = [
    # work, package, name of the work there
    ("cwt", "songscape", "cwt"),
    ("cwt", "songscape", "cwt-in-place"),
    ("cwt", "scalet", "scalet-cwt"),
    ("cwt", "fcwt", "cwt"),
    ("cwt", "ssqueezepy", "cwt"),
    ("ssq", "songscape", "ssq"),
    ("ssq", "songscape", "ssq-in-place"),
    ("ssq", "scalet", "scalet-ssq"),
    ("ssq", "ssqueezepy", "ssq"),
    ("image", "songscape", "image"),
    ("image", "ssqueezepy", "image"),
]


def add_arguments(parser):
    parser.add_argument("--seconds", type=int, nargs="+", default=[1, 10, 60],
                        help="lengths of the sound (default: 1 10 60)")
    parser.add_argument("--work", nargs="+", choices=["cwt", "ssq", "image"],
                        default=["cwt", "ssq", "image"])
    parser.add_argument("--packages", nargs="+", default=["songscape", *ENVIRONMENTS, "scalet"],
                        choices=["songscape", *ENVIRONMENTS, "scalet"])


def command(package, work, interpreters, program):
    """The command line that measures, or why there is none."""
    if package not in ENVIRONMENTS:
        return [program, work], None
    python, problem = interpreters[package]
    worker = measure.ROOT / "benches" / "peers" / f"{package}_worker.py"
    return [python, worker, work], problem


def main(arguments):
    program = measure.cargo_build("songscape-benches", "bin", "transform_once")
    interpreters = {
        name: measure.environment(name, requirements)
        for name, requirements in ENVIRONMENTS.items() if name in arguments.packages
    }
    every = len(os.sched_getaffinity(0))
    rows = []
    for work, package, name in PACKAGES:
        if work not in arguments.work or package not in arguments.packages:
            continue
        line, problem = command(package, name, interpreters, program)
        for threads in sorted({1, every}):
            cells = []
            for seconds in arguments.seconds:
                if problem:
                    cells += [problem, ""]
                    break
                # Numba, the BLAS libraries and ssqueezepy itself read these.
                variables = {
                    "OMP_NUM_THREADS": str(threads),
                    "NUMBA_NUM_THREADS": str(threads),
                    "RAYON_NUM_THREADS": str(threads),
                    "SSQ_PARALLEL": "0" if threads == 1 else "1",
                    "SSQ_GPU": "0",
                }
                result = measure.run([*line, seconds, threads], threads, variables)
                if "failed" in result:
                    cells += [result["failed"], ""]
                else:
                    cells += [f"{result['cpu']:.3g}", f"{result['peak_memory'] / 2**20:.0f}"]
            cells += [""] * (2 * len(arguments.seconds) - len(cells))
            label = f"{package}, in place" if name.endswith("in-place") else package
            rows.append([work, label, threads, *cells])
            print(*rows[-1], sep="\t", flush=True)
    header = ["work", "package", "threads"]
    for seconds in arguments.seconds:
        header += [f"{seconds} s: CPU s", "MiB"]
    output = ", ".join(f"{256 * 44_100 * 8 * s / 2**20:.0f}" for s in arguments.seconds)
    print(f"\n{__doc__}\nA transform itself takes {output} MiB.\n")
    print(measure.table(header, rows))
