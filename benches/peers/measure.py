"""Virtual environments, and children whose CPU time and peak memory are measured."""

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import venv

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def environment(name, requirements):
    """The interpreter of the virtual environment `name` with these packages, and None; or None
    and why they could not be installed."""
    folder = TARGET / "peers" / name
    python = folder / "bin" / "python"
    stamp = folder / "requirements.txt"
    wanted = "\n".join(requirements) + "\n"
    if stamp.is_file() and stamp.read_text() == wanted:
        return python, None
    print(f"setting up {folder}", file=sys.stderr, flush=True)
    venv.create(folder, with_pip=True, clear=True)
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if "rror" in line]
        return None, "does not install: " + (lines[-1].strip() if lines else "see pip")
    stamp.write_text(wanted)
    return python, None


def cargo_build(package, kind, name, features=()):
    """Builds a program of the workspace in release mode and returns its path."""
    command = ["cargo", "build", "--quiet", "--release", "--package", package, f"--{kind}", name]
    command += ["--features", ",".join(features)] if features else []
    subprocess.run(command, cwd=ROOT, check=True)
    folder = TARGET / "release"
    return (folder if kind == "bin" else folder / f"{kind}s") / name


def cargo_build_alone(folder, name):
    """Builds the program of a workspace of its own in release mode and returns its path."""
    target = TARGET / "peers" / folder.name
    subprocess.run(["cargo", "build", "--quiet", "--release", "--target-dir", target],
                   cwd=folder, check=True)
    return target / "release" / name


def available_memory():
    """Bytes that are free for a child."""
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    return resource.RLIM_INFINITY


def run(command, threads=None, variables=None):
    """Runs a command that prints one JSON object last, on as many CPUs as `threads`.

    Returns the object with "peak_memory" (bytes) added, or {"failed": why}. A child may use the
    memory that is free and no more, so that none takes the machine down."""
    cpus = sorted(os.sched_getaffinity(0))
    limit = available_memory()

    def prepare():
        os.sched_setaffinity(0, cpus[:threads] if threads else cpus)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        child = subprocess.Popen(
            [str(part) for part in command], stdout=stdout, stderr=stderr,
            preexec_fn=prepare, env={**os.environ, **(variables or {})})
        # Not child.wait(): the usage is that of this child alone.
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        stdout.seek(0)
        stderr.seek(0)
        output, errors = stdout.read(), stderr.read()
    if child.returncode != 0:
        memory = child.returncode == -9 or "emory" in errors or "alloc" in errors.lower()
        last = errors.strip().splitlines()[-1] if errors.strip() else f"exit {child.returncode}"
        return {"failed": "out of memory" if memory else last}
    result = json.loads(output.strip().splitlines()[-1])
    result["peak_memory"] = 1024 * usage.ru_maxrss
    return result


def table(header, rows):
    """A Markdown table."""
    widths = [max(len(str(row[i])) for row in [header, *rows]) for i in range(len(header))]

    def line(row):
        return "| " + " | ".join(str(c).ljust(w) for c, w in zip(row, widths)) + " |"

    return "\n".join([line(header), line(["-" * w for w in widths]), *map(line, rows)])
