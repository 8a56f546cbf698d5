"""Seals: signing, strict verification, the authority's files."""

from __future__ import annotations

import datetime as dt
import random
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from project_box import document, seal
from project_box.kernel.errors import BadInput, Conflict, PlatformError

BUREAU = "样例新区行政审批局"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> seal.DemoAuthority:
    return seal.DemoAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def letter() -> document.Pdf:
    return document.render(
        "notice",
        {
            "authority": BUREAU,
            "title": "受理通知书",
            "number": "样审受字〔2026〕1号",
            "addressee": "样例置业有限公司",
            "issued_on": "2026-11-22",
            "paragraphs": ["你单位的申请符合法定形式，决定受理。"],
        },
    )


@pytest.fixture(scope="module")
def sealed(authority: seal.DemoAuthority, letter: document.Pdf) -> bytes:
    return seal.sign_pdf(
        letter, authority.certificate_for(BUREAU), reason="受理", location="样例新区", centre="行政审批专用章"
    )


def verify(authority: seal.DemoAuthority, data: bytes) -> seal.SealReport:
    return seal.verify_pdf(data, [authority.root])


def gap(data: bytes) -> tuple[int, int]:
    """First and last offset of the signature string of the last seal."""
    found = re.findall(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)", data)[-1]
    return int(found[1]), int(found[2])


def flipped(data: bytes, offset: int, value: int) -> bytes:
    changed = bytearray(data)
    changed[offset] = value
    return bytes(changed)


def test_a_sealed_letter_verifies(authority, sealed):
    report = verify(authority, sealed)
    assert report.ok and report.problems == []
    assert (report.signer, report.organisation) == (BUREAU, BUREAU)
    assert report.timestamped and report.covers_whole_document and not report.modified_after
    assert report.signed_at is not None and abs(dt.datetime.now(dt.UTC) - report.signed_at) < dt.timedelta(
        minutes=10
    )
    (only,) = report.seals
    assert (only.reason, only.location) == ("受理", "样例新区")


def test_the_seal_is_long_term(sealed):
    """PAdES B-LT: CAdES subfilter, security store with certificates and revocation lists in the same revision."""
    reader = PdfReader(BytesIO(sealed))  # pypdf is the outside witness
    root: Any = reader.trailer["/Root"]
    store = root["/DSS"]
    assert len(store["/Certs"]) == 4  # signer, issuing, root, time-stamping
    assert len(store["/CRLs"]) == 2
    (field,) = root["/AcroForm"]["/Fields"]
    value = field.get_object()["/V"]
    assert value["/SubFilter"] == "/ETSI.CAdES.detached"
    assert sealed.count(b"%%EOF") == 2


def test_every_kind_of_change_is_named(authority, sealed):
    start, end = gap(sealed)
    page = sealed.index(b"/Type/Page") if b"/Type/Page" in sealed else sealed.index(b"/Type /Page")
    der_end = end - 2
    letter = next(i for i in range(start, end) if sealed[i] in b"ABCDEF")
    cases = {
        "内容": (flipped(sealed, page + 7, ord("X")), ("改动", "损坏")),
        "签名填充": (flipped(sealed, der_end - 4, ord("1")), ("填充字节",)),
        "签名大小写": (flipped(sealed, letter, sealed[letter] | 0x20), ("十六进制",)),
        "文件头": (flipped(sealed, 1, ord("Q")), ("文件头",)),
        "尾部追加": (sealed + b"\n", ("追加了 1 个字节",)),
        "截断一字节": (sealed[:-1], ("截断",)),
        "截去一半": (sealed[: len(sealed) // 2], ("截断", "损坏", "不完整")),
        "结尾标记": (flipped(sealed, len(sealed) - 3, ord("X")), ("改动",)),
    }
    for name, (data, words) in cases.items():
        report = verify(authority, data)
        assert not report.ok, name
        assert any(word in problem for word in words for problem in report.problems), (name, report.problems)
        assert all("Traceback" not in problem for problem in report.problems)


def test_no_single_byte_can_change(authority, sealed):
    """A fixed draw over the whole file, thick in the signature string and the trailer."""
    draw = random.Random(20261122)
    start, end = gap(sealed)
    signature_end = start + len(sealed[start:end].rstrip(b">0")) + 4
    offsets = [draw.randrange(len(sealed)) for _ in range(40)]
    offsets += [draw.randrange(start, signature_end) for _ in range(120)]
    offsets += [draw.randrange(signature_end, end) for _ in range(10)]
    offsets += [draw.randrange(len(sealed) - 600, len(sealed)) for _ in range(30)]
    for offset in offsets:
        value = draw.choice(
            sorted({draw.randrange(256), sealed[offset] ^ 1, sealed[offset] ^ 0x20} - {sealed[offset]})
        )
        report = verify(authority, flipped(sealed, offset, value))
        assert not report.ok and report.problems, (offset, value)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_damage_gives_a_report(authority, sealed, data):
    """Cut, doubled, overwritten: a report with problems, never an exception."""
    kind = data.draw(st.sampled_from(["cut", "splice", "double", "noise", "insert"]))
    at = data.draw(st.integers(0, len(sealed) - 1))
    until = min(len(sealed), at + data.draw(st.integers(1, 400)))
    noise = data.draw(st.binary(min_size=1, max_size=60))
    changed = {
        "cut": sealed[:at],
        "splice": sealed[:at] + sealed[until:],
        "double": sealed[:until] + sealed[at:],
        "noise": sealed[:at] + noise + sealed[at + len(noise) :],
        "insert": sealed[:at] + noise + sealed[at:],
    }[kind]
    report = verify(authority, changed)
    assert report.ok == (changed == sealed)
    assert bool(report.problems) != report.ok


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300))
def test_garbage_gives_a_report(authority, garbage):
    for data in (garbage, b"%PDF-1.7\n" + garbage, b"%PDF-1.7\n/ByteRange [0 10 20 30]" + garbage):
        report = verify(authority, data)
        assert not report.ok and report.problems


def test_each_unusable_file_has_its_own_sentence(authority, letter, tmp_path):
    stranger = seal.DemoAuthority(tmp_path)
    foreign = seal.sign_pdf(letter, stranger.certificate_for(BUREAU))
    sentences = {
        "empty": verify(authority, b"").problems,
        "text": verify(authority, "不是 PDF".encode()).problems,
        "unsigned": verify(authority, bytes(letter)).problems,
        "cut": verify(authority, bytes(letter)[:5000]).problems,
        "stranger": verify(authority, foreign).problems,
    }
    assert sentences["empty"] == ["文件是空的（0 字节）"]
    assert sentences["text"] == ["不是 PDF 文件"]
    assert sentences["unsigned"] == ["文件没有电子印章（未签名）"]
    assert "可能被截断" in sentences["cut"][0]
    assert any("不是受信任的机构签发的" in problem for problem in sentences["stranger"])
    assert len({tuple(v) for v in sentences.values()}) == len(sentences)


def test_two_seals_and_a_change_between_them(authority, letter, sealed):
    """A second seal keeps the first good; both are listed."""
    twice = seal.sign_pdf(sealed, authority.certificate_for(BUREAU, "李签发"), reason="签发")
    report = verify(authority, twice)
    assert report.ok, report.problems
    assert [s.signer for s in report.seals] == [BUREAU, "李签发"]
    assert report.organisation == BUREAU


def test_content_added_after_a_seal_is_found_under_a_later_seal(authority, sealed):
    """Somebody appends a page to a sealed file and has the whole sealed again: the first seal tells."""
    writer = PdfWriter(BytesIO(sealed), incremental=True)
    writer.add_blank_page()
    grown = BytesIO()
    writer.write(grown)
    assert any("追加" in p or "覆盖" in p for p in verify(authority, grown.getvalue()).problems)
    again = seal.sign_pdf(grown.getvalue(), authority.certificate_for("另一单位"))
    report = verify(authority, again)
    assert not report.ok and report.modified_after
    assert any("之后文件内容被改动" in problem for problem in report.problems)


def test_the_authority_is_private_and_stays(tmp_path):
    first = seal.DemoAuthority(tmp_path)
    signer = first.certificate_for(BUREAU)
    assert stat.S_IMODE((tmp_path / "ca").stat().st_mode) == 0o700
    for key in (tmp_path / "ca").rglob("*.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    second = seal.DemoAuthority(tmp_path)
    assert second.root == first.root
    assert second.certificate_for(BUREAU).certificate == signer.certificate
    assert second.certificate_for(BUREAU, "张三").certificate != signer.certificate


def test_many_start_at_once(tmp_path):
    """Whoever is first makes the authority, everybody uses it; no half-made folders stay."""
    with ThreadPoolExecutor(6) as pool:
        roots = list(pool.map(lambda _: seal.DemoAuthority(tmp_path).root.serial_number, range(6)))
        authority = seal.DemoAuthority(tmp_path)
        signers = list(
            pool.map(lambda _: authority.certificate_for(BUREAU).certificate.serial_number, range(6))
        )
    assert len(set(roots)) == 1 and len(set(signers)) == 1
    assert sorted(p.name for p in Path(tmp_path).iterdir()) == ["ca"]
    assert len(list((tmp_path / "ca" / "signers").iterdir())) == 1


def test_a_passphrase_protects_the_keys(tmp_path):
    seal.DemoAuthority(tmp_path, passphrase="correct horse")
    assert b"ENCRYPTED" in (tmp_path / "ca" / "issuing.key").read_bytes()
    with pytest.raises(PlatformError) as caught:
        seal.DemoAuthority(tmp_path, passphrase="wrong")
    assert caught.value.code == "seal_authority_unreadable"
    assert seal.DemoAuthority(tmp_path, passphrase="correct horse").certificate_for(BUREAU).organisation


def test_a_withdrawn_certificate(tmp_path, letter):
    """Seals made before stay good; a seal claimed after the withdrawal does not."""
    authority = seal.DemoAuthority(tmp_path)
    signer = authority.certificate_for(BUREAU)
    before = seal.sign_pdf(letter, signer)
    authority.revoke(signer.certificate, "私钥遗失")
    assert verify(authority, before).ok
    renewed = authority.certificate_for(BUREAU)
    assert renewed.certificate != signer.certificate
    assert verify(authority, seal.sign_pdf(letter, renewed)).ok
    with pytest.raises(Conflict):
        seal.sign_pdf(letter, signer)
    hour = dt.timedelta(hours=1)
    serial = signer.certificate.serial_number
    for moment, ok in ((authority.clock() - hour, False), (authority.clock() + hour, True)):
        report = seal.verify_pdf(before, [authority.root], {serial: moment})
        assert report.ok is ok and (ok or report.problems == ["签名证书在盖章前已被吊销"])
    with pytest.raises(Conflict):
        authority.revoke(authority.root, "x")


def test_certificates_are_renewed_in_time(tmp_path):
    start = dt.datetime(2026, 1, 5, 8, tzinfo=dt.UTC)
    moment = [start]
    authority = seal.DemoAuthority(tmp_path, clock=lambda: moment[0])
    first = authority.certificate_for(BUREAU)
    moment[0] = start + dt.timedelta(days=1000)
    assert authority.certificate_for(BUREAU).certificate == first.certificate
    moment[0] = start + dt.timedelta(days=1090)
    assert authority.certificate_for(BUREAU).certificate != first.certificate


def test_strange_names(authority, letter):
    for name in ("长" * 300, 'a"b<c>&\\#$', "𠮷田\u0000公司", "é" * 80):
        report = verify(authority, seal.sign_pdf(letter, authority.certificate_for(name)))
        assert report.ok, (name, report.problems)
    with pytest.raises(BadInput):
        authority.certificate_for(" \x00 ")


def test_what_cannot_be_sealed(authority, letter):
    signer = authority.certificate_for(BUREAU)
    for data, code in (
        (b"", "not_a_pdf"),
        (b"PK\x03\x04", "not_a_pdf"),
        (b"%PDF-1.7\nrubbish", "unreadable_pdf"),
    ):
        with pytest.raises(BadInput) as caught:
            seal.sign_pdf(data, signer)
        assert caught.value.code == code
    with pytest.raises(BadInput) as caught:
        seal.sign_pdf(bytes(letter), signer, place=seal.SealPlace(9, 10, 10, 100))
    assert caught.value.code == "no_page"


def test_verify_inside_a_running_loop(authority, sealed):
    import asyncio

    async def inside() -> bool:
        return verify(authority, sealed).ok

    assert asyncio.run(inside())
