"""一键式导入: Excel templates of a business and reading them back."""
