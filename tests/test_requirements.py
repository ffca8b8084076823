"""Every requirement is checked by a scenario, or says why it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance import case, catalogue
from conformance.catalogue import CatalogueError, Requirement


@pytest.fixture(scope="module")
def cited() -> set[str]:
    return {name for each in case.load_all() for name in each.all_cites()}


def test_the_catalogue_is_there() -> None:
    requirements = catalogue.load()
    assert len(requirements) >= 690
    assert len({row.area for row in requirements.values()}) == 26


def test_every_requirement_is_checked_or_untestable(cited: set[str]) -> None:
    wrong = catalogue.judge(catalogue.load(), cited)
    assert not wrong, "\n".join(wrong)


def test_every_folder_of_scenarios_is_a_package() -> None:
    """Files of equal names in two areas would otherwise shadow each other."""
    assert not [path.parent for path in case.files() if not (path.parent / "__init__.py").exists()]


def test_recommendations_are_those_of_the_rfcs() -> None:
    rows = [row for row in catalogue.load().values() if row.level == "recommended"]
    assert {row.area for row in rows} == {"nat-rfc"}
    assert sum(row.kernel == "fail" for row in rows) == 12
    assert not [row.id for row in catalogue.load().values() if row.kernel == "fail" and row.level != "recommended"]


def test_what_the_kernel_does_not_do_is_checked_apart() -> None:
    """A scenario that may fail must not check what has to pass, and says what of it is the recommendation."""
    rows = catalogue.load()
    for each in case.load_all():
        for instance in each.instances():
            kernels = {rows[name].kernel == "fail" for name in instance.cites}
            assert len(kernels) < 2, f"{instance.id} cites {instance.cites}: some of it the kernel does, some not"
            assert kernels != {True} or "recommended" in each.function.__code__.co_names, (
                f"{each.id}: `with recommended():` is missing around what the kernel does not do"
            )


def test_deviations_are_about_scenarios_that_exist() -> None:
    from conformance import deviations
    from lab import engines

    known = {instance.id for each in case.load_all() for instance in each.instances()} | {
        each.id for each in case.load_all()}  # fmt: skip
    for deviation in deviations.known().values():
        assert deviation.scenario in known and deviation.engine in engines.names(), deviation


def row(name: str, untestable: str = "") -> Requirement:
    return Requirement(name, "x", "required", "title", "source", "stimulus", "expect", "pass", untestable=untestable)


@pytest.mark.parametrize(
    ("cited_ids", "untestable", "message"),
    [
        ({"A-1"}, "", None),
        (set(), "nobody can see it", None),
        (set(), "", "A-1 is checked by no scenario and not marked untestable"),
        ({"A-1"}, "nobody can see it", "A-1 is marked untestable, but a scenario cites it"),
    ],
)
def test_judge(cited_ids: set[str], untestable: str, message: str | None) -> None:
    found = catalogue.judge({"A-1": row("A-1", untestable)}, cited_ids)
    assert found == [] if message is None else [line for line in found if message in line] == found != []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("requirements: []\n", "x.yaml: begins with 'area: x'"),
        ("area: y\nrequirements: []\n", "x.yaml: begins with 'area: x'"),
        (
            "area: x\nrequirements:\n- {id: A, "
            "level: must, title: t, source: s, stimulus: a, expect: b, kernel: pass}\n",
            "x.yaml: A: level is required or recommended, not 'must'",
        ),
        (
            "area: x\nrequirements:\n- {id: A, "
            "level: required, title: t, source: s, stimulus: a, expect: b, kernel: yes}\n",
            "x.yaml: A: kernel is pass, fail, untested, not 'yes'",
        ),
        (
            "area: x\nrequirements:\n- {id: A, "
            "level: required, titel: t, source: s, stimulus: a, expect: b, kernel: pass}\n",
            "x.yaml: A: 'titel' is not a field",
        ),
    ],
)
def test_faults_of_the_catalogue(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(CatalogueError, match=message.replace("(", r"\(")):
        catalogue.load(tmp_path)


def test_an_unknown_requirement_gets_a_suggestion() -> None:
    with pytest.raises(CatalogueError, match=r"'NAT-1' is not a requirement; did you mean NAT-"):
        catalogue.find("NAT-1")
