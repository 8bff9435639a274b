"""KVM or emulation: what is tried, what is remembered for how long, and what is said about it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from vmlab import accel, vm
from vmlab.errors import VmLost, VmSetupError


class Canary:
    """Stands in for the guest: comes up or not, and counts how often it was tried."""

    def __init__(self) -> None:
        self.works = True
        self.tries = 0

    def start(self, *_: object, **__: object) -> Canary:
        self.tries += 1
        if not self.works:
            raise VmLost("the guest said nothing for 15 s\nconsole: empty")
        return self

    def __enter__(self) -> Canary:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(self, *_: object, **__: object) -> None:
        pass


@pytest.fixture
def canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Canary:
    device = tmp_path / "kvm"
    device.touch()
    monkeypatch.setattr(accel, "_KVM", device)
    monkeypatch.setenv("CR_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CR_ACCEL", raising=False)
    bird = Canary()
    monkeypatch.setattr(vm.Vm, "start", bird.start)
    return bird


def verdict(tmp_path: Path) -> Path:
    (path,) = (tmp_path / "cache/accel").glob("*.json")
    return path


def age(path: Path, seconds: float) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


def test_a_good_verdict_is_kept_without_a_word(
    canary: Canary, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert accel.choose("x") == "kvm"
    capsys.readouterr()
    age(verdict(tmp_path), 30 * 86400)
    canary.works = False
    assert accel.choose("x") == "kvm"
    assert canary.tries == 1
    assert capsys.readouterr().err == ""


def test_a_bad_verdict_is_repeated_with_the_way_out(
    canary: Canary, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    canary.works = False
    assert accel.choose("x") == "tcg"
    assert "using tcg: the guest said nothing" in capsys.readouterr().err
    assert accel.choose("x") == "tcg"
    assert canary.tries == 1
    said = capsys.readouterr().err
    assert "the guest said nothing" in said and "CR_ACCEL" in said
    assert str(verdict(tmp_path)) in said
    # What it says works.
    verdict(tmp_path).unlink()
    canary.works = True
    assert accel.choose("x") == "kvm"


def test_a_bad_verdict_is_not_for_ever(canary: Canary, tmp_path: Path) -> None:
    canary.works = False
    accel.choose("x")
    age(verdict(tmp_path), 2 * 86400)
    canary.works = True
    assert accel.choose("x") == "kvm"
    assert canary.tries == 2


def test_a_wish_of_the_user_is_not_tried(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CR_ACCEL", "tcg")
    assert accel.choose("x") == "tcg"
    monkeypatch.setenv("CR_ACCEL", "xen")
    with pytest.raises(VmSetupError, match="kvm or tcg"):
        accel.choose("x")
    assert canary.tries == 0


def test_a_device_of_others_is_said(
    canary: Canary, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Root may open everything, whatever the mode.
    refuse: Callable[..., bool] = lambda *_: False
    monkeypatch.setattr(os, "access", refuse)
    assert accel.choose("x") == "tcg"
    assert "group kvm" in capsys.readouterr().err
    assert canary.tries == 0
