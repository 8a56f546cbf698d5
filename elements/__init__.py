"""Elements 要素: what makes approval computable.

Words of this room:

Element 要素
    A named typed value: 基础 (handed in or measured), 指标 (computed indicator) or 结论 (conclusion: 符合 /
    不符合 / 无法判定), with unit, precision, source and clause. Its definition is data:
    ``elements/catalogue/<class>/<business>.yaml``.
Business 业务
    One file of the catalogue: the elements of one land or planning business.
Formula 公式
    A ZEN expression over element codes, exact in decimals, checked when the catalogue loads. What a formula cannot say
    (geometry, table interpolation) is a *named function* registered in this room with a documented signature.
Tariff table 费率表 / 规则表
    Dated editions of numbers (rates, limits, coefficients) with document number, jurisdiction and ``verified`` flag.
Evaluation 求值
    Every asked element in dependency order, each with value or 无法判定 (naming what is missing), formula,
    substituted formula, intermediate values, clause, rule version and evidence (drawing entities).
Fee line 费用明细
    One fee as it stands in the statement: basis, quantity, rate, document number, amount, verified or not.
"""
