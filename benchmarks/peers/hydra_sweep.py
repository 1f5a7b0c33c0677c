"""Runs hydra-optuna-sweeper: `python hydra_sweep.py --multirun`."""

import hydra
import plain
from omegaconf import DictConfig


@hydra.main(version_base=None, config_path=".", config_name="hydra_sweep")
def main(config: DictConfig) -> float:
    score = plain.score(plain.UNITS[config.units], config.dropout, config.rate)
    plain.write_trial(score, "complete")
    return score


if __name__ == "__main__":
    main()
