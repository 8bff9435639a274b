"""What happens when the mirror has dropped packages of a lock: apt asks a mirror of our own, only the index is made up."""

from __future__ import annotations

import functools
import hashlib
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from vmlab import archive, cache, mirror, stand_in
from vmlab.errors import VmSetupError
from vmlab.packages import Package


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]


class OwnMirror:
    """A mirror of ours, over HTTP as the real one is: whether a package is there is for apt to find out."""

    def __init__(self, top: Path) -> None:
        self.top = top
        handler = functools.partial(Quiet, directory=str(top))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.asked = []  # type: ignore[attr-defined]

    @property
    def asked(self) -> list[str]:
        return self.server.asked  # type: ignore[attr-defined, no-any-return]

    def package(self, name: str, version: str, *, dropped: bool = False) -> Package:
        content = f"{name} {version}".encode()
        filename = f"pool/{name}_{version}.deb"
        if not dropped:
            path = self.top / filename
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        checksum = hashlib.sha256(content).hexdigest()
        return Package(
            name, version, "amd64", "bookworm", filename, len(content), checksum
        )


@pytest.fixture
def own_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnMirror]:
    (tmp_path / "mirror").mkdir()
    place = OwnMirror(tmp_path / "mirror")
    thread = threading.Thread(target=place.server.serve_forever)
    thread.start()
    monkeypatch.setenv("CR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    url = f"http://127.0.0.1:{place.server.server_port}"
    monkeypatch.setenv("CR_DEBIAN_MIRROR", url)
    yield place
    place.server.shutdown()
    thread.join()
    place.server.server_close()


def index_has(*packages: Package) -> Callable[[mirror.Mirror], list[Package]]:
    return lambda bases: list(packages)


def no_index(bases: mirror.Mirror) -> list[Package]:
    raise VmSetupError("the index is away")


def test_locked_packages_that_are_there_are_taken(
    own_mirror: OwnMirror, capsys: pytest.CaptureFixture[str]
) -> None:
    locked = [own_mirror.package("bash", "1"), own_mirror.package("dash", "1")]
    files = stand_in.fetched("layer x", "--root", locked, no_index)
    assert files[locked[0]].read_text() == "bash 1"
    assert stand_in.in_use(locked) == locked
    assert capsys.readouterr().err == ""


def test_a_dropped_package_is_replaced_aloud_and_only_once(
    own_mirror: OwnMirror, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = own_mirror.package("libc6", "1", dropped=True)
    kept = own_mirror.package("bash", "1")
    newer = own_mirror.package("libc6", "2")
    files = stand_in.fetched("layer x", "--root", [gone, kept], index_has(kept, newer))
    assert {path.read_text() for path in files.values()} == {"bash 1", "libc6 2"}
    said = capsys.readouterr().err
    assert "layer x" in said and "libc6 1;" in said and "libc6 2." in said
    assert "vmlab resolve --root" in said
    # The one that was there was not asked for twice.
    assert len([path for path in own_mirror.asked if "bash" in path]) == 1

    # Whoever asks later gets the same, without any mirror.
    assert stand_in.in_use([gone, kept]) == [kept, newer]
    before = list(own_mirror.asked)
    again = stand_in.fetched("layer x", "--root", [gone, kept], no_index)
    assert again == files and own_mirror.asked == before
    assert capsys.readouterr().err == ""


def test_a_stand_in_that_is_dropped_too_is_replaced_too(own_mirror: OwnMirror) -> None:
    locked = [own_mirror.package("libc6", "1", dropped=True)]
    second, third = own_mirror.package("libc6", "2"), own_mirror.package("libc6", "3")
    stand_in.fetched("layer x", "--root", locked, index_has(second))
    (own_mirror.top / second.filename).unlink()
    (cache.root() / "debs" / second.sha256).unlink()
    stand_in.fetched("layer x", "--root", locked, index_has(third))
    assert stand_in.in_use(locked) == [third]


def test_a_mirror_that_only_fails_to_deliver_changes_nothing(
    own_mirror: OwnMirror,
) -> None:
    locked = [own_mirror.package("libc6", "1", dropped=True)]
    with pytest.raises(VmSetupError, match=r"404[\s\S]*index still has") as caught:
        stand_in.fetched("layer x", "--root", locked, index_has(*locked))
    assert "libc6_1.deb" in str(caught.value)
    assert stand_in.in_use(locked) == locked


def test_without_an_index_both_reasons_and_the_way_out_are_named(
    own_mirror: OwnMirror,
) -> None:
    locked = [own_mirror.package("libc6", "1", dropped=True)]
    with pytest.raises(VmSetupError) as caught:
        stand_in.fetched("layer x", "--root", locked, no_index)
    words = str(caught.value)
    assert "libc6_1.deb" in words and "the index is away" in words
    assert "CR_DEBIAN_MIRROR" in words


def test_what_is_not_the_locked_content_never_enters_the_store(
    own_mirror: OwnMirror,
) -> None:
    package = own_mirror.package("bash", "1")
    (own_mirror.top / package.filename).write_bytes(b"bash !")
    with pytest.raises(VmSetupError):
        archive.fetch([package], mirror.of_this_machine())
    assert not (cache.root() / "debs" / package.sha256).exists()
