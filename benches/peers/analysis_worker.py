"""Other packages, once: PACKAGE WORK FILE [YEARS FOLDS] -> JSON with wall seconds, CPU seconds and a
score. What compiles itself is run on a part of the data first."""

import json
import os
import sys
import time
import warnings

import numpy as np

warnings.simplefilter("ignore")
THREADS = int(os.environ.get("THREADS", "1"))


def neighbors(package, x):
    import pynndescent

    def work(x):
        index = pynndescent.NNDescent(x, metric="cosine", n_neighbors=15, n_jobs=THREADS, random_state=0)
        return index.neighbor_graph[0]

    work(x[:3000])
    return lambda: work(x), lambda found: recall(x, found)


def recall(x, found):
    rows = np.arange(0, len(x), max(1, len(x) // 200))[:200]
    truth = np.argsort(-(x[rows] @ x.T), axis=1)[:, :15]
    hits = sum(len(set(a) & set(b)) for a, b in zip(found[rows], truth))
    return hits / truth.size


def umap(package, x, dims=2):
    import umap

    def work(x):
        return umap.UMAP(n_neighbors=15, metric="cosine", n_components=dims,
                         min_dist=0.1 if dims == 2 else 0.0, n_jobs=THREADS).fit_transform(x)

    # It compares all rows below 4,096; what searches more rows has to be compiled, too.
    work(x[:5000])
    return lambda: work(x), lambda found: trustworthiness(x, found)


def trustworthiness(x, found, k=15):
    """Over 1,000 rows, as ours."""
    rows = np.arange(min(1000, len(x))) * len(x) // min(1000, len(x))
    penalty = 0
    for row in rows:
        far = -(x @ x[row])
        far[row] = -np.inf
        near = ((found - found[row]) ** 2).sum(1)
        near[row] = np.inf
        others = np.argpartition(near, k)[:k]
        ranks = (far[None, :] < far[others][:, None]).sum(1)
        penalty += np.maximum(ranks - k, 0).sum()
    n = len(x)
    return float(1 - penalty * 2 / (len(rows) * k * (2 * n - 3 * k - 1)))


def hdbscan(package, x):
    x = x.astype(np.float64)
    if package == "hdbscan":
        import hdbscan as library
        make = lambda: library.HDBSCAN(min_cluster_size=25, min_samples=10, core_dist_n_jobs=THREADS)
    else:
        import fast_hdbscan as library
        make = lambda: library.HDBSCAN(min_cluster_size=25, min_samples=10)
    make().fit(x[:2000])
    return lambda: make().fit(x).labels_, lambda labels: int(labels.max()) + 1


def boosting(package, x, years, folds):
    y, fold = np.load(years), np.load(folds)

    def model():
        if package.startswith("lightgbm"):
            import lightgbm
            # Left alone it tries both layouts; this is the faster one for dense columns.
            more = {"max_bin": 63, "force_col_wise": True} if "63" in package else {}
            return lightgbm.LGBMRegressor(n_estimators=200, learning_rate=0.1, num_leaves=31,
                                          n_jobs=THREADS, verbose=-1,
                                          use_quantized_grad="quantized" in package, **more)
        from sklearn.ensemble import HistGradientBoostingRegressor
        return HistGradientBoostingRegressor(max_iter=200, learning_rate=0.1, max_leaf_nodes=31,
                                             early_stopping=False)

    def work():
        predicted = np.zeros(len(y))
        for k in range(fold.max() + 1):
            fitted = model().fit(x[fold != k], y[fold != k])
            predicted[fold == k] = fitted.predict(x[fold == k])
        return predicted

    return work, lambda predicted: float(np.abs(predicted - y).mean())


def main():
    package, work, file, *more = sys.argv[1:]
    x = np.load(file)
    prepare = {"neighbors": neighbors, "umap": umap, "hdbscan": hdbscan, "boosting": boosting,
               "umap10": lambda package, x: umap(package, x, dims=10)}[work]
    run, score = prepare(package, x, *more)
    wall, cpu = time.perf_counter(), time.process_time()
    found = run()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps({"wall": wall, "cpu": cpu, "score": score(found)}))


if __name__ == "__main__":
    main()
