"""策划生成 and 区域评估: site selection, departments' conditions, area-wide evaluations."""
