"""The box room 项目盒: everything goes in, every later stage reads it from here.

Glossary
--------
Project 项目        one construction project: code, applicant organisation, site.
Stage 阶段          立项用地规划许可 · 工程建设许可 · 施工许可 · 竣工验收.
Result 成果         an immutable, versioned thing in the box: kind, payload, geometry, files, source,
                    trust level A-D, content hash.
Grant 授权          why somebody other than the owner may read a project (a case, a review, an engagement).
Seal 签章           a PAdES signature on a PDF made with a certificate of the platform's own CA.
Audit event 审计    one link of the hash chain that records who did what, when.
Kernel              what every room stands on: settings, database, identity, events, jobs, storage,
                    working-day calendar, findings, catalogue loading, errors.
"""
