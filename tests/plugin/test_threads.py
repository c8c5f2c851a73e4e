"""How many threads libraries compute with while claims are judged, and after it."""

from threadpoolctl import threadpool_info, threadpool_limits


def threads():
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


TEXT = """
from threadpoolctl import threadpool_info

def threads():
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}
"""


def test_claims_are_judged_with_one_thread_and_then_all_is_as_it_was(run_claims):
    with threadpool_limits(2):
        before = threads()
        result = run_claims(TEXT + """
@claim_of("X1")
def test_one(claim):
    claim.holds_if(exactly(max(threads()), "threads").within(1, 1))
""")  # fmt: skip
        result.assert_outcomes(passed=1, deselected=1)
        assert threads() == before == {2}


def test_tests_that_judge_no_claim_have_the_threads_that_they_had(run_claims):
    with threadpool_limits(2):
        run_claims(TEXT + """
def test_one():
    assert threads() == {2}
""").assert_outcomes(passed=1)  # fmt: skip
