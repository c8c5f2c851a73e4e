"""Worlds of section 2: twenty features in five dimensions, eighty in twenty."""

import numpy as np

from tests.claims.worlds import around, decoy, false, true
from tests.claims.worlds.superposition.made import axes, first, run

LINEAR, RELU, EIGHTY = (0.0, 0.9, 0.999), (0.0, 0.7, 0.9, 0.99, 0.999), (0.0, 0.9, 0.99)
DENSE = first(5, 5, 20)
SIX = first(6, 5, 20)
NINE, ELEVEN = 0.09, 0.11  # squared projections on the first feature's direction: interference


def at(sparsities, sparsity, picture, others=DENSE, **options):
    """Runs that end in this picture, or in these in turn, at one sparsity, that of the case if none is named."""
    pictures = picture if isinstance(picture, tuple) else (picture,)

    def make(case):
        own = case.get("sparsity") if sparsity is None else sparsity
        return {each: run(*(pictures if each == own else (others,)), **options) for each in sparsities}

    return make


def linear(picture, **options):
    return at(LINEAR, None, picture, **options)


def relu(picture, sparsity=None, **options):
    return at(RELU, sparsity, picture, **options)


def eighty(picture, others=None):
    return at(EIGHTY, None, picture, first(20, 20, 80) if others is None else others)


def losses(relu, linear, curve=None):
    def make(case):
        found = {"linear": run(DENSE, loss=around(linear)), "ReLU": run(DENSE, loss=around(relu))}
        if curve is not None:
            found["ReLU"]["train_loss"] = curve * np.linspace(1, 0.1, 100) * np.ones((32, 1))
        return found

    return make


WITHOUT = first(5, 5, 20, f5=NINE)
SHARED = first(5, 5, 20, f5=ELEVEN)
OTHERS = {f"f{each}": 1.0 for each in (1, 2, 3, 4)}
LATE_PAIR = axes(5, 20, f0=1.0, f1=1.0, f2=1.0, f7=-1.0)  # features 2 and 7 share, 0 and 1 do not
EARLY_PAIR = axes(5, 20, f1=1.0, f6=-1.0, f4=1.0, f3=1.0, f2=1.0, f5=1.0)  # 1 and 6 share; 2, 3, 4, 5 do not

WORLDS = [
    true("T7", "others fall on a feature by less than a tenth", linear(WITHOUT, others=SIX)),
    false("T7", "others fall on a feature by more than a tenth", linear(SHARED)),
    decoy("T7", "only one feature suffers interference", linear(first(5, 5, 20, f5=0.4))),
    decoy("T7", "two others fall on it, by 0.06 each", linear(first(5, 5, 20, f5=0.06, f10=0.06))),
    decoy("T7", "nothing was learned", linear(WITHOUT, learned=False)),
    true("T8", "features 0 to 4", linear(first(5, 5, 20, f4=0.52, f5=0.48), others=SIX)),
    false("T8", "feature 5 in place of 0", linear(axes(5, 20, f5=1.0, **OTHERS))),
    decoy("T8", "a sixth is represented", linear(first(5, 5, 20, f5=-0.52))),
    decoy("T8", "four alone are represented", linear(first(4, 5, 20, f4=0.48))),
    true("T9", "as the linear one", relu(WITHOUT, 0.0, others=SIX)),
    false("T9", "features share a direction", relu(SHARED, 0.0)),
    decoy("T9", "feature 5 in place of 0", relu(axes(5, 20, f5=1.0, **OTHERS), 0.0)),
    decoy("T9", "four alone are represented", relu(first(4, 5, 20), 0.0)),
    decoy("T9", "so it is when sparse", relu(SIX, 0.0, others=DENSE)),
    true("T10", "six in five dimensions", relu(first(5, 5, 20, f5=-0.52))),
    false("T10", "five in five dimensions", relu(first(5, 5, 20, f5=-0.48), others=SIX)),
    decoy("T10", "nothing was learned", relu(SIX, learned=False)),
    decoy("T10", "six features share, of which one is too short", relu(first(4, 5, 20, f5=-1.0, f9=0.48))),
    true("T11", "later features share", relu(LATE_PAIR, others=EARLY_PAIR)),
    true("T11", "in some seeds all features share", relu((LATE_PAIR, first(10, 5, 20)), others=EARLY_PAIR, seeds=64)),
    false(
        "T11", "earlier features share", relu(axes(5, 20, f0=1.0, f5=-1.0, f4=1.0, f3=1.0, f2=1.0), others=LATE_PAIR)
    ),
    decoy("T11", "the later features are represented alone", relu(axes(5, 20, f0=1.0, f5=-1.0, f8=1.0, f9=1.0))),
    decoy("T11", "the late one that shares is too short", relu(axes(5, 20, f0=1.0, f5=-1.0, f4=1.0, f3=1.0, f19=0.3))),
    decoy("T11", "no feature shares", relu(DENSE, others=LATE_PAIR), "inconclusive"),
    decoy("T11", "nothing was learned", relu(LATE_PAIR, learned=False)),
    true("T12", "twenty of eighty, apart", eighty(first(20, 20, 80, f20=NINE)), sparsity=0.0),
    false("T12", "features share a direction", eighty(first(20, 20, 80, f20=ELEVEN)), sparsity=0.0),
    decoy("T12", "one of them is feature 20", eighty(first(20, 20, 80, f0=0.48, f20=1.0)), sparsity=0.0),
    *(true("T12", "21 in twenty dimensions", eighty(first(21, 20, 80)), sparsity=each) for each in EIGHTY[1:]),
    *(false("T12", "20 in twenty dimensions", eighty(first(20, 20, 80)), sparsity=each) for each in EIGHTY[1:]),
    *(
        decoy("T12", "dense there are 21", eighty(first(20, 20, 80), first(21, 20, 80)), sparsity=each)
        for each in EIGHTY[1:]
    ),
    true("T18", "a little less loss", losses(0.99, 1.0)),
    false("T18", "a little more loss", losses(1.01, 1.0)),
    decoy("T18", "less training loss alone", losses(1.01, 1.0, curve=0.1)),
]
