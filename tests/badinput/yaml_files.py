"""Files of YAML, interpolations and names that are odd or bad."""

from tests.badinput.params import LEVELS, argument, dataset, params

YAML = [
    params("an empty params.yaml", "", "", 0),
    params("a comment alone", "# nothing\n", "", 0),
    params(
        "a list",
        "- choose\n",
        "params.yaml: expected a mapping, such as `choose: {}`; got other YAML",
    ),
    params(
        "a text",
        "choose\n",
        "params.yaml: expected a mapping, such as `choose: {}`; got other YAML",
    ),
    params(
        "bytes that are not UTF-8",
        b"choose: {}\n# \xff\xfe\n",
        "params.yaml: expected text in UTF-8; got 'utf-8' codec can't decode byte 0xff in pos",
    ),
    params(
        "UTF-16",
        "choose: {}\n".encode("utf-16"),
        "params.yaml: expected text in UTF-8; got 'utf-8' codec can't decode byte 0xff in pos",
    ),
    params("a byte order mark", "choose: {}\n".encode("utf-8-sig"), "", 0),
    params(
        "NUL bytes",
        b"choose: {}\n\0\n",
        "params.yaml is not valid YAML: unacceptable character #x0000: special characters are",
    ),
    params(
        "a tab for indentation",
        "choose: {}\ntrain:\n\tepochs: 3\n",
        "params.yaml is not valid YAML: while scanning for the next token",
    ),
    params(
        "an open bracket", "choose: {\n", "params.yaml is not valid YAML: while parsing a flow node"
    ),
    params(
        "two documents",
        "choose: {}\n---\nchoose: {}\n",
        "params.yaml is not valid YAML: expected a single document in the stream",
    ),
    params(
        "a key twice",
        "choose: {}\nseed: 1\nseed: 2\n",
        "params.yaml is not valid YAML: while constructing a mapping",
    ),
    params(
        "a YAML bomb",
        "b0: &b0 [x, x, x]\n" + LEVELS + "choose: {}\n",
        "params.yaml: expected at most 100000 values once its aliases (*name) are replaced; got",
    ),
    params(
        "a YAML bomb of more values than a float can count",
        "b0: &b0 x\n" + "".join(f"b{i}: &b{i} [*b{i - 1}, *b{i - 1}]\n" for i in range(1, 1100)),
        "params.yaml: expected at most 100000 values once its aliases (*name) are replaced; got",
    ),
    params(
        "a YAML bomb in the search space",
        "b0: &b0 [x, x]\n" + LEVELS + "choose: {}\nsweep: {space: *b9}\n",
        "params.yaml: expected at most 100000 values once its aliases (*name) are replaced; got",
    ),
    params(
        "an anchor that holds itself",
        "choose: &a {model: *a}\n",
        "params.yaml, line 1: expected a value; got one that holds itself",
    ),
    params(
        "nested 10,000 deep",
        "choose: " + "[" * 10_000 + "]" * 10_000,
        "params.yaml: expected YAML of fewer nested levels",
    ),
    params(
        "!!python/object",
        "choose: {}\nseed: !!python/object/apply:os.system ['touch owned']\n",
        "params.yaml is not valid YAML: could not determine a constructor for the tag 'tag:ya",
    ),
    params(
        "!!python/name",
        "choose: {}\nseed: !!python/name:os.system\n",
        "params.yaml is not valid YAML: could not determine a constructor for the tag 'tag:ya",
    ),
    params(
        "an unknown tag",
        "choose: {}\nseed: !secret 3\n",
        "params.yaml is not valid YAML: could not determine a constructor for the tag '!secre",
    ),
    params(
        "a merge key",
        "base: &b {epochs: 3}\nchoose: {}\ntrain: {<<: *b}\n",
        "base: there is no such setting. Change it in params.yaml",
    ),
    params(
        "a git conflict",
        "choose: {}\n<<<<<<< HEAD\nseed: 1\n=======\nseed: 2\n>>>>>>> b\n",
        "params.yaml is not valid YAML: while scanning a simple key",
    ),
    params(
        "half an emoji",
        'choose: {}\nname: "\\ud83d"\n',
        "name: expected a string; got '\\ud83d'. Change it in params.yaml",
    ),
    params(
        "a date for a name",
        "choose: {}\nname: 2024-01-01\n",
        "name: expected a match of '^[a-z0-9][a-z0-9_]{0,62}$'; got '2024-01-01'. Change it i",
    ),
    params(
        "a seed of 401 digits",
        "choose: {}\nseed: " + "9" * 401 + "\n",
        "seed: expected a number less than 4294967296; got 9999999999999999999999999999999999",
    ),
    params(
        "a key of a list",
        "choose: {}\n? [a, b]\n: 1\n",
        "params.yaml is not valid YAML: while constructing a mapping",
    ),
    params(
        "a null key",
        "choose: {}\n~: 1\n",
        "params.yaml is not valid YAML: Incompatible key type 'NoneType'",
    ),
    params(
        "a number for a key",
        "choose: {}\n3: 1\n",
        "3: Keys should be strings; got 3. Change it in conf/config.yaml",
    ),
]
INTERPOLATIONS = [
    params(
        "a loop of interpolations",
        "choose: {}\nseed: ${train.epochs}\ntrain:\n  epochs: ${seed}\n",
        "cannot compose conf/ with params.yaml: Recursive interpolation detected",
    ),
    params(
        "an interpolation of itself",
        "choose: {}\nseed: ${seed}\n",
        "cannot compose conf/ with params.yaml: Recursive interpolation detected",
    ),
    params(
        "an interpolation of nothing",
        "choose: {}\nseed: ${}\n",
        "params.yaml is not valid YAML: no viable alternative at input '${}'",
    ),
    params(
        "an interpolation of a setting that does not exist",
        "choose: {}\nseed: ${no.where}\n",
        "cannot compose conf/ with params.yaml: Interpolation key 'no.where' not found",
    ),
    params(
        "a resolver that decodes",
        "choose: {}\nseed: ${oc.decode:'[1'}\n",
        "cannot compose conf/ with params.yaml: GrammarParseError raised while resolving inte",
    ),
    params(
        "an unknown resolver",
        "choose: {}\nseed: ${shell:id}\n",
        "params.yaml: seed: expected a value, or ${KEY} for that of another setting; got ${shell:",
    ),
    params(
        "an interpolation that is not closed",
        "choose: {}\nname: ${seed\n",
        "params.yaml is not valid YAML: no viable alternative at input '${seed'",
    ),
    params(
        "Hydra's own settings",
        "choose: {}\nname: ${hydra:runtime.cwd}\n",
        "params.yaml: name: expected a value, or ${KEY} for that of another setting; got ${hydra:",
    ),
    params(
        "a variable of the environment",
        "choose: {}\ntrain: {epochs: '${oc.env:HOME}'}\n",
        "params.yaml: train.epochs: expected a value, or ${KEY} for that of another setting; got $",
    ),
    params(
        "a variable of the environment with a default value",
        "choose: {}\nschedule: {log: 'a${oc.env:NO_SUCH,b}'}\n",
        "params.yaml: schedule.log: expected a value, or ${KEY} for that of another setting; got $",
    ),
    params(
        "a variable of the environment within another interpolation",
        "choose: {}\nseed: ${oc.decode:${oc.env:SEED,1}}\n",
        "params.yaml: seed: expected a value, or ${KEY} for that of another setting; got ${oc.env:",
    ),
    params(
        "a variable of the environment in a list",
        "choose: {}\nmodel: {units: [8, '${oc.env:UNITS,8}']}\n",
        "params.yaml: model.units.1: expected a value, or ${KEY} for that of another setting; got",
    ),
    params(
        "a choice by the environment",
        "choose: {model: '${oc.env:MODEL,gru}'}\n",
        "params.yaml: choose.model: expected a value, or ${KEY} for that of another setting; got $",
    ),
    params(
        "the time of day",
        "choose: {}\nname: run_${now:%H}\n",
        "params.yaml: name: expected a value, or ${KEY} for that of another setting; got ${now:",
    ),
    params("another setting", "choose: {}\nseed: ${train.bucket_batches}\n", "", 0),
    params(
        "another setting by a function",
        "choose: {}\nseed: ${oc.select:train.bucket_batches}\n",
        "",
        0,
    ),
    params(
        "an interpolation that is text", "choose: {}\nschedule: {log: '\\${oc.env:A}'}\n", "", 0
    ),
    argument(
        "a variable of the environment in an override",
        "train.epochs=${oc.env:HOME}",
        expected="the command's arguments: train.epochs: expected a value, or ${KEY} for that of",
    ),
]
NAMES = [
    params(
        "a path in a choice",
        "choose: {model: ../../secrets}\n",
        "choose.model: expected a file of conf/model/; got '../../secrets' (there are bilstm,",
    ),
    params(
        "an absolute path in a choice",
        "choose: {model: /etc/passwd}\n",
        "choose.model: expected a file of conf/model/; got '/etc/passwd' (there are bilstm, f",
    ),
    params(
        "a path in the name",
        "choose: {}\nname: ../../outside\n",
        "name: expected a match of '^[a-z0-9][a-z0-9_]{0,62}$'; got '../../outside'. Change i",
    ),
    params(
        "an absolute path in the name",
        "choose: {}\nname: /tmp/outside\n",
        "name: expected a match of '^[a-z0-9][a-z0-9_]{0,62}$'; got '/tmp/outside'. Change it",
    ),
    params(
        "a quote in the name",
        'choose: {}\nname: "a\' OR 1=1"\n',
        "name: expected a match of '^[a-z0-9][a-z0-9_]{0,62}$'; got \"a' OR 1=1\". Change it in",
    ),
    params(
        "a name of blanks",
        'choose: {}\nname: "  "\n',
        "name: expected a match of '^[a-z0-9][a-z0-9_]{0,62}$'; got '  '. Change it in params",
    ),
    params(
        "an empty name",
        'choose: {}\nname: ""\n',
        "name: expected a match of '^[a-z0-9][a-z0-9_]{0,62}$'; got ''. Change it in params.y",
    ),
    params(
        "a name of 10 kB",
        "choose: {}\nname: " + "a" * 10_000 + "\n",
        "name: expected a match of '^[a-z0-9][a-z0-9_]{0,62}$'; got 'aaaaaaaaaaaaaaaaaaaaaaaa",
    ),
    params(
        "a name of dots",
        'choose: {}\nname: ".."\n',
        "name: expected a match of '^[a-z0-9][a-z0-9_]{0,62}$'; got '..'. Change it in params",
    ),
    params(
        "HTML in the name",
        'choose: {}\nname: "<script>"\n',
        "name: expected a match of '^[a-z0-9][a-z0-9_]{0,62}$'; got '<script>'. Change it in",
    ),
    dataset(
        "a path in the data set's name",
        "{name: ../x}",
        "dataset.name: expected a match of '^[a-z0-9][a-z0-9_]{0,62}$'; got '../x'. Change it",
    ),
]
CASES = [*YAML, *INTERPOLATIONS, *NAMES]
