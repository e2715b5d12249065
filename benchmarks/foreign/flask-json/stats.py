from collections import Counter


def summarize(rows):
    """Customers per country, the largest first."""
    counts = Counter(r["country"] for r in rows)
    total = sum(counts.values())
    return [
        {"country": country, "customers": n, "share": round(100 * n / total, 1)}
        for country, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
