"""Figures: features as arrows, weights' products with norms and interference, and the plateau with its fractions."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from claims.superposition.measures import (
    SUPERPOSED,
    dimensionality,
    dimensions_per_feature,
    final,
    interference,
    represented,
    squared_norms,
)
from claims.superposition.report import FRACTIONS
from ontrial import COLOURS, FRAME, Array, Drawing, Run, by, curves, drawing_of, grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Shown = Mapping[Any, Run]
NEAR = 0.05  # as in measures.near


def arrows(runs: Shown) -> Drawing:
    """The features in the plane, every seed faint and the first bold, above the shares of seeds by number represented.

    Planes are turned and mirrored to look alike. runs: by sparsity, or by what else distinguishes them.
    """
    weights = {name: _aligned(final(run)) for name, run in runs.items()}

    def draw(caption: str) -> "Figure":
        figure, axes = grid(2, len(weights), (max(7.5, 2.3 * len(weights)), 4.8), height_ratios=(3, 2))
        figure.suptitle("Five features in two dimensions", fontweight="bold", fontsize=12)
        how = "faint: seeds, bold: the first; turned so that feature 0 points right"
        figure.supxlabel(f"{caption}; {how}", fontsize=8.5)
        faint = max(0.05, next(iter(weights.values())).shape[0] ** -0.5)  # opacity: the more seeds, the fainter
        for (above, below), (name, found) in zip(axes.T, weights.items(), strict=True):
            for feature in range(found.shape[2]):
                colour = COLOURS[feature]
                ends = np.stack([np.zeros_like(found[:, :, feature]), found[:, :, feature]])  # (end, seed, hidden)
                above.plot(ends[..., 0], ends[..., 1], color=colour, alpha=faint, linewidth=0.6)
                above.plot(ends[:, 0, 0], ends[:, 0, 1], color=colour, linewidth=2.2, label=f"feature {feature}")
            above.set(title=_named(name), xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), aspect="equal", xticks=(-1, 0, 1))
            above.title.set_fontsize(10)
            counts = np.bincount(represented(found).sum(1), minlength=6) / len(found)
            below.bar(range(len(counts)), counts, color="0.55", width=0.7)
            below.set(xticks=range(len(counts)), ylim=(0, 1), xlabel="features represented")
        axes[0, 0].set_ylabel("weights")
        axes[1, 0].set_ylabel("share of seeds")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper", fontsize=8.5)
        return figure

    return drawing_of("arrows" if len(runs) > 2 else "arrows-without-bias", runs, draw, *weights.values())


def _aligned(weights: Array) -> Array:
    """Planes turned so that feature 0 points right, and mirrored so that the one farthest from its axis is above it."""
    places = weights[:, 0] + 1j * weights[:, 1]  # (seed, feature)
    places = places * np.exp(-1j * np.angle(places[:, :1]))
    farthest = np.take_along_axis(places.imag, abs(places.imag).argmax(1)[:, np.newaxis], 1)  # (seed, 1)
    return np.stack([places.real, places.imag * np.where(farthest < 0, -1, 1)], 1)


def products(name: str, runs: Shown) -> Drawing:
    """The product of weights, feature by feature, above each feature's norm and interference, of the first seed."""
    weights = {sparsity: final(run)[:1] for sparsity, run in runs.items()}

    def draw(caption: str) -> "Figure":
        figure, axes = grid(2, len(weights), (2.7 * len(weights), 5.4), height_ratios=(3, 2))
        models = {"linear": "linear models", "relu": "ReLU models", "eighty": "ReLU models, eighty features in full"}
        figure.suptitle(f"Product of weights, and norms: {models[name]}", fontweight="bold", fontsize=12)
        figure.supxlabel(f"{caption}; shown: the first seed; features: most important first", fontsize=8.5)
        for (above, below), (sparsity, found) in zip(axes.T, weights.items(), strict=True):
            image = above.imshow((found.mT @ found)[0], cmap="RdBu", vmin=-1, vmax=1)
            above.set(title=_named(sparsity), xlabel="feature")
            above.grid(False)
            there = np.arange(found.shape[2])
            is_shared = (interference(found) >= SUPERPOSED)[0]
            for which, colour, label in ((~is_shared, COLOURS[0], "under 1/2"), (is_shared, COLOURS[1], "1/2 or more")):
                norms = np.sqrt(squared_norms(found)[0][which])
                below.bar(there[which], norms, color=colour, label=label)
            below.set(xlabel="feature", ylim=(0, 1.3))
        axes[0, 0].set_ylabel("feature")
        axes[1, 0].set_ylabel("norm of its weights")
        handles, labels = axes[1, 0].get_legend_handles_labels()
        figure.legend(handles, labels, title="interference", loc="outside right lower", fontsize=8, title_fontsize=8)
        figure.colorbar(image, ax=axes[0], shrink=0.7)
        return figure

    return drawing_of(f"products-{name}", runs, draw, *weights.values())


def norm_ratios(sparsities: Sequence[float], ratios: Array) -> Drawing:
    """Squared norm of the second feature over that of the first, by sparsity. ratios: (sparsity, seed)."""
    shown = np.minimum(ratios, 2.0)
    label = "squared norm, second / first feature (2: or more)"
    return by(sparsities, shown, xlabel="sparsity", ylabel=label, title="Two features in one dimension")


def stickiness(run: Run) -> Drawing:
    """Dimensions per feature against 1 / (1 - S), with the window at a half and those that it is compared with."""
    found = dimensions_per_feature(final(run)).T  # (sparsity, seed)
    sparseness = _sparseness(run)

    def draw(caption: str) -> "Figure":
        figure, axes = grid(1, 1, (7.5, 4.8))
        figure.suptitle("Dimensions per feature", fontweight="bold", fontsize=12)
        figure.supxlabel(f"{caption}; dot: seed, bold: median", fontsize=8.5)
        axis = axes[0, 0]
        for centre, colour, label in ((0.5, COLOURS[1], "near 1/2"), (0.35, "0.5", "compared with"), (0.65, "0.5", "")):
            axis.axhspan(centre - NEAR, centre + NEAR, color=colour, alpha=0.18, linewidth=0, label=label or None)
        axis.plot(sparseness, found, "o", color=COLOURS[0], markersize=4, alpha=0.3, markeredgewidth=0)
        axis.plot(sparseness, np.median(found, axis=1), "o-", color=COLOURS[0], markersize=7, markeredgecolor="white")
        labels = [f"{each:.3g}" for each in sparseness]
        axis.set(xscale="log", xlabel="1 / (1 − sparsity)", ylabel="hidden dimensions / sum of squared norms")
        axis.set_xticks(sparseness, labels)
        axis.minorticks_off()
        axis.legend(**FRAME)
        return figure

    return drawing_of("stickiness", run, draw, found)


def dimensionalities(run: Run) -> Drawing:
    """The dimensionality of every represented feature of all seeds, by sparsity, with lines at the fractions."""
    weights = final(run)
    values = np.where(represented(weights), dimensionality(weights), np.nan)  # (seed, sparsity, feature)

    def draw(caption: str) -> "Figure":
        figure, axes = grid(1, 1, (9.0, 4.8))
        figure.suptitle("Dimensionality of features", fontweight="bold", fontsize=12)
        figure.supxlabel(f"{caption}; dot: a represented feature", fontsize=8.5)
        axis = axes[0, 0]
        for place in range(values.shape[1]):
            dots = values[:, place].ravel()
            spread = (np.arange(len(dots)) * 0.618) % 1 - 0.5  # evenly, so that dots do not hide one another
            axis.plot(place + 0.7 * spread, dots, ".", color=COLOURS[0], markersize=2.5, alpha=0.3, markeredgewidth=0)
        for name, fraction in FRACTIONS.items():
            axis.axhline(fraction, color=COLOURS[1], linewidth=0.9, linestyle="dashed")
            side = "top" if name == "3/8" else "bottom" if name == "2/5" else "center"  # these two are close
            axis.annotate(name, (1.005, fraction), xycoords=("axes fraction", "data"), va=side, fontsize=8.5)
        labels = [f"{each:.3g}" for each in _sparseness(run)]
        axis.set(xticks=range(len(labels)), xticklabels=labels, xlim=(-0.6, len(labels) - 0.4))
        axis.set(xlabel="1 / (1 − sparsity)", ylabel="dimensionality")
        return figure

    return drawing_of("dimensionalities", run, draw, values)


def _named(setting: object) -> str:
    """What a panel or a curve is called: its name, or its sparsity."""
    return f"{100 * setting:g} % sparsity" if isinstance(setting, float) else str(setting)


def _sparseness(run: Run) -> Array:
    """1 / (1 - S) of a run's sparsities, (sparsity,)."""
    return 1 / (1 - run.sparsity[0])


def losses(runs: Shown) -> Drawing:
    """Training loss of one batch against step."""
    steps = np.linspace(0, 99, 100)
    found = {_named(name): run.train_loss for name, run in runs.items()}
    return curves(steps, found, xlabel="share of training (%)", ylabel="training loss (1)", yscale="log")
