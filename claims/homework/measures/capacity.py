"""Capacity: how much of a training set's labels a network has stored."""

import numpy as np
from numpy.typing import ArrayLike

from ontrial import Array, finite


def bits_per_parameter(train_loss: ArrayLike, images: int, parameters: int, classes: int = 10) -> Array:
    """What a network knows of labels drawn at random, in bits per parameter; same shape as the loss.

    train_loss: cross-entropy over the training set, in nats, any shape; images: that it was trained on;
    parameters: that it has. Guessing costs ln(classes) an image, and nothing but memory can lower that: what is
    below it, times the images, is in the weights. Negative where the network does worse than guessing.

    Raises ValueError for a loss that is not finite.
    Source: Collins, Sohl-Dickstein & Sussillo, "Capacity and Trainability in Recurrent Neural Networks" (2017), who
    measure it so; Cover, IEEE Transactions on Electronic Computers 14 (1965): a linear threshold unit stores 2 bits.

    >>> bits_per_parameter(np.array([0.0, np.log(2)]), images=100, parameters=50, classes=2).tolist()
    [2.0, 0.0]
    """
    return (np.log(classes) - finite(train_loss, "training loss")) * images / np.log(2) / parameters
