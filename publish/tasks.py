"""The tasks of the report, by the letter that their claims begin with."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """A task of the report: the letter of its claims, its part and number, and its subject."""

    letter: str
    part: str
    number: str
    subject: str


TASKS = (
    Task("F", "Part 1", "Task 1", "Simulate a function"),
    Task("M", "Part 1", "Task 2", "Networks of equal size on MNIST"),
    Task("W", "Part 2", "Task 1", "The process of optimisation"),
    Task("G", "Part 2", "Task 2", "The norm of the gradient"),
    Task("Z", "Part 2", "Task 3", "Where the gradient is almost zero"),
    Task("R", "Part 3", "Task 1", "Random labels"),
    Task("P", "Part 3", "Task 2", "Number of parameters"),
    Task("I", "Part 3", "Task 3.1", "Flatness, along a line between two networks"),
    Task("B", "Part 3", "Task 3.2", "Batch size and sensitivity"),
)
_OTHERS = Task("", "Others", "", "Claims of no task of the report")


def task_of(claim: str) -> Task:
    """The task that a claim's id belongs to."""
    return next((task for task in TASKS if claim.startswith(task.letter)), _OTHERS)


def order(claim: str) -> tuple[int, str, int, str]:
    """The place of a claim's id in the order of the report: by task, then by number."""
    task, rest = task_of(claim), claim[1:]
    place = TASKS.index(task) if task in TASKS else len(TASKS)
    return (place, claim[:1], int(rest) if rest.isdigit() else 0, claim)
