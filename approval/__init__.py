"""The approval room 审批: items are applied for, handled, timed, decided and turned into licences.

Glossary
--------
Item 事项            what can be applied for; its definition (``catalogue/items/<code>/``) is data with a version.
Case 办件            one application of one item for one project; it keeps the item version (hash) it began with.
Serial 流水号        the number a case gets when it is handed in; unique by year.
Material 材料        what an item asks for; met by an upload, a Result in the box or a licence in the store (已有).
容缺                 a material that may follow later, against a signed commitment with a deadline.
Step 环节            one node of the item's BPMN process: a task for a role, or a wait for an event.
Task 任务            a step of one case, in one of five states: 未开始 暂不可办 办理中 待补正 已完成.
Clock 时限           a log of start / pause / resume / stop in working days; 我方用时 and 对方用时 both come from it.
Limit                承诺时限 (what the bureau promises; lamps follow it) and 法定时限 (what the law allows).
Correction 补正      one list of everything that is missing, each entry linked to its place.
Gate 关口            a check before a forward move; return, withdraw and 补正 are always open.
Resolution 判定说明   an officer's written reason that settles an 无法判定 finding where the item allows it.
Notice 告知书        an immutable document to the applicant, rendered from data.
Licence 证照         what an approved case yields: numbered, sealed, verifiable, revocable.
"""
