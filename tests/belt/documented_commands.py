"""The commands that README and docs write, and how a test types each of them."""

import re
from dataclasses import dataclass

from clone import ROOT

PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]
PROGRAMS = ("conveyor", "curl", "dvc", "git", "make", "mlflow", "python", "source")
# Spans in the text that name a command without its arguments, and lines with the name of a session,
# which tests/server/test_sessions.py sends.
FRAGMENTS = (
    "conveyor NAME", "conveyor new", "conveyor predict", "dvc add", "dvc exp run -S", "dvc pull",
    "dvc push", "dvc status", "dvc update", "dvc.lock", "git add", "mlflow gc",
    "mlflow models serve", "python -m pipeline.NAME", "python -m pipeline.predict",
    "python -m pipeline.serve --reload", "source",
    "curl 127.0.0.1:5001/sessions/aQ1... -H 'content-type: application/json' "
    """-d '{"steps": [[1.86, -0.21, 0.26]]}'""",
    "curl -X DELETE 127.0.0.1:5001/sessions/aQ1...",
)  # fmt: skip
ACTIVATE = "source .venv/bin/activate"
PORT = "@PORT@"  # a free port takes this place


@dataclass(frozen=True)
class Row:
    """One command of the documentation, and how the session types it."""

    written: str
    typed: str = ""  # a cheaper form; empty: as it is written
    why: str = ""  # the reason for the cheaper form
    expect: str = ""  # a part of the output
    code: int = 0
    url: str = ""  # of a server, which is stopped after this URL has answered
    beside: str = ""  # the server that the command asks; empty: the command is the server
    slow: bool = False


SUITE = "runs this suite"
BENCHMARK = "measures for minutes to hours; its own test runs it or its parts"
VERSION = "the clone has versions 1 and 2"
SERVER = f"http://127.0.0.1:{PORT}"
CURL = (  # the rest of a line
    """/invocations -H 'content-type: application/json' """
    """-d '{"inputs": [[[1.86, -0.21, 0.26, -0.21, -0.17, -0.12, -0.28, 0.03, 0.13, -0.31, """
    """-0.21, 0.09]]]}'"""
)
OWN_PARAMS = """choose: {experiment: tickets}
seed: 17
model: {units: [16], embedding: 16, bidirectional: false, dropout: 0.0, pooling: max}
train: {epochs: 6, batch_size: 8, learning_rate: 0.02}"""

SESSION = [
    Row("make", expect="Data and pipelines are up to date"),  # it ran once to make the session
    Row(ACTIVATE),
    Row("make test", "make --dry-run test", SUITE, expect="-m pytest"),
    Row("make test-long", "make --dry-run test-long", SUITE, expect="-m slow"),
    Row("make check", "make --dry-run check", SUITE, expect="basedpyright"),
    Row("make help", expect="make test-long"),
    Row("make docs", "make --dry-run docs", "tests/test_docs.py builds it", expect="mkdocs build"),
    Row("make notebooks", "make --dry-run notebooks", "tests/notebook runs them",
        expect="reference.run_notebooks"),
    Row("make schema", "make --dry-run schema", "tests/test_docs.py compares what it writes",
        expect="reference.schema"),
    Row("conveyor --help", expect="rollback"),
    Row("source <(conveyor completion bash)",
        "source <(conveyor completion bash); complete -p conveyor", "shows that it is there",
        expect="_conveyor"),
    Row("conveyor new ../tickets", expect="../tickets is a project"),
    Row("conveyor upgrade", "cd ../tickets && conveyor upgrade", "the session stands in the clone",
        expect="nothing to do"),
    Row("conveyor completion fish | source", "conveyor completion fish", "fish may be missing here",
        expect="complete -c conveyor"),
    Row("make PYTHON=python3.12", "make --dry-run --always-make setup PYTHON=python3.12",
        "may be missing here", expect="python3.12 -m venv"),
    *(Row(f"make setup-{extra}", f"make --dry-run --always-make setup-{extra}",
          "installs packages from the network", expect=f"requirements/{extra}.lock")
      for extra in ("ray", "postgres", "gpu", "kubernetes", "cmaes", "gp", "dashboard", "notebook",
                    "umap")),
    Row("make report", expect="reports/index.html"),
    Row("dvc repro", expect="Data and pipelines are up to date"),
    Row("make sweep", expect="didn't change, skipping"),
    Row("dvc repro sweep", expect="didn't change, skipping"),
    Row("dvc repro compose", expect="didn't change, skipping"),
    Row("python -m pipeline.fetch", expect="expected a URL and queries; got null", code=2),
    Row("dvc repro train", expect="didn't change, skipping"),
    Row("dvc repro prepare", expect="didn't change, skipping"),
    Row("python -m pipeline.describe", expect="parameters"),
    Row("python -m pipeline.describe --swept", expect="parameters"),
    Row("python -m pipeline.compose --print model=gru train.epochs=3", expect="cell: gru"),
    Row("make ui", f"make ui PORT={PORT}", "a free port", url=SERVER),
    Row("make serve", f"make serve SERVE_PORT={PORT}", "a free port", url=f"{SERVER}/ping"),
    Row("python -m pipeline.serve --model artifacts/model",
        f"python -m pipeline.serve --model artifacts/model --port {PORT}", "a free port",
        url=f"{SERVER}/ping"),
    Row("python -m pipeline.serve --reload --shadow challenger",
        f"python -m pipeline.serve --reload --shadow challenger --port {PORT}", "a free port",
        url=f"{SERVER}/ping"),
    Row("python -c 'import secrets; print(secrets.token_hex())' > .conveyor/api.token"),
    Row("python -m pipeline.serve --host 0.0.0.0 --token-file .conveyor/api.token",
        "python -m pipeline.serve --host 0.0.0.0 --token-file .conveyor/api.token "
        f"--port {PORT}", "a free port", url=f"{SERVER}/ping"),
    Row("make dashboard", f"make dashboard DASHBOARD_PORT={PORT}", "a free port", url=SERVER),
    Row("mlflow models serve -m models:/japanese_vowels@champion --env-manager local -p 5002",
        f"mlflow models serve -m models:/smoke@champion --env-manager local -p {PORT}",
        "the clone's model, a free port", url=f"{SERVER}/ping"),
    Row("python -m pipeline.serve --example", expect="curl 127.0.0.1:5001/invocations"),
    Row("python -m pipeline.serve --example | sh",
        f"python -m pipeline.serve --example --port {PORT} | sh", "a free port",
        expect="predictions", url=f"{SERVER}/ping", beside=f"make serve SERVE_PORT={PORT}"),
    Row(f"curl 127.0.0.1:5001{CURL}", f"curl 127.0.0.1:{PORT}{CURL}", "a free port",
        expect="predictions", url=f"{SERVER}/ping", beside=f"make serve SERVE_PORT={PORT}"),
    Row("python -m pipeline.predict new.csv predictions.parquet --alias champion",
        "python -m pipeline.predict new.jsonl predictions.parquet --alias champion",
        "the clone's model reads series, which no CSV file holds", expect="1 "),
    Row("python -m pipeline.predict history.csv forecasts.csv",
        "python -m pipeline.predict new.jsonl forecasts.csv", "the clone's model does not forecast",
        expect="1 "),
    Row("curl localhost:5001/invocations -H 'content-type: application/json' "
        """-d '{"inputs": {"text": ["Fly to New York, tomorrow!"]}}'""",
        f"curl localhost:{PORT}{CURL}", "the clone's model reads series", expect="predictions",
        url=f"{SERVER}/ping", beside=f"make serve SERVE_PORT={PORT}"),
    Row("dvc exp run -S choose.experiment=shop_visits",
        "python -m pipeline.compose --print choose.experiment=shop_visits",
        "the task has a belt of its own in the tests", expect="task: forecasting"),
    Row("dvc exp run -S choose.experiment=long_memory -S +model.cell=simple",
        "python -m pipeline.compose --print choose.experiment=long_memory model.cell=simple",
        "trains for minutes", expect="cell: simple"),
    Row("dvc exp run -S choose.model=lstm -S train.chunk=500",
        "python -m pipeline.compose --print choose.model=lstm train.chunk=500",
        "trains for minutes", expect="chunk: 500"),
    Row("curl -X POST 127.0.0.1:5001/sessions",
        f"curl -X POST 127.0.0.1:{PORT}/sessions", "a free port",
        expect="for a session; got", url=f"{SERVER}/ping", beside=f"make serve SERVE_PORT={PORT}"),
    Row("python -m pipeline.sweep --status", expect="2 of 2 trials"),
    Row("python -m pipeline.sweep --join", expect="there is no sweep to join", code=2),
    Row("dvc exp run -n my-experiment -S choose.model=gru -S +train.epochs=30",
        expect="Ran experiment(s): my-experiment"),
    Row("dvc exp show", "dvc exp show --csv", "a terminal cuts the table", expect="my-experiment"),
    Row("dvc plots diff HEAD my-experiment", expect="index.html"),
    Row("dvc exp run -S +sweep.workers=2", expect="Ran experiment(s)", slow=True),
    Row("python -m pipeline.promote 7", "python -m pipeline.promote 2", VERSION),
    Row('python -m pipeline.promote 7 --force --reason "the bar was wrong"',
        'python -m pipeline.promote 2 --force --reason "the bar was wrong"', VERSION),
    Row("python -m pipeline.promote rollback", expect="2 -> 1"),
    Row('python -m pipeline.promote rollback --to 3 --reason "slow"',
        'python -m pipeline.promote rollback --to 1 --reason "slow"', VERSION),
    Row("python -m pipeline.promote history", expect="rolled back"),
    Row("python -m pipeline.promote why 7", "python -m pipeline.promote why 1", VERSION,
        expect="git clone"),
    Row("python -m pipeline.compare champion 7 --html compare.html",
        "python -m pipeline.compare champion 1 --html compare.html", VERSION,
        expect="rows turned right"),
    Row("python -m pipeline.inspect", expect="reports/inspect.html"),
    Row("python -m pipeline.states", expect="reports/states.html"),
    Row("python -m pipeline.explain", expect="reports/explain.html"),
    Row("python -m pipeline.retrain", expect="nothing to do", code=10),
    Row("conveyor drift", expect="champion: version "),
    Row("conveyor drift --requests", expect="expected the records of a server", code=2),
    Row("python -m pipeline.doctor", expect="ok       champion"),
    Row("python -m pipeline.recover"),
    Row("python -m pipeline.train --find-learning-rate", expect="set train.learning_rate="),
    Row("python -m pipeline.schedule cron", expect="pipeline.retrain"),
    Row("python -m pipeline.schedule systemd --into ~/.config/systemd/user", expect=".timer"),
    Row("python -m pipeline.schedule kubernetes schedule=weekly | kubectl apply -f -",
        "python -m pipeline.schedule kubernetes schedule=weekly", "there is no cluster here",
        expect="kind: CronJob"),
    Row("python -m pipeline.schedule github schedule.time_zone=Europe/Berlin "
        "--into .github/workflows", expect=".yml"),
    Row("python benchmarks/results.py --print", expect="Japanese Vowels"),
    Row("dvc exp run --queue -S choose.dataset=vader_tweets", expect="Queued experiment"),
    Row("dvc queue start", "dvc exp run --queue -S train.epochs=1 && dvc queue start &> queue.log; "
        "while dvc queue status | grep -E 'Queued|Running'; do sleep 2; done; dvc queue status",
        "the queue runs in the background", expect="Success", slow=True),
    Row("python -m pipeline.promote rebuild 7", "python -m pipeline.promote rebuild 1", VERSION,
        slow=True),
    Row("dvc repro --force", slow=True),
    Row("dvc repro --force train", slow=True),
    *(Row(f"make {target}", f"make --dry-run {target}", SUITE, expect="-m pytest")
      for target in ("chaos-sweep", "five-days", "two-retrains")),
    *(Row(f"make {target}", f"make --dry-run {target}", "installs packages from the network",
          expect=expected) for target, expected in (("audit", "audit.py"), ("sbom", "cyclonedx"))),
    Row("make chaos", "make --dry-run chaos", "runs for hours", expect="chaos.py"),
    Row("make licences", expect="MIT: "),
    Row("make bench", "make --dry-run bench", BENCHMARK),
    Row("make bench BENCH=--quick", "make --dry-run bench BENCH=--quick", BENCHMARK),
    Row("git checkout params.yaml", expect="Updated 1 path"),
    # Own data, from a file to a served champion: 4 commands, and an edited line of params.yaml.
    # Then the rest of the tutorial: more rows, with other words, and a night that learns them.
    Row("make setup"),
    Row("cp docs/tutorial/tickets.csv ."),
    Row(".venv/bin/python -m pipeline.describe --suggest tickets.csv",
        expect="conf/experiment/tickets.yaml"),
    Row("make", f"echo '{OWN_PARAMS}' > params.yaml; make", "the edited line, and a small network",
        expect="Running stage 'register'"),
    Row("make serve", f"make serve SERVE_PORT={PORT}", "a free port", url=f"{SERVER}/ping"),
    Row("git add -A && git commit -m \"Sort tickets by team\"", expect="Sort tickets by team"),
    Row("cat docs/tutorial/monday.csv >> data/raw/tickets/tickets.csv"),
    Row("python -m pipeline.retrain", expect="champion"),
]  # fmt: skip


def commands() -> set[str]:
    """Every command of the pages: lines of shell blocks, and spans in the text."""
    lines: list[str] = []
    for page in PAGES:
        text = page.read_text().replace("\\\n", "")
        # test_extending runs these.
        text = re.sub(r"Run in the project folder:\n\n```.*?```", "", text, flags=re.DOTALL)
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
            lines += block.splitlines()
        text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        spans = re.findall(r"`([^`\n]+)`", text)
        lines += [span for span in spans if span.split()[0] in PROGRAMS]
    written = {" ".join(re.sub(r"(^|\s)#.*", "", line).split()) for line in lines}
    return written - {"", *FRAGMENTS}


def is_benchmark(command: str) -> bool:
    return command.startswith("python benchmarks/") and "results.py --print" not in command
