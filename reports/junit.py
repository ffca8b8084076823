"""JUnit XML: one suite an engine. FAIL is a failure, BROKEN an error, UNSUPPORTED skipped; a tolerated FAIL is skipped
with its reason, since the format has no word for it."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, tostring

from reports.records import BROKEN, FAIL, UNSUPPORTED, Records, Result

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(records: Records) -> str:
    root = Element("testsuites", name="nflab")
    for engine in records.engine_names():
        results = [result for result in records.results.values() if result.engine == engine]
        red = [result for result in results if result.red]
        suite = SubElement(
            root, "testsuite", name=engine, tests=str(len(results)), hostname=records.run.machine,
            failures=str(sum(result.outcome != BROKEN for result in red)),
            errors=str(sum(result.outcome == BROKEN for result in red)),
            skipped=str(sum(result.outcome == UNSUPPORTED or bool(result.tolerated) for result in results)),
            time=f"{sum(result.seconds for result in results):.3f}", timestamp=records.run.started,
        )  # fmt: skip
        for result in results:
            _case(suite, result)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _case(suite: Element, result: Result) -> None:
    case = SubElement(suite, "testcase", classname=f"{result.engine}.{result.area}", name=result.id,
                      time=f"{result.seconds:.6f}", file=result.place.partition(":")[0])  # fmt: skip
    reason = _NOT_XML.sub("?", result.surprise or result.reason)
    first = reason.splitlines()[0] if reason else ""
    if result.outcome == BROKEN:
        SubElement(case, "error", message=first).text = reason
    elif result.red:
        SubElement(case, "failure", message=first).text = reason
    elif result.outcome == UNSUPPORTED:
        SubElement(case, "skipped", message=first)
    elif result.outcome == FAIL:
        SubElement(case, "skipped", message=_NOT_XML.sub("?", result.tolerated))
