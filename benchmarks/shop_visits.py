"""Generates visitors of four shops in steps of three hours, over twenty weeks.

A day and a week repeat themselves, and a campaign, which is known ahead, brings more visitors. Each
shop has its own size; one opens later than the others. A few counts are missing.

    python benchmarks/shop_visits.py   # writes data/raw/shop_visits/visits.csv, part of the project
"""

import csv
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

PATH = Path(__file__).parents[1] / "data/raw/shop_visits/visits.csv"
STEP, DAYS = timedelta(hours=3), 140
DAY = np.array([0.0, 0.0, 0.3, 1.0, 1.3, 1.1, 0.7, 0.1])  # by step of the day
WEEK = np.array([0.9, 0.9, 1.0, 1.05, 1.3, 1.6, 0.5])  # by weekday, from Monday on
SHOPS = {"harbour": 900, "market": 240, "station": 2400, "suburb": 60}  # visitors of a busy step
OPENS = {"suburb": 35}  # day of the first row


def main() -> None:
    draw = np.random.default_rng(7)
    start = datetime(2024, 1, 1)
    rows = []
    for shop, size in SHOPS.items():
        trend = 1.0
        campaign = np.repeat(draw.random(DAYS // 2) < 0.15, 2)  # two days each
        for day in range(DAYS):
            trend *= float(np.exp(draw.normal(0, 0.02)))
            for step in range(8):
                time = start + timedelta(days=day) + step * STEP
                level = size * trend * DAY[step] * WEEK[day % 7] * (1.6 if campaign[day] else 1.0)
                visits = draw.poisson(level * float(np.exp(draw.normal(0, 0.08))))
                is_missing = draw.random() < 0.001
                if day >= OPENS.get(shop, 0):
                    cell = "" if is_missing else visits
                    rows.append([shop, time.isoformat(), cell, int(campaign[day])])
    with PATH.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["shop", "time", "visits", "campaign"])
        writer.writerows(rows)


if __name__ == "__main__":
    main()
