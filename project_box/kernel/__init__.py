"""What every room stands on. Nothing in here knows a planning term beyond Finding and Issue."""
