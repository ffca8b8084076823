"""The Vagrantfile: valid for vagrant where that is installed, else for ruby, else what was not checked is said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
VAGRANTFILE = ROOT / "Vagrantfile"

# Stands in for vagrant: takes every setting and call, and prints them.
RECORDER = """
require "json"
class Recorder
  def initialize; @settings, @calls = {}, []; end
  def to_h; { settings: @settings.transform_values { |v| v.is_a?(Recorder) ? v.to_h : v }, calls: @calls }; end
  def respond_to_missing?(*) = true
  def method_missing(name, *words, **options)
    return @settings[name.to_s.chomp("=")] = words.first if name.end_with?("=")
    if words.empty? && options.empty?
      return @settings[name] ||= Recorder.new
    end
    inner = Recorder.new
    yield inner if block_given?
    @calls << { name: name, words: words, options: options, inner: inner.to_h }
  end
end
module Vagrant
  def self.configure(version)
    recorder = Recorder.new
    yield recorder
    puts JSON.generate(recorder.to_h)
  end
end
load ARGV[0]
"""


def recorded(**variables: str) -> dict[str, Any]:
    """What the Vagrantfile tells vagrant's machine settings."""
    ruby = shutil.which("ruby")
    if ruby is None:
        pytest.skip("neither run nor checked: ruby is not installed")
    finished = subprocess.run(
        [ruby, "-e", RECORDER, str(VAGRANTFILE)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **variables},
    )
    found: dict[str, Any] = json.loads(finished.stdout)["settings"]["vm"]
    return found


def calls(machine: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [call for call in machine["calls"] if call["name"] == name]


def test_vagrantfile_is_valid(tmp_path: Path) -> None:
    vagrant, ruby = shutil.which("vagrant"), shutil.which("ruby")
    if vagrant:
        words = [vagrant, "validate", "--ignore-provider"]
    elif ruby:
        words = [ruby, "-c", str(VAGRANTFILE)]
    else:
        pytest.skip("the Vagrantfile was not checked at all: neither vagrant nor ruby is installed")
    finished = subprocess.run(
        words, capture_output=True, text=True, cwd=ROOT, check=False, env={**os.environ, "VAGRANT_HOME": str(tmp_path)}
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_box_can_be_chosen() -> None:
    assert recorded()["settings"]["box"] == "debian/bookworm64"
    chosen = recorded(NFLAB_BOX="my/box", NFLAB_CPUS="8", NFLAB_MEMORY="9000", NFLAB_BOX_VERSION="12.3")
    assert (chosen["settings"]["box"], chosen["settings"]["box_version"]) == ("my/box", "12.3")
    sizes = {call["words"][0]: call["inner"]["settings"] for call in calls(chosen, "provider")}
    assert sizes == {name: {"cpus": 8, "memory": 9000} for name in ("virtualbox", "libvirt")}


def test_provisioners() -> None:
    found = {call["words"][0]: call["options"] for call in calls(recorded(), "provision")}
    assert list(found) == ["setup", "environment", "suite"]
    assert found["suite"]["run"] == "never"
    assert "--engine=all" in found["suite"]["inline"]
    for name, options in found.items():
        finished = subprocess.run(["sh", "-n"], input=options["inline"], text=True, capture_output=True, check=False)
        assert finished.returncode == 0, f"{name}: {finished.stderr}"


def test_setup_may_be_repeated(tmp_path: Path) -> None:
    """The script runs twice with stand-ins for the commands that change a machine; the second run installs nothing."""
    script = next(call for call in calls(recorded(), "provision") if call["words"][0] == "setup")["options"]["inline"]
    (tmp_path / "modules-load.d").mkdir()
    (tmp_path / "sysctl.d").mkdir()
    script = script.replace("/etc/", f"{tmp_path}/")
    stand_ins = {
        "dpkg-query": 'for p; do :; done; grep -qx "$p" installed 2>/dev/null && echo "install ok installed"',
        "apt-get": 'echo "$*" >> log; for p; do case $p in -*|install|update) ;; *) echo $p >> installed;; esac; done',
        "modprobe": 'for m; do :; done; [ "$m" != xt_bpf ]',
        "sysctl": "",
    }
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name, body in stand_ins.items():
        (bin_folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (bin_folder / name).chmod(0o755)
    for _run in range(2):
        finished = subprocess.run(
            ["sh", "-c", script],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}"},
        )
        assert finished.returncode == 0, finished.stderr
        assert finished.stdout == "not in this kernel: xt_bpf\n"
    assert (tmp_path / "log").read_text().count("install ") == 1
    modules = (tmp_path / "modules-load.d" / "nflab.conf").read_text().split()
    assert "nf_conntrack" in modules and "xt_bpf" not in modules
    assert len(modules) == len(set(modules))
