"""Measures steps of a PyTorch stack: `python torch_steps.py WHERE CELL SIZE [TASK | front]`.

WHERE is a number of processor threads, or cuda, or tf32: cuda with float32 as rounded by a GPU's
matrix units. TASK is one of torch_heads.py. With `front`, convolutions are before the stack. Prints
what `stack.answer` measures.
"""

import sys
from typing import Any

import stack
import torch  # pyright: ignore[reportMissingImports]  # of another environment
from torch_heads import HEADS


def convolutions(features: int, steps: int) -> Any:
    """Build the convolutions, which take and return (batch, channels, time)."""
    parts: list[Any] = []
    for (channels, width), stride in zip(stack.FRONT, stack.strides(steps), strict=True):
        convolution = torch.nn.Conv1d(features, channels, width, stride, width // 2, bias=False)
        parts += [convolution, torch.nn.BatchNorm1d(channels), torch.nn.ReLU()]
        features = channels
    return torch.nn.Sequential(*parts)


class Stack(torch.nn.Module):
    def __init__(self, cell: str, size: str, task: str, front: Any) -> None:
        super().__init__()
        self.front = front
        steps, features, units, _ = stack.SIZES[size]
        if front:
            features = stack.FRONT[-1][0]
        kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell]
        self.low = kind(features, units, batch_first=True)
        self.high = kind(units, units // 2, batch_first=True)
        self.head = HEADS[task](units // 2, steps)

    def forward(self, x: Any, y: Any) -> Any:
        """Return the loss."""
        if self.front:
            x = self.front(x.transpose(1, 2)).transpose(1, 2)
        x = self.head.open(x)
        return self.head.loss(x, self.high(self.low(x)[0])[0], y)


if __name__ == "__main__":
    where, cell, size, *options = sys.argv[1:]
    if where.isdigit():
        torch.set_num_threads(int(where))
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = where == "tf32"
    device = "cpu" if where.isdigit() else "cuda"
    torch.set_flush_denormal(True)  # otherwise 200 steps take eight times as long
    torch.manual_seed(17)
    steps, features, _, rows = stack.SIZES[size]
    front = convolutions(features, steps) if "front" in options else None
    task = next((option for option in options if option in HEADS), "value")
    model = Stack(cell, size, task, front).to(device)
    optimizer = torch.optim.Adam(model.parameters())
    data = [(torch.from_numpy(x), torch.from_numpy(y)) for x, y in stack.batches(size, task)]

    def step(i: int) -> float:
        x, y = (part.to(device) for part in data[i])
        optimizer.zero_grad()
        loss = model(x, y)
        loss.backward()
        optimizer.step()
        return loss.item()

    stack.answer(step, rows)
