"""Probes compared with direct computations: one network, one sample, one draw at a time."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.func import functional_call, jacrev

from models import probes
from models.data import Sets, generator, sets
from models.experiment import Experiment
from models.training import Trained, train
from tests.models.oracle import plain_network

TINY = Experiment("digits", (4, 3), epochs=3, batch_size=50, dtype="float64")
SEEDS = (3, 8)


def trained(experiment=TINY, seeds=SEEDS):
    parameters = torch.from_numpy(train(experiment, seeds)["parameters"])
    return Trained(experiment, seeds, parameters, sets(experiment, seeds, None, torch.device("cpu")))


@pytest.fixture(scope="module")
def tiny():
    return trained()


def direct_hessian(tiny, row, images):
    """Of one network's mean loss, backwards twice: torch.func.hessian warns of torch's own deprecation."""
    network = plain_network(TINY, tiny.parameters[row])
    inputs, labels = tiny.data.train_inputs[:images], tiny.data.train_targets[row, :images]
    shapes = {name: part.shape for name, part in network.named_parameters()}

    def loss(flat):
        parts = flat.split([shape.numel() for shape in shapes.values()])
        named = {name: part.view(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}
        return F.cross_entropy(functional_call(network, named, (inputs,)), labels)

    return jacrev(jacrev(loss))(tiny.parameters[row])


def test_sensitivity_is_the_mean_norm_over_the_first_test_images(tiny, monkeypatch):
    monkeypatch.setattr(probes, "_TEST_IMAGES", 40)
    found = probes.sensitivity(tiny)
    for row in range(2):
        network, norms = plain_network(TINY, tiny.parameters[row]), []
        for image, label in zip(tiny.data.test_inputs[:40], tiny.data.test_targets[row, :40], strict=True):
            to_input = jacrev(lambda x, label=label, net=network: F.cross_entropy(net(x), label))(image)
            norms.append(
                (to_input.norm().item(), jacrev(lambda x, net=network: net(x).softmax(0))(image).norm().item())
            )
        expected = np.mean(norms, axis=0).tolist()
        assert [found["input_sensitivity"][row], found["jacobian_sensitivity"][row]] == pytest.approx(
            expected, rel=1e-9
        )


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_image_gradients_are_those_of_one_image_at_a_time(activation, monkeypatch):
    monkeypatch.setattr(probes, "_GRADIENT_IMAGES", 40)
    monkeypatch.setattr(probes, "_ROWS_AT_ONCE", 17)  # a last chunk that is shorter
    experiment = replace(TINY, activation=activation)
    of = trained(experiment)
    found = probes.image_gradients(of)["image_gradient_norm"]
    assert found.dtype == np.float32
    for row in range(2):
        network, expected = plain_network(experiment, of.parameters[row]), []
        for image, label in zip(of.data.train_inputs[:40], of.data.train_targets[row, :40], strict=True):
            parts = torch.autograd.grad(F.cross_entropy(network(image), label), list(network.parameters()))
            expected.append(torch.cat([part.flatten() for part in parts]).norm().item())
        assert found[row] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("probe", "number"),
    [(probes.sensitivity, 1_000), (probes.image_gradients, 10_000), (probes.largest_eigenvalue, 10_000)],
)
def test_a_probe_measures_on_the_first_images_alone_and_on_all_of_them(tiny, probe, number, monkeypatch):
    monkeypatch.setattr(probes, "_MOST_ITERATIONS", 3)
    random = generator(0, "probe")
    images = torch.rand(number + 50, 64, generator=random, dtype=torch.float64)
    labels = torch.randint(10, (2, number + 50), generator=random)

    def measured(changed):
        other = images.clone()
        other[changed] = 0
        return probe(replace(tiny, data=Sets(other, labels, other, labels)))

    first, same, another = (measured(changed) for changed in (number + 49, number, number - 1))
    for name in first.keys() - {"eigenvalue_settled"}:
        np.testing.assert_array_equal(first[name], same[name])
        assert (first[name] != another[name]).any()


def test_interpolation_scores_the_networks_on_the_line(tiny, monkeypatch):
    monkeypatch.setattr(probes, "_ROWS_AT_ONCE", 700)  # a last chunk that is shorter
    other = trained(Experiment("digits", (4, 3), epochs=2, batch_size=300, initialisation="second", dtype="float64"))
    found = probes.interpolation(tiny, other)
    assert {values.shape for values in found.values()} == {(2, 61)}
    for place, alpha in ((0, -1.0), (20, 0.0), (27, 0.35), (40, 1.0), (60, 2.0)):
        assert probes.ALPHAS[place] == alpha
        network = plain_network(TINY, (1 - alpha) * tiny.parameters[1] + alpha * other.parameters[1])
        for part in ("train", "test"):
            outputs, labels = network(getattr(tiny.data, f"{part}_inputs")), getattr(tiny.data, f"{part}_targets")[1]
            assert found[f"path_{part}_loss"][1, place] == pytest.approx(F.cross_entropy(outputs, labels).item())
            share = (outputs.argmax(1) == labels).double().mean().item()
            assert found[f"path_{part}_accuracy"][1, place] == pytest.approx(share)


def test_hessian_products_are_those_of_the_complete_matrix(tiny, monkeypatch):
    monkeypatch.setattr(probes, "_ROWS_AT_ONCE", 70)  # a last chunk that is shorter
    product = probes.hessian(tiny.parameters, TINY, tiny.data.train_inputs[:150], tiny.data.train_targets[:, :150])
    vectors = torch.randn(tiny.parameters.shape, generator=generator(0, "probe"), dtype=torch.float64)
    for row in range(2):
        assert torch.allclose(product(vectors)[row], direct_hessian(tiny, row, 150) @ vectors[row], atol=1e-12)


def test_largest_eigenvalue_is_that_of_the_complete_matrix(tiny):
    found = probes.largest_eigenvalue(tiny)
    assert found["eigenvalue_settled"].all()
    for row in range(2):
        largest = torch.linalg.eigvalsh(direct_hessian(tiny, row, 1437))[-1]
        assert found["largest_eigenvalue"][row] == pytest.approx(largest.item(), rel=5e-3)


def test_the_largest_eigenvalue_is_found_beside_a_more_negative_one():
    diagonals = torch.tensor([[-5.0, 3.0, 1.0], [4.0, -1.0, 2.0]])
    start = torch.ones(2, 3)
    values, settled = probes.largest(lambda vectors: diagonals * vectors, start)
    assert values.numpy() == pytest.approx([3, 4], rel=1e-2)
    assert settled.all()
    dominant, _ = probes.dominant(lambda vectors: diagonals * vectors, start)
    assert dominant.numpy() == pytest.approx([-5, 4], rel=1e-2)


def test_an_iteration_that_is_cut_short_says_so(monkeypatch):
    monkeypatch.setattr(probes, "_MOST_ITERATIONS", 2)
    diagonal = torch.tensor([5.0, 3.0])
    _, settled = probes.largest(lambda vectors: diagonal * vectors, torch.tensor([[0.1, 1.0], [1.0, 0.0]]))
    assert settled.tolist() == [False, True]


def test_a_seed_is_measured_as_if_it_were_alone_and_its_network_stays_unchanged(tiny, monkeypatch):
    monkeypatch.setattr(probes, "_DRAWS", 3)
    monkeypatch.setattr(probes, "_HESSIAN_IMAGES", 200)
    before, alone = tiny.parameters.clone(), trained(seeds=SEEDS[1:])
    for probe in (probes.sensitivity, probes.largest_eigenvalue, probes.frozen_gradients, probes.image_gradients):
        both = probe(tiny)
        for name, values in probe(alone).items():
            assert values == pytest.approx(both[name][1:], rel=1e-6), name
    assert torch.equal(tiny.parameters, before)
    assert not tiny.parameters.requires_grad


def test_frozen_gradients_are_means_over_200_draws_and_over_tensors(tiny, monkeypatch):
    monkeypatch.setattr(probes, "BATCH_SIZES", (5, 25, 1500))
    found = probes.frozen_gradients(tiny)
    assert found["frozen_batch_size"].tolist() == [[5, 25, 1437]] * 2
    network, random, expected = plain_network(TINY, tiny.parameters[1]), generator(SEEDS[1], "probe"), []
    for size in (5, 25, 1437):
        draws = []
        for _ in range(200 if size < 1437 else 1):
            chosen = torch.randperm(1437, generator=random)[:size]
            loss = F.cross_entropy(network(tiny.data.train_inputs[chosen]), tiny.data.train_targets[1, chosen])
            gradients = torch.autograd.grad(loss, list(network.parameters()))
            draws.append(np.mean([part.norm().item() for part in gradients]))
        expected.append(np.mean(draws))
    assert found["frozen_gradient_norm"][1] == pytest.approx(expected, rel=1e-9)
