"""联合审图: completeness, disciplines, marks, replies, merging, the sealed set."""
