"""Plan layers 规划图层: their definitions, imports and versions, the pieces they are kept in, their symbols."""
