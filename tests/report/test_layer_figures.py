"""The plots of what happens inside the layers, on the page of a run."""

from conveyor.metrics.layers import TITLES, name_metric
from conveyor.report.figures import draw_layers

LAYERS = {
    "gradient_norm": [f"layer_{number}" for number in range(7)],  # more than there are colours
    "weight_norm": [f"layer_{number}" for number in range(7)],
    "saturated_gates": ["layer_4", "layer_6"],
    "dead_units": ["layer_1", "layer_4"],
}
HISTORY = [
    {"update": 1.0, "loss": 1.0}
    | {
        name_metric(statistic, layer): 0.1 * number + 0.1
        for statistic, layers in LAYERS.items()
        for number, layer in enumerate(layers)
    }
]


def test_a_layer_has_the_same_line_in_all_plots_and_no_two_layers_have_one() -> None:
    plots = draw_layers(HISTORY)
    titles = [f"{title} of each layer" for title in TITLES.values()]
    assert [plot["title"] for plot in plots] == titles
    lines = [
        (line["name"], tuple(line["line"].values())) for plot in plots for line in plot["data"]
    ]
    assert [name for name, _ in lines] == [name for layers in LAYERS.values() for name in layers]
    assert len(set(lines)) == len({line for _, line in lines}) == 7


def test_a_line_has_the_values_of_its_layer() -> None:
    plot = draw_layers(HISTORY)[2]
    assert {line["name"]: line["y"] for line in plot["data"]} == {
        "layer_4": [0.1],
        "layer_6": [0.2],
    }
