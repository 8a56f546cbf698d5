"""drawings 图纸: what design firms send, read, checked and reviewed together.

Words of this room:

* **CAD file** (:class:`drawings.cad.CadFile`): one DXF read into primitive geometry: handle, layer, colour,
  curves, text.
* **Drawing standard** 制图标准: data that says which layer means which *role* and where attributes come from.
* **Role** 角色: what a shape is in planning terms (``site_boundary`` 用地红线, ``footprint`` 建筑基底 …).
* **Shape** (:class:`drawings.drawing.RoleShape`): one ring, line or point with its role, in metres, with its
  attributes.
* **Drawing model** (:class:`drawings.drawing.DrawingModel`): all shapes, sheets, layers, dimensions and issues
  of one file.
* **Issue** 问题: a coded remark on a drawing with place and remedy, like a compiler's.
* **Revision** 图纸版本: the immutable, numbered set of files of one submission.
* **Joint review** 联合审图: disciplines look at one revision at once; **mark** 标注, **opinion** 专业意见,
  **joint opinion** 联审意见.

Lengths are metres once a file's unit is settled; areas are ㎡ in the drawing's own plane coordinates.
"""
