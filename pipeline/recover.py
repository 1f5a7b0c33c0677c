"""Put right what a killed process has left; every other command does the same before its work.

It restores a half-written dvc.lock, removes temporary folders, ends the MLflow runs that were left
open, and sends what an MLflow server has not received. `make` runs it before `dvc repro`, which
cannot read a half-written dvc.lock. A second run finds nothing to do.
"""

from pipeline import run_script

if __name__ == "__main__":
    run_script(lambda args: None, __doc__)
