"""ssqueezepy: WORK SECONDS THREADS -> JSON with CPU seconds, the median of a few runs."""

import json
import statistics
import sys
import time

import numpy as np
from ssqueezepy import Wavelet, cwt, ssq_cwt

RATE = 44_100
COLUMNS = 200


def main(work, seconds):
    wavelet = Wavelet(("gmw", {"gamma": 3, "beta": 60, "dtype": "float32"}))
    frequencies = 12_000 * (30 / 12_000) ** (np.arange(256) / 255)
    scales = (20 ** (1 / 3) * RATE / (2 * np.pi * frequencies)).astype("float32")

    def once(x):
        if work == "cwt":
            return cwt(x, wavelet, scales=scales, fs=RATE, cache_wavelet=True)[0]
        squeezed = ssq_cwt(x, wavelet, scales=scales, fs=RATE, cache_wavelet=True,
                           preserve_transform=False)[0]
        if work == "ssq":
            return squeezed
        starts = (np.arange(COLUMNS * len(x) // RATE) * RATE / COLUMNS).astype(int)
        return np.add.reduceat(np.abs(squeezed) ** 2, starts, axis=1)

    noise = np.random.default_rng(1).uniform(-1, 1, seconds * RATE).astype("float32")
    once(noise if seconds <= 10 else noise[:RATE])
    times = []
    for _ in range({1: 5, 10: 2}.get(seconds, 1)):
        start = time.process_time()
        result = once(noise)
        times.append(time.process_time() - start)
        assert result.shape[0] == 256
        del result
    print(json.dumps({"cpu": statistics.median(times)}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
