"""The data files: wishes, locks, resolving, and where the mirror comes from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from vmlab import features, mirror, recipes, resolve
from vmlab.__main__ import main as vmlab_main
from vmlab.errors import KernelMissing, VmSetupError
from vmlab.packages import parse_stanzas

STANZA = """\
Package: linux-image-6.12.1-cloud-amd64
Version: 6.12.1-1
Architecture: amd64
Description: Linux
 Version: not a field, a continuation
Filename: pool/main/l/linux/x.deb
Size: 12
SHA256: 00ff
"""


def test_every_wish_is_locked_with_complete_packages() -> None:
    locked = {kernel.name: kernel for kernel in recipes.locked_kernels()}
    assert set(locked) == {wish.name for wish in recipes.kernel_wishes()}
    for wish in recipes.kernel_wishes():
        kernel = locked[wish.name]
        assert {package.name for package in kernel.packages} == {
            name.format(abi=kernel.abi) for name in wish.packages
        }
        assert re.fullmatch(wish.image, wish.packages[0].format(abi=kernel.abi))
        for package in kernel.packages:
            assert re.fullmatch("[0-9a-f]{64}", package.sha256) and package.size > 0


def test_a_list_with_a_kernel_that_is_not_resolved_is_no_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["vmlab", "list"])
    assert vmlab_main() == 0
    wishes = recipes.kernel_wishes()
    wishes.append(recipes.KernelWish("9.99", "moving", "sid", "linux-image-(x)", ()))
    monkeypatch.setattr(recipes, "kernel_wishes", lambda: wishes)
    assert vmlab_main() == 1
    assert "9.99         not resolved" in capsys.readouterr().out


def test_tiers_are_parts_of_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def listed(tier: str) -> set[str]:
        monkeypatch.setattr("sys.argv", ["vmlab", "list", "--tier", tier])
        assert vmlab_main() == 0
        return {line.split()[0] for line in capsys.readouterr().out.splitlines()}

    assert listed("pinned") | listed("moving") == listed("all")
    assert not listed("pinned") & listed("moving")
    assert listed("reference") == {recipes.reference()} < listed("pinned")
    with pytest.raises(KernelMissing, match="no tier golden; there are all, moving"):
        recipes.wishes_of("golden")


def test_a_feature_that_comes_or_goes_is_told() -> None:
    old = features.Record("6.1.1", {"kcmp": True, "mseal": False, "a.out": True})
    new = features.Record("6.1.2", {"kcmp": True, "mseal": True, "listns": False})
    assert features.changes(old, new) == [
        "a.out: there in 6.1.1, not looked for in 6.1.2",
        "listns: not looked for in 6.1.1, missing in 6.1.2",
        "mseal: missing in 6.1.1, there in 6.1.2",
    ]
    assert features.changes(old, old) == []
    assert features.changes(None, new) == ["nothing is recorded"]


def test_every_kernel_has_a_record() -> None:
    for wish in recipes.kernel_wishes():
        record = features.recorded(wish.name)
        assert record is not None, f"python3 -m vmlab features {wish.name} --write"
        assert record.release.startswith(wish.name + ".")


def test_every_layer_is_locked_with_what_it_asks_for() -> None:
    locked = recipes.locked_layers()
    for layer in recipes.root_wish().layers:
        assert set(layer.packages) <= {package.name for package in locked[layer.name]}


def test_the_data_names_no_host() -> None:
    for name in ("kernels.toml", "root.toml", "kernels.lock.json", "root.lock.json"):
        assert "://" not in (recipes.HOME / name).read_text()


def test_an_unknown_kernel_is_missing_by_name() -> None:
    with pytest.raises(KernelMissing, match=r"kernel 2\.4\.0 is not in"):
        recipes.locked_kernel("2.4.0")


def test_stanzas_are_read_and_continuations_are_not_fields() -> None:
    (package,) = parse_stanzas(STANZA, "trixie")
    assert (package.version, package.size, package.suite) == ("6.12.1-1", 12, "trixie")


def test_a_stanza_without_checksum_is_an_error() -> None:
    with pytest.raises(VmSetupError, match="SHA256"):
        parse_stanzas(STANZA.replace("SHA256", "MD5sum"), "trixie")


def test_newest_complete_build_wins() -> None:
    names = {
        "linux-image-6.9.9-cloud",
        "linux-image-6.9.10-cloud",
        "linux-modules-6.9.10-cloud",
        "linux-image-6.9.11-cloud",
        "linux-image-6.9.9-cloud-dbg",
        "linux-modules-6.9.9-cloud",
    }
    builds = resolve.complete_builds(
        r"linux-image-(6\.9\.\d+-cloud)",
        ("linux-image-{abi}", "linux-modules-{abi}"),
        names,
    )
    assert builds == ["6.9.10-cloud", "6.9.9-cloud"]


def test_mirror_is_the_debian_source_of_apt_not_a_neighbour() -> None:
    found = mirror.choose(
        [
            ("cloud-sdk-bookworm", "http://other/apt"),
            ("bookworm", "http://m/debian/"),
            ("bookworm-security", "http://s/sec/"),
        ],
        {},
    )
    assert (found.base("trixie"), found.base("bookworm-security")) == (
        "http://m/debian",
        "http://s/sec",
    )


def test_security_mirror_is_derived_where_apt_has_none() -> None:
    assert (
        mirror.choose([("bookworm", "http://m/debian")], {}).security
        == "http://m/debian-security"
    )


def test_an_explicit_mirror_wins_and_none_at_all_is_an_error() -> None:
    assert (
        mirror.choose(
            [("bookworm", "http://m/debian")], {"CR_DEBIAN_MIRROR": "http://x/debian"}
        ).main
        == "http://x/debian"
    )
    with pytest.raises(VmSetupError, match="CR_DEBIAN_MIRROR"):
        mirror.choose([("nodistro", "http://other")], {})


def test_sources_are_known_before_the_first_update(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in a container's image: sources, and no lists.
    (tmp_path / "lists/partial").mkdir(parents=True)
    sources = tmp_path / "debian.sources"
    sources.write_text(
        "Types: deb\nURIs: http://m/debian\nSuites: bookworm\nComponents: main\n"
    )
    conf = tmp_path / "apt.conf"
    conf.write_text(
        f'Dir::State::lists "{tmp_path}/lists"; Dir::Etc::sourcelist "{sources}"; Dir::Etc::sourceparts "/dev/null";'
    )
    monkeypatch.setenv("APT_CONFIG", str(conf))
    for name in ("CR_DEBIAN_MIRROR", "CR_DEBIAN_SECURITY_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    assert mirror.of_this_machine().main == "http://m/debian"


def test_of_a_list_of_mirrors_the_first_is_taken(tmp_path: Path) -> None:
    mirrors = tmp_path / "debian.list"
    mirrors.write_text("# ours\n\nhttp://m/debian\tpriority:1\nhttp://n/debian\n")
    found = mirror.choose([("bookworm", f"mirror+file://{mirrors}/")], {})
    assert found.main == "http://m/debian"


@pytest.mark.parametrize("content", [None, "# nothing\n"])
def test_a_list_of_mirrors_that_names_none_is_an_error(
    tmp_path: Path, content: str | None
) -> None:
    mirrors = tmp_path / "debian.list"
    if content is not None:
        mirrors.write_text(content)
    with pytest.raises(VmSetupError, match="debian.list.*CR_DEBIAN_MIRROR"):
        mirror.choose([("bookworm", f"mirror+file:{mirrors}")], {})
