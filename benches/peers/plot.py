"""Figures as SVG: bars on a logarithmic axis, and lines of growth. Text stays text, colours work on light and dark."""

import html
import math

INK, LINE, OURS, THEIRS = "#667", "#9aa", "#0b7a75", "#a9b4bd"
WIDTH = 720


def draw(results, folder):
    folder.mkdir(parents=True, exist_ok=True)
    http = results.get("http")
    if http:
        bars(folder / "requests.svg", "Requests a second, 32 connections",
             [(named(name), load["per_second"], name.startswith("zerodesk")) for name, load in http.items()], "{:,.0f}")
    engines = results.get("process")
    if engines:
        bars(folder / "search.svg", "Processor time of one search in process, microseconds",
             [(named(name), engine["search"]["processor_us"], name == "zerodesk") for name, engine in engines.items()], "{:,.0f}")
        bars(folder / "indexing.svg", "Articles indexed a second, one thread",
             [(named(name), engine["per_second"], name == "zerodesk") for name, engine in engines.items()], "{:,.0f}")
    growth = results.get("growth")
    if growth:
        lines(folder / "growth.svg", "Growth with the number of articles", growth)


def named(name):
    return {
        "floor-ready": "axum, ready bytes", "floor-typed": "axum, serialised struct", "floor-json": "axum, serialised JSON value",
        "zerodesk-typed": "Zerodesk, as people type", "zerodesk-distinct": "Zerodesk, nothing asked twice",
        "zerodesk": "Zerodesk, with 10 snippets", "tantivy": "tantivy, ids only", "sqlite": "SQLite FTS5, snippets",
        "minisearch": "MiniSearch", "orama": "Orama", "postgresql": "PostgreSQL, headlines", "sonic": "Sonic, ids only",
        "meilisearch": "Meilisearch, cropped", "meilisearch-plain": "Meilisearch, not cropped",
    }.get(name, name)


def svg(height, title, parts):
    body = "\n".join(parts)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" font-family="system-ui, sans-serif" '
            f'font-size="13" fill="{INK}">\n<title>{html.escape(title)}</title>\n'
            f'<text x="0" y="18" font-size="15" font-weight="600">{html.escape(title)}</text>\n{body}\n</svg>\n')


def text(x, y, words, anchor="start"):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{html.escape(words)}</text>'


def bars(file, title, rows, form):
    """One bar a row; the axis begins at a tenth of the least."""
    left, right, least = 215, WIDTH - 80, math.log10(min(value for _, value, _ in rows)) - 1
    most = math.log10(max(value for _, value, _ in rows))
    parts = []
    for at, (name, value, ours) in enumerate(rows):
        y = 34 + at * 26
        width = (math.log10(value) - least) / (most - least) * (right - left)
        parts += [text(left - 8, y + 14, name, "end"),
                  f'<rect x="{left}" y="{y}" width="{width:.0f}" height="19" rx="2" fill="{OURS if ours else THEIRS}"/>',
                  text(left + width + 6, y + 14, form.format(value))]
    height = 34 + len(rows) * 26 + 22
    parts.append(text(left, height - 6, "logarithmic scale"))
    file.write_text(svg(height, title, parts))


def lines(file, title, growth):
    """One small chart for each figure, both axes logarithmic."""
    charts = [("index, s", lambda g: g["index_s"]), ("size, MB", lambda g: g["size_mb"]),
              ("resident, MiB", lambda g: g["memory"]["resident_kb"] / 1024), ("start, ms", lambda g: g["start_ms"]),
              ("search p50, us", lambda g: g["search"]["p50_us"]), ("search p99, us", lambda g: g["search"]["p99_us"])]
    sizes = [g["articles"] for g in growth]
    parts = []
    for at, (name, value) in enumerate(charts):
        left, top = 62 + at % 3 * 240, 50 + at // 3 * 190
        parts += chart(left, top, 160, 110, name, sizes, [value(g) for g in growth])
    file.write_text(svg(430, title, parts))


def chart(left, top, width, height, name, sizes, values):
    def place(number, numbers, length):
        low, high = math.log10(min(numbers)), math.log10(max(numbers))
        return length / 2 if high == low else (math.log10(number) - low) / (high - low) * length
    points = [(left + place(size, sizes, width), top + height - place(value, values, height)) for size, value in zip(sizes, values)]
    parts = [text(left, top - 8, name), f'<path d="M{left} {top}v{height}h{width}" fill="none" stroke="{LINE}"/>',
             f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" fill="none" stroke="{OURS}" stroke-width="2"/>']
    for (x, y), size, value in zip(points, sizes, values):
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{OURS}"><title>{size:,} articles: {value:,.0f}</title></circle>')
    parts += [text(left - 6, top + 5, f"{max(values):,.0f}", "end"), text(left - 6, top + height, f"{min(values):,.0f}", "end"),
              text(left, top + height + 17, f"{sizes[0]:,}"), text(left + width, top + height + 17, f"{sizes[-1]:,}", "end")]
    return parts
