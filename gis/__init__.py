"""The GIS room: boundary files, plan layers, the multi-plan check 多规合一, tiles and map reports.

Glossary
--------
Boundary 界址 / 红线     the outline of a site as polygons in a coordinate system, read from a file or drawn.
Reading 读取结果         what reading a boundary file gives: geometry, CRS, areas and coded issues.
CRS 坐标系               always an EPSG code; a file without one is asked about, never guessed.
Zone prefix 带号前缀     the zone number written before the easting (38 383 243 = zone 38, easting 383 243).
Plan layer 规划图层      one map of one plan (永久基本农田 …), defined by a YAML file: family, policy, clause, symbols.
Layer version 图层版本   one import of a layer's data, with the day it takes effect; results name the version.
Feature 图斑             one polygon of a layer version with its attributes, in the CRS it was delivered in.
Piece 切片               a part of a feature of at most 128 vertices, in the check CRS; what the check runs on.
Check CRS 核查坐标系     the projected CRS a layer's pieces are kept in (the city's own where that fits).
Policy 管控方式          forbid 禁止占用 · consult 征求意见 · note 提示 · within 应在范围内 · height 限高 ·
                         attributes 属性取值 · info 参考信息.
Hit 压占, touch 相邻, clear 不涉及, not checked 未核查
                         the state of one layer for one site; a layer without data is not checked, never clear.
Marker 标记              the geometry that shows where a finding is.
"""
