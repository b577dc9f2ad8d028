"""The encoder beside the same network in PyTorch (channels-last, libtorch of the same version): noise crops,
the same threads, one process for each measurement, ours and theirs in turn.

embed is the forward pass; train is forward, backward and AdamW on the decoupled contrastive loss over
pairs of crops; load makes the crops of a batch into tensors and does nothing else. Numbers are crops a
second, the median of up to seven runs; the memory is the largest of the whole process.
"""

import os

from . import measure

# configuration: columns of a crop, crops in a batch
SHAPES = {"published": (1024, 8), "stem16": (256, 64), "demo": (256, 128)}
# the same on a GPU
LARGE = {"published": (1024, 512), "stem16": (256, 4096), "demo": (256, 8192)}
REQUIREMENTS = ["torch==2.11.0", "safetensors", "numpy"]


def add_arguments(parser):
    parser.add_argument("--python", help="an interpreter that has torch 2.11 and safetensors "
                        "(default: one is set up, with several GB of packages)")
    parser.add_argument("--configurations", nargs="+", choices=list(SHAPES), default=list(SHAPES))
    parser.add_argument("--work", nargs="+", choices=["embed", "train", "load"],
                        default=["embed", "train", "load"])
    parser.add_argument("--device", default="cpu", help="cpu, or cuda: with larger batches, and with "
                        "LIBTORCH set to a CUDA build of libtorch 2.11")
    parser.add_argument("--modes", nargs="+", choices=["eager", "compile"], default=["eager"],
                        help="how PyTorch runs the network")
    parser.add_argument("--precisions", nargs="+", choices=["f32", "bf16"],
                        default=["f32", "bf16"])


def main(arguments):
    program = measure.cargo_build("songscape-benches", "bin", "encoder_once", ["torch"])
    python, problem = arguments.python, None
    if not python:
        python, problem = measure.environment("encoder", REQUIREMENTS)
    worker = measure.ROOT / "benches" / "peers" / "encoder_worker.py"
    # The packages of Python bring their own libtorch, and find it by themselves.
    own = os.environ.get("LD_LIBRARY_PATH", "")
    ours = os.pathsep.join(filter(None, [str(libtorch() / "lib"), own]))
    threads = len(os.sched_getaffinity(0))
    variables = {"LD_LIBRARY_PATH": ours, "OMP_NUM_THREADS": str(threads)}
    rows = []
    for configuration in arguments.configurations:
        columns, batch = (SHAPES if arguments.device == "cpu" else LARGE)[configuration]
        weights = measure.TARGET / "peers" / f"{configuration}.safetensors"
        weights.parent.mkdir(parents=True, exist_ok=True)
        measure.run([program, "weights", configuration, "f32", weights], threads,
                    variables)
        for work in arguments.work:
            for precision in arguments.precisions:
                line = [program, work, configuration, precision, batch, arguments.device]
                found = {"songscape": measure.run(line, threads, variables)}
                for mode in arguments.modes if work != "load" else []:
                    command = [python, worker, weights, work, precision, batch, columns,
                               arguments.device, mode]
                    found[f"PyTorch, {mode}"] = {"failed": problem} if problem else (
                        measure.run(command, threads, {**variables, "LD_LIBRARY_PATH": ""}))
                for name, result in found.items():
                    label = f"{configuration}, {batch} crops of {columns}"
                    cells = [result["failed"], ""] if "failed" in result else [
                        f"{result['crops_per_second']:.4g}",
                        f"{result['peak_memory'] / 2**20:.0f}"]
                    rows.append([label, work, precision, name, *cells])
                    print(*rows[-1], sep="\t", flush=True)
    print(f"\n{__doc__}\n{threads} threads.\n")
    print(measure.table(["configuration", "work", "precision", "network", "crops/s", "MiB"], rows))


def libtorch():
    """The folder of the library that the programs are linked against."""
    return measure.pathlib.Path(os.environ.get("LIBTORCH", measure.ROOT / "target" / "libtorch"))
