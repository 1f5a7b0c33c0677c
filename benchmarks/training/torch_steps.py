"""Measures steps of a PyTorch stack: `python torch_steps.py WHERE CELL SIZE`.

Prints sequences a second and seconds to the end of the first step. WHERE is a number of processor
threads, or cuda, or tf32: cuda with float32 as rounded by a GPU's matrix units.
"""

import sys
import time
from typing import Any

import stack
import torch


class Stack(torch.nn.Module):
    def __init__(self, cell: str, features: int, units: int) -> None:
        super().__init__()
        kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell]
        self.low = kind(features, units, batch_first=True)
        self.high = kind(units, units // 2, batch_first=True)
        self.head = torch.nn.Linear(units // 2, 1)

    def forward(self, x: Any) -> Any:
        return self.head(self.high(self.low(x)[0])[0][:, -1])


if __name__ == "__main__":
    where, cell, size = sys.argv[1:]
    if where.isdigit():
        torch.set_num_threads(int(where))
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = where == "tf32"
    device = "cpu" if where.isdigit() else "cuda"
    torch.set_flush_denormal(True)  # otherwise 200 steps take eight times as long
    torch.manual_seed(17)
    _, features, units, rows = stack.SIZES[size]
    model = Stack(cell, features, units).to(device)
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
