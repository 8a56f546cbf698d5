// What the viewer says, in both languages.
export const WORDS = {
  zh: {
    fit: "全图", in: "放大", out: "缩小", background: "黑/白底", layers: "图层", measure: "量距", surface: "量面积", map: "底图", loading: "正在读取图纸…", failed: "图纸读取失败",
    canvas: "图纸，方向键平移，加减号缩放，0 显示全图，空格选取十字处的图元，M 量距，A 量面积，L 图层，斜杠查找", keys: "方向键移动十字，空格定点，退格撤销，回车结束", all: "全部显示", none: "全部关闭", planning: "只看规划图层", filter: "筛选图层", search: "查找文字或句柄", handle: "句柄", layer: "图层",
    area: "面积", length: "长度", perimeter: "周长", found: (n, of) => `第 ${n} 处，共 ${of} 处，回车看下一处`, nothing: "没有找到", noMap: "这张图没有可用的底图", done: "完成", undo: "撤销一点", cancel: "取消",
    drawing: { point: "点一下放置标注", text: "点一下放置标注", photo: "点一下放置照片", line: "依次点击，双击结束，Esc 取消", area: "依次点击，双击闭合，Esc 取消", cloud: "依次点击，双击闭合，Esc 取消", measure: "依次点击，双击结束，Esc 取消；靠近端点时自动捕捉", surface: "依次点击各角，双击闭合，Esc 取消；靠近端点时自动捕捉" },
  },
  en: {
    fit: "Whole sheet", in: "Zoom in", out: "Zoom out", background: "Black/white", layers: "Layers", measure: "Distance", surface: "Area", map: "Map", loading: "Reading the sheet…", failed: "The sheet cannot be read",
    canvas: "Sheet: arrow keys pan, plus and minus zoom, 0 shows all, space picks what lies under the cross, M measures, A measures an area, L layers, slash searches", keys: "arrow keys move the cross, space sets a point, Backspace takes it back, Enter ends", all: "All", none: "None", planning: "Planning layers only", filter: "Filter layers", search: "Find text or handle", handle: "handle", layer: "layer",
    area: "area", length: "length", perimeter: "perimeter", found: (n, of) => `${n} of ${of}, Enter shows the next`, nothing: "nothing found", noMap: "No map for this sheet", done: "Done", undo: "Undo point", cancel: "Cancel",
    drawing: { point: "Click to place the mark", text: "Click to place the mark", photo: "Click to place the photo", line: "Click points, double-click ends, Esc cancels", area: "Click corners, double-click closes, Esc cancels", cloud: "Click corners, double-click closes, Esc cancels", measure: "Click points, double-click ends, Esc cancels; near a vertex it snaps", surface: "Click corners, double-click closes, Esc cancels; near a vertex it snaps" },
  },
};
