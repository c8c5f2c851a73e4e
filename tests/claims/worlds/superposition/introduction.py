"""Worlds of the introduction: five features in two dimensions. Near: a squared norm of 0.52 or 0.48, and angles."""

from tests.claims.worlds import decoy, false, true
from tests.claims.worlds.superposition.made import plane, run

SPARSITIES = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95)
THERE, NOT = 0.52, 0.48
CROSS = plane((1, 0), (1, 90), (1, 180), (1, 270), (NOT, 45))
PENTAGON = plane(*((1, angle) for angle in (0, 144, 288, 72, 216)))
PAIR = plane((1, 0), (1, 90), (0, 0), (0, 0), (0, 0))


def at(sparsity, *pictures, others=PAIR, **options):
    """Runs that end in these pictures at one sparsity, and in another picture at all others."""
    seeds = options.get("seeds", 32)
    return lambda case: {
        each: run(*pictures, **options) if each == sparsity else run(others, seeds=seeds) for each in SPARSITIES
    }


def here(*pictures, **options):
    """The same at the sparsity of the case."""
    return lambda case: at(case["sparsity"], *pictures, **options)(case)


def numbers(*counts):
    """Runs in which so many features are represented, by sparsity."""
    pictures = [plane(*((1, 60 * each) if each < count else (NOT, 0) for each in range(5))) for count in counts]
    return lambda case: {each: run(picture) for each, picture in zip(SPARSITIES, pictures, strict=True)}


def mixed(commonest, seeds=320):
    """Runs in which so many of the seeds, the last, represent four features, and the rest two, three or five."""
    rest = [PAIR, PENTAGON, plane((1, 0), (1, 120), (1, 240), (0, 0), (0, 0))]
    return here(*([rest[each % 3] for each in range(seeds - commonest)] + [CROSS] * commonest), seeds=seeds)


def bias(with_bias, without, **options):
    return lambda case: {"with bias": run(*with_bias), "without bias": run(*without, **options)}


NARROW = plane((1, 0), (1, 90), (1, 155), (1, 270), (NOT, 45))  # a cosine of −0.906 between features 0 and 2
WIDE = plane((1, 0), (1, 90), (1, 152), (1, 270), (NOT, 45))  # −0.883
SKEW = plane((1, 0), (1, 72), (1, 180), (1, 252), (0, 0))  # pairs at 72° of each other: 0.309
STRAIGHT = plane((1, 0), (1, 74), (1, 180), (1, 254), (0, 0))  # 0.276

WORLDS = [
    true("T1", "two orthogonal features", at(0.0, plane((THERE, 0), (1, 85), *[(NOT, 40)] * 3), others=PENTAGON)),
    false("T1", "they are not quite orthogonal", at(0.0, plane((1, 0), (1, 83), (0, 0), (0, 0), (0, 0)))),
    decoy("T1", "it is features 1 and 2", at(0.0, plane((NOT, 90), (1, 0), (1, 90), (0, 0), (0, 0)))),
    decoy("T1", "a third is represented", at(0.0, plane((1, 0), (1, 90), (THERE, 45), (0, 0), (0, 0)))),
    decoy("T1", "so it is when sparse", at(0.95, PAIR, others=PENTAGON)),
    true("T2", "two antipodal pairs", at(0.8, STRAIGHT)),
    true("T2", "two pairs, nearly antipodal", at(0.8, plane((1, 0), (1, 90), (1, 176), (1, 266), (NOT, 45)))),
    false("T2", "one pair is not antipodal", at(0.8, WIDE)),
    decoy("T2", "the pairs are not apart", at(0.8, SKEW)),
    decoy("T2", "a partner is near another feature", at(0.8, NARROW)),
    decoy("T2", "the fifth is represented", at(0.8, plane((1, 0), (1, 90), (1, 180), (1, 270), (THERE, 45)))),
    decoy("T2", "pairs point the same way", at(0.8, plane((1, 0), (1, 90), (1, 0), (1, 90), (0, 0)))),
    decoy("T2", "one antipodal pair alone", at(0.8, plane((1, 0), (0, 0), (1, 180), (0, 0), (0, 0)))),
    decoy("T2", "at another sparsity", at(0.9, CROSS)),
    true("T3", "features 0 to 3", at(0.8, CROSS, CROSS, PENTAGON, seeds=64)),
    false("T3", "feature 4 in place of 3", at(0.8, plane((1, 0), (1, 90), (1, 180), (NOT, 270), (THERE, 45)))),
    decoy("T3", "four are nowhere represented", at(0.8, PENTAGON), "inconclusive"),
    decoy("T3", "so it is at 90 %", at(0.9, CROSS), "inconclusive"),
    true("T4", "a pentagon", at(0.9, plane((1, 0), (1, 144), (THERE, 288), (1, 85), (1, 216)))),
    false("T4", "two neighbours are too far apart", at(0.9, plane((1, 0), (1, 160), (1, 288), (1, 72), (1, 222)))),
    decoy(
        "T4", "a pentagon with a feature too short", at(0.9, plane(*((1, a) for a in (0, 72, 144, 216)), (NOT, 288)))
    ),
    decoy("T4", "a pentagon at 80 %", at(0.8, PENTAGON)),
    true("T5", "three of fifteen pairs the other way", numbers(1, 0, 2, 4, 5, 3)),
    false("T5", "four of fifteen pairs the other way", numbers(1, 2, 0, 4, 5, 3)),
    decoy("T5", "the number falls", numbers(5, 4, 3, 2, 1, 0)),
    decoy("T5", "the number is always the same", numbers(4, 4, 4, 4, 4, 4)),
    true("T6", "four in five seeds agree", mixed(250)),
    false("T6", "nearly all seeds agree", mixed(312)),
    decoy("T6", "all seeds agree, and their pictures are turned", here(CROSS, STRAIGHT, seeds=320)),
    decoy("T6", "seeds differ, but nothing was learned", here(CROSS, PAIR, learned=False)),
    true("T19", "a few are pentagons", bias([PENTAGON], [CROSS] * 7 + [PENTAGON])),
    false("T19", "most are pentagons", bias([PENTAGON], [PENTAGON] * 7 + [CROSS])),
    decoy("T19", "without the bias all five, with it four", bias([CROSS], [PENTAGON])),
    decoy("T19", "nothing was learned", bias([PENTAGON], [CROSS], learned=False)),
]
