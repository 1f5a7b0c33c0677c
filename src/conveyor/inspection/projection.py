"""Points of many dimensions in two of them, and their nearest neighbours in all of them."""

import logging
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from conveyor.errors import InputError, missing_package

log = logging.getLogger(__name__)
SEED = 0
NEIGHBOURS = 8  # that are shown of a point
UMAP_NEIGHBOURS = 15  # the default of UMAP
MAX_STEPS = 50_000  # of rows whose steps are points: their states take 50 MB at 256 units
Vectors = NDArray[np.floating]  # (points, width)


def project_by_pca(vectors: Vectors) -> tuple[Vectors, str, list[str]]:
    """Return the two principal components of the points, (points, 2), a sentence on how much they
    say, and the titles of the axes."""
    count = min(2, *vectors.shape)
    pca = PCA(count, svd_solver="full")
    with np.errstate(invalid="ignore"):  # points that are all equal have shares of 0 / 0
        places = pca.fit_transform(vectors.astype(np.float64))
    shares = np.nan_to_num(pca.explained_variance_ratio_)
    sentence = f"PCA: the two axes hold {shares.sum():.0%} of the variance"
    shares = np.pad(shares, (0, 2 - count))
    axes = [f"component {number} ({share:.0%})" for number, share in enumerate(shares, 1)]
    return np.pad(places, ((0, 0), (0, 2 - count))), sentence, axes


def project_by_umap(vectors: Vectors) -> tuple[Vectors, str, list[str]]:
    """Return points, (points, 2), whose neighbours are mostly those of the vectors (McInnes, Healy
    and Melville 2018), a sentence on what they say, and the titles of the axes.

    Raises:
        InputError: UMAP is not installed, or there are too few points.
    """
    if len(vectors) <= UMAP_NEIGHBOURS:
        raise InputError(
            f"--method umap: expected more than {UMAP_NEIGHBOURS} points; got {len(vectors)}. Use "
            "--method pca"
        )
    log.info("UMAP places %d points: it is loaded and compiled first, in half a minute or so",
             len(vectors))  # fmt: skip
    try:
        from umap.umap_ import UMAP  # of the extra
    except ImportError as error:
        raise InputError(missing_package("--method umap", "umap-learn", "umap")) from error
    places = UMAP(n_neighbors=UMAP_NEIGHBOURS, random_state=SEED, n_jobs=1).fit_transform(vectors)
    axes = ["UMAP 1", "UMAP 2"]
    return np.asarray(places), "UMAP: who is near is kept, how far is not", axes


METHODS: dict[str, Callable[[Vectors], tuple[Vectors, str, list[str]]]] = {
    "pca": project_by_pca,
    "umap": project_by_umap,
}


def find_neighbours(vectors: Vectors) -> tuple[NDArray[np.integer], Vectors]:
    """Return the nearest other points of each point, the nearest first, and their Euclidean
    distances; both (points, neighbours)."""
    count = min(NEIGHBOURS, len(vectors) - 1)
    if count < 1:
        return np.zeros((len(vectors), 0), np.int64), np.zeros((len(vectors), 0))
    # Without an argument it leaves each point itself out, also where others are equal to it.
    distances, places = NearestNeighbors(n_neighbors=count).fit(vectors).kneighbors()
    return places, distances


def draw_sample(count: int, limit: int) -> NDArray[np.int64]:
    """Return at most `limit` of `count` numbers from 0, in order; equal arguments draw alike."""
    return np.sort(_shuffle(count)[:limit])


def _shuffle(count: int) -> NDArray[np.int64]:
    return np.random.default_rng(SEED).permutation(count)


def draw_rows(lengths: NDArray[np.integer], limit: int, *, per_step: bool) -> NDArray[np.int64]:
    """Return the numbers of at most `limit` rows, in order; equal arguments draw alike.

    Args:
        lengths: of all rows, (rows,).
        per_step: whether all steps of the rows are read. Drawn rows that would make more than
            MAX_STEPS are left out then, but one is returned in any case.
    """
    if not per_step:
        return draw_sample(len(lengths), limit)
    drawn = _shuffle(len(lengths))[:limit]
    fitting, steps = [], 0
    for row in drawn.tolist():
        if steps + lengths[row] <= MAX_STEPS:
            fitting.append(row)
            steps += int(lengths[row])
    return np.sort(fitting or drawn[:1])
