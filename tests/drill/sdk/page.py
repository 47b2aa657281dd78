"""Writes the page that says what the SDKs do: a table of situations, told from the journals of the drills' runs, and what
was found of each SDK, with the reasons and the advice that `expected.json` has.
"""

import json
import textwrap

# What can happen, and the run that shows it.
SITUATIONS = [
    ("A read is answered 429 with `Retry-After: 2`", "rate-limited"),
    ("… with `Retry-After: <date>`, two seconds later", "rate-limited-with-a-date"),
    ("… with `Retry-After: 86400`", "rate-limited-retry-after-huge"),
    ("… with `Retry-After: soon`, then with `-5`", "rate-limited-retry-after-garbage"),
    ("… again and again, without `Retry-After`", "probe-429"),
    ("A read is answered 503, then 502, then well", "fails-twice-then-works"),
    ("A read is answered 503 again and again", "probe-503"),
    ("A page of a list is answered 500 once", "page-fails-midway"),
    ("… 403, as is every later one", "forbidden-halfway"),
    ("A create is done and answered 500", "committed-but-lost"),
    ("… done, and the connection is closed", "committed-then-closed"),
    ("… done, and never answered", "timeout-after-commit"),
    ("… done, and answered 200 without a body", "empty-answer"),
    ("A delete is done and answered 500", "delete-answered-500-but-done"),
    ("The token ends early: a call is answered 401", "token-expires-early"),
    ("The token call is answered 503", "token-endpoint-down"),
    ("The token call is answered 200 with half of the JSON", "token-malformed"),
    ("The token call is never answered", "token-endpoint-silent"),
    ("A list ends after 60 bytes", "half-an-answer"),
    ("A list is answered 200 with a page of HTML", "html-from-the-gateway"),
    ("A list is never answered", "hangs-forever"),
]
# They strike by chance, or when the clock says so, so that each drill finds something else; the others show it better.
LEFT_OUT = ("chaos", "flaky-5-percent", "outage-and-recovery", "rate-limited-retry-after-zero")
SIGNS = {"error": "✗ ", "warning": "! "}
# Waits under this are none: a busy machine needs as long for the next call.
NO_WAIT_SECONDS = 0.5


def written(sdks, known, folder):
    """The page; `sdks` are pairs of an SDK and its drill's report, and the runs' journals are under `folder`."""
    began = min(report["began"] for _, report in sdks)[:10]
    version = sdks[0][1]["version"]
    lines = [
        "# What the official SDKs do when things go wrong", "",
        "What do SailPoint's SDKs do on a 429, a 500, an expired token, a lost answer? An ordinary program was written with",
        "each, as its documentation shows it, and drilled with the built-in scenarios: it reads all groups page by page,",
        "creates one, reads and renames it, and deletes another, and leaves what goes wrong to the SDK. The versions are",
        f"those in the table, unmodified; the drill ran on {began} with sync-group-sim {version}. None of this was seen at",
        "SailPoint's service: the faults are [scenarios](../scenarios/README.md) of the simulator.", "",
        "[The table](#the-table) ·", *(f"[{sdk.title}](#{anchor(sdk.title)}) ·" for sdk, _ in sdks),
        "[Again](#again) · [What was not seen](#what-was-not-seen)", "",
        "## The table", "",
        "What the SDK did with that call, and what became of the program. ✗ breaks a [rule of good conduct](verdicts.md), ! is",
        "a warning. Where there is no sign, no rule was broken, though the program may fail, as it has to when nobody catches",
        "the error. “At once” is less than half a second.", "",
        "| |" + "".join(f" {sdk.title} |" for sdk, _ in sdks), "|---|" + "---|" * len(sdks)]
    for what, scenario in SITUATIONS:
        cells = [cell(scenario, report, folder / sdk.name) for sdk, report in sdks]
        lines.append(f"| {what} | " + " | ".join(cells) + " |")
    for sdk, report in sdks:
        lines += section(sdk, report, known.get(sdk.name, {}))
    lines += [
        "", "## Again", "",
        "`tests/sdk/run` installs the SDKs, and `tests/drill/sdk/run --full --write docs/sdk-conduct.md` drills them, some",
        "minutes each, and writes this page.",
        "The programs stand in [tests/drill/sdk](../tests/drill/sdk) (Go: [tests/sdk/go-v2/drill](../tests/sdk/go-v2/drill)),",
        "what is expected of each SDK, and why, in [expected.json](../tests/drill/sdk/expected.json). The tests fail when an",
        "SDK does otherwise, for better or worse. To drill your own program: [your first drill](drill.md).", "",
        "## What was not seen", "",
        "* The Go SDK v3, the `sail` command, and every SDK with other settings than its own: most of this can be changed.",
        "* Clients that make several calls at a time, password changes, and other parts of the vendor's platform.",
        "* What these SDKs do elsewhere: on Windows, behind a proxy, over TLS."]
    lines += [f"* {line}" for line in sdks[0][1]["cannotSee"]]
    return "\n".join(lines) + "\n"


def anchor(title):
    kept = "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -_")
    return kept.replace(" ", "-")


def cell(scenario, report, folder):
    """What one SDK did in one situation."""
    runs = [run for run in report["runs"] if run["scenario"] == scenario and run["kind"] in ("scenario", "probe")]
    if not runs:
        # The probe is for clients that try again at all.
        return "one call; fails" if scenario.startswith("probe-") else "does not apply"
    run = runs[0]
    found = {each["verdict"]: each["severity"] for each in report["findings"]
             if each["scenario"] == scenario and each["severity"] in SIGNS}
    sign = next((SIGNS[severity] for severity in SIGNS if severity in found.values()), "")
    broken = " ".join(f"[{name}](verdicts.md#{name})" for name in found)
    return sign + told(run, folder) + (f" · {broken}" if broken else "")


def told(run, folder):
    """A run in a few words: the calls that repeat the one that was struck, their waits, and the end."""
    exchanges = json.loads((folder / run["folder"] / "journal.json").read_text())["exchanges"]
    struck = [each for each in exchanges if any(rule["fired"] for rule in each["rules"])]
    if not struck:
        return "was not struck"
    first = struck[-1] if run["scenario"] == "html-from-the-gateway" else struck[0]
    same = [each for each in exchanges
            if each["seq"] >= first["seq"] and (each["operation"], each["key"]) == (first["operation"], first["key"])]
    waits = [later["arrivedNs"] - (former["toldNs"] or former["leftNs"] or former["arrivedNs"])
             for former, later in zip(same, same[1:])]
    words = "one call" if len(same) == 1 else f"{len(same)} calls{paced([wait / 1e9 for wait in waits])}"
    if len(same) > 1 and (same[-1]["status"] or 0) >= 400:
        words += f", the last answered {same[-1]['status']}"
    exists = first["operation"] == "createPasswordSyncGroup" and first["performed"]
    return f"{words}; {ending(run, len(same) > 1)}" + ("; the group exists" if exists and not run["isSuccess"] else "")


def paced(waits):
    if max(waits) < NO_WAIT_SECONDS:
        return " at once"
    shown = [f"{wait:.1f}" for wait in waits]
    # The same wait each time: a busy machine adds to it, and takes nothing from it.
    if max(waits) < 1.3 * min(waits):
        return f", {min(waits):.1f} s apart"
    return f", {', '.join(shown)} s apart"


def ending(run, has_repeated):
    if run["isSuccess"] and run["differences"]:
        return "ends with exit code 0, though nothing was done"
    if run["isSuccess"]:
        return "goes on" if has_repeated else "goes on as if nothing were wrong"
    if "silent answer" in run["ended"]:
        return "waits for ever"
    if "deadline" in run["ended"]:
        return f"still waits after {run['deadlineSeconds']:.0f} s"
    return "fails"


def section(sdk, report, known):
    """What was found of one SDK."""
    marks = [row["mark"] for row in report["scenarios"]
             if row["scenario"] not in LEFT_OUT and row["mark"] != "notApplicable"]
    about = (f"{known.get('about', '')} Of {len(marks)} scenarios that apply {marks.count('error')} ended with an error, "
             f"{marks.count('warning')} with a warning, {marks.count('inconclusive')} undecided.")
    lines = ["", f"## {sdk.title}", "", *textwrap.wrap(about.strip(), 119, break_on_hyphens=False), "",
             "| verdict | seen in | because | what a program can do |", "|---|---|---|---|"]
    for verdict, says in known.get("breaks", {}).items():
        found = [each for each in report["findings"] if each["verdict"] == verdict and each["scenario"] in says["scenarios"]]
        # Not in the order in which the runs happened to end.
        found.sort(key=lambda each: says["scenarios"].index(each["scenario"]))
        if found:
            sign = SIGNS.get(found[0]["severity"], "").strip()
            where = ", ".join(dict.fromkeys(each["scenario"] for each in found))
            lines.append(f"| {sign} [{verdict}](verdicts.md#{verdict}) | {where} | {says['why']} | {says['do']} |")
    return lines
