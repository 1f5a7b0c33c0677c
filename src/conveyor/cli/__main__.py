"""Run `python -m conveyor.cli` where the program `conveyor` is not installed."""

from conveyor.cli.main import main

if __name__ == "__main__":
    main()
