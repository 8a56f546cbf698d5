"""规则版本: rule sets as text, the one in force on a day, administrators' amendments."""
