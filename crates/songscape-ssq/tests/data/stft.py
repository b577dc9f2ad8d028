"""Writes stft.npz: windows and short-time Fourier transforms by SciPy, for tests/stft.rs.

    python3 stft.py        (NumPy, SciPy 1.12 or newer)
"""

import pathlib

import numpy as np
from scipy import signal

# name here, name there
WINDOWS = {
    "boxcar": "boxcar",
    "hann": "hann",
    "hamming": "hamming",
    "blackman": "blackman",
    "blackmanharris": "blackmanharris",
    "gaussian:0.125": lambda n: ("gaussian", 0.125 * n),
    "kaiser:8.6": ("kaiser", 8.6),
    "dpss:2.5": ("dpss", 2.5),
}
LENGTHS = [32, 45]


def main():
    arrays = {}
    for ours, theirs in WINDOWS.items():
        for length in LENGTHS:
            window = theirs(length) if callable(theirs) else theirs
            values = signal.get_window(window, length, fftbins=True)
            if ours.startswith("dpss"):
                values /= values.max()  # there: scaled by an estimate of the peak between samples
            arrays[f"window {ours} {length}"] = values
    x = np.random.default_rng(3).standard_normal(200)
    arrays["x"] = x
    for length, fft, hop in [(32, 32, 3), (32, 48, 8), (45, 64, 7)]:
        window = signal.get_window("hann", length)
        transform = signal.ShortTimeFFT(window, hop, fs=1.0, mfft=fft, phase_shift=0)
        columns = -(-(len(x) - 1) // hop) + 1
        for padding, mode in [("zero", "zeros"), ("reflect", "even")]:
            arrays[f"stft {length} {fft} {hop} {padding}"] = transform.stft(
                x, p0=0, p1=columns, padding=mode)
    np.savez_compressed(pathlib.Path(__file__).with_name("stft.npz"), **arrays)


if __name__ == "__main__":
    main()
