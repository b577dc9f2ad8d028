#!/usr/bin/env python3
"""Our speed and memory beside those of other packages: one table per subject.

    python3 benches/peers.py transform

Needs Python 3.10 or newer with venv, and cargo. The other packages come from the Python registry
into virtual environments under target/peers, made on the first run.
"""

import argparse
import importlib

SUBJECTS = {
    "analysis": "neighbours, UMAP, HDBSCAN, boosting: pynndescent, umap-learn, manifolds-rs, hdbscan, fast_hdbscan, LightGBM, scikit-learn",
    "encoder": "the network, forward and in training, and its data loader: PyTorch",
    "transform": "wavelet transforms and spectrogram images: ssqueezepy, fCWT, scalet",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    subjects = parser.add_subparsers(dest="subject", required=True, metavar="SUBJECT")
    modules = {}
    for name, help_text in SUBJECTS.items():
        modules[name] = importlib.import_module(f"peers.{name}")
        modules[name].add_arguments(subjects.add_parser(name, help=help_text))
    arguments = parser.parse_args()
    modules[arguments.subject].main(arguments)


if __name__ == "__main__":
    main()
