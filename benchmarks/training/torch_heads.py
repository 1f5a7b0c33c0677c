"""What is above and below a PyTorch stack for each task, as a user of PyTorch writes it."""

import math
from typing import Any

import stack
import torch  # pyright: ignore[reportMissingImports]  # of another environment
from torch.nn import functional  # pyright: ignore[reportMissingImports]


class Value(torch.nn.Module):
    """A linear output of the last step."""

    def __init__(self, units: int, steps: int) -> None:
        super().__init__()
        self.output = torch.nn.Linear(units, 1)

    def open(self, x: Any) -> Any:
        return x

    def loss(self, x: Any, states: Any, y: Any) -> Any:
        return functional.mse_loss(self.output(states[:, -1]), y)


class Tags(Value):
    """Scores of the tags at each step; padding would be -1."""

    def __init__(self, units: int, steps: int) -> None:
        super().__init__(units, steps)
        self.output = torch.nn.Linear(units, stack.TAGS)

    def loss(self, x: Any, states: Any, y: Any) -> Any:
        scores = self.output(states).transpose(1, 2)  # (rows, tags, steps)
        losses = functional.cross_entropy(scores, y.long(), ignore_index=-1, reduction="none")
        steps = (y != -1).sum(1)
        return (losses.sum(1) / steps).mean()


class Quantiles(Value):
    """Quantiles of each step of the horizon, in the scale of the context."""

    def __init__(self, units: int, steps: int) -> None:
        super().__init__(units, steps)
        self.middle = len(stack.QUANTILES) // 2
        self.output = torch.nn.Linear(units, stack.HORIZON * len(stack.QUANTILES))
        self.lags = torch.nn.Linear(steps, stack.HORIZON, bias=False)
        self.register_buffer("quantiles", torch.tensor(stack.QUANTILES))

    def open(self, x: Any) -> Any:
        y, observed = x[:, :, :1], 1 - x[:, :, x.shape[2] // 2, None]
        count = observed.sum(1, keepdim=True)
        mean = (y * observed).sum(1, keepdim=True) / count
        squares = (torch.square(y - mean) * observed).sum(1, keepdim=True)
        self.level, self.spread = y[:, -1:], torch.sqrt(squares / count + 1e-8)
        self.scaled = (y - self.level) / self.spread * observed
        return torch.cat([self.scaled, x[:, :, 1:]], 2)

    def loss(self, x: Any, states: Any, y: Any) -> Any:
        parameters = self.output(states[:, -1]).view(len(x), stack.HORIZON, -1)
        middle = self.middle
        point = parameters[..., middle] + self.lags(self.scaled[:, :, 0])
        steps = functional.softplus(parameters + math.log(math.expm1(0.3)))
        below = steps[..., :middle].flip(-1).cumsum(-1).flip(-1)
        above = steps[..., middle + 1 :].cumsum(-1)
        point = point[..., None]
        predicted = torch.cat([point - below, point, point + above], -1)
        predicted = self.level + self.spread * predicted  # (rows, horizon, quantiles)
        errors = y[..., None] - predicted
        return torch.maximum(self.quantiles * errors, (self.quantiles - 1) * errors).mean()


HEADS = {"value": Value, "tagging": Tags, "forecasting": Quantiles}
