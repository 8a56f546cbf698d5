"""建筑面积统计表, on the page and as a workbook."""
