"""One HTML page with everything in it: no scripts from elsewhere, no files beside it."""

from __future__ import annotations

from html import escape
from typing import Optional

from harness.cases import GROUPS, SCENARIO_NAMES, WORD_SIZES
from harness.cells import ERROR, FAIL, PASS, SKIP
from harness.report.changes import Changes
from harness.report.finished import Finished, counts, reservations, worst
from harness.report.grid import grid_of, machines_of, natural
from harness.report.rows import Row, by_row
from harness.rows import NAMES

SIGN = {PASS: "●", FAIL: "✕", ERROR: "!", SKIP: "–"}

STYLE = """
:root { color-scheme: light dark; --pass: #1a7f37; --fail: #cf222e; --error: #9a6700; --skip: #818b98; --refused: #0969da;
  --line: #d1d9e0; --back: #ffffff; --soft: #f6f8fa; --text: #1f2328; }
@media (prefers-color-scheme: dark) { :root { --pass: #3fb950; --fail: #f85149; --error: #d29922;
  --skip: #6e7681; --refused: #4493f8; --line: #3d444d; --back: #0d1117; --soft: #151b23; --text: #f0f6fc; } }
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem;
  background: var(--back); color: var(--text); }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { border: 1px solid var(--line); padding: .15rem .45rem; text-align: center; }
th { background: var(--soft); font-weight: 600; } th[scope=row] { text-align: left; font-weight: 400; white-space: nowrap; }
tr.group th { text-align: left; font-weight: 600; }
td.pass { color: var(--pass); } td.fail, td.fail a { color: var(--fail); font-weight: 700; }
td.error, td.error a { color: var(--error); font-weight: 700; } td.skip { color: var(--skip); }
.refused { color: var(--refused); }
td a { text-decoration: none; display: block; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: .4rem .7rem; }
details:target { outline: 2px solid var(--fail); }
summary { cursor: pointer; } pre { background: var(--soft); padding: .6rem; overflow-x: auto; white-space: pre-wrap;
  overflow-wrap: anywhere; }
.tally span { margin-right: 1.2rem; }
"""

# A link to a red cell opens its log.
SCRIPT = """
function show() { const d = document.getElementById(location.hash.slice(1)); if (d && d.tagName === 'DETAILS') d.open = true; }
addEventListener('hashchange', show); show();
"""


def html_page(
    finished: list[Finished], seed: int, changed: Optional[Changes] = None
) -> str:
    engines = sorted({x.cell.engine for x in finished if x.cell.engine != "none"}) or [
        "none"
    ]
    body = [f"<h1>Checkpoint/restore matrix</h1><p>seed {seed}</p>", _tally(finished)]
    body += [_rows(finished, engines), _grid(finished), _changes(changed)]
    for engine in engines:
        # Native runs have no engine; they are shown beside each.
        mine = [x for x in finished if x.cell.engine in (engine, "none")]
        body += [f"<h2>Engine {escape(engine)}</h2>", _tally(mine), _table(mine)]
    body += [_slowest(finished), _logs(finished)]
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport"
        " content='width=device-width'><title>Checkpoint/restore matrix</title>"
        f"<style>{STYLE}</style></head><body>{''.join(body)}<script>{SCRIPT}</script></body></html>\n"
    )


def _tally(finished: list[Finished]) -> str:
    tally = counts(finished)
    words = "".join(
        f"<span>{SIGN[name]} {tally[name]} {name}</span>"
        for name in (PASS, FAIL, ERROR, SKIP)
    )
    told = "".join(f"<p>{escape(line)}</p>" for line in reservations(finished))
    return f"<p class=tally>{words}</p>{told}"


def _rows(finished: list[Finished], engines: list[str]) -> str:
    """Kind of state down, engine and machine across."""
    rows = by_row(finished)
    if not rows:
        return ""
    machines = sorted({x.cell.machine for x in finished}, key=natural)
    heads = "".join(
        f"<th colspan={len(machines)}>{escape(engine)}</th>" for engine in engines
    )
    names = "".join(f"<th>{escape(name)}</th>" for name in machines) * len(engines)
    lines = [
        "<h2>What survives, and where</h2><p>Each row is a kind of state that a process can hold. A number says in how many cells"
        " programs with such state were checkpointed and restored, and found everything again. <span class=refused>refused</span>:"
        " the engine named what it cannot carry, and the program went on unharmed. Empty: no program was run.</p>",
        f"<div class=wide><table><tr><th rowspan=2 colspan=2>kind of state</th>{heads}</tr><tr>{names}</tr>",
    ]
    for name, row in rows.items():
        line = f"<tr><th scope=row>{name}</th><th scope=row>{escape(NAMES[name])}</th>"
        for engine in engines:
            for machine in machines:
                line += _kind(row, engine, machine)
        lines.append(line + "</tr>")
    return "".join(lines) + "</table></div>"


def _kind(row: Row, engine: str, machine: str) -> str:
    def mine(cells: list[Finished]) -> list[Finished]:
        return [
            x for x in cells if (x.cell.engine, x.cell.machine) == (engine, machine)
        ]

    carried, refused = mine(row.carried), mine(row.refused)
    if not carried and not refused:
        return "<td></td>"
    # One skipped cell does not make the others less true.
    ran = [x for x in [*carried, *refused] if x.result.verdict != SKIP]
    verdict = worst(ran) if ran else SKIP
    tally = counts(carried)
    words = []
    if carried:
        words.append(f"{tally[PASS]}/{len(carried) - tally[SKIP]}")
    if refused:
        words.append("<span class=refused>refused</span>" if verdict == PASS else "")
    text = " ".join(filter(None, words)) or SIGN[verdict]
    if verdict in (FAIL, ERROR):
        told = next(x for x in ran if x.result.verdict == verdict)
        text = f'<a href="#{_anchor(told)}">{text}</a>'
    return f"<td class={verdict}>{text}</td>"


def _grid(finished: list[Finished]) -> str:
    grid = grid_of(finished)
    if not grid:
        return ""
    names = machines_of(grid)
    heads = "".join(f"<th>{escape(name)}</th>" for name in names)
    lines = [
        "<h2>From kernel to kernel</h2><p>Checkpointed on the one at the left, restored on the one above.</p>",
        f"<div class=wide><table><tr><th></th>{heads}</tr>",
    ]
    for source in names:
        line = f"<tr><th scope=row>{escape(source)}</th>"
        for machine in names:
            line += _pair(grid.get((source, machine), []))
        lines.append(line + "</tr>")
    return "".join(lines) + "</table></div>"


def _pair(cells: list[Finished]) -> str:
    if not cells:
        return "<td></td>"
    tally = counts(cells)
    ran = [x for x in cells if x.result.verdict != SKIP] or cells
    text = f"{tally[PASS]}/{len(cells) - tally[SKIP]}"
    verdict = worst(ran)
    if verdict in (FAIL, ERROR):
        told = next(x for x in cells if x.result.verdict == verdict)
        text = f'<a href="#{_anchor(told)}">{text}</a>'
    return f"<td class={verdict}>{text}</td>"


def _slowest(finished: list[Finished]) -> str:
    slow = sorted(finished, key=lambda x: -x.result.seconds)[:10]
    lines = [
        f"<tr><th scope=row>{escape(x.result.id)}</th><td>{x.result.seconds:.1f} s</td></tr>"
        for x in slow
    ]
    return f"<h2>The slowest cells</h2><table>{''.join(lines)}</table>"


def _changes(changed: Optional[Changes]) -> str:
    if changed is None:
        return ""
    lines = [f"<h2>Changes</h2><p>{escape(changed.head())}</p>"]
    if changed.other:
        lines.append("<table>")
        for entry, was in changed.other:
            verdict = entry.result.verdict
            lines.append(
                f"<tr><th scope=row>{escape(entry.result.id)}</th><td class={was}>{was}</td>"
                f'<td class={verdict}><a href="#{_anchor(entry)}">{verdict}</a></td></tr>'
            )
        lines.append("</table>")
    return "".join(lines)


def _columns(finished: list[Finished]) -> list[tuple[str, str, str]]:
    used = {(x.cell.machine, x.cell.scenario, x.cell.word_size) for x in finished}
    return sorted(
        used, key=lambda c: (c[0], SCENARIO_NAMES.index(c[1]), WORD_SIZES.index(c[2]))
    )


def _table(finished: list[Finished]) -> str:
    columns = _columns(finished)
    cells: dict[tuple[str, str, str, str], list[Finished]] = {}
    for entry in finished:
        cell = entry.cell
        cells.setdefault(
            (cell.workload.key, cell.machine, cell.scenario, cell.word_size), []
        ).append(entry)
    lines = ["<div class=wide><table>", _head(columns)]
    workloads = {x.cell.workload.key: x.cell.workload for x in finished}
    for group in GROUPS:
        inside = sorted(
            key for key, workload in workloads.items() if workload.group == group
        )
        if not inside:
            continue
        lines.append(
            f"<tr class=group><th colspan={len(columns) + 1}>{group}</th></tr>"
        )
        for key in inside:
            promise = escape(workloads[key].promise, quote=True)
            line = f'<tr><th scope=row title="{promise}">{escape(workloads[key].name)}</th>'
            for column in columns:
                line += _square(cells.get((key, *column), []))
            lines.append(line + "</tr>")
    return "".join(lines) + "</table></div>"


def _head(columns: list[tuple[str, str, str]]) -> str:
    rows = ["<tr><th>machine</th>", "<tr><th>scenario</th>", "<tr><th>word size</th>"]
    for level in (0, 1):
        spans: list[tuple[tuple[str, ...], int]] = []
        for column in columns:
            key = column[: level + 1]
            if spans and spans[-1][0] == key:
                spans[-1] = (key, spans[-1][1] + 1)
            else:
                spans.append((key, 1))
        rows[level] += "".join(
            f"<th colspan={n}>{escape(key[-1])}</th>" for key, n in spans
        )
    rows[2] += "".join(f"<th>{escape(column[2])}</th>" for column in columns)
    return "".join(row + "</tr>" for row in rows)


def _square(group: list[Finished]) -> str:
    if not group:
        return "<td></td>"
    verdict = worst(group)
    sign = SIGN[verdict]
    if len(group) > 1 and verdict in (FAIL, ERROR):
        sign += f" {counts(group)[verdict]}/{len(group)}"
    told = next(x for x in group if x.result.verdict == verdict)
    title = escape(
        told.result.reason.splitlines()[0] if told.result.reason else verdict,
        quote=True,
    )
    if verdict in (FAIL, ERROR):
        sign = f'<a href="#{_anchor(told)}">{sign}</a>'
    return f'<td class={verdict} title="{title}">{sign}</td>'


def _anchor(entry: Finished) -> str:
    return "c-" + "".join(c if c.isalnum() else "-" for c in entry.result.id)


def _logs(finished: list[Finished]) -> str:
    lines = []
    for verdict in (FAIL, ERROR, SKIP):
        chosen = [x for x in finished if x.result.verdict == verdict]
        if chosen:
            lines.append(f"<h2>{verdict.capitalize()}: {len(chosen)}</h2>")
        for entry in chosen:
            first = (
                entry.result.reason.splitlines()[0] if entry.result.reason else verdict
            )
            lines.append(
                f'<details id="{_anchor(entry)}"><summary><b>{escape(entry.result.id)}</b>'
                f" {escape(first)}</summary><p>{escape(entry.cell.workload.promise)}</p>"
                f"<pre>{escape(entry.command)}</pre>"
                f"<pre>{escape(entry.result.reason)}\n\n{escape(entry.result.log)}</pre></details>"
            )
    return "".join(lines)
