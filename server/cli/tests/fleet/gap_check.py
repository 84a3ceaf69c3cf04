"""The gap of a CDNOW log, counted a second time: plain Python and fractions, written from the rules and not from the program.

Arguments: the log, the dealings (customer, kind, milliseconds, key), the ids (customer, id), the moment in milliseconds.
Answers JSON on standard output.
"""

import datetime
import json
import sys
from collections import defaultdict
from fractions import Fraction

HOUR = 3_600_000
DAY = 24 * HOUR
WINDOW = 365 * DAY
WEIGHTS = {"thank_you": 2, "care_check": 3, "quietness": 4}


def read(path):
    with open(path, encoding="utf-8") as lines:
        return [line.split() for line in lines if line.strip()]


def midnight(text):
    day = datetime.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    return (day - datetime.date(1970, 1, 1)).days * DAY


def cents(text):
    return int(Fraction(text) * 100)


def points(share):
    """Basis points, half to even; none of nothing."""
    return None if share is None else round(share * 10_000)


def ratio(part, whole):
    return Fraction(part, whole) if whole else None


def first(times, begin, end, now):
    fitting = [at for at in times if begin <= at < end and at <= now]
    return min(fitting) if fitting else None


def judge(done, closes, now):
    """What became of something whose time is over."""
    assert closes <= now
    if done is None:
        return "missed"
    return "met" if done < closes else "late"


def obligations(days, dealings, now):
    """Item and state of everything that closed in the window."""
    times = defaultdict(list)
    for kind, at, _ in dealings:
        times[kind].append(at)
    closed = []

    def close(item, done, closes):
        if now - WINDOW < closes <= now:
            closed.append((item, judge(done, closes, now)))

    for day in days:
        close("thank_you", first(times["thank_you"], day, day + 144 * HOUR, now), day + 72 * HOUR)
        window = (day + 14 * DAY, day + 45 * DAY, now)
        both = [first(times["care_check"], *window), first(times["response"], *window)]
        close("care_check", None if None in both else max(both), day + 31 * DAY)
    approaches = sorted((at, key) for kind, at, key in dealings if kind != "response")
    kept = []
    for at, _ in approaches:
        if any(said <= at < said + 72 * HOUR for said in times["response"]):
            continue
        too_soon = any(other > at - DAY for other in kept)
        too_many = len([other for other in kept if other > at - 7 * DAY]) >= 2
        kept.append(at)
        if at <= now:
            close("quietness", None if too_soon or too_many else at, at + 60_000)
    return closed


def add_up(customers):
    """Met, late and missed of each item over some customers."""
    sums = {item: {"met": 0, "late": 0, "missed": 0} for item in WEIGHTS}
    for customer in customers:
        for item, state in customer["closed"]:
            sums[item][state] += 1
    return sums


def rate(sum_):
    return ratio(2 * sum_["met"] + sum_["late"], 2 * sum(sum_.values()))


def share(closed):
    if len(closed) < 3:
        return None
    credit = {"met": 2, "late": 1, "missed": 0}
    part = sum(WEIGHTS[item] * credit[state] for item, state in closed)
    return Fraction(part, sum(2 * WEIGHTS[item] for item, _ in closed))


def delivery(sums):
    part = sum(WEIGHTS[item] * (2 * one["met"] + one["late"]) for item, one in sums.items())
    return ratio(part, sum(2 * WEIGHTS[item] * sum(one.values()) for item, one in sums.items()))


def median(shares):
    shares = sorted(shares)
    if not shares:
        return None
    return (shares[len(shares) // 2] + shares[(len(shares) - 1) // 2]) / 2


def coverage(best, rest):
    of_best = median([one["share"] for one in best if one["share"] is not None])
    proven = [one["share"] for one in rest if one["share"] is not None]
    covered = 0 if of_best is None else sum(one >= of_best for one in proven)
    return {
        "median_bp": points(of_best),
        "coverage_bp": None if of_best is None else points(ratio(covered, len(proven))),
        "proven_bp": points(ratio(len(proven), len(rest))),
        "covered": covered,
        "not_covered": 0 if of_best is None else len(proven) - covered,
    }


def discovered(best, rest, now):
    found = {}
    for kind in ["thank_you", "care_check", "message", "response"]:
        sides = []
        for side in (best, rest):
            counts = []
            for one in side:
                wanted = [at for what, at, _ in one["dealings"] if what == kind or (kind == "message" and what != "response")]
                counts.append(len([at for at in wanted if at <= now < at + WINDOW]))
            sides.append({"reached": sum(count > 0 for count in counts), "times": sum(counts)})
        found[kind] = sides
    return found


def main():
    log, dealings_path, ids_path, now = sys.argv[1:5]
    now = int(now)
    ids = dict(read(ids_path))
    dealings = defaultdict(list)
    for number, kind, at, key in read(dealings_path):
        dealings[number].append((kind, int(at), key))
    bought = defaultdict(list)
    for number, day, _, amount in read(log)[1:]:
        bought[number].append((midnight(day), cents(amount)))
    active = []
    for number, sales in bought.items():
        inside = [(day, amount) for day, amount in sales if now - WINDOW < day <= now]
        if not inside:
            continue
        closed = obligations(sorted({day for day, _ in sales}), dealings[number], now)
        active.append({
            "order": (-sum(amount for _, amount in inside), -len({day for day, _ in inside}), ids[number]),
            "closed": closed,
            "share": share(closed),
            "dealings": dealings[number],
        })
    active.sort(key=lambda one: one["order"])
    size = max(-(-len(active) // 100), 20) if len(active) >= 40 else 0
    best, rest = active[:size], active[size:]
    sums = [add_up(best), add_up(rest)]
    gap, weights = Fraction(0), 0
    for item, weight in WEIGHTS.items():
        if best and all(sum(side[item].values()) >= 20 for side in sums):
            gap += weight * max(Fraction(0), rate(sums[0][item]) - rate(sums[1][item]))
            weights += weight
    everything = [sum(side[item][state] for side in sums for item in WEIGHTS) for state in ("met", "late", "missed")]
    answer = {
        "active": len(active),
        "best": len(best),
        "gap_bp": points(gap / weights) if weights else None,
        "items": {item: [dict(side[item], bp=points(rate(side[item]))) for side in sums] for item in WEIGHTS},
        "coverage": coverage(best, rest),
        "best_bp": points(delivery(sums[0])),
        "rest_bp": points(delivery(sums[1])),
        "closed": sum(everything),
        "found": discovered(best, rest, now),
    }
    json.dump(answer, sys.stdout)


main()
