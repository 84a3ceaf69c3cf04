"""The gap of a CDNOW log, counted a second time: plain Python and fractions, written from the rules and not from the program.

Arguments: the log, the dealings (customer, kind, milliseconds, key, what it is about), the ids (customer, id), the moment in
milliseconds, the days that are looked at, the day since which the shop has what is wished for.
Answers JSON on standard output.
"""

import datetime
import json
import sys
from collections import defaultdict
from fractions import Fraction

HOUR = 3_600_000
DAY = 24 * HOUR
WEIGHTS = {
    "recognized": 3,
    "preferences": 3,
    "honored": 3,
    "heard": 2,
    "thank_you": 2,
    "care_check": 3,
    "occasion": 2,
    "wish_told": 3,
    "handover": 2,
    "promise": 5,
    "recovery": 5,
    "quietness": 4,
    "answered": 3,
    "honest_advice": 3,
}
# What reaches the customer, and so may disturb.
APPROACHES = ("thank_you", "care_check", "occasion", "wish_told", "handover")


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


def after_purchases(days, times, now):
    """Thanked within 72 hours, and asked how it does between day 14 and 30."""
    for day in days:
        yield "thank_you", first(times["thank_you"], day, day + 144 * HOUR, now), day + 72 * HOUR
        window = (day + 14 * DAY, day + 45 * DAY, now)
        asked = first(times["care_check"], *window)
        said = [at for at in (first(times[kind], *window) for kind in ("response", "reaction")) if at is not None]
        yield "care_check", max(asked, min(said)) if asked is not None and said else None, day + 31 * DAY


def at_visits(visits, dealings, times, now):
    """What is owed while somebody is there: by the visit, a day long, never late."""
    stated = sorted(times["preference"])
    for at, visit in visits:
        def during(kind):
            return len([said for what, said, _, about in dealings if what == kind and about == visit and said <= now])

        yield "recognized", at if during("recognized") else None, at + DAY
        yield "heard", at if during("reaction") else None, at + DAY
        known = len([said for said in stated if said < at])
        if known:
            yield "honored", at if during("honored") >= min(3, known) else None, at + DAY
    # Two visits of a day are one: it is the second day that counts.
    days = sorted({at // DAY: at for at, _ in reversed(visits)}.values())
    if len(days) > 1:
        closes = days[1] + DAY
        three = stated[2] if len(stated) > 2 and stated[2] <= now else None
        yield "preferences", three if three is not None and three < closes else None, closes


def loops(dealings, now):
    """What was begun and has to close: the moment of its end, if any, within the time in which it still counts."""
    ends = {"promise": "kept", "suggestion": "answered", "need": "advised", "complaint": "solved"}
    done = {(kind, about): at for kind, at, _, about in dealings if at <= now}
    for kind, at, key, about in dealings:
        end = done.get((ends.get(kind), key))
        if kind == "promise":
            due = int(about)
            yield "promise", end if end is not None and end < due + 30 * DAY else None, due
        elif kind == "suggestion":
            yield "answered", end if end is not None and end < at + 60 * DAY else None, at + 30 * DAY
        elif kind == "need":
            yield "honest_advice", end if end is not None and end < at + 28 * DAY else None, at + 14 * DAY
        elif kind == "complaint":
            yield "recovery", end if end is not None and end < at + 8 * DAY else None, at + DAY


def between_visits(dealings, times, stocked, now):
    """The day remembered, the wish told of, the new contact introduced."""
    for kind, at, _, about in dealings:
        if kind == "birthday":
            month, day = (int(part) for part in about.split("-"))
            for year in range(1994, 2000):
                that = midnight(f"{year}{month:02}{day:02}")
                if that >= at:
                    yield "occasion", first(times["occasion"], that - 7 * DAY, that + 4 * DAY, now), that + DAY
        elif kind == "wish":
            there = max(at, stocked)
            yield "wish_told", first(times["wish_told"], there, there + 7 * DAY, now), there + 2 * DAY
        elif kind == "owner":
            yield "handover", first(times["handover"], at, at + 28 * DAY, now), at + 14 * DAY


def approaches(dealings, times, now):
    """No second approach within a day, no third within a week; a reply is none."""
    kept = []
    for at, _ in sorted((at, key) for kind, at, key, _ in dealings if kind in APPROACHES):
        if any(said <= at < said + 72 * HOUR for said in times["response"]):
            continue
        too_soon = any(other > at - DAY for other in kept)
        too_many = len([other for other in kept if other > at - 7 * DAY]) >= 2
        kept.append(at)
        if at <= now:
            yield "quietness", None if too_soon or too_many else at, at + 60_000


def obligations(days, dealings, stocked, window, now):
    """Item and state of everything that closed in the window."""
    times = defaultdict(list)
    for kind, at, _, _ in dealings:
        times[kind].append(at)
    visits = sorted((at, key) for kind, at, key, _ in dealings if kind == "visit")
    owed = [
        *after_purchases(days, times, now),
        *at_visits(visits, dealings, times, now),
        *loops(dealings, now),
        *between_visits(dealings, times, stocked, now),
        *approaches(dealings, times, now),
    ]
    inside = [one for one in owed if now - window < one[2] <= now]
    return [(item, judge(done, closes, now)) for item, done, closes in inside]


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


def acts(one, window, now):
    """How often each kind of act was done for a customer in the window."""
    counts = defaultdict(int)
    for kind, at, _, _ in one["dealings"]:
        if not at <= now < at + window:
            continue
        counts[kind] += 1
        if kind in APPROACHES:
            counts["message"] += 1
            counts["contact"] += 1
            if any(day <= at < day + 45 * DAY for day in one["days"]):
                counts["follow_up"] += 1
    return counts


def discovered(best, rest, window, now):
    kinds = ("thank_you", "care_check", "message", "contact", "follow_up", "response", "recognized", "honored")
    kinds += ("alteration", "gesture", "reaction", "occasion", "wish_told", "handover")
    sides = [[acts(one, window, now) for one in side] for side in (best, rest)]
    return {
        kind: [
            {"reached": sum(one[kind] > 0 for one in side), "times": sum(one[kind] for one in side)}
            for side in sides
        ]
        for kind in kinds
    }


def main():
    log, dealings_path, ids_path, now, window, stocked = sys.argv[1:7]
    now, window, stocked = int(now), int(window) * DAY, midnight(stocked)
    ids = dict(read(ids_path))
    dealings = defaultdict(list)
    for number, kind, at, key, about in read(dealings_path):
        dealings[number].append((kind, int(at), key, about))
    bought = defaultdict(list)
    for number, day, _, amount in read(log)[1:]:
        bought[number].append((midnight(day), cents(amount)))
    active = []
    for number, sales in bought.items():
        inside = [(day, amount) for day, amount in sales if now - window < day <= now]
        visits = {at // DAY for kind, at, _, _ in dealings[number] if kind == "visit" and now - window < at <= now}
        came = {day // DAY for day, _ in inside} | visits
        if not came:
            continue
        days = sorted({day for day, _ in sales})
        closed = obligations(days, dealings[number], stocked, window, now)
        active.append({
            "order": (-sum(amount for _, amount in inside), -len(came), ids[number]),
            "closed": closed,
            "share": share(closed),
            "dealings": dealings[number],
            "days": days,
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
        "found": discovered(best, rest, window, now),
    }
    json.dump(answer, sys.stdout)


main()
