"""Writes hand-in files as departments write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import openpyxl

PENALTY = {
    "行政相对人名称": "湘江食品有限公司",
    "行政相对人类别": "法人及非法人组织",
    "行政相对人代码_1（统一社会信用代码）": "91430100MA4L1ABC2X",
    "行政相对人代码_2（工商注册号）": "",
    "法定代表人": "陈某",
    "法定代表人证件类型": "身份证",
    "法定代表人证件号码": "430102199001011234",
    "证件类型": "",
    "证件号码": "",
    "行政处罚决定书文号": "湘市监罚〔2021〕1号",
    "违法行为类型": "经营过期食品",
    "违法事实": "货架上有过期食品",
    "处罚依据": "食品安全法第一百二十四条",
    "处罚类别": "罚款",
    "处罚内容": "罚款五万元",
    "罚款金额（万元）": "5",
    "没收违法所得、没收非法财物的金额（万元）": "0.1234",
    "暂扣或吊销证照名称及编号": "",
    "处罚决定日期": "2021/09/01",
    "处罚有效期": "2099/12/31",
    "公示截止期": "2022-9-1",
    "处罚机关": "湖南省市场监督管理局",
    "处罚机关统一社会信用代码": "11430000006112345A",
    "数据来源单位": "湖南省市场监督管理局",
    "数据来源单位统一社会信用代码": "11430000006112345A",
    "备注": "",
}
LICENCE = {
    "行政相对人名称": "湘江食品有限公司",
    "行政相对人类别": "法人及非法人组织",
    "行政相对人代码_1（统一社会信用代码）": "91430100MA4L1ABC2X",
    "证件类型": "",
    "证件号码": "",
    "行政许可决定文书名称": "准予许可决定书",
    "行政许可决定文书号": "湘食许〔2021〕7号",
    "许可类别": "普通",
    "许可证书名称": "食品经营许可证",
    "许可编号": "JY14301000000001",
    "许可内容": "预包装食品销售",
    "许可决定日期": "20210901",
    "有效期自": "2021-9-1",
    "有效期至": "2099/12/31",
    "许可机关": "湖南省市场监督管理局",
    "许可机关统一社会信用代码": "11430000006112345A",
    "当前状态": "有效",
    "备注": "",
}
PERSON = {
    "行政相对人名称": "李某",
    "行政相对人类别": "自然人",
    "行政相对人代码_1（统一社会信用代码）": "",
    "证件类型": "身份证",
    "证件号码": "430102199001011234",
}


def csv_bytes(rows: Sequence[dict[str, str]], *, encoding: str = "utf-8-sig") -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def write_csv(path: Path, rows: Sequence[dict[str, str]], *, encoding: str = "utf-8-sig") -> Path:
    path.write_bytes(csv_bytes(rows, encoding=encoding))
    return path


def write_xlsx(path: Path, sheets: dict[str, Sequence[Sequence[object]]], merged: Sequence[str] = ()) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
        if title == next(iter(sheets)):
            for cells in merged:
                sheet.merge_cells(cells)
    book.save(path)
    return path


def as_rows(rows: Sequence[dict[str, str]]) -> list[list[object]]:
    return [list(rows[0]), *([*row.values()] for row in rows)]


def read_rejects(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
