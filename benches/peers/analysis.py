"""Neighbours, maps, clusters and boosting beside other packages, on song-like vectors: those of
Python, and the crate manifolds-rs.

Each cell is a process of its own; reading the data is not counted, nor what a package compiles on
its first run. CPU seconds are those of the process itself (a package that starts others counts less
than it takes); the memory is the largest of the whole process, that of its interpreter included.
The score is recall, trustworthiness(15), the number of clusters, or the mean absolute error in years.

Boosting: 64 and 256 bins of ours, the one of missing values counted, beside LightGBM's 63 and 255
(its default), and its 63 with gradients rounded to a few bits, its fastest. Each package shares the
work among threads in the way that is faster for it: ours by folds, the others within a fit.
"""

import os
import subprocess

from . import measure

PACKAGES = {
    "neighbors": ["pynndescent"],
    "umap": ["umap", "manifolds"],
    "umap10": ["umap", "manifolds"],
    "hdbscan": ["hdbscan", "fast_hdbscan"],
    "boosting": ["lightgbm", "lightgbm-63", "lightgbm-63-quantized", "sklearn"],
}
# Ours beside the defaults: bins, the one of missing values counted, as LightGBM has them by default.
OURS = {"boosting": {"songscape": [], "songscape-256": ["256"]}}
REQUIREMENTS = ["fast_hdbscan", "hdbscan", "lightgbm", "pynndescent", "scikit-learn", "umap-learn"]


def add_arguments(parser):
    parser.add_argument("--generator", required=True,
                        help="the program that makes song-like vectors: GENERATOR N FOLDER")
    parser.add_argument("--songs", type=int, nargs="+", default=[5737, 50000])
    parser.add_argument("--work", nargs="+", choices=list(PACKAGES), default=list(PACKAGES))
    parser.add_argument("--runs", type=int, default=1, help="the fastest of so many counts")


def data(generator, songs, python):
    folder = measure.TARGET / "peers" / "songs" / str(songs)
    if not (folder / "fold.npy").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([python, generator, str(songs), folder], check=True)
    return folder


def files(work, folder):
    """What a kind of work reads: clusters are sought on our maps, which are written on the way."""
    if work == "boosting":
        return [[folder / "x.npy", folder / "year.npy", folder / "fold.npy"]]
    if work == "hdbscan":
        few = [[folder / "x.npy"]] if folder.name == "5737" else []
        return [[folder / "map2.npy"], [folder / "map10.npy"], *few]
    return [[folder / "x.npy"]]


def maps(program, folder):
    for work, name in [("umap", "map2.npy"), ("umap10", "map10.npy")]:
        if not (folder / name).is_file():
            subprocess.run([program, work, folder / "x.npy", folder / name], check=True,
                           stdout=subprocess.DEVNULL)


def main(arguments):
    program = measure.cargo_build("songscape-benches", "bin", "analysis_once")
    python, problem = measure.environment("analysis", REQUIREMENTS)
    if problem:
        raise SystemExit(problem)
    peers = measure.ROOT / "benches" / "peers"
    worker = peers / "analysis_worker.py"
    starts = {name: [program] for name in ["songscape", "songscape-256"]}
    if {"umap", "umap10"} & set(arguments.work):
        starts["manifolds"] = [measure.cargo_build_alone(peers / "manifolds", "manifolds_once")]
    every = len(os.sched_getaffinity(0))
    rows = []
    for songs in arguments.songs:
        folder = data(arguments.generator, songs, python)
        if "hdbscan" in arguments.work:
            maps(program, folder)
        for work in arguments.work:
            for inputs in files(work, folder):
                for threads in sorted({1, every} if work == "boosting" else {every}):
                    ours = OURS.get(work, {"songscape": []})
                    for package in [*ours, *PACKAGES[work]]:
                        start = starts.get(package, [python, worker, package])
                        line = [*start, work, *inputs, *ours.get(package, [])]
                        variables = {"THREADS": str(threads), "OMP_NUM_THREADS": str(threads),
                                     "NUMBA_NUM_THREADS": str(threads), "RAYON_NUM_THREADS": str(threads)}
                        results = [measure.run(line, threads, variables)
                                   for _ in range(arguments.runs)]
                        result = min(results, key=lambda r: r.get("wall", float("inf")))
                        if "failed" in result:
                            cells = [result["failed"], "", "", ""]
                        else:
                            cells = [f"{result['wall']:.2f}", f"{result['cpu']:.2f}",
                                     f"{result['score']:.4f}", f"{result['peak_memory'] / 2**20:.0f}"]
                        rows.append([work, f"{songs}: {inputs[0].name}", package, threads, *cells])
                        print(*rows[-1], sep="\t", flush=True)
    print(f"\n{__doc__}")
    print(measure.table(["work", "songs: file", "package", "threads", "wall s", "CPU s", "score", "MiB"], rows))
