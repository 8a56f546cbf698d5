"""要素化: from drawings to measured values, each with the entities it was measured on."""
