"""Two rounds of joint review by clicks: opinions, merging, replies, a new revision, what changed, the sealed set."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import ezdxf
import httpx2
import pytest

from drawings.review.sealed_set import verify_set
from tests.conftest import TEST_VAR
from web.demo import Person as ApiPerson
from web.demo import Walk
from web.seed.programs import PROGRAMS

PEOPLE = ("developer", "window", "planner", "architect", "fire", "handler")


@pytest.fixture(scope="module")
def walk(server, tmp_path_factory) -> Iterator[Walk]:
    """Sample A, filed and accepted: its first round of review is open."""
    sample = next(p for p in (TEST_VAR / "sample").iterdir() if p.name.startswith("A-"))
    folder = tmp_path_factory.mktemp("set")
    for path in sample.iterdir():  # one building is enough to be reviewed, and keeps the test short
        if any(part in path.name for part in ("总平图", "-1#-", "界址点")):
            shutil.copy(path, folder)
    with httpx2.Client(base_url=server, timeout=300) as client:
        yield filed(client, folder, tmp_path_factory.mktemp("rounds"))


def filed(client: httpx2.Client, folder: Path, out: Path) -> Walk:
    people = {name: ApiPerson(client, name) for name in PEOPLE}
    walk = Walk(
        next(p for p in PROGRAMS if p.key == "A"), people, folder, out,
        tell=lambda *_: None, keep=False,
    )  # fmt: skip
    walk.open_project()
    developer, project = people["developer"], f"/projects/{walk.project_id}"
    developer.post(f"{project}/conflict-check")
    uploads = [("files", (p.name, p.read_bytes(), "application/dxf")) for p in sorted(folder.glob("*.dxf"))]
    developer.post(f"{project}/drawings", files=uploads)
    developer.post(f"{project}/indicators", {"inputs": {}})
    papers = {"land_right": "国有建设用地使用权出让合同", "authorization": "授权委托书及经办人身份证明"}
    form = {
        "address": "样例新区文昌街 8 号",
        "phone": "13800138000",
        "agent_id": "11010519491231002X",
        "gfa": "9000",
    }
    case = walk.file_case("planning-permit", papers, form)
    people["developer"].post(f"/cases/{case}/submit")
    walk.act("window", case, "accept", "accept", "申报材料齐全，符合法定形式。")
    walk.report["case"] = case
    return walk


def changed_files(folder: Path) -> list[dict[str, object]]:
    """The set with its first building moved 2 m to the east and one parking space less."""
    out: list[dict[str, object]] = []
    for path in sorted(folder.glob("*.dxf")):
        data = path.read_bytes()
        if "总平图" in path.name:
            doc = ezdxf.filemanagement.readfile(path)
            space = doc.modelspace()
            next(e for e in space if e.dxf.layer == "建筑基底" and e.dxftype() == "LWPOLYLINE").translate(
                2, 0, 0
            )
            space.delete_entity(next(e for e in space if e.dxf.layer == "机动车位"))
            stream = io.StringIO()
            doc.write(stream)
            data = stream.getvalue().encode(doc.output_encoding)
        out.append({"name": path.name, "mimeType": "application/dxf", "buffer": data})
    return out


def submit(page, selector: str) -> None:
    with page.expect_navigation(wait_until="load", timeout=60_000):
        page.click(selector)
    assert page.locator(".error-summary").count() == 0, page.inner_text(".error-summary")


def mark(page, words: str, across: float) -> None:
    """A point by keyboard: choose the tool, move the cross, set it; then the words."""
    page.focus("[data-tool=point]")
    page.keyboard.press("Enter")
    for _ in range(int(across)):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    page.keyboard.type(words)
    page.keyboard.press("Tab")
    page.click("#mark-form button:not([type=button])")
    page.wait_for_selector(f"#marks >> text={words}")


def speak(page, verdict: str, words: str = "") -> None:
    page.check(f"#opinion-form input[value={verdict}]")
    page.fill("#opinion-form textarea", words)
    submit(page, "#opinion-form button.primary")


def open_review(somebody, case: str) -> None:
    somebody.open(f"/cases/{case}/review")
    somebody.page.wait_for_selector("sheet-viewer[ready]")


def test_two_rounds_to_the_sealed_set(person, walk) -> None:
    case, project = walk.report["case"], walk.project_id
    everybody = {name: person(name) for name in PEOPLE if name != "window"}
    handler, developer, fire = everybody["handler"], everybody["developer"], everybody["fire"]
    open_review(handler, case)
    submit(handler.page, "#completeness button[value=complete]")

    # round 1: three disciplines at once; one mark is merged, one dropped
    for name, verdict, words, across in (
        ("fire", "modify", "消防车道净宽不足", 1),
        ("architect", "modify", "阳台进深待核", 3),
        ("planner", "agree", "", 0),
    ):
        open_review(everybody[name], case)
        if words:
            mark(everybody[name].page, words, across)
        speak(everybody[name].page, verdict, words and f"{words}，请修改")
    page = handler.page
    open_review(handler, case)
    lines = {
        page.locator(f"[id='{i}'] textarea").input_value(): i
        for i in page.locator(".merge-line").evaluate_all("nodes => nodes.map(n => n.id)")
    }
    dropped, kept = lines["阳台进深待核"], lines["消防车道净宽不足，请修改"]
    page.select_option(f"[name='fate:{dropped}']", "dropped")
    page.locator("#merge [data-saved]", has_text="草稿已保存").wait_for()
    page.click("#merge button.primary")  # without a reason: said where, and nothing typed is lost
    assert page.locator(f".error-summary a[href='#{dropped}']").count() == 1
    assert page.input_value(f"[name='fate:{dropped}']") == "dropped"
    page.fill(f"[name='reason:{dropped}']", "按外围护墙计算，符合规定")
    merged = lines["消防车道净宽不足"]
    page.select_option(f"[name='fate:{merged}']", "merged")
    page.select_option(f"[name='into:{merged}']", kept)
    page.fill(f"[name='reason:{merged}']", "与专业意见相同")
    submit(page, "#merge button.primary")
    assert "不采纳" in page.inner_text("main") and "按外围护墙计算" in page.inner_text("main")
    handler.open(f"/cases/{case}")
    page.check('#act input[name=action][value="correct"]')
    assert "消防：消防车道净宽不足，请修改" in page.locator("#act textarea").evaluate_all(
        "n => n.map(x => x.value)"
    )
    page.fill("#opinion", "请按联审意见修改图纸。")
    submit(page, "#act button[value=act]")

    # the design side: told before it uploads, answers everything once, hands in the next revision
    page = developer.page
    developer.open(f"/projects/{project}/drawings")
    submit(page, ".notice a.button")
    answers = page.locator("#replies textarea")
    for n in range(answers.count()):
        answers.nth(n).fill(f"已修改 {n + 1}")
    submit(page, "#replies button")
    submit(page, "#replies a.button")
    page.click("details.card > summary")
    page.set_input_files("#files", changed_files(walk.folder))
    page.click('form[action$="/drawings"] button.primary')
    page.wait_for_selector("h2:has-text('第 2 版')", timeout=60_000)
    developer.open(f"/projects/{project}/indicators")
    submit(page, "main form button")
    developer.open(f"/cases/{case}/apply/4")
    assert "已修改 1" in page.locator("textarea").evaluate_all("n => n.map(x => x.value)"), "answered once"
    submit(page, 'form[action$="/submit"] button.primary')

    # round 2: what changed stands beside the sheet, the mark tells its way and is closed with a word
    open_review(fire, case)
    page = fire.page
    page.wait_for_selector("#changes [data-change]")
    said = page.inner_text("#changes")
    assert "建筑基底" in said and "移动" in said and "机动车位" in said and "删除" in said
    drawn = page.evaluate(
        "document.querySelector('sheet-viewer').overlay.map((o) => o.change + ' ' + o.when)"
    )
    assert sorted(drawn) == ["moved after", "moved before", "removed before"]
    assert "第 1 轮" in page.inner_text("#marks") and "已修改" in page.inner_text("#marks")
    page.click("[data-close-mark]")
    page.keyboard.type("已加宽到 4 m")
    page.keyboard.press("Enter")
    page.wait_for_selector("#marks >> text=已加宽到 4 m")
    fire.shoot("review-round-2")
    for name in ("fire", "architect", "planner"):
        open_review(everybody[name], case)
        speak(everybody[name].page, "agree")
    open_review(handler, case)
    submit(handler.page, "#merge button.primary")
    with handler.page.expect_download() as download:
        handler.page.click("a[href$='sealed-set.zip']")
    data = Path(download.value.path()).read_bytes()
    assert verify_set(data).ok
    handler.open("/verify")
    handler.page.set_input_files(
        "#file", {"name": "封存图纸.zip", "mimeType": "application/zip", "buffer": data}
    )
    submit(handler.page, 'form[enctype="multipart/form-data"] button')
    assert "封存图纸完整" in handler.page.inner_text("main")
    handler.shoot("verify-sealed-set")
