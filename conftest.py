"""pytest for scenarios: options, one item for each scenario and engine, records while they run, reports at the end.

    pytest conformance/ --engine=userspace,kernel-legacy -n 2 --report-dir out

Scenarios themselves are the business of conformance/plugin.py; reports that of reports/. This file joins the two, and
says nothing about anything in tests/.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import gc
import getpass
import os
import platform
import random
import shlex
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent
CONFORMANCE = ROOT / "conformance"
NOT_SCENARIOS = ("fuzz",)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("nflab", "scenarios")
    group.addoption(
        "--engine",
        default="userspace",
        metavar="NAME[,NAME]|all",
        help="engines to run scenarios on: userspace, kernel-legacy, kernel-nft, or all (default: userspace)",
    )
    group.addoption(
        "--report-dir",
        default="out",
        metavar="DIR",
        help="where report.html, records.jsonl, junit.xml, summary.md and captures of failures go (default: out)",
    )
    group.addoption(
        "--keep-lab",
        action="store_true",
        help="leave the lab of the first failure up, with its state, and say how to enter it",
    )
    group.addoption(
        "--seed", type=int, default=None, help="seed for scenarios that draw lots (default: drawn, and reported)"
    )


class Session:
    """The scenarios of one pytest process: their runner, and where their results go."""

    def __init__(self, config: pytest.Config) -> None:
        from conformance import plugin
        from conformance.ahead import Ahead
        from conformance.running import Runner
        from conformance.stages import Stages

        self.config = config
        self.worker = os.environ.get("PYTEST_XDIST_WORKER", "")
        self.folder = Path(config.getoption("report_dir"))
        if not self.folder.is_absolute():
            self.folder = Path(config.invocation_params.dir) / self.folder
        self.started = time.monotonic()
        told = getattr(config, "workerinput", {})
        self.began = told.get("nflab_began") or time.time()
        # Files of this run alone: another one may use the same folder at the same time.
        self.prefix = told.get("nflab_prefix") or f"records-{int(self.began)}-{os.getpid()}"
        self.seed = _seed(config)
        self.stages = Stages()
        self.writer: Any = None
        self.told: set[tuple[str, str]] = set()
        self.planned: list[tuple[str, str]] = []
        self.not_collected: dict[str, str] = {}
        self.kept = ""
        self.unwritable = ""
        self.session: pytest.Session | None = None
        config.stash[plugin.RUNNER] = Runner(
            self.stages, self.seed, self.folder / "captures", config.getoption("keep_lab")
        )
        config.stash[plugin.SINK] = self.take
        self.ahead = Ahead(lambda: Runner(Stages(probes=self.stages.probes), self.seed, self.folder / "captures"))
        if not config.getoption("keep_lab"):  # there, the first failure is that of the first scenario that fails
            config.stash[plugin.AHEAD] = self.ahead

    def take(self, result: Any, instance: Any) -> None:
        """A scenario has finished: write down what the reports need of it, at once."""
        from conformance import catalogue, plugin
        from conformance.case import spec_of

        self._engine(result.engine)
        self._topology(spec_of(instance.case))
        for name in instance.cites:
            self._once("requirement", name, catalogue.find(name))
        self._add(result)
        self.kept = self.config.stash[plugin.RUNNER].kept

    def open(self) -> Any:
        from reports.records import Writer

        if self.writer is None:
            _clear(self.folder, self.began)
            self.writer = Writer(self.folder / f"{self.prefix}-{self.worker or 'main'}.jsonl")
            self.writer.add(_run_record(self.config, self.seed))
        return self.writer

    def _add(self, record: Any) -> None:
        """A run whose results are lost is of no use: it ends here."""
        try:
            self.open().add(record)
        except OSError as error:
            if not self.worker:
                pytest.exit(self.complaint(error), returncode=4)
            self.unwritable = self.complaint(error)  # the controller must not lose a worker; it is told at the end
            if self.session is not None:
                self.session.shouldstop = self.unwritable

    def complaint(self, error: OSError) -> str:
        return f"--report-dir: {self.folder} cannot be written to: {error.strerror}"

    def demand_folder(self) -> None:
        """Raises OSError: before workers are started, of which none could say so."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not os.access(self.folder, os.W_OK | os.X_OK):
            number = errno.EROFS if os.statvfs(self.folder).f_flag & os.ST_RDONLY else errno.EACCES
            raise OSError(number, os.strerror(number))

    def left_records(self) -> bool:
        """Whether this run has written any, here or in a worker."""
        return any(self.folder.glob(f"{self.prefix}-*.jsonl"))

    def lost(self, engines: list[str]) -> list[Any]:
        """Results of what was to be run, should it turn out that it was not."""
        from reports.bundle import NOT_RUN
        from reports.records import BROKEN, Result

        found = [Result(name, engine, BROKEN, area="not-run", reason=NOT_RUN) for name, engine in self.planned]
        found += [Result(file, engine, BROKEN, area="not-collected", reason=text, place=file)
                  for file, text in self.not_collected.items() for engine in engines]  # fmt: skip
        return found

    def _once(self, kind: str, name: str, record: Any) -> None:
        if (kind, name) not in self.told:
            self.told.add((kind, name))
            self._add(record)

    def _engine(self, engine: str) -> None:
        from conformance.stages import version
        from reports.records import Engine

        if ("engine", engine) in self.told:
            return
        reason = self.stages.probes.get(engine, "")
        stages = [self.stages, *(runner.stages for runner in self.ahead.runners)]
        labs = [stage.lab for each in stages for (_path, name, _clock), stage in list(each.open_stages.items())
                if name == engine]  # fmt: skip
        if labs or reason:
            self._once("engine", engine, Engine(engine, version(labs[-1]) if labs else "", reason))

    def _topology(self, spec: Any) -> None:
        from reports.records import Topology

        if ("topology", spec.name) in self.told:
            return
        nodes = {node.name: {
            "runs": node.runs,
            "interfaces": {each.link: [str(address) for address in each.addresses] for each in node.interfaces},
            "bridges": {bridge.name: list(bridge.ports) for bridge in node.bridges},
            "services": [f"{service.kind}:{service.port}" for service in node.services],
        } for node in spec.nodes.values()}  # fmt: skip
        links = {link.name: [str(subnet) for subnet in link.subnets] for link in spec.links.values()}
        self._once("topology", spec.name, Topology(spec.name, spec.picture, links, nodes))

    def close(self) -> None:
        self.ahead.close()
        self.stages.close()
        if self.writer is not None:
            with contextlib.suppress(OSError):  # it has been told
                self.writer.close()


SESSION = pytest.StashKey[Session]()
SCENARIOS: Session | None = None  # for the one hook that is not told the configuration


def _seed(config: pytest.Config) -> int:
    """One seed for a whole run, workers of pytest-xdist included."""
    given = config.getoption("seed")
    if given is not None:
        return int(given)
    shared = getattr(config, "workerinput", {}).get("nflab_seed")
    if shared is None:
        shared = random.SystemRandom().randrange(1 << 31)
    config.option.seed = shared
    return int(shared)


def pytest_configure(config: pytest.Config) -> None:
    from conformance import plugin
    from lab import engines

    wanted = config.getoption("engine")
    names = (
        engines.names()
        if wanted == "all"
        else list(filter(None, dict.fromkeys(name.strip() for name in wanted.split(","))))
    )
    if not names:
        raise pytest.UsageError(f"--engine: names none; there are {', '.join(engines.names())}, or all")
    for name in names:
        if name not in engines.names():
            raise pytest.UsageError(
                f"--engine: '{name}' is not an engine; there are {', '.join(engines.names())}, or all"
            )
    config.stash[plugin.ENGINES] = names
    global SCENARIOS
    SCENARIOS = config.stash[SESSION] = Session(config)
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(WithXdist(), "nflab-xdist")


def _asks_for_scenarios(config: pytest.Config) -> bool:
    named = [Path(config.invocation_params.dir, name.partition("::")[0]) for name in config.args]
    return any(path.is_relative_to(CONFORMANCE) or CONFORMANCE.is_relative_to(path) for path in named)


class WithXdist:
    """What is said to the workers of pytest-xdist, and how work is shared out among them."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        ours = node.config.stash[SESSION]
        try:
            if _asks_for_scenarios(node.config):
                ours.demand_folder()
        except OSError as error:
            pytest.exit(ours.complaint(error), returncode=4)
        node.workerinput.update(nflab_seed=ours.seed, nflab_began=ours.began, nflab_prefix=ours.prefix)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

        from conformance.plugin import ByEngine

        if config.getvalue("dist") not in ("load", "loadscope"):
            return None

        class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
            """Whole files of one engine at a time, so that a worker opens few labs."""

            last: dict[Any, str] = {}  # noqa: RUF012

            def _split_scope(self, nodeid: str) -> str:
                return ByEngine.package(nodeid)

            def _assign_work_unit(self, node: Any) -> None:
                taken = {name.partition(" ")[0] for other, name in self.last.items() if other is not node}
                name = ByEngine.next_package(self.workqueue, self.last.get(node, ""), taken)
                self.workqueue.move_to_end(name, last=False)
                self.last[node] = name
                super()._assign_work_unit(node)

        return Scheduling(config, log)


# --- collecting -------------------------------------------------------------------------------------------------------


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> Any:
    """Files of scenarios below conformance/ are collected as such, everything else as pytest does."""
    from conformance.plugin import ScenarioFile

    if module_path.is_relative_to(CONFORMANCE) and module_path.parent.name not in NOT_SCENARIOS:
        return ScenarioFile.from_parent(parent, path=module_path)
    return None


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, Any, Any]:
    """Thousands of scenarios make no garbage and stay to the end: the collector is not to look at them. Results stay
    too, so it looks at what is new less often than Python would."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 20, 100)
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Engine by engine and topology by topology, so that each lab is built once; those that wait for a kernel's clock
    at the end (conformance/ahead.py). Other tests keep their places."""
    from conformance.ahead import waits
    from conformance.plugin import ENGINES, ScenarioItem

    scenarios = [item for item in items if isinstance(item, ScenarioItem)]
    places = [number for number, item in enumerate(items) if isinstance(item, ScenarioItem)]
    engines: list[str] = config.stash[ENGINES]
    ordered = sorted(scenarios, key=lambda item: (engines.index(item.engine), waits(item.instance, item.engine),
                                                  item.instance.case.topology))  # fmt: skip
    for number, item in zip(places, ordered, strict=True):
        items[number] = item


def pytest_collectreport(report: Any) -> None:
    """A file of scenarios that cannot be read: without its scenarios the run is not what it seems."""
    if report.failed and report.nodeid.startswith("conformance/") and SCENARIOS is not None:
        SCENARIOS.not_collected[report.nodeid] = str(report.longrepr)


def pytest_collection_finish(session: pytest.Session) -> None:
    from conformance.plugin import ScenarioItem

    ours = session.config.stash[SESSION]
    ours.planned = [(item.instance.id, item.engine) for item in session.items if isinstance(item, ScenarioItem)]
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["nflab_planned"] = ours.planned
    ours.session = session


def _clear(folder: Path, before: float) -> None:
    """Take away what an earlier run left, so that nothing old is taken for new. Several workers may do it at once."""
    for pattern in ("records*.jsonl*", "captures/*.pcapng", "report.html", "summary.md", "junit.xml"):
        for path in folder.glob(pattern):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()


# --- running ----------------------------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Generator[None, Any, Any]:
    report = yield
    result = getattr(item, "result", None)
    if result is not None and call.when == "call":
        report.nflab_outcome = result.outcome
        if report.skipped and not hasattr(report, "wasxfail"):
            report.longrepr = (str(item.path), item.reportinfo()[1] or 0, f"Skipped: {result.reason}")
    return report


def pytest_report_teststatus(report: Any, config: pytest.Config) -> Any:
    """BROKEN is pytest's "error"."""
    if getattr(report, "nflab_outcome", "") == "BROKEN" and report.when == "call":
        return "error", "B", "BROKEN"
    return None


# --- the end ----------------------------------------------------------------------------------------------------------


def pytest_report_header(config: pytest.Config) -> str:
    from conformance.plugin import ENGINES

    names: list[str] = config.stash[ENGINES]
    return f"nflab: engines {', '.join(names)}; seed {config.stash[SESSION].seed}"


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    ours = session.config.stash.get(SESSION, None)
    if ours is None:
        return
    ours.close()
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["nflab_kept"] = ours.kept
        session.config.workeroutput["nflab_unwritable"] = ours.unwritable


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: Any) -> None:
    """A worker of pytest-xdist has ended: what it was to run, and what it kept."""
    ours = node.config.stash[SESSION]
    told = getattr(node, "workeroutput", {})
    ours.planned = [tuple(each) for each in told.get("nflab_planned", ())] or ours.planned
    ours.kept = ours.kept or told.get("nflab_kept", "")
    ours.unwritable = ours.unwritable or told.get("nflab_unwritable", "")


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    """Put the records together, write the reports, print the matrix."""
    ours = config.stash[SESSION]
    if hasattr(config, "workerinput") or config.option.collectonly or not ours.left_records():
        return
    from conformance.plugin import ENGINES
    from reports import bundle

    lost, seconds = ours.lost(config.stash[ENGINES]), time.monotonic() - ours.started
    try:
        records = bundle.finish(ours.folder, ours.prefix, lost, seconds, int(exitstatus))
    except OSError as error:
        ours.unwritable = ours.unwritable or ours.complaint(error)
    if ours.unwritable:
        terminalreporter.write_line(ours.unwritable, red=True)
        terminalreporter._session.exitstatus = terminalreporter._session.exitstatus or pytest.ExitCode.TESTS_FAILED
        return
    terminalreporter.section("nflab")
    terminalreporter.write(bundle.terminal(records))
    _demand_named_engines(records, terminalreporter)
    shown = os.path.relpath(ours.folder / "report.html")
    terminalreporter.write_line(f"report: {shown if not shown.startswith('..') else ours.folder / 'report.html'}")
    if ours.kept:
        terminalreporter.write_line(f"the lab of the first failure is kept: {ours.kept}")


def _demand_named_engines(records: Any, terminalreporter: Any) -> None:
    """An engine that was asked for by name and cannot run here is an error; with `all`, it is not."""
    if terminalreporter.config.getoption("engine") == "all":
        return
    for engine in records.engines.values():
        if engine.unavailable:
            terminalreporter.write_line(f"--engine={engine.name} cannot run here: {engine.unavailable}", red=True)
            session = terminalreporter._session
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def _run_record(config: pytest.Config, seed: int) -> Any:
    from conformance.plugin import ENGINES
    from reports.records import Run

    return Run(
        started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        command=shlex.join(["pytest", *map(str, config.invocation_params.args)]),
        directory=str(config.invocation_params.dir),
        seed=seed,
        machine=platform.node(),
        kernel=platform.release(),
        system=_system(),
        processors=os.cpu_count() or 0,
        python=f"{platform.python_implementation()} {sys.version.split()[0]}",
        revision=_revision(),
        user=_user(),
        engines=config.stash[ENGINES],
    )


def _user() -> str:
    try:
        return f"{getpass.getuser()} (uid {os.getuid()})"
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.platform())
    except OSError:
        return platform.platform()


def _revision() -> str:
    """The commit of the source, with a mark if files differ from it."""
    try:
        found = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=10"], cwd=ROOT, capture_output=True,
                               text=True, timeout=5)  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.stdout.strip()
