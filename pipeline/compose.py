"""Stage `compose`: conf/ and params.yaml become artifacts/config.yaml, complete and checked."""

import yaml

from conveyor import files
from conveyor.compose import compose
from conveyor.paths import Paths
from pipeline import option_parser, stage

EPILOG = """\
A look without writing:   python -m pipeline.compose --print model=gru train.epochs=3
To change an experiment:  edit params.yaml or conf/, then `dvc repro`;
                          or `dvc exp run -S choose.model=gru -S +train.epochs=3`
"""


if __name__ == "__main__":
    parser = option_parser("compose", __doc__, EPILOG)
    parser.add_argument("--print", action="store_true", help="show the result, write nothing")
    parser.add_argument("override", nargs="*", help="GROUP=FILE or KEY=VALUE; needs --print")
    given = parser.parse_args()
    with stage("compose"):
        if given.override and not given.print:
            parser.error("overrides are for a look with --print; params.yaml is what runs")
        config = compose(Paths(), given.override)
        text = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=True)
        print(text, end="") if given.print else files.write_text(Paths().config, text)
