"""Five days of a growing data set, each night started by a real cron. Takes some ten minutes."""

import subprocess
import time
from pathlib import Path

import pytest
from clone import Clone
from cron import running_cron, soon

pytestmark = [pytest.mark.belt, pytest.mark.slow, pytest.mark.timeout(3600)]

TRAIN = "data/raw/japanese_vowels/JapaneseVowels_TRAIN.ts"
SETTINGS = """train: {epochs: 15, learning_rate: 0.01, refit: false}
retrain: {refresh: dvc, commit: true}
schedule: {environment: [PYTHONPATH]}
"""
NIGHT, POLL = 900, 0.5  # seconds: the longest night, the pause between two looks


class Project:
    """A clone whose training rows are imported from a file elsewhere, which grows."""

    def __init__(self, folder: Path, crontab: Path) -> None:
        self.crontab, self.source = crontab, folder / "elsewhere.ts"
        self.clone = Clone.make(folder / "project")
        head, _, rows = (self.clone.root / TRAIN).read_text().partition("@data\n")
        self.head, self.rows = f"{head}@data\n", rows.splitlines()
        self.arrive(self.rows[::5])
        self.clone.edit("params.yaml", "train: {}\n", SETTINGS)
        (self.clone.root / ".env").write_text(f"PYTHONPATH={self.clone.root / 'src'}\n")
        self.clone.git("rm", "-q", TRAIN)
        self.clone.dvc("import-url", "-q", str(self.source), TRAIN)
        for name, value in (("user.name", "night"), ("user.email", "night@example.org")):
            self.clone.git("config", name, value)
        self.clone.commit("import the training rows")

    def arrive(self, rows: list[str]) -> None:
        self.source.write_text("\n".join([self.head + rows[0], *rows[1:], ""]))

    def night(self, *before: str) -> tuple[str, str, str]:
        """Let cron run the project's printed schedule once, a minute after the line `before`.

        Returns:
            How its run in MLflow ended: status, outcome, and the note on it.
        """
        before_runs = self._nights()
        when = soon(len(before))
        override = f"schedule.cron='{when}'"
        printed = ["-m", "pipeline.schedule", "cron", override, "--into", self.source.parent]
        done = self.clone.run("python", *map(str, printed))
        assert done.code == 0, done.text
        text = (self.source.parent / "conveyor-smoke.cron").read_text()
        lines = [f"{soon()} cd {self.clone.root} && {command}" for command in before]
        table = "\n".join([text.rstrip(), *lines, ""])
        subprocess.run([self.crontab, "-"], input=table, text=True, check=True)
        print(f"cron: {when}", end="", flush=True)
        until = time.monotonic() + NIGHT
        while len(runs := self._nights()) == len(before_runs) or runs[-1].info.status == "RUNNING":
            assert time.monotonic() < until, self.log()
            time.sleep(POLL)
        assert len(runs) == len(before_runs) + 1
        tags = runs[-1].data.tags
        ended = runs[-1].info.status, tags["outcome"], tags["mlflow.note.content"]
        print(f", {ended[1]}: {ended[2].splitlines()[0]}", flush=True)
        return ended

    def _nights(self) -> list:
        if not (self.clone.root / "mlflow.db").is_file():
            return []
        experiment = self.clone.client().get_experiment_by_name("smoke")
        return self.clone.runs("retrain") if experiment else []

    def log(self) -> str:
        path = self.clone.root / ".conveyor/retrain.log"
        return path.read_text() if path.is_file() else "cron started nothing"

    def aliases(self) -> dict[str, str]:
        aliases = self.clone.client().get_registered_model("smoke").aliases
        return {name: str(version) for name, version in aliases.items()}

    def history(self) -> list[str]:
        """The changes of champion, without when and who."""
        lines = self.clone.run("python", "-m", "pipeline.promote", "history").text.splitlines()
        assert all("@" in line for line in lines)
        return [" ".join(line.split()[1:]).replace(line.split(" by ")[1].split(":")[0], "WHO")
                for line in lines]  # fmt: skip


def test_five_days_of_growing_data_under_cron(tmp_path: Path) -> None:
    with running_cron() as crontab:
        project = Project(tmp_path, crontab)
        clone = project.clone

        assert project.night()[:2] == ("FINISHED", "promoted"), project.log()  # day 1
        assert project.aliases()["champion"] == "1"
        first = clone.git("rev-parse", "HEAD")
        assert "Retrain: version 1 is the new champion" in clone.git("log", "-1", "--format=%s")

        status, outcome, note = project.night()  # day 2: nothing new
        assert (status, outcome) == ("FINISHED", "nothing to do"), project.log()
        assert note.startswith("nothing to do: data, code and configuration are as they were")
        assert clone.git("rev-parse", "HEAD") == first

        cut = [row.rsplit(":", 2)[0] + ":" + row.rsplit(":", 1)[1] for row in project.rows]
        project.arrive(cut)  # day 3: a channel is missing
        status, outcome, note = project.night()
        assert (status, outcome) == ("FAILED", "input refused"), project.log()
        assert "number of channels (test: 12, train: 11)" in project.log(), project.log()
        assert project.aliases()["champion"] == "1"
        assert clone.read("reports/retrain/report.json")["code"] == 2
        assert clone.git("rev-parse", "HEAD") == first

        project.arrive(project.rows)  # day 4: all rows, and whole
        assert project.night()[:2] == ("FINISHED", "promoted"), project.log()
        assert project.aliases() == {"champion": "2", "challenger": "2", "previous": "1"}
        report = clone.read("reports/retrain/report.json")
        assert report["evidence"]["arrived"] == len(project.rows) - len(project.rows[::5])
        passed = {gate["gate"]: gate["passed"] for gate in report["verdict"]["gates"]}
        assert passed["better than the champion"]

        back = "python -m pipeline.promote rollback --reason 'it smokes' >>.conveyor/day5.log 2>&1"
        status, outcome, note = project.night(f"PYTHONPATH=src {back}")  # day 5
        assert (status, outcome) == ("FINISHED", "nothing to do"), project.log()
        assert (project.aliases()["champion"], "previous" in project.aliases()) == ("1", False)

        history = project.history()
        print("\n".join(history))
        why = "no gate refused it; waived: baselines (a small network of 3 epochs, which shows the "
        why += "belt and no more)"
        assert history == [
            f"none -> 1 promoted by WHO: {why}",
            f"1 -> 2 promoted by WHO: {why}",
            "2 -> 1 rolled back by WHO: it smokes",
        ]
        assert clone.git("status", "--porcelain") == ""
