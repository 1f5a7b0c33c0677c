"""Settings and arguments that are odd or bad."""

from tests.badinput.params import argument, dataset, params

VALUES = [
    params(
        "an unknown section",
        "choose: {}\ntrian: {epochs: 3}\n",
        "trian: there is no such setting; did you mean 'train'? Change it in params.yaml",
    ),
    params(
        "an unknown setting",
        "choose: {}\ntrain: {epohcs: 3}\n",
        "train.epohcs: there is no such setting; did you mean 'epochs'? Change it in params.y",
    ),
    params(
        "an unknown group",
        "choose: {modell: gru}\n",
        "choose.modell: there is no such group; did you mean 'model'? (there are dataset, eva",
    ),
    params(
        "an unknown file of a group",
        "choose: {model: transformer}\n",
        "choose.model: expected a file of conf/model/; got 'transformer' (there are bilstm, f",
    ),
    params(
        "a group as a list",
        "choose: {model: [gru, lstm]}\n",
        "choose.model: expected a file of conf/model/; got ['gru', 'lstm'] (there are bilstm,",
    ),
    params(
        "a text for a number",
        "choose: {}\ntrain: {epochs: many}\n",
        "train.epochs: expected an integer; got 'many'. Change it in params.yaml",
    ),
    params(
        "a fraction for a whole number",
        "choose: {}\ntrain: {epochs: 2.5}\n",
        "train.epochs: expected an integer, got a number with a fractional part; got 2.5. Cha",
    ),
    params(
        "a boolean among the widths",
        "choose: {}\nmodel: {units: [8, yes]}\n",
        "model.units.1: expected an integer; got 'true'. Change it in params.yaml",
    ),
    params(
        "a boolean for a number",
        "choose: {}\ntrain: {epochs: true}\n",
        "train.epochs: expected an integer; got 'true'. Change it in params.yaml",
    ),
    params("a number that is text", 'choose: {}\ntrain: {epochs: "3"}\n', "", 0),
    params(
        "a negative number",
        "choose: {}\ntrain: {epochs: -3}\n",
        "train.epochs: expected a number greater than 0; got -3. Change it in params.yaml",
    ),
    params(
        "NaN",
        "choose: {}\ntrain: {learning_rate: .nan}\n",
        "train.learning_rate: expected a number less than or equal to 10; got nan. Change it",
    ),
    params(
        "infinity",
        "choose: {}\ntrain: {learning_rate: .inf}\n",
        "train.learning_rate: expected a number less than or equal to 10; got inf. Change it",
    ),
    params(
        "1e-3 without a point, which YAML reads as text",
        "choose: {}\ntrain: {learning_rate: 1e-3}\n",
        "",
        0,
    ),
    params(
        "a null for a value",
        "choose: {}\nseed: null\n",
        "seed: expected an integer; got None. Change it in conf/config.yaml",
    ),
    params(
        "a list for a mapping",
        "choose: {}\ntrain: [3]\n",
        "train: expected a mapping; got a list. Change it in params.yaml",
    ),
    params(
        "a text for a mapping",
        "choose: {}\ntrain: default\n",
        "params.yaml: train: expected a mapping of settings; got 'default'. To take a file of",
    ),
    params(
        "a mapping for a number",
        "choose: {}\nseed: {a: 1}\n",
        "seed: expected an integer. Change it in params.yaml",
    ),
    params(
        "no layers",
        "choose: {}\nmodel: {units: []}\n",
        "model.units: expected at least 1 item; got []. Change it in params.yaml",
    ),
    params(
        "a search of an unknown setting",
        'choose: {}\nsweep: {space: {model.unitz: "choice(1, 2)"}}\n',
        "sweep.space.model.unitz: there is no 'model.unitz' in the configuration",
    ),
    params(
        "a search that calls a function",
        "choose: {}\nsweep: {space: {train.epochs: \"__import__('os')\"}}\n",
        "sweep.space.train.epochs: got \"__import__('os')\"; HydraException while evaluating '_",
    ),
    params(
        "a search of an empty choice",
        'choose: {}\nsweep: {space: {train.epochs: "choice()"}}\n',
        "sweep.space.train.epochs: got 'choice()'; ValueError while evaluating 'choice()': em",
    ),
    params(
        "a search from high to low",
        'choose: {}\nsweep: {space: {train.learning_rate: "interval(0.1, 0.001)"}}\n',
        "sweep.space.train.learning_rate: got 'interval(0.1, 0.001)'; the interval's start mu",
    ),
    dataset(
        "an encoding that does not exist",
        "{source: {encoding: utf-9}}",
        "dataset.source.encoding: expected auto, or an encoding such as latin-1; got 'utf-9'.",
    ),
    dataset(
        "a codec of Python's that is no encoding",
        "{source: {encoding: rot13}}",
        "dataset.source.encoding: expected auto, or an encoding such as latin-1; got 'rot13'.",
    ),
    dataset(
        "a codec that decompresses",
        "{source: {encoding: zlib}}",
        "dataset.source.encoding: expected auto, or an encoding such as latin-1; got 'zlib'.",
    ),
    dataset(
        "a delimiter of two characters, which is told",
        '{source: {delimiter: "||"}}',
        "dataset.source.delimiter: expected auto or one ASCII character; got '||'. A tab in Y",
    ),
    dataset(
        "an unknown format",
        "{source: {format: pickle}}",
        "dataset.source.format: expected one of csv, tsv, json, jsonl, parquet, arrow, excel,",
    ),
    dataset(
        "files as a list",
        "{source: {files: [a.csv]}}",
        "dataset.source.files: expected a mapping; got a list. Change it in params.yaml",
    ),
    dataset(
        "no files",
        "{source: {files: null}}",
        "dataset.source.files: expected a dictionary; got None. Change it in conf/dataset/jap",
    ),
    dataset(
        "a share of rows above 1",
        "{split: {test: {by: share, share: 1.5}}}",
        "dataset.split.test.share: expected a number less than 1; got 1.5. Change it in param",
    ),
    dataset(
        "an unknown task",
        "{target: {task: ranking, column: label}}",
        "dataset.target.task: expected 'classification', 'multilabel', 'regression', 'tagging",
    ),
    dataset(
        "memory without a unit",
        "{engine: {memory: 80}}",
        "dataset.engine.memory: expected a string; got 80. Change it in params.yaml",
    ),
    argument(
        "an override that is no assignment",
        "epochs",
        expected="cannot read the overrides ['epochs']: Error parsing override 'epochs'",
    ),
    argument(
        "an override of a package",
        "model@train=gru",
        expected="model@train=gru: expected GROUP=FILE or KEY=VALUE; got a package (@)",
    ),
    argument(
        "a choice in an override",
        "train.epochs=1,2,3",
        expected="train.epochs=1,2,3: expected one value; got several. Write a search as",
    ),
    argument(
        "an option that does not exist", "--write", expected="unrecognized arguments: --write"
    ),
]
CASES = VALUES
