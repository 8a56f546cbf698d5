"""One building permit through the whole platform in a browser, as the three kinds of people.

The developer opens a project, hands in boundary and drawings and files; the bureau's window, three discipline
reviewers, handler, reviewer and signer decide; two intermediaries deliver sealed evaluations; the public verifies the
permit; the next item finds everything in the box.
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from project_box.seal import verify_pdf
from tests.conftest import TEST_VAR
from web.demo import document_pdf

SAMPLES = TEST_VAR / "sample"
#: papers that only the applicant has
PAPERS = {"land_right": "国有建设用地使用权出让合同", "authorization": "授权委托书及经办人身份证明"}
NEXT_PAPERS = {
    "contract": "施工合同",
    "drawing_certificate": "施工图设计文件审查合格书",
    "quality_safety": "质量安全措施",
    "funds": "建设资金落实承诺书",
}


def _folder(letter: str) -> Path:
    return next(p for p in SAMPLES.iterdir() if p.name.startswith(f"{letter}-"))


def _submit(page, selector):
    """Press a form's button and wait for the page it leads to."""
    with page.expect_navigation(wait_until="load", timeout=60_000):
        page.click(selector)
    assert page.locator(".error-summary").count() == 0, page.inner_text(".error-summary")


def _act(somebody, case, action):
    """Take the open task of a case: choose an action, keep the drafted opinion, decide."""
    somebody.open(f"/cases/{case}")
    page = somebody.page
    page.check(f'#act input[name=action][value="{action}"]')
    if not page.input_value("#opinion").strip():
        page.fill("#opinion", "经审查，材料齐全，符合要求。")
    _submit(page, "#act button[value=act]")


def _upload_papers(somebody, case, papers):
    for code, title in papers.items():
        somebody.open(f"/cases/{case}/apply/3")
        page = somebody.page
        page.set_input_files(
            f"#{code}",
            {
                "name": f"{title}.pdf",
                "mimeType": "application/pdf",
                "buffer": document_pdf(title, "样例花园"),
            },
        )
        _submit(page, f'form[action$="/materials/{code}"] button:not([name=remove])')


def _prepare(developer, letter):
    """Project, boundary, plan check, drawings, indicators; returns the project's address."""
    page, folder = developer.page, _folder(letter)
    developer.open("/projects/new")
    page.fill("#code", f"2611-439901-04-01-{secrets.randbelow(10**6):06d}")
    page.fill("#name", f"{folder.name[2:]}(浏览器)")
    page.fill("#location", "样例新区")
    _submit(page, "main button.primary")
    project = re.search(r"/projects/([0-9a-f-]{36})", page.url).group(0)

    developer.open(f"{project}/site")
    page.set_input_files("#file", next(folder.glob("*界址点.txt")))
    _submit(page, 'form[action$="/site"] button')
    page.wait_for_timeout(800)
    developer.shoot(f"{letter}-site")

    developer.open(f"{project}/check")
    _submit(page, 'form[action$="/check"] button')
    page.wait_for_timeout(800)
    developer.shoot(f"{letter}-check")

    developer.open(f"{project}/drawings")
    page.set_input_files("#files", sorted(folder.glob("*.dxf")))
    _submit(page, 'form[action$="/drawings"] button.primary')
    page.wait_for_timeout(800)
    developer.shoot(f"{letter}-drawings")

    developer.open(f"{project}/indicators")
    _submit(page, "main form button")
    developer.shoot(f"{letter}-indicators")
    return project


def _file(developer, project):
    """Start the planning permit, confirm what is prefilled, upload the missing papers, submit; returns the case id."""
    page = developer.page
    developer.open(f"{project}/cases")
    _submit(page, 'form:has(input[value="planning-permit"]) button')
    case = re.search(r"/cases/([0-9a-f-]{36})", page.url).group(1)
    developer.shoot("apply-1-notice")
    developer.open(f"/cases/{case}/apply/2")
    assert page.input_value("#project_name"), "the form is prefilled from the box"
    page.fill("#address", "样例新区文昌街 8 号")
    page.fill("#phone", "13800138000")
    developer.shoot("apply-2-form")
    _submit(page, "button[name=go][value=next]")
    _upload_papers(developer, case, PAPERS)
    developer.open(f"/cases/{case}/apply/3")
    assert "已有" in page.inner_text("main"), "materials the box holds are not asked for"
    developer.shoot("apply-3-materials")
    developer.open(f"/cases/{case}/apply/4")
    developer.shoot("apply-4-check")
    _submit(page, 'form[action$="/submit"] button.primary')
    return case


def test_a_permit_from_site_file_to_sealed_pdf_and_reuse(person):
    developer = person("developer")
    page = developer.page
    project = _prepare(developer, "A")

    # an indicator opens its trace; its entities light up on the sheet
    with page.expect_navigation():
        page.click("main table a:has-text('容积率')")
    assert "计容建筑面积" in page.inner_text("main")
    page.wait_for_timeout(1200)
    developer.shoot("A-trace-of-far")
    with page.expect_navigation():
        page.click("a[href*='#handles=']")
    page.wait_for_timeout(1500)
    developer.shoot("A-evidence-on-sheet")

    developer.open(f"{project}/fees")
    _submit(page, "main form button.primary")
    assert "无法判定" in page.inner_text("main"), "a missing rate is never a silent zero"
    developer.shoot("A-fees")
    case = _file(developer, project)
    developer.shoot("A-submitted")

    window = person("window")
    window.open("/tasks")
    window.shoot("tasks-window")
    _act(window, case, "accept")

    for username in ("planner", "architect", "fire"):
        expert = person(username)
        expert.open(f"/cases/{case}/review")
        sheet = expert.page.locator("sheet-viewer").first
        expert.page.wait_for_timeout(1500)
        expert.page.click('#mark-form [data-tool="point"]')
        box = sheet.bounding_box()
        expert.page.mouse.click(box["x"] + box["width"] * 0.45, box["y"] + box["height"] * 0.5)
        expert.page.fill("#mark-text", f"{username}:此处已核对")
        expert.page.click("#mark-form .actions button:not([data-tool])")
        expert.page.wait_for_timeout(1200)
        expert.open(f"/cases/{case}/review")
        assert f"{username}:此处已核对" in expert.page.inner_text("main")
        expert.page.check('#opinion-form input[name=verdict][value="agree"]')
        expert.page.fill("#opinion-form #text", "符合本专业要求。")
        _submit(expert.page, "#opinion-form button.primary")
        expert.shoot(f"review-{username}")

    handler = person("handler")
    handler.open(f"/cases/{case}/review")
    handler.shoot("review-merge")
    _submit(handler.page, 'form[action$="/merge"] button.primary')

    handler.open(f"/cases/{case}/engagements")
    for name in handler.page.eval_on_selector_all(
        "select[name^='fact.'], input[name^='fact.']", "nodes => nodes.map(n => n.name)"
    ):
        field = handler.page.locator(f"[name='{name}']")
        if field.evaluate("n => n.tagName") == "SELECT":
            options = field.locator("option").evaluate_all("nodes => nodes.map(n => n.value)")
            wanted = "true" if name == "fact.hilly_area" else ("false" if "false" in options else options[-1])
            field.select_option("否" if "否" in options else ("无" if "无" in options else wanted))
        else:
            field.fill("100")
    _submit(handler.page, "form:has(input[value=facts]) button.primary")
    handler.shoot("engagements-handler")

    delivered = 0
    for username in ("agency", "agency2"):
        agent = person(username)
        agent.open("/engagements")
        agent.shoot(f"engagements-{username}")
        for href in agent.page.eval_on_selector_all(
            "main a[href^='/engagements/']", "nodes => [...new Set(nodes.map(n => n.getAttribute('href')))]"
        ):
            agent.open(href)
            if agent.page.locator('form[action$="/accept"] button').count():
                _submit(agent.page, 'form[action$="/accept"] button')
            agent.page.fill("#conclusion", "评估认为项目可行，落实报告提出的措施后可以实施。")
            agent.shoot(f"engagement-{username}")
            _submit(agent.page, 'form[action$="/deliver"] button.primary')
            delivered += 1
    assert delivered >= 2, "at least two evaluations were dispatched at once"

    _act(handler, case, "agree")
    handler.shoot("case-handler")
    reviewer = person("reviewer")
    _act(reviewer, case, "agree")
    signer = person("signer")
    signer.open(f"/cases/{case}")
    signer.shoot("case-signer")
    _act(signer, case, "approve")
    _act(window, case, "deliver")

    developer.open(f"/cases/{case}")
    developer.shoot("A-permit")
    number = page.locator("a[href^='/licences/']").first.get_attribute("href")
    developer.open(number)
    developer.shoot("A-licence")
    link = page.locator("main a[href*='/files/'], main a[href$='/pdf']").first.get_attribute("href")
    pdf = developer.context.request.get(developer.server + link).body()
    assert verify_pdf(pdf).ok

    code = page.locator("a[href*='/verify/']").first.get_attribute("href")
    public = developer.context.browser.new_context().new_page()
    public.goto(developer.server + code.removeprefix(developer.server))
    assert "有效" in public.inner_text("main")
    public.goto(developer.server + "/verify")
    changed = bytearray(pdf)
    changed[len(changed) // 2] ^= 1
    public.set_input_files(
        "#file", {"name": "permit.pdf", "mimeType": "application/pdf", "buffer": bytes(changed)}
    )
    with public.expect_navigation():
        public.click('form[enctype="multipart/form-data"] button')
    assert public.locator(".badge.fail, .notice.fail, .error-summary").count(), "a changed permit is refused"
    public.screenshot(path=Path("var/screenshots/verify-changed-1280.png"), full_page=True)

    # the next stage finds the permit, drawings, boundary and indicators in the box
    developer.open(f"{project}/cases")
    _submit(page, 'form:has(input[value="construction-permit"]) button')
    following = re.search(r"/cases/([0-9a-f-]{36})", page.url).group(1)
    developer.open(f"/cases/{following}/apply/3")
    text = page.inner_text("main")
    assert "建设工程规划许可证" in text
    assert text.count("已有") >= 4
    developer.shoot("next-item-materials")
    developer.open(project)
    developer.shoot("A-project")
    developer.open(f"{project}/box")
    developer.shoot("A-box")


def test_a_project_that_collides_with_plans_says_where(person):
    developer = person("developer")
    project = _prepare(developer, "B")
    developer.open(f"{project}/check")
    text = developer.page.inner_text("main")
    assert "永久基本农田" in text
    assert "生态保护红线" in text
    # list to map: the finding's place is shown
    developer.page.click("[data-show-finding] >> nth=0")
    developer.page.wait_for_timeout(800)
    developer.shoot("B-finding-on-map")


def test_public_and_common_pages(person):
    developer = person("developer")
    for path, name in (
        ("/items", "items"),
        ("/items/planning-permit", "item-planning-permit"),
        ("/map", "map"),
        ("/elements", "elements"),
        ("/verify", "verify"),
    ):
        developer.open(path)
        developer.page.wait_for_timeout(1200)
        developer.shoot(name)


def test_english_screens_have_no_chinese_left_in_the_frame(person):
    developer = person("developer")
    developer.open("/language/en?next=/")
    for path in ("/", "/projects", "/projects/new", "/items", "/verify"):
        developer.open(path)
        frame = developer.page.eval_on_selector_all(
            "h1, h2, th, label, main button, nav[aria-label] a", "nodes => nodes.map(n => n.innerText)"
        )
        left = [text for text in frame if re.search(r"[一-鿿]", text)]
        assert not left, f"{path}: {left}"
    developer.open("/projects")
    developer.shoot("projects-english")
