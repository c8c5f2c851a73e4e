"""The report on trial: what it is, its tasks, and the numbers that it gives.

Read off its text and its figures; where it gives none there is none here. By epoch or step, by network, or by batch
size, as its figures have them.
"""

from ontrial import Report, Task

REPORT = Report(
    title="Homework 1 of CPSC 8430",
    source="a homework report of 2021 by Blake Washburn, answering the NTU MLDS 2018 homework 1",
    link="https://github.com/blakewashburn/hw1_8430",
    tasks=(
        Task("F", "Part 1", "Task 1", "Simulate a function"),
        Task("M", "Part 1", "Task 2", "Networks of equal size on MNIST"),
        Task("W", "Part 2", "Task 1", "The process of optimisation"),
        Task("G", "Part 2", "Task 2", "The norm of the gradient"),
        Task("Z", "Part 2", "Task 3", "Where the gradient is almost zero"),
        Task("R", "Part 3", "Task 1", "Random labels"),
        Task("P", "Part 3", "Task 2", "Number of parameters"),
        Task("I", "Part 3", "Task 3.1", "Flatness, along a line between two networks"),
        Task("B", "Part 3", "Task 3.2", "Batch size and sensitivity"),
    ),
)

# F: parameters, and steps to converge as it reads its curves.
FUNCTION_PARAMETERS = {"shallow": 751, "middle": 755, "deep": 747}
STEPS_TO_CONVERGE = {"arcsinh": 250, "cos": 1300}

# M: parameters, and accuracies (shares of images) at epoch 100.
EQUAL_PARAMETERS = {"shallow": 23_860, "middle": 23_893, "deep": 23_890}
EQUAL_TEST_ACCURACY = {"shallow": 0.963, "middle": 0.969, "deep": 0.962}
EQUAL_TRAIN_ACCURACY = {"shallow": 0.999, "middle": 0.998, "deep": 0.996}

# G: steps at which it sees spikes.
SPIKES = (250, 510, 580)

# R: losses with random labels (nats), by epoch.
RANDOM_TRAIN_LOSS = {100: 2.265, 200: 2.250, 300: 2.243, 400: 2.238}
RANDOM_TEST_LOSS = {100: 2.357, 200: 2.405, 300: 2.440, 400: 2.47}

# P: after the last epoch, by number of parameters; its figure 12 gives training losses too, not read off yet.
SIZES = (1_645, 3_270, 8_280, 16_640, 40_785, 84_060, 178_110, 396_210, 654_310, 952_410)
BY_SIZE = {
    "train_accuracy": dict(zip(SIZES, (0.70, 0.886, 0.97, 0.993, 0.996, *[0.999] * 5), strict=True)),
    "test_accuracy": dict(
        zip(SIZES, (0.698, 0.876, 0.950, 0.963, 0.969, 0.977, 0.983, 0.980, 0.983, 0.983), strict=True)
    ),
    "test_loss": dict(zip(SIZES, (0.93, 0.42, 0.19, 0.185, 0.22, 0.178, 0.148, 0.195, 0.187, 0.195), strict=True)),
}

# B: after the last epoch, by batch size.
BATCHES = (5, 25, 125, 500, 1500)
BY_BATCH = {
    "train_accuracy": dict(zip(BATCHES, (0.983, 0.986, 0.989, 0.981, 0.967), strict=True)),
    "test_accuracy": dict(zip(BATCHES, (0.953, 0.956, 0.960, 0.964, 0.955), strict=True)),
    "train_loss": dict(zip(BATCHES, (0.061, 0.038, 0.036, 0.065, 0.114), strict=True)),
    "test_loss": dict(zip(BATCHES, (0.301, 0.218, 0.165, 0.128, 0.153), strict=True)),
}
READING_ERROR = {"accuracy": 0.0005, "loss": 0.001}  # of figure 14: half a tenth of a tick's distance
SENSITIVITY_BY_BATCH = dict(zip(BATCHES, (3.4, 0.5, 0.17, 0.08, 0.10), strict=True))
