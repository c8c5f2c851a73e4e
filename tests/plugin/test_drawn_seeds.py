"""The seeds of the full tier, drawn from a registration's hash."""

from ontrial import registered


def test_seeds_are_distinct_integers_of_32_bits_and_a_longer_draw_begins_like_a_shorter():
    digest = "ab" * 32
    seeds = registered.drawn(digest, 5000)
    assert len(set(seeds)) == 5000
    assert all(0 <= seed < 2**32 and type(seed) is int for seed in seeds)
    assert registered.drawn(digest, 16) == seeds[:16]
    assert registered.drawn("ac" * 32, 1) != seeds[:1]
    assert registered.drawn("00" * 32, 3) == (2968811710, 3964924996, 3141116543)


def test_a_seed_that_was_drawn_before_is_drawn_anew(monkeypatch):
    class Stuck:
        def __init__(self, entropy):
            self.place = entropy[1]

        def generate_state(self, count, dtype):
            return [7] * (count - 1) + [7 if count == 1 else 7 + self.place]

    monkeypatch.setattr(registered.np.random, "SeedSequence", Stuck)
    registered.drawn.cache_clear()
    assert registered.drawn("0f" * 32, 3) == (7, 8, 9)
    registered.drawn.cache_clear()
