"""Measures steps of a PyTorch stack: `python torch_steps.py WHERE CELL SIZE [front]`.

Prints sequences a second and seconds to the end of the first step. WHERE is a number of processor
threads, or cuda, or tf32: cuda with float32 as rounded by a GPU's matrix units. With `front`,
convolutions are before the stack.
"""

import sys
import time
from typing import Any

import stack
import torch  # pyright: ignore[reportMissingImports]  # of another environment


def convolutions(features: int, steps: int) -> Any:
    """Build the convolutions, which take and return (batch, channels, time)."""
    parts: list[Any] = []
    for (channels, width), stride in zip(stack.FRONT, stack.strides(steps), strict=True):
        convolution = torch.nn.Conv1d(features, channels, width, stride, width // 2, bias=False)
        parts += [convolution, torch.nn.BatchNorm1d(channels), torch.nn.ReLU()]
        features = channels
    return torch.nn.Sequential(*parts)


class Stack(torch.nn.Module):
    def __init__(self, cell: str, features: int, units: int, front: Any) -> None:
        super().__init__()
        self.front = front
        if front:
            features = stack.FRONT[-1][0]
        kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell]
        self.low = kind(features, units, batch_first=True)
        self.high = kind(units, units // 2, batch_first=True)
        self.head = torch.nn.Linear(units // 2, 1)

    def forward(self, x: Any) -> Any:
        if self.front:
            x = self.front(x.transpose(1, 2)).transpose(1, 2)
        return self.head(self.high(self.low(x)[0])[0][:, -1])


if __name__ == "__main__":
    where, cell, size, *options = sys.argv[1:]
    if where.isdigit():
        torch.set_num_threads(int(where))
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = where == "tf32"
    device = "cpu" if where.isdigit() else "cuda"
    torch.set_flush_denormal(True)  # otherwise 200 steps take eight times as long
    torch.manual_seed(17)
    steps, features, units, rows = stack.SIZES[size]
    front = convolutions(features, steps) if options == ["front"] else None
    model = Stack(cell, features, units, front).to(device)
    optimizer = torch.optim.Adam(model.parameters())
    data = [(torch.from_numpy(x), torch.from_numpy(y)) for x, y in stack.batches(size)]

    def step(i: int) -> float:
        x, y = (part.to(device) for part in data[i])
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    began = time.perf_counter()
    step(0)
    first = time.perf_counter() - began
    print(stack.rate(step, rows), first)
