"""Sunlight check 日照分析: where the sun stands, what casts shadows, who gets how many hours."""
