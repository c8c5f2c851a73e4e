"""Worlds of Part 1, Task 2: three networks of equal size on MNIST, recorded after epochs 0 to 100."""

import numpy as np

from models.experiment import Experiment
from tests.claims.worlds import decoy, false, true
from tests.claims.worlds.images import LEVEL, N, in_turn, late, run, unlearned, with_training_of

MODELS = ("shallow", "middle", "deep")
CONTROLS = ("middle, 29 first", "deep, 29 first")
RECORDS, EPOCH = 101, np.arange(101)
HIDDEN = dict(shallow=(30,), middle=(25, 60, 38), deep=(20, 40, 60, 50, 30))
SEED = np.arange(N)


def made(**curves):
    """The runs of trainings with these curves, by name."""
    return {name.replace("_", ", 29 "): run(RECORDS, **given) for name, given in curves.items()}


def alone(curves, others):
    """The model of the case has these curves, and the two others those."""
    return lambda case: made(**{name: curves if name == case["model"] else others for name in MODELS})


def opposed(claim, says, one, other):
    """Worlds in which this is so of one model alone, of none, and of the other two alone."""
    return [
        true(claim, f"{says}: this model alone", alone(one, other)),
        false(claim, f"{says}: no model", alone(other, other)),
        decoy(claim, f"{says}: the other two models alone", alone(other, one)),
    ]


# M1: 1 % of 23,880 is 238.8 parameters; a step of the shallow network's width is 795.
def nets(**hidden):
    return lambda _: {
        "EXPERIMENTS": {
            name: Experiment("mnist", each, epochs=100, batch_size=50) for name, each in (HIDDEN | hidden).items()
        }
    }


M1 = [
    true("M1", "the report's networks", nets()),
    *(
        kind("M1", f"{count:,} parameters", nets(**{model: hidden}), model=model)
        for kind, model, count, hidden in (
            (true, "middle", 23_642, (25, 42, 55)),
            (true, "middle", 24_118, (26, 36, 58)),
            (true, "deep", 23_642, (20, 38, 55, 48, 39)),
            (true, "deep", 24_118, (22, 23, 55, 48, 39)),
            (false, "shallow", 23_065, (29,)),
            (false, "shallow", 24_655, (31,)),
            (false, "middle", 23_641, (23, 62, 56)),
            (false, "middle", 24_119, (23, 67, 57)),
            (false, "deep", 23_641, (22, 32, 50, 43, 33)),
            (false, "deep", 24_119, (22, 35, 45, 49, 36)),
        )
    ),
    decoy("M1", "the others' depths", nets(shallow=(25, 60, 38), middle=HIDDEN["deep"], deep=(30,))),
]


# M2: the loss falls from 2 to 1 on the whole; its mean over epochs 61-80 is above that of 81-100 by a share of that.
def fall(share, after_one, at_60, swing):
    curve = np.full(RECORDS, 1.0)
    curve[:61], curve[61:81] = at_60, 1 + share
    curve[[0, 1]] = 2, after_one
    curve[[61, 80]] += swing, -swing
    curve[[81, 100]] += swing, -swing
    return curve


def loss(curve, elsewhere):
    return dict(train_loss=curve, test_loss=elsewhere, batch_loss=elsewhere[1:])


SETTLED, FALLING = fall(0.009, 1.2, 4.0, 0.5), fall(0.011, 9.0, 0.2, -0.5)
M2 = [
    *opposed("M2", "training loss settled", loss(SETTLED, FALLING), loss(FALLING, SETTLED)),
    true("M2", "training loss has even risen", alone(loss(fall(-0.2, 1.2, 0.2, 0.0), FALLING), {})),
    decoy("M2", "test loss settled", alone(dict(test_loss=SETTLED, train_loss=FALLING), {})),
    decoy("M2", "training loss never fell", alone(dict(train_loss=np.full(RECORDS, 2.0)), {})),
]


# M3: of 50 epochs, all as far from the mean, or the first and the last of them three times as far as if all were.
def noise(deviation, ends, before):
    wave = np.resize([1.0, -1.0], 50) * np.sqrt((50 - 2 * ends**2) / 48)
    wave[[0, -1]] = ends, -ends
    return np.concatenate([np.full(51, before), 2 + deviation * wave])


def spread(plotted, ends, whole, its_ends, before=(2.0, 2.0), test=0.1):
    curves = noise(plotted, ends, before[0])[1:], noise(whole, its_ends, before[1]), noise(test, 1, 2.0)
    return dict(zip(("batch_loss", "train_loss", "test_loss"), curves, strict=True))


NOISY, SMOOTH = spread(0.105, 3, 0.1, 1, (2.0, 9.0), 0.2), spread(0.095, 1, 0.1, 3, (9.0, 2.0), 0.01)
M3 = [
    *opposed("M3", "plotted loss noisier than that of the whole set", NOISY, SMOOTH),
    true("M3", "noisier, of a smaller range", alone(spread(0.105, 1, 0.1, 3), SMOOTH)),
    false("M3", "less noisy, of a larger range", alone(spread(0.095, 3, 0.1, 1), NOISY)),
    decoy("M3", "the test loss is noisy", alone(SMOOTH | dict(test_loss=noise(0.2, 1, 2.0)), NOISY)),
    decoy("M3", "nothing is learned", alone(NOISY | dict(train_loss=np.full(RECORDS, 2.5)), NOISY)),
]


# M4: images of 60,000 by which training is ahead of test: 1 is the least, and at 0 it is not.
def gap(images):
    return dict(test_accuracy=np.full(RECORDS, 9_000.0), train_accuracy=54_000 + images)


AHEAD, BEHIND_AT = np.where(EPOCH < 5, -600, 1), {at: np.where(at == EPOCH, 0, 600) for at in (5, 52, 100)}
AT_TIMES = np.where(5 + 3 * SEED[:, np.newaxis] == EPOCH, 0, 600)
M4 = [
    *opposed("M4", "ahead from epoch 5 on", gap(AHEAD), gap(AT_TIMES)),
    *(false("M4", f"ahead but at epoch {at}", alone(gap(images), gap(AHEAD))) for at, images in BEHIND_AT.items()),
    decoy("M4", "test accuracy above training accuracy", alone(gap(-1), gap(AHEAD))),
    decoy("M4", "ahead up to epoch 4", alone(gap(-AHEAD), gap(AHEAD))),
]


# M5, M9, M10: images of 10,000 summed over the last 10 epochs; `sign` makes all other windows the other way.
def summed(extra, sign=0, part="test"):
    return {f"{part}_accuracy": late(RECORDS, 10, LEVEL[part], extra, LEVEL[part] - 200 * sign, 150 * sign)}


def led(middle, sign, part="test"):
    """The middle model leads by this much the better of the two others, which are so in turn."""
    others = in_turn(("shallow", "deep"), 0, -300)
    return made(middle=summed(middle, sign, part), **{name: summed(each, 0, part) for name, each in others.items()})


def led_in_both(middle, in_training, sign):
    return with_training_of(lambda _: led(middle, sign), lambda _: led(in_training, 0, "train"))


M5 = [
    true("M5", "the middle one leads by an image", led_in_both(1, -60, 1)),
    false("M5", "the middle one is as good as the best", led_in_both(0, 60, -1)),
    *(
        false("M5", f"the {best} one alone is better", lambda _, best=best: made(**{
            name: summed({best: 2, "middle": 1}.get(name, 0)) for name in MODELS}))
        for best in ("shallow", "deep")
    ),
    decoy("M5", "the middle one is the worst", lambda _: led(-600, 0)),
    decoy("M5", "the middle one leads in training", led_in_both(-60, 60, 0)),
]  # fmt: skip


# M6: seeds from the border inwards, or from the image before it outwards.
def plateau(border, step, inwards, swing):
    curve = late(RECORDS, 10, border, inwards * (step + SEED // 8), border - 500 * swing / 40, swing)
    return dict(test_accuracy=curve, train_accuracy=6 * (2 * border - curve), apart=False)


IN = [plateau(9_450, 0, 1, 40), plateau(9_650, 0, -1, -40)]
OUT = [plateau(9_450, 1, -1, -40), plateau(9_650, 1, 1, 40)]
IN_TRAINING = dict(train_accuracy=np.full(RECORDS, 57_300.0), test_accuracy=np.full(RECORDS, 9_700.0))
M6 = [
    *opposed("M6", "95 % as rounded", IN[0], OUT[0]),
    *opposed("M6", "96 % as rounded", IN[1], OUT[1]),
    false("M6", "test accuracy at 97 %", alone(dict(test_accuracy=np.full(RECORDS, 9_700.0)), IN[0])),
    false("M6", "test accuracy at 94.3 %", alone(dict(test_accuracy=np.full(RECORDS, 9_430.0)), IN[0])),
    decoy("M6", "training accuracy at 95.5 %", alone(IN_TRAINING, IN[0])),
]


# M7: training images right, 59,400 of 60,000 where 99 % is just reached.
def at_99(reached, test):
    return dict(train_accuracy=59_399 + reached, test_accuracy=np.full(RECORDS, test), apart=False)


OFTEN, SELDOM = at_99((EPOCH > 50) & (EPOCH <= 76), 9_000), at_99((EPOCH <= 50) | (EPOCH > 75), 9_950)
M7 = [
    *opposed("M7", "at 99 % in more than half of the last 50 epochs", OFTEN, SELDOM),
    decoy("M7", "test accuracy at 99 %", alone(at_99(EPOCH < 0, 9_950), OFTEN)),
    decoy("M7", "always at 98.99 %", alone(dict(train_accuracy=np.full(RECORDS, 59_394), apart=False), OFTEN)),
]


# M8: lowest at an epoch; a ratio of the last to the lowest.
def risen(lowest, ratio, at_99):
    curve = np.where(lowest > EPOCH, 0.15, 0.13)
    curve[[0, lowest, 99, 100]] = 2.3, 0.1, 0.1 * at_99, 0.1 * ratio
    return curve


OVERFIT, LATE, LITTLE = risen(49, 1.21, 1.1), risen(50, 1.21, 1.3), risen(10, 1.19, 1.5)
M8 = [
    *(
        each
        for says, kept in (("or at 50", LATE), ("or by less", LITTLE))
        for each in opposed("M8", f"test loss best before epoch 50 and risen by a fifth, {says}",
            loss(kept, kept) | dict(test_loss=OVERFIT), loss(OVERFIT, OVERFIT) | dict(test_loss=kept))
    ),
    decoy("M8", "the training loss has risen", alone(dict(train_loss=OVERFIT, test_loss=LATE), {})),
]  # fmt: skip


# M9: the lead of the middle over the deep control, less that of the report's nets. M10: that of the controls alone.
def leads(lead, sign=0, part="test"):
    """sign: every other window is the other way."""
    extra = {"middle": 30, "deep": 0, "middle_first": 50 + lead, "deep_first": 50}
    return made(**{name: summed(each, -sign * (name == "middle_first"), part) for name, each in extra.items()})


def in_both(lead, in_training, sign=0):
    return with_training_of(lambda _: leads(lead, sign), lambda _: leads(in_training, 0, "train"))


M9 = [
    true("M9", "the controls' lead is smaller by an image", in_both(29, 60, 1)),
    false("M9", "the controls' lead is as large", in_both(30, -60, -1)),
    decoy("M9", "the report's nets have the smaller lead", in_both(60, 0)),
    decoy("M9", "the controls' lead is smaller in training", in_both(31, 0)),
    *(
        false("M9", f"smaller, but the {name} one did not learn", unlearned(in_both(0, 60), name))
        for name in ("middle", "deep", *CONTROLS)
    ),
]
M10 = [
    true("M10", "both controls are as good", in_both(0, 60, 1)),
    false("M10", "the middle control leads by an image", in_both(1, -60, -1)),
    decoy("M10", "it does not lead in training", in_both(60, -60)),
    decoy("M10", "it leads by less than the report's nets", in_both(29, 60)),
    *(
        false("M10", f"no lead, but the {name} one did not learn", unlearned(in_both(-9, 60), name))
        for name in CONTROLS
    ),
]

WORLDS = [*M1, *M2, *M3, *M4, *M5, *M6, *M7, *M8, *M9, *M10]
