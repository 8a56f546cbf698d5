"""``project-box verify``: check the seals of a PDF or of a set of drawings.

Exit 0 good, 1 not good, 2 nothing that could be checked.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from project_box.kernel.errors import BadInput
from project_box.kernel.plain import to_plain
from web.cli_support import FAILED_CHECK, emit_json, explained, out, table

if TYPE_CHECKING:
    from drawings.review.sealed_set import SetReport
    from project_box.seal import SealReport


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def verify(
        file: Annotated[
            Path,
            typer.Argument(help="PDF 文件或封存图纸 ZIP · the sealed PDF, or a sealed set of drawings (ZIP)"),
        ],
        root: Annotated[
            Path | None,
            typer.Option(
                "--root", help="受信任的根证书 (PEM);缺省为本平台的根证书 · trusted root certificate"
            ),
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="输出 JSON · print one JSON document")] = False,
    ) -> None:
        """核验盖章文件的真伪与完整性 · check that a sealed PDF or set is genuine and unchanged, byte for byte.

        Exit code 0: every seal holds. 1: it does not, and the problems are named. 2: the file cannot be read.
        """
        with explained(as_json=as_json):
            report = _report(file, root)
        if as_json:
            emit_json({"file": str(file), **to_plain(report)})
        else:
            _print(file.name, report)
        if not report.ok:
            raise typer.Exit(FAILED_CHECK)


def _report(file: Path, root: Path | None) -> SealReport | SetReport:
    from cryptography import x509  # late, so that --help stays quick

    from drawings.review.sealed_set import is_set, verify_set
    from project_box.seal import verify_pdf

    try:
        data = file.read_bytes()
    except OSError as error:
        raise BadInput(
            f"文件无法读取：{file.name}",
            f"{file}: {error.strerror}",
            code="unreadable_file",
            place=str(file),
        ) from error
    try:
        roots = x509.load_pem_x509_certificates(root.read_bytes()) if root else None
    except (OSError, ValueError) as error:
        raise BadInput(
            "根证书无法读取", f"{root}: {error}", code="unreadable_certificate", place=str(root)
        ) from error
    return verify_set(data, roots) if is_set(data) else verify_pdf(data, roots)


def _print(name: str, report: SealReport | SetReport) -> None:
    from drawings.review.sealed_set import SetReport

    if isinstance(report, SetReport):
        table(
            f"图纸 · {name}",
            ("图纸", "SHA-256", "与清单相符"),
            [(f.name, f.sha256, "是" if f.ok else "否") for f in report.files],
        )
    sealed = report.seal if isinstance(report, SetReport) else report
    if sealed is not None and sealed.seals:
        table(
            f"印章 · {name}",
            ("签署人", "单位", "时间 (UTC)", "时间戳", "完好", "可信", "事由"),
            [
                (
                    seal.signer,
                    seal.organisation,
                    seal.signed_at.strftime("%Y-%m-%d %H:%M:%S") if seal.signed_at else None,
                    "有" if seal.timestamped else "无",
                    "是" if seal.intact else "否",
                    "是" if seal.trusted else "否",
                    seal.reason,
                )
                for seal in sealed.seals
            ],
        )
    if report.ok:
        out.print("[green]✓ 核验通过[/green]:印章有效，文件自盖章后未被改动", highlight=False)
    else:
        out.print("[red]✕ 核验不通过[/red]", highlight=False)
        for problem in report.problems:
            out.print(f"  · {problem}", highlight=False, markup=False)
