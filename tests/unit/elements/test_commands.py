"""``project-box elements`` and ``project-box fee``: figures, refusals, exit codes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from elements.engine.engine import CATALOGUE_DIR
from web.cli import MODULES, app, needed

RUNNER = CliRunner()


def run(*arguments: str, code: int = 0) -> str:
    answer = RUNNER.invoke(app, list(arguments))
    assert answer.exit_code == code, answer.output
    return answer.stdout


def run_json(*arguments: str, code: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", code=code))


def test_list() -> None:
    listed = run_json("elements", "list", "--business", "house-sharing")
    assert {"code", "name", "kind", "class", "business", "unit", "source", "clause"} <= set(
        listed["elements"][0]
    )
    assert "分摊系数" in run("elements", "list", "--business", "house-sharing", "--kind", "指标")
    assert run_json("elements", "list", "--kind", "甲", code=2)["error"]["place"] == "--kind"
    assert run_json("elements", "list", "--business", "nope", code=2)["error"]["code"] == "not_found"


def test_run_and_exit_codes() -> None:
    plain = run_json(
        "elements", "run", "house-sharing", "--set", "FH_INNER=A=80,B=100,C=120", "-s", "FH_COMMON=45"
    )
    assert plain["values"]["FH_K"]["display"] == "0.150000"
    assert "FH_LIMIT" in {u["code"] for u in plain["undecided"]}
    over = (
        "elements",
        "run",
        "verification",
        "-s",
        "HX_TIERS=T1",
        "-s",
        "HX_PERMITTED=1000",
        "-s",
        "HX_ACTUAL=1200",
    )
    assert run_json(*over, code=1)["failed"] == ["JL_HX_AREA"]
    run(*over, code=1)


def test_explain() -> None:
    tree = run_json("elements", "explain", "LP_KY", "-s", "LP_USAGE=居住用地", "-s", "LP_TERM=63.97")
    assert tree["explain"]["value"] == "0.9950"
    assert {c["code"] for c in tree["explain"]["inputs"]} >= {"LP_RATE", "LP_TERM"}
    assert "63.97" in run(
        "elements", "explain", "年期修正系数", "-s", "LP_USAGE=居住用地", "-s", "LP_TERM=63.97"
    )


def test_fee() -> None:
    assert {"TDCRJ", "YHS", "QS"} <= {f["code"] for f in run_json("fee")["fees"]}
    assert "TDCRJ" in run("fee")
    line = run_json("fee", "yhs", "--set", "出让合同价款=120000000元")
    assert (line["amount"], line["verified"]) == ("60000.00", False)
    assert line["values"]["YHS_RATE"]["value"] == "0.050"
    assert any(s["code"] == "YHS_RATE" and s["documents"] for s in line["trace"])
    missing = run_json("fee", "QS", "-s", "HT_PRICE=1")
    assert missing["amount"] is None
    assert missing["missing"][0]["code"] == "table:deed-tax"
    assert "无法判定" in run("fee", "QS")


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        (["YHS", "-s", "HT_PRICE=12亩"], "HT_PRICE"),
        (["YHS", "-s", "NOPE=1"], "NOPE"),
        (["YHS", "-s", "HT_PRICE"], "HT_PRICE"),
        (["YHS", "-s", "HT_PRICE=1", "-s", "ht_price=2"], "ht_price"),
        (["YHS", "--at", "gestern"], "--at"),
        (["YHS", "-s", "YHS_BASE=5"], "YHS_BASE"),
        (["NOPE"], None),
        (["YHS", "--inputs", "/nonexistent.json"], "/nonexistent.json"),
    ],
)
def test_unusable_input_is_refused_with_its_place(arguments: list[str], place: str | None) -> None:
    assert run_json("fee", *arguments, code=2)["error"]["place"] == place


def test_inputs_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "in.json"
    file.write_text('{"HT_PRICE": 100000000.10, "XZF_YEARS": null}', encoding="utf-8")
    assert run_json("fee", "YHS", "--inputs", str(file))["amount"] == "50000.00"
    file.write_text("[1]", encoding="utf-8")
    run("fee", "YHS", "--inputs", str(file), code=2)


def test_same_run_same_bytes() -> None:
    arguments = ("fee", "GDZYS", "-s", "GD_AREA=13340", "-s", "GD_CLASS=园地", "--at", "2026-06-03", "--json")
    assert run(*arguments) == run(*arguments)


def test_numbers_may_carry_another_unit_of_the_same_dimension() -> None:
    own = run_json("fee", "YHS", "-s", "HT_PRICE=6600000")
    assert run_json("fee", "YHS", "-s", "HT_PRICE=660 万元")["amount"] == own["amount"]
    error = run_json("fee", "YHS", "-s", "HT_PRICE=12 亩", code=2)["error"]
    assert "亩" in error["message"]
    assert "元" in error["message"]


def test_a_business_by_its_chinese_name() -> None:
    sets = ("-s", "HX_TIERS=T1", "-s", "HX_PERMITTED=1000", "-s", "HX_ACTUAL=1010")
    by_code = run_json("elements", "run", "verification", *sets)
    assert run_json("elements", "run", by_code["name"], *sets) == by_code


def test_run_names_values_what_is_missing_and_the_trace() -> None:
    plain = run_json("elements", "run", "verification", "-s", "HX_PERMITTED=1000")
    assert plain["values"]["HX_PERMITTED"]["value"] == "1000"
    lacking = next(u for u in plain["undecided"] if u["code"] == "JL_HX_AREA")
    assert {m["code"] for m in lacking["missing"]} >= {"HX_ACTUAL"}
    assert {"code", "formula", "substituted", "clause"} <= set(plain["trace"][0])


def test_a_template_comes_back_as_it_was_filled(tmp_path: Path) -> None:
    file = tmp_path / "核实.xlsx"
    sets = ("-s", "HX_TIERS=T1", "-s", "HX_PERMITTED=0.1 公顷", "-s", "HX_ACTUAL=1010.55")
    made = run_json("elements", "template", "verification", str(file), *sets)
    assert made["filled"] == ["HX_ACTUAL", "HX_PERMITTED", "HX_TIERS"]
    back = run_json("elements", "import", "verification", str(file))
    typed = run_json("elements", "run", "verification", *sets)
    assert {c: v["value"] for c, v in back["inputs"].items()} == {
        c: typed["values"][c]["value"] for c in made["filled"]
    }
    assert back["conclusions"] == typed["conclusions"]


def test_diff_of_another_catalogue_folder(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    shutil.copytree(CATALOGUE_DIR, folder)
    file = folder / "tariffs" / "stamp-duty.yaml"
    text = file.read_text(encoding="utf-8")
    assert "0.05" in text
    file.write_text(text.replace("0.05", "0.08"), encoding="utf-8")
    plain = run_json("elements", "diff", "fees", "-s", "HT_PRICE=1000000", "-a", f"rules={folder}")
    row = next(r for r in plain["rows"] if r["code"] == "YHS")
    assert [c["display"] for c in row["cells"]] == ["500.00", "800.00"]
    assert len({r["rule_hash"] for r in plain["runs"]}) == 2


def test_only_what_a_command_needs_is_imported() -> None:
    assert needed(["fee", "YHS"]) == ("fee",)
    assert needed(["elements", "run", "fees"]) == ("elements",)
    assert set(needed(["elements", "--help"])) > {"elements"}
    assert needed([]) == needed(["--help"]) == MODULES
    names = "('ezdxf', 'sqlalchemy', 'geopandas')"
    heavy = f"import sys, web.commands.fee; print([m for m in {names} if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True).stdout.strip() == "[]"
    )


def test_a_kind_of_code_by_its_chinese_name() -> None:
    named = CliRunner().invoke(app, ["code", "11010519491231002X", "--kind", "身份证", "--json"])
    assert (named.exit_code, json.loads(named.stdout)["kind"]) == (0, "id")
    odd = CliRunner().invoke(app, ["code", "11010519491231002X", "--kind", "护照", "--json"])
    assert odd.exit_code == 2
    assert "credit" in json.loads(odd.stdout)["error"]["remedy"]
