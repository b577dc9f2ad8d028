"""fCWT: cwt SECONDS THREADS -> JSON with CPU seconds, the median of a few runs."""

import ctypes
import importlib.util
import json
import math
import pathlib
import statistics
import sys
import time

import numpy as np

# The package brings FFTW along under names that the loader does not look for.
FOLDER = pathlib.Path(importlib.util.find_spec("fcwt").origin).parent
for library in ["libfftw3fl.so", "libfftw3f_ompl.so"]:
    ctypes.CDLL(FOLDER / library, mode=ctypes.RTLD_GLOBAL)
import fcwt  # noqa: E402

RATE = 44_100


def main(seconds, threads):
    noise = np.random.default_rng(1).uniform(-1, 1, seconds * RATE).astype("float32")
    morlet = fcwt.Morlet(13.4 / (2 * math.pi))
    scales = fcwt.Scales(morlet, fcwt.FCWT_LOGSCALES, RATE, 30, 12_000, 256)
    transform = fcwt.FCWT(morlet, threads, False, False)

    def once(x):
        out = np.zeros((256, len(x)), dtype="csingle")
        transform.cwt(x, scales, out)
        return out

    once(noise if seconds <= 10 else noise[:RATE])
    times = []
    for _ in range({1: 5, 10: 2}.get(seconds, 1)):
        start = time.process_time()
        result = once(noise)
        times.append(time.process_time() - start)
        assert np.abs(result[:, len(noise) // 2]).max() > 0
        del result
    print(json.dumps({"cpu": statistics.median(times)}))


if __name__ == "__main__":
    main(int(sys.argv[2]), int(sys.argv[3]))
